# The user's files, with their attributes, kept whole through any power cut.
#
# All lie in one folder; a file's attributes are in its stored name:
#     /user/webapp%2Findex.html;1.5.0;FE;0021;89F6     name; version; type; flags; CRC-16
# `%` and `/` of the name are escaped: names are flat in the command language. So the content is
# nothing but the content (whoever serves a file opens the path and reads), one scan of the folder
# lists everything, and a file and its attributes come and go in one step of LittleFS: a new file
# is written under a name without attributes and renamed when it is complete and its CRC is right.
# The firmware's own files lie elsewhere and cannot be named here.
#
# Errors are OSError with the numbers below, and no file is changed by them.
import asyncio
import os
from errno import EEXIST, EINVAL, ENOENT

from micropython import const

from firmware import forget

try:
    from .crc_fast import crc16
except SyntaxError:  # an interpreter without native code
    from wire.crc import crc16

# Besides ENOENT, EEXIST and EINVAL (the content is not as announced); the chip's errno lacks them.
EBUSY = const(16)  # open, or being written
ENFILE = const(23)  # MAX_FILES are there
ENOSPC = const(28)

MAX_FILES = const(64)  # twice what Gecko OS has; a listing of all of them is 8 KB of heap
MAX_NAME = const(64)  # bytes; escaped, and with its attributes, it stays below LittleFS's 255

VALID = const(0x0001)
USER = const(0x0020)
ESSENTIAL = const(0x0040)
UNPROTECTED = const(0x0080)

# Bytes written in one turn of the loop: LittleFS erases a block of 4 KiB for at most one of 16.
_PIECE = const(256)

# Blocks that files leave free: settings (20 KB beside the old ones), the fault log, the folders.
_RESERVE = const(9)
# Bytes of a file in a block of 4 KiB: LittleFS keeps pointers at the beginning, two on average.
_PER_BLOCK = const(4088)

_FOLDER = "/user"
_NEW = "~new"  # a file being written: this and a number, and no attributes behind it

# As stream_poll prints them (net/streams.py).
_NO_DATA = const(0)
_DATA = const(1)
_CLOSED = const(2)

_open = []  # the Readers and Writers that are open


def _scan(take):
    # Calls take([escaped name, version, type, flags, CRC], size, stored name) for every file.
    # A listing must be read to its end, whatever happens: one that is left before stays in
    # LittleFS's list of open things when the collector has taken it, and the next write crashes.
    try:
        listing = os.ilistdir(_FOLDER)
    except OSError:
        return  # no file was ever made
    failure = None
    for entry in listing:
        try:
            stored = entry[0].encode()
            row = stored.rsplit(b";", 4)
            if len(row) == 5 and not failure:
                take(row, entry[3], stored)
        except MemoryError as e:
            failure = e
    if failure:
        raise failure


def _escape(name):
    return name.replace(b"%", b"%25").replace(b"/", b"%2F")


def listing():
    """All files by name, as a list of bytes for row()."""
    found = []

    def take(row, size, _):
        name = row[0].replace(b"%2F", b"/").replace(b"%25", b"%")
        found.append(b"%s\0%s;%s;%s;%s;%d" % (name, row[1], row[2], row[3], row[4], size))

    _scan(take)
    found.sort()  # a NUL is before all that names are made of
    return found


def row(entry):
    """[name, version, type, flags, CRC, size] of an entry of listing(), as they are printed."""
    name, _, rest = entry.partition(b"\0")
    return [name] + rest.split(b";")


def _find(name):
    # (row, size, path) of a file, or None.
    escaped = _escape(name)
    found = None

    def take(row, size, stored):
        nonlocal found
        if row[0] == escaped:
            row[0] = name
            found = row, size, "%s/%s" % (_FOLDER, stored.decode())

    _scan(take)
    return found


def find(name):
    """(path, [name, version, type, flags, CRC, size]) of one file. Raises OSError ENOENT."""
    found = _find(name)
    if found is None:
        raise OSError(ENOENT)
    found[0].append(found[1])
    return found[2], found[0]


def first(names):
    """(path, row) as of find() for the first of these names that is a file's; None."""
    escaped = [_escape(name) for name in names]
    found = None

    def take(row, size, stored):
        nonlocal found
        if row[0] in escaped:
            i = escaped.index(row[0])
            if found is None or i < found[0]:
                row[0] = names[i]
                row.append(size)
                found = i, "%s/%s" % (_FOLDER, stored.decode()), row

    _scan(take)
    return found and found[1:]


def _check_name(name):
    # Whatever can be printed in a line is a name; control characters and bytes that are no text
    # would break listings. UnicodeError is a ValueError.
    if not 1 <= len(name) <= MAX_NAME or min(name) < 32 or 127 in name:
        raise ValueError
    name.decode()


def _blocks(size):
    return size // _PER_BLOCK + 1


def check_room(size):
    """Raises OSError where a file of `size` bytes has no room."""
    # What is announced to open writers counts as used: it is to come.
    stat = os.statvfs("/")
    free = stat[3]
    if free > stat[2]:
        free = 0  # LittleFS counts some blocks twice: less than none are free
    free -= _RESERVE + _blocks(size)
    count = 1

    def take(row, size, stored):
        nonlocal count
        count += 1

    _scan(take)
    for file in _open:
        if not file.ended and isinstance(file, Writer):
            free -= _blocks(file.size - file.position)
            count += 1
    if count > MAX_FILES:
        raise OSError(ENFILE)
    if free < 0:
        raise OSError(ENOSPC)


def is_open(name=None):
    """True while this file, or any, is being read or written."""
    for file in _open:
        if name is None or file.name == name:
            return True
    return False


def delete(name):
    """Delete a file. Raises OSError."""
    path, _ = find(name)
    if is_open(name):
        raise OSError(EBUSY)  # LittleFS would give its blocks away under the reader
    os.remove(path)


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass


class _File:
    # What readers and writers have in common; both can be put in the stream table.
    kind = b"FILE"
    most = None  # a write may have any size

    def __init__(self, name, version, size, path, mode):
        self.name = name
        self.version = version
        self.size = size
        self.position = 0
        self.ended = False
        self._path = path
        self._file = open(path, mode)
        _open.append(self)

    def describe(self):
        """What stream_list prints."""
        return b"%s-%s (%d, %d)" % (self.name, self.version, self.size, self.position)

    def close(self):
        if self in _open:
            _open.remove(self)
            self._file.close()


class Reader(_File):
    """A file open for reading. `found` is what find() gives. Raises OSError ENOENT."""

    def __init__(self, name, found=None):
        path, row = found or find(name)
        super().__init__(name, row[1], row[5], path, "rb")

    def poll(self):
        return _DATA if self.position < self.size else _CLOSED

    def read(self, size):
        """Up to `size` bytes from the present position on; b"" at the end."""
        data = self._file.read(size)
        self.position += len(data)
        self.ended = self.position >= self.size
        return data

    def readinto(self, buf):
        """The same into a buffer; returns the number of bytes."""
        n = self._file.readinto(buf)
        self.position += n
        self.ended = self.position >= self.size
        return n

    def seek(self, position):
        """Go on reading there."""
        self.position = self._file.seek(position)

    async def write(self, data):
        raise OSError(EINVAL)


class Writer(_File):
    """A file being made: it appears when `size` bytes have been written and their CRC-16 is `crc`
    (None: any). Closed before, or after an error, it leaves nothing behind.

    version: bytes, as listed; kind: 0 to 255; flags: of those above. Raises OSError,
    ValueError for a name that cannot be.
    """

    replaces = False  # whether there may be a file of this name: replacement.py

    def __init__(self, name, size, version=b"1.0.0.0", kind=0xFE, flags=VALID | USER, crc=None):
        _check_name(name)
        if not self.replaces and _find(name):
            raise OSError(EEXIST)
        if is_open(name):
            raise OSError(EBUSY)
        check_room(size)
        try:
            os.mkdir(_FOLDER)
        except OSError as e:
            if e.errno != EEXIST:
                raise
        number = 0
        path = "%s/%s%d" % (_FOLDER, _NEW, number)
        while any(file._path == path for file in _open):
            number += 1
            path = "%s/%s%d" % (_FOLDER, _NEW, number)
        self.finished = None  # called with True or False when the file appears or has failed
        self._attributes = b"%s;%02X;%04X" % (version, kind, flags)
        self._wanted = crc
        self._crc = 0xFFFF
        super().__init__(name, version, size, path, "wb")
        if not size:
            try:
                self._put(b"")
            except OSError as e:
                self.close()
                raise e

    def poll(self):
        return _CLOSED if self.ended else _NO_DATA

    def read(self, size):
        return b""

    async def write(self, data):
        """Add bytes; with the last of them the file appears. Raises OSError: then it never will,
        unless it is there and these were more than announced.
        """
        view = memoryview(data)
        at = 0
        while at < len(view):
            if self.ended:
                raise OSError(EINVAL)
            n = min(len(view) - at, self.size - self.position, _PIECE)
            self._put(view[at : at + n])
            at += n
            await asyncio.sleep_ms(0)

    def _put(self, data):
        try:
            self._file.write(data)
            self._crc = crc16(data, self._crc)
            self.position += len(data)
            if self.position == self.size:
                self._complete()
        except OSError as e:
            self._end(False)
            raise e

    def _complete(self):
        self._file.close()
        if self._wanted is not None and self._crc != self._wanted:
            raise OSError(EINVAL)
        stored = b"%s;%s;%04X" % (_escape(self.name), self._attributes, self._crc)
        self._appear(stored.decode())
        self._end(True)

    def _appear(self, stored):
        os.rename(self._path, "%s/%s" % (_FOLDER, stored))

    def _end(self, good):
        self.ended = True
        if not good:
            self._discard()
        if self.finished:
            self.finished(good)

    def _discard(self):
        try:
            self._file.close()  # what it still holds may not fit
        except OSError:
            pass
        _remove(self._path)

    def close(self):
        if not self.ended:
            self.ended = True
            self._discard()
        if self in _open:
            _open.remove(self)


def sweep():
    """Remove what a power cut left half-written."""
    try:
        names = [entry[0] for entry in os.ilistdir(_FOLDER)]
    except OSError:
        return
    for name in names:
        if name.startswith(_NEW) and len(name.rsplit(";", 4)) < 5:
            _remove("%s/%s" % (_FOLDER, name))
        elif name.startswith("%~"):  # no escape of _escape()
            from . import replacement

            replacement.settle(name)
            forget("firmware.store.replacement")


sweep()  # at first use after a start: nothing is being written yet
