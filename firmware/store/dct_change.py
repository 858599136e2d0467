# How the DCT changes: dct.change() says what, and what is raised.
#
# The copy that is in force is left alone. The other one is erased, the entries are programmed and
# then the header, all of it is read back, and the commit mark is programmed last: a cut at any
# flash operation leaves the old table or the new, and the wear alternates between the copies.
# Each block that is erased holds the loop for about 50 ms, 400 at most.
import errno
from binascii import crc32

from micropython import const

from wire import dct, dct_write

from .dct import ENOSPC

_ERASED = const(4096)  # what flash erases at once
_ERASE = const(6)  # ioctl


def change(table, put, remove):
    """Make the change; `table` is what there is."""
    new = {}
    for section, name, kind, data in put:
        dct.check_entry(section, name, kind, len(data))
        dct_write.check_data(kind, data)
        new[section, name, kind] = data
    if not table.other:
        raise OSError(errno.ENODEV)
    rows = _merged(table, new, remove)
    if rows is None:
        return False
    length = sum([len(dct_write.entry_head(*row[:4])) + row[3] for row in rows])
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
    for at in range(target.start, target.start + end, _ERASED):
        target.partition.ioctl(_ERASE, at // _ERASED)
    head = dct_write.head(dct_write.following(table.sequence), length)
    crc = crc32(head)
    to = dct.HEADER
    for piece in _pieces(table.copy, rows):
        _program(target, to, piece)
        crc = crc32(piece, crc)
        to += len(piece)
    tail = dct_write.tail(crc)
    _program(target, 0, head + tail[:4])
    mark = dct.MARK
    if target.read(0, mark) != head + tail[:4] or dct.checksum(target.read, end) != crc:
        raise OSError(errno.EIO)
    _program(target, mark, tail[4:])
    if target.read(mark, 4) != tail[4:]:
        raise OSError(errno.EIO)


def _program(copy, at, data):
    copy.partition.writeblocks(0, data, copy.start + at)


def _pieces(copy, rows):
    # What follows the header, a piece at a time: each is its own until the next.
    for section, name, kind, size, at, data in rows:
        yield dct_write.entry_head(section, name, kind, size)
        if data is not None:
            if size:
                yield data
            continue
        for i in range(0, size, dct.BLOCK):
            yield copy.read(at + i, min(size - i, dct.BLOCK))
