# The flash: the partitions that the firmware counts on, and the file system on the last of them.
import os

from esp32 import Partition
from micropython import const

_APP = const(0)
_DATA = const(1)
_SECTOR = const(4096)

# Label, type, offset, size: the table that the image is built with.
TABLE = (
    ("nvs", _DATA, 0x9000, 0x6000),
    ("phy_init", _DATA, 0xF000, 0x1000),
    ("factory", _APP, 0x10000, 0x1F0000),
    ("dct", _DATA, 0x200000, 0x10000),
    ("vfs", _DATA, 0x210000, 0x1F0000),
)


async def run(session, name):
    """Partitions where they belong, each readable; the file system as large as its own."""
    block = bytearray(_SECTOR)
    for label, kind, offset, size in TABLE:
        found = Partition.find(kind, label=label)
        if not found:
            return False, None, b"", b"No partition " + label.encode()
        at, length = found[0].info()[2:4]
        if (at, length) != (offset, size):
            words = b"Partition %s has 0x%x bytes at 0x%x" % (label.encode(), length, at)
            return False, None, b"", words
        found[0].readblocks(0, block)
    stat = os.statvfs("/")
    unit, blocks = stat[1:3]
    if unit * blocks != size:
        return False, None, b"", b"The file system has %d of %d bytes" % (unit * blocks, size)
    free = stat[3]
    if not 0 <= free <= blocks:
        free = 0  # LittleFS counts some blocks twice
    return True, free * (unit >> 10), b"KB", b"free of %d KB for files" % (size >> 10)
