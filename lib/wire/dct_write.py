# The DCT as one writes it, and as values: dct.py has its format, and gives these names as its own.
import struct
from binascii import crc32

from . import const, dct
from .dct import DctError

_MASK = const(0xFFFF_FFFF)


def following(sequence):
    """The sequence after this one."""
    return sequence + 1 & _MASK


def decode(data):
    """(sequence, list of entries) of one copy; an entry is (section, name, kind, data). Raises
    DctError.
    """

    read = _reader(data, 0)
    version, sequence, end = dct.check(read)
    entries = []
    for section, name, kind, at, size in dct.scan(read, version, end):
        content = bytes(read(at, size))
        check_data(kind, content)
        entries.append((section, name, kind, content))
    return sequence, entries


def _reader(data, start):
    return lambda at, size: data[start + at : start + at + size]


def check_data(kind, data):
    """Raise DctError for a text that is none: its bytes go to a terminal as they are."""
    if kind == dct.TEXT and data and (min(data) < 32 or b"\x7f" in data):
        raise DctError(b"A text has no control characters")


def entry_head(section, name, kind, size):
    """What stands before the data of an entry."""
    return struct.pack("<HBBB", size, section, kind, len(name)) + name


def head(sequence, length):
    """The part of a header that the CRC is of, for entries of `length` bytes."""
    return dct.MAGIC + struct.pack("<III", dct.VERSION, sequence, length)


def tail(crc):
    """The rest of the header: the CRC, and the commit mark from MARK on."""
    return struct.pack("<II", crc, 0)


def encode(entries, sequence):
    """One copy, complete and with its commit mark, erased behind its end. Raises DctError."""
    pieces = []
    before = None
    for section, name, kind, data in sorted([tuple(entry) for entry in entries]):
        dct.check_entry(section, name, kind, len(data))
        check_data(kind, data)
        if before == (section, name, kind):
            raise DctError(b"An entry is there twice")
        before = (section, name, kind)
        pieces.append(entry_head(section, name, kind, len(data)) + data)
    if len(pieces) > dct.MAX_ENTRIES:
        raise DctError(b"Too many entries")
    body = b"".join(pieces)
    if len(body) > dct.COPY - dct.HEADER:
        raise DctError(b"Too long")
    start = head(sequence, len(body))
    copy = start + tail(crc32(body, crc32(start))) + body
    return copy + b"\xff" * (dct.COPY - len(copy))


# A whole partition, where there is room for it


def current(data):
    """(copy, sequence, entries) of a partition: which of its copies, 0 or 1, is in force, and
    what it has. Raises DctError.
    """
    found = []
    reasons = []
    for copy in range(2):
        try:
            found.append(dct.check(_reader(data, copy * dct.COPY))[1])
        except DctError as e:
            found.append(None)
            reasons.append(e)
    copy = dct.pick(*found)
    if copy is None:
        raise reasons[0]
    sequence, entries = decode(data[copy * dct.COPY : (copy + 1) * dct.COPY])
    return copy, sequence, entries


def image(entries):
    """A partition that holds these entries, and nothing before. Raises DctError."""
    return encode(entries, 1) + b"\xff" * dct.COPY
