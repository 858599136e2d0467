# The DCT (device configuration table): what is written into a module when it is made, and its
# certificates and keys. A partition of flash holds two copies of it, so that a change never
# touches the one that is in force.
#
#     copy:   magic "ADCT", version, sequence, length of the entries, CRC-32, commit mark, entries
#     entry:  size of the data u16, section u8, kind u8, length of the name u8, name, data
#
# Numbers of the header are u32, all are little-endian. The CRC is of the header before it and of
# the entries. Entries stand in the order of section, name, kind, and nothing else is accepted: a
# table has one form, whoever writes it. The commit mark is four bytes that are erased (1) until
# all else is written and then programmed to 0: flash clears bits without an erase.
#
# The header is the same in all versions, so that a table of a later one is known for whole. Of
# version 1, dct_v1.py reads what it had; nobody writes it any more.
#
# Here is what a module needs to read a table; what writes one, and what has all of it in RAM, is
# in dct_write.py, under names of this module. What reads takes a function read(at, size), whose
# bytes (of any kind) are its own until the next call.
import struct
from binascii import crc32

from . import const

SIZE = const(65_536)  # of the partition
COPY = const(32_768)
VERSION = const(2)
HEADER = const(24)
CHECKED = const(16)  # its first bytes, those that the CRC is of
MARK = const(20)  # where the commit mark is
BLOCK = const(256)  # the most that is read at once

# Sections
MANUFACTURING = const(1)  # text; the names are in FIELDS
VARIABLES = const(2)  # text; factory settings by the variable's full name (and index)
IDENTITY = const(3)  # certificates and keys by the name of their identity

# Kinds
TEXT = const(0)
CERTIFICATE = const(1)  # DER, or PEM of a chain, whose first is the identity's own
KEY = const(2)  # DER
ROOTS = const(3)  # DER, one after another

FIELDS = (b"date", b"maker", b"product", b"serial")

MAX_ENTRIES = const(64)  # a list of them must have room on the module
MAX_NAME = const(32)
MAX_FIELD = const(64)  # of a text about the module
MAX_TEXT = const(512)  # of a variable: as many as the longest line of the settings file

MAGIC = b"ADCT"
_ENTRY = const(5)
_MASK = const(0xFFFF_FFFF)
_HALF = const(0x8000_0000)


class DctError(Exception):
    """args[0] says what is wrong with a table, or with an entry, as bytes."""


def newer(a, b):
    """True where sequence `a` comes after `b`, across the end of 32 bits."""
    return 0 < (a - b & _MASK) < _HALF


def pick(first, second):
    """Which of two copies is in force, 0 or 1, by their sequences; None for one that is not
    whole, and as the answer where neither is.
    """
    if first is None:
        return None if second is None else 1
    return 0 if second is None or not newer(second, first) else 1


# Reading


def check(read):
    """(version, sequence, end) of a copy that is complete and undamaged. Raises DctError."""
    start = bytes(read(0, HEADER))
    if len(start) != HEADER or start[:4] != MAGIC:
        raise DctError(b"No table")
    version, sequence, length, crc, mark = struct.unpack_from("<IIIII", start, 4)
    if mark:
        raise DctError(b"Not written to its end")
    if length > COPY - HEADER:
        raise DctError(b"Too long")
    end = HEADER + length
    if checksum(read, end) != crc:
        raise DctError(b"Wrong CRC")
    return version, sequence, end


def checksum(read, end):
    """The CRC of a copy as it stands in flash; a copy that is cut off has another one."""
    crc = crc32(read(0, CHECKED))
    for at in range(HEADER, end, BLOCK):
        crc = crc32(read(at, min(end - at, BLOCK)), crc)
    return crc


def scan(read, version, end):
    """Yield (section, name, kind, where its data are, their size) of a copy that check() knows.
    Raises DctError.
    """
    if version == 1:
        from . import dct_v1

        yield from dct_v1.scan(read, end)
        return
    if version != VERSION:
        raise DctError(b"Version %d is not known" % version)
    at = HEADER
    before = (0,)
    count = 0
    while at < end:
        start = bytes(read(at, min(_ENTRY + MAX_NAME, end - at)))
        if len(start) < _ENTRY:
            raise DctError(b"Cut off")
        size, section, kind, length = struct.unpack_from("<HBBB", start)
        name = start[_ENTRY : _ENTRY + length]
        at += _ENTRY + length
        if at + size > end:
            raise DctError(b"Cut off")
        check_entry(section, name, kind, size)
        if before >= (section, name, kind):
            raise DctError(b"Not in order")
        before = (section, name, kind)
        count += 1
        if count > MAX_ENTRIES:
            raise DctError(b"Too many entries")
        yield section, name, kind, at, size
        at += size


def check_entry(section, name, kind, size):
    """Raise DctError for an entry that cannot be in a table."""
    if section == IDENTITY:
        if not CERTIFICATE <= kind <= ROOTS:
            raise DctError(b"Unknown kind")
        if not size:
            raise DctError(b"No data")
    elif section == MANUFACTURING or section == VARIABLES:
        if kind != TEXT:
            raise DctError(b"Unknown kind")
        if size > (MAX_TEXT if section == VARIABLES else MAX_FIELD):
            raise DctError(b"Text too long")
        if section == MANUFACTURING and name not in FIELDS:
            raise DctError(b"Unknown field")
    else:
        raise DctError(b"Unknown section")
    if not 0 < len(name) <= MAX_NAME:
        raise DctError(b"A name has 1 to 32 characters")
    # A space stands between a variable and its index.
    lowest = 32 if section == VARIABLES else 33
    if min(name) < lowest or max(name) > 126:
        raise DctError(b"A name has characters of ASCII only")


def __getattr__(name):
    # What is used seldom, and on a computer, is loaded then: of dct_write.py.
    from . import dct_write

    return getattr(dct_write, name)
