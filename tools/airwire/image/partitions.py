"""Codec of the ESP32's partition table, as ESP-IDF's bootloader and its applications read it.

A table is rows of 32 bytes in flash order, a row with the MD5 of those before it, and erased bytes
up to 0xC00. The applications refuse a table without the MD5 row, and the bootloader one with a
wrong one: both are errors here. Which partitions Airwire has is in layout.py.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from airwire.image.errors import ImageError

# Where the bootloader looks for the table: fixed when it is compiled, and stock MicroPython keeps
# IDF's default.
TABLE_OFFSET = 0x8000
# What the bootloader reads of the table's sector: 95 rows and the end.
TABLE_SIZE = 0xC00
# Flash is erased in sectors of 4 KiB: a partition that shared one with another could not be erased
# alone.
SECTOR = 0x1000
# The chip maps flash into its address space in pages of 64 KiB, so an app starts on one.
APP_ALIGNMENT = 0x10000

TYPE_APP = 0
TYPE_DATA = 1

_ROW = struct.Struct("<2sBBLL16sL")
_MAGIC = b"\xaa\x50"
_MD5_HEAD = b"\xeb\xeb" + b"\xff" * 14
_ERASED_ROW = b"\xff" * _ROW.size
_LABEL_SIZE = 16
_FIRST_OFFSET = TABLE_OFFSET + SECTOR

_SUBTYPES = {
    (TYPE_APP, 0x00): "factory",
    (TYPE_APP, 0x20): "test",
    **{(TYPE_APP, 0x10 + n): f"ota_{n}" for n in range(16)},
    (TYPE_DATA, 0x00): "ota",
    (TYPE_DATA, 0x01): "phy",
    (TYPE_DATA, 0x02): "nvs",
    (TYPE_DATA, 0x03): "coredump",
    (TYPE_DATA, 0x81): "fat",
    (TYPE_DATA, 0x82): "spiffs",
    (TYPE_DATA, 0x83): "littlefs",
}


class Partition(NamedTuple):
    """One row. Offset and size in bytes of flash; type and subtype as IDF numbers them."""

    label: str
    type: int
    subtype: int
    offset: int
    size: int
    flags: int = 0

    @property
    def end(self) -> int:
        """The first offset after the partition."""
        return self.offset + self.size

    @property
    def kind(self) -> str:
        """Type and subtype as a person writes them: `data/nvs`, `data/0x40`."""
        name = {TYPE_APP: "app", TYPE_DATA: "data"}.get(self.type, f"{self.type:#04x}")
        return f"{name}/{_SUBTYPES.get((self.type, self.subtype), f'{self.subtype:#04x}')}"

    def error(self, text: str) -> ImageError:
        """An error of this partition, to be raised."""
        return ImageError(self.label, self.offset, text)


def table_error(text: str, row: int = 0) -> ImageError:
    """An error of the table itself, at the offset of its row `row`."""
    return ImageError("partition table", TABLE_OFFSET + row * _ROW.size, text)


@dataclass(frozen=True)
class Table:
    """Partitions in flash order. Making one does not check it: `parse` and `to_bytes` do."""

    partitions: tuple[Partition, ...]

    @classmethod
    def parse(cls, data: bytes, flash_size: int) -> "Table":
        """The table in the first 0xC00 bytes of `data`, checked for a flash of `flash_size` bytes.

        Raises ImageError. It accepts exactly what `to_bytes` writes, so the two are inverse.
        """
        if len(data) < TABLE_SIZE:
            raise table_error(f"truncated: {len(data)} bytes of {TABLE_SIZE}")
        partitions: list[Partition] = []
        for row in range(TABLE_SIZE // _ROW.size):
            raw = data[row * _ROW.size : (row + 1) * _ROW.size]
            if raw.startswith(_MAGIC):
                partitions.append(_parse_row(raw, row))
            elif raw.startswith(_MD5_HEAD):
                _check_md5(data, row)
                break
            elif raw == _ERASED_ROW:
                text = f"row {row}: no MD5 row" if partitions else "no table: the flash is erased"
                raise table_error(text, row)
            else:
                raise table_error(f"row {row}: neither a partition nor the MD5 row", row)
        else:
            raise table_error("no MD5 row, and no end")
        end = (row + 1) * _ROW.size
        if any(byte != 0xFF for byte in data[end:TABLE_SIZE]):
            raise table_error("not erased after the MD5 row", row + 1)
        table = cls(tuple(partitions))
        table.check(flash_size)
        return table

    def to_bytes(self, flash_size: int) -> bytes:
        """The 0xC00 bytes for flash offset 0x8000. Raises ImageError as `check` does."""
        self.check(flash_size)
        rows = b"".join(
            _ROW.pack(_MAGIC, p.type, p.subtype, p.offset, p.size, p.label.encode(), p.flags)
            for p in self.partitions
        )
        md5 = _MD5_HEAD + hashlib.md5(rows).digest()
        return (rows + md5).ljust(TABLE_SIZE, b"\xff")

    def check(self, flash_size: int) -> None:
        """Raise ImageError for the first partition that the chip could not use."""
        if not self.partitions:
            raise table_error("no partitions")
        if len(self.partitions) > TABLE_SIZE // _ROW.size - 1:
            raise table_error(f"{len(self.partitions)} partitions do not fit")
        labels: set[str] = set()
        previous: Partition | None = None
        for row, part in enumerate(self.partitions):
            _check_label(part, row)
            if part.label in labels:
                raise part.error("the label is used twice")
            labels.add(part.label)
            _check_place(part, flash_size)
            if previous is None:
                if part.offset < _FIRST_OFFSET:
                    raise part.error(
                        f"overlaps the partition table, which ends at {_FIRST_OFFSET:#x}"
                    )
            elif part.offset < previous.offset:
                raise part.error(
                    f"out of order: it follows {previous.label} at {previous.offset:#x}"
                )
            elif part.offset < previous.end:
                raise part.error(f"overlaps {previous.label}, which ends at {previous.end:#x}")
            previous = part

    def __iter__(self) -> Iterator[Partition]:
        return iter(self.partitions)

    def find(self, label: str) -> Partition:
        """The partition of that label. Raises ImageError when there is none."""
        for part in self.partitions:
            if part.label == label:
                return part
        raise table_error(f"no partition '{label}'")


def _parse_row(raw: bytes, row: int) -> Partition:
    _, kind, subtype, offset, size, label, flags = _ROW.unpack(raw)
    try:
        text = label.rstrip(b"\0").decode("ascii")
    except UnicodeDecodeError:
        raise table_error(f"row {row}: its label is not ASCII", row) from None
    return Partition(text, kind, subtype, offset, size, flags)


def _check_md5(data: bytes, row: int) -> None:
    stored = data[row * _ROW.size + len(_MD5_HEAD) : (row + 1) * _ROW.size]
    if stored != hashlib.md5(data[: row * _ROW.size]).digest():
        raise table_error(f"row {row}: the MD5 does not match the rows before it", row)


def _check_label(part: Partition, row: int) -> None:
    """A label is a C string on the chip and a word in our messages, hence printable ASCII without
    spaces.
    """
    if not part.label:
        raise table_error(f"row {row}: no label", row)
    if len(part.label) > _LABEL_SIZE or not all("!" <= char <= "~" for char in part.label):
        raise table_error(
            f"row {row}: label {part.label!r} is not 1 to 16 printable characters", row
        )


def _check_place(part: Partition, flash_size: int) -> None:
    alignment = APP_ALIGNMENT if part.type == TYPE_APP else SECTOR
    if part.offset % alignment:
        raise part.error(f"its offset is not a multiple of {alignment:#x}")
    if part.size % SECTOR or not part.size:
        raise part.error(f"its size {part.size:#x} is not a multiple of {SECTOR:#x} above 0")
    if part.end > flash_size:
        raise part.error(f"ends at {part.end:#x}, outside the flash of {flash_size:#x} bytes")
