# The DCT in the partition `dct`: what is in it, and how it changes. What a table looks like is in
# wire/dct.py.
#
# A change leaves the copy that is in force alone. It erases the other one, programs the entries
# and then the header, reads all of it back, and programs the commit mark last: a cut at any flash
# operation leaves the old table or the new, and the wear alternates between the copies. Each
# block that is erased holds the loop for about 50 ms, 400 at most.
#
# Used now and then: whoever uses it forgets it and wire.dct afterwards.
import errno
import io
from binascii import crc32

from esp32 import Partition
from micropython import const

from firmware import forget
from wire import dct

_LABEL = "dct"
_ERASED = const(4096)  # what flash erases at once
_ERASE = const(6)  # ioctl

ENOSPC = const(28)  # the chip's errno lacks it


class _Copy:
    # One of the two copies, with a buffer that each reading uses anew.

    def __init__(self, partition, start, buffer):
        self.partition = partition
        self.start = start
        self._buffer = buffer

    def read(self, at, size):
        piece = self._buffer[:size]
        self.partition.readblocks(0, piece, self.start + at)
        return piece

    def program(self, at, data):
        self.partition.writeblocks(0, data, self.start + at)

    def erase(self, size):
        for at in range(self.start, self.start + size, _ERASED):
            self.partition.ioctl(_ERASE, at // _ERASED)


# read() of any stream gives bytes, which TLS wants, that are filled where they are: bytes() of
# something, or a join, would have two of them on the heap. By its name it takes a BytesIO alone.
_stream_read = io.BytesIO.__dict__["read"]


class _Stream(io.IOBase):
    # The flash from a place on.

    def __init__(self, copy, at):
        self._copy = copy
        self._at = at

    def readinto(self, buffer):
        self._copy.partition.readblocks(0, buffer, self._copy.start + self._at)
        self._at += len(buffer)
        return len(buffer)


class _Table:
    # The copy in force, or None, with what its header says, and the other one.

    def __init__(self):
        self.copy = self.other = None
        self.sequence = 0
        found = Partition.find(Partition.TYPE_DATA, label=_LABEL)
        if not found:
            return
        buffer = memoryview(bytearray(dct.BLOCK))
        copies = [_Copy(found[0], start, buffer) for start in (0, dct.COPY)]
        heads = [_checked(copy) for copy in copies]
        which = dct.pick(*[head and head[1] for head in heads])
        if which is None:
            self.other = copies[0]
        else:
            self.copy = copies[which]
            self.other = copies[1 - which]
            self._version, self.sequence, self._end = heads[which]

    def entries(self):
        """Yield (section, name, kind, where, size). Raises DctError."""
        if self.copy:
            try:
                yield from dct.scan(self.copy.read, self._version, self._end)
            finally:
                forget("wire.dct_v1")


def _checked(copy):
    try:
        return dct.check(copy.read)
    except dct.DctError:
        return None


def entries():
    """List of (section, name, kind, where its data are, their size); empty where there is no
    table, and where it is of a later version.
    """
    try:
        return list(_Table().entries())
    except dct.DctError:
        return []


def read(section, name, kind):
    """The data of an entry as bytes, the only copy of them on the heap. Raises KeyError."""
    table = _Table()
    try:
        for s, n, k, at, size in table.entries():
            if s == section and n == name and k == kind:
                return _stream_read(_Stream(table.copy, at), size)
    except dct.DctError:
        pass
    raise KeyError(name)


def texts(section):
    """Yield (name, data) of each entry of a section."""
    table = _Table()
    try:
        for s, name, _, at, size in table.entries():
            if s == section:
                yield name, _stream_read(_Stream(table.copy, at), size)
    except dct.DctError:
        pass


def change(put=(), remove=()):
    """Put in entries (section, name, kind, data), in the place of those that there are; remove
    others (section, name, kind), where the kind None means all of them. False when all is so
    already: then the flash is not touched.

    Raises DctError for what no table can have, OSError: ENOSPC, ENODEV where there is no
    partition, EPERM where the table is of a later version (it is left as it is), EIO when the
    flash does not keep what is written. The table is then as before.
    """
    new = {}
    for section, name, kind, data in put:
        dct.check_entry(section, name, kind, len(data))
        dct.check_data(kind, data)
        new[section, name, kind] = data
    table = _Table()
    if not table.other:
        raise OSError(errno.ENODEV)
    rows = _merged(table, new, remove)
    if rows is None:
        return False
    length = sum([len(dct.entry_head(*row[:4])) + row[3] for row in rows])
    if length > dct.COPY - dct.HEADER or len(rows) > dct.MAX_ENTRIES:
        raise OSError(ENOSPC)
    _write(table, rows, length)
    return True


def _merged(table, new, remove):
    # The rows of the table to be written, (section, name, kind, size, where, data or None) in
    # their order; None when it is the one that there is. What is not new stays in flash.
    rows = []
    gone = False
    try:
        for section, name, kind, at, size in table.entries():
            key = (section, name, kind)
            if key in new:
                if not _same(table.copy, at, size, new[key]):
                    continue
                del new[key]
            elif key in remove or (section, name, None) in remove:
                gone = True
                continue
            rows.append(key + (size, at, None))
    except dct.DctError:
        raise OSError(errno.EPERM)
    if not new and not gone:
        return None
    for key in new:
        rows.append(key + (len(new[key]), 0, new[key]))
    rows.sort(key=lambda row: row[:3])
    return rows


def _same(copy, at, size, data):
    if size != len(data):
        return False
    data = memoryview(data)
    for i in range(0, size, dct.BLOCK):
        piece = data[i : i + dct.BLOCK]
        if copy.read(at + i, len(piece)) != piece:
            return False
    return True


def _write(table, rows, length):
    target = table.other
    end = dct.HEADER + length
    target.erase(end)
    head = dct.head(dct.following(table.sequence), length)
    crc = crc32(head)
    to = dct.HEADER
    for piece in _pieces(table.copy, rows):
        target.program(to, piece)
        crc = crc32(piece, crc)
        to += len(piece)
    tail = dct.tail(crc)
    target.program(0, head + tail[:4])
    mark = dct.MARK
    if target.read(0, mark) != head + tail[:4] or dct.checksum(target.read, end) != crc:
        raise OSError(errno.EIO)
    target.program(mark, tail[4:])
    if target.read(mark, 4) != tail[4:]:
        raise OSError(errno.EIO)


def _pieces(copy, rows):
    # What follows the header, a piece at a time: each is its own until the next.
    for section, name, kind, size, at, data in rows:
        yield dct.entry_head(section, name, kind, size)
        if data is not None:
            if size:
                yield data
            continue
        for i in range(0, size, dct.BLOCK):
            yield copy.read(at + i, min(size - i, dct.BLOCK))
