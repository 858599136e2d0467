# The DCT in the partition `dct`: what is in it, and how it changes. What a table looks like is in
# wire/dct.py, how a change survives a power cut in dct_change.py.
#
# Used now and then: whoever uses it forgets it and wire.dct afterwards.
import io

from esp32 import Partition
from micropython import const

from firmware import forget
from wire import dct

_LABEL = "dct"

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
    from . import dct_change

    try:
        return dct_change.change(_Table(), put, remove)
    finally:
        forget("firmware.store.dct_change")
        forget("wire.dct_write")
