"""The stock MicroPython image that the user gives: what is in it, and whether this chip and this
flash can take it.

Such a file is what esptool writes to flash 0x1000: the bootloader, the table at 0x8000, the app at
0x10000. Bootloader and app are ESP images: a header of 24 bytes, segments, a checksum, mostly a
SHA-256. Read only; nothing is patched.
"""

import hashlib
import re
import struct
from functools import reduce
from operator import xor
from pathlib import Path
from typing import NamedTuple

from airwire.errors import UserError
from airwire.image.errors import ImageError
from airwire.image.layout import BOOTLOADER_OFFSET, FACTORY, FLASH_SIZE
from airwire.image.partitions import TABLE_OFFSET, TYPE_APP, Partition, Table

# asyncio.run() of 1.25 returns early when every task waits on an Event: the firmware needs this
# version.
MINIMUM_VERSION = (1, 26)

# The bootloader's place: from its offset to the table.
_BOOTLOADER = Partition(
    "bootloader", TYPE_APP, 0, BOOTLOADER_OFFSET, TABLE_OFFSET - BOOTLOADER_OFFSET
)
# Magic, segment count, flash mode, flash size and speed, entry; then the extended header: pins,
# chip id, revisions, and whether a SHA-256 follows.
_HEADER = struct.Struct("<BBBBI4xH9xB")
_SEGMENT = struct.Struct("<II")
_MAGIC = 0xE9
_MAX_SEGMENTS = 16
_CHECKSUM_SEED = 0xEF
# An app's first segment begins with its descriptor.
_DESCRIPTOR = struct.pack("<I", 0xABCD5432)
_DESCRIPTOR_OFFSET = _HEADER.size + _SEGMENT.size
# Stock images leave the descriptor's version empty; the banner of the REPL is what tells it.
_BANNER = re.compile(
    rb"MicroPython (?:\([^)]{1,40}\) )?v((\d+)\.(\d+)[\w.+-]*) on (\d{4}-\d\d-\d\d)"
)

_CHIPS = {
    0: "ESP32",
    2: "ESP32-S2",
    5: "ESP32-C3",
    9: "ESP32-S3",
    12: "ESP32-C2",
    13: "ESP32-C6",
    16: "ESP32-H2",
    18: "ESP32-P4",
    20: "ESP32-C61",
    23: "ESP32-C5",
}
_OTHER_FILES = {
    b"UF2\n": "a UF2 file",
    b"\x7fELF": "an ELF file",
    b"PK\x03\x04": "a zip archive",
    b"\xaa\x50": "a partition table alone",
    b"\x1f\x8b": "a gzip file",
}


class EspImage(NamedTuple):
    """A checked ESP image: its size in bytes with checksum and hash, and the flash size it was
    built for.
    """

    size: int
    flash_size: int


class App(NamedTuple):
    """A checked app: its size in bytes, and which MicroPython it is (`1.26.1`)."""

    size: int
    version: str


class Firmware(NamedTuple):
    """A checked stock image: what goes to 0x1000 and to 0x10000, and the version of its
    MicroPython.
    """

    bootloader: bytes
    app: bytes
    version: str


def load(path: Path) -> Firmware:
    """Read and check the user's file. Raises UserError naming file, partition and flash offset."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    try:
        return parse(data)
    except ImageError as error:
        raise error.within(path) from None


def parse(data: bytes) -> Firmware:
    """Check a stock image. Raises ImageError for the first thing that this chip or our flash
    layout cannot take.
    """
    _check_start(data)
    bootloader = data[: _BOOTLOADER.size].rstrip(b"\xff")
    image = check_bootloader(data[: _BOOTLOADER.size])
    table = Table.parse(data[TABLE_OFFSET - BOOTLOADER_OFFSET :], image.flash_size)
    app_partition = next((part for part in table if part.type == TYPE_APP), None)
    if app_partition is None or app_partition.offset != FACTORY.offset:
        where = "nowhere" if app_partition is None else f"at {app_partition.offset:#x}"
        raise FACTORY.error(f"the image has its app {where}; it must not move")
    app = data[FACTORY.offset - BOOTLOADER_OFFSET :]
    app_size = len(app.rstrip(b"\xff"))
    if app_size > FACTORY.size:
        raise FACTORY.error(f"{app_size} bytes do not fit into the partition's {FACTORY.size}")
    version = check_app(app[: FACTORY.size]).version
    return Firmware(bootloader.ljust(image.size, b"\xff"), app[: FACTORY.size], version)


def check_bootloader(area: bytes) -> EspImage:
    """Check the bootloader at the start of `area` (flash 0x1000 to 0x8000). Raises ImageError."""
    image = _check_image(area, _BOOTLOADER)
    if image.flash_size < FLASH_SIZE:
        raise _BOOTLOADER.error(
            f"built for {image.flash_size >> 20} MiB of flash, {FLASH_SIZE >> 20} are needed"
        )
    return image


def check_app(area: bytes, partition: Partition = FACTORY) -> App:
    """Check that `area`, the content of `partition`, starts with a MicroPython app. Raises
    ImageError.
    """
    image = _check_image(area, partition)
    app = area[: image.size]
    if not app.startswith(_DESCRIPTOR, _DESCRIPTOR_OFFSET):
        raise partition.error("an ESP32 image, but not an app: it has no app descriptor")
    banner = _BANNER.search(app)
    if banner is None:
        raise partition.error("an ESP32 app, but not MicroPython")
    version = banner[1].decode()
    if (int(banner[2]), int(banner[3])) < MINIMUM_VERSION:
        needed = ".".join(map(str, MINIMUM_VERSION))
        raise partition.error(f"MicroPython {version} is too old, {needed} or newer is needed")
    return App(image.size, version)


def _check_start(data: bytes) -> None:
    """Say what a file is when it is not an image for 0x1000: the mistakes that people make."""
    if not data:
        raise _BOOTLOADER.error("the file is empty")
    gap = data[:BOOTLOADER_OFFSET]
    if data[BOOTLOADER_OFFSET : BOOTLOADER_OFFSET + 1] == bytes([_MAGIC]) and not gap.strip(
        b"\xff"
    ):
        raise _BOOTLOADER.error("the file starts at flash 0x0, give the one that starts at 0x1000")
    for magic, name in _OTHER_FILES.items():
        if data.startswith(magic):
            raise _BOOTLOADER.error(f"not an ESP32 image but {name}")
    if data[0] == _MAGIC and data.startswith(_DESCRIPTOR, _DESCRIPTOR_OFFSET):
        _check_chip(data, _BOOTLOADER)
        raise _BOOTLOADER.error("the file is an app alone (.app-bin), give the whole .bin")


def _check_chip(data: bytes, place: Partition) -> None:
    chip = _HEADER.unpack_from(data)[5]
    if chip != 0:
        name = _CHIPS.get(chip, f"an unknown chip (id {chip:#06x})")
        raise place.error(f"made for {name}, not for ESP32")


def _check_image(data: bytes, place: Partition) -> EspImage:
    """Walk the image at the start of `data`, which is at most what the partition `place` holds."""
    if data[:1] != bytes([_MAGIC]):
        if not data:
            raise place.error("truncated: the file ends before it")
        raise place.error(
            f"not an ESP32 image: its first byte is {data[0]:#04x}, not {_MAGIC:#04x}"
        )
    if len(data) < _HEADER.size:
        raise place.error(f"truncated: {len(data)} bytes of the header's {_HEADER.size}")
    _check_chip(data, place)
    _, count, _, size_and_speed, _, _, has_hash = _HEADER.unpack_from(data)
    if not 1 <= count <= _MAX_SEGMENTS:
        raise place.error(f"{count} segments, an image has 1 to {_MAX_SEGMENTS}")
    end = _HEADER.size
    checksum = _CHECKSUM_SEED
    for number in range(count):
        start = end + _SEGMENT.size
        _need(data, start, place, f"the head of segment {number}")
        end = start + _SEGMENT.unpack_from(data, end)[1]
        _need(data, end, place, f"segment {number}")
        checksum ^= _xor(data[start:end])
    end = (end + 16) // 16 * 16  # zeros, and the checksum as the last byte of a row of 16
    _need(data, end, place, "the checksum")
    if data[end - 1] != checksum:
        raise place.error(
            f"damaged: checksum {data[end - 1]:#04x}, its content gives {checksum:#04x}"
        )
    if has_hash:
        _need(data, end + 32, place, "the SHA-256")
        if data[end : end + 32] != hashlib.sha256(data[:end]).digest():
            raise place.error("damaged: its SHA-256 does not match its content")
        end += 32
    return EspImage(end, 1 << 20 + (size_and_speed >> 4))


def _need(data: bytes, end: int, place: Partition, what: str) -> None:
    if end > len(data):
        if end > place.size:
            raise place.error(
                f"{what} ends at {place.offset + end:#x}, beyond the partition's {place.end:#x}"
            )
        have = place.offset + len(data)
        raise place.error(
            f"truncated: {what} ends at {place.offset + end:#x}, the file at {have:#x}"
        )


def _xor(data: bytes) -> int:
    """All bytes xored, by way of large integers: a loop over the 1.7 MB of an app takes longer
    than the whole build.
    """
    while len(data) > 64:
        half = (len(data) + 1) // 2
        low, high = int.from_bytes(data[:half], "big"), int.from_bytes(data[half:], "big")
        data = (low ^ high).to_bytes(half, "big")
    return reduce(xor, data, 0)
