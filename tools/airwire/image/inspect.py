"""What is in a flash image: partitions with their state, free space, files. Reads what `build`
makes and what esptool reads back from a chip; changes nothing."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from airwire.errors import UserError
from airwire.image import dct, firmware, layout, littlefs
from airwire.image.errors import ImageError
from airwire.image.partitions import TABLE_OFFSET, TYPE_APP, Partition, Table
from airwire.wire.dct import DctError

# Enough to tell two contents apart at a glance; the JSON report has it whole.
_SHORT_HASH = 12
_DCT = "DCT"


@dataclass(frozen=True)
class Part:
    """One area of the flash. `state` is empty, MicroPython <version>, LittleFS <disk version>,
    DCT, not a DCT: <why>, bootloader or data.

    Sizes in bytes. `used` and `free` are None where only the partition's owner could tell.
    `sha256` is None when empty.
    """

    label: str
    kind: str
    offset: int
    size: int
    state: str
    used: int | None
    free: int | None
    sha256: str | None


@dataclass(frozen=True)
class Report:
    """A whole image: its areas in flash order, its files as path -> size in bytes, and what its
    DCT has.
    """

    size: int
    parts: tuple[Part, ...]
    files: dict[str, int]
    entries: tuple[dct.Entry, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For json.dumps."""
        return {
            "size": self.size,
            "partitions": [asdict(part) for part in self.parts],
            "files": [{"path": path, "size": size} for path, size in self.files.items()],
            "dct": [asdict(entry) for entry in self.entries],
        }


def load(path: Path) -> Report:
    """Inspect a file. Raises UserError naming file, partition and offset."""
    try:
        image = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    try:
        return inspect(image)
    except ImageError as error:
        raise error.within(path) from None


def inspect(image: bytes) -> Report:
    """Look into a flash image. Raises ImageError when it is not one, or when the chip could not
    boot from it.
    """
    if len(image) > layout.FLASH_SIZE:
        raise ImageError(
            "flash",
            layout.FLASH_SIZE,
            f"too large: the image has {len(image)} bytes, the flash {layout.FLASH_SIZE}",
        )
    table = Table.parse(image[TABLE_OFFSET:], layout.FLASH_SIZE)
    for part in table:
        if part.end > len(image):
            raise part.error(f"truncated: it ends at {part.end:#x}, the image at {len(image):#x}")
    parts = [_bootloader(image[layout.BOOTLOADER_OFFSET : TABLE_OFFSET])]
    files: dict[str, int] = {}
    entries: list[dct.Entry] = []
    for partition in table:
        area = image[partition.offset : partition.end]
        part, found = _look(partition, area)
        parts.append(part)
        files |= found
        if part.state == _DCT:
            entries = dct.entries(area)
    return Report(len(image), tuple(parts), files, tuple(entries))


def _bootloader(area: bytes) -> Part:
    used = 0 if _empty(area) else firmware.check_bootloader(area).size
    state = "bootloader" if used else "empty"
    return Part(
        "bootloader",
        "",
        layout.BOOTLOADER_OFFSET,
        len(area),
        state,
        used,
        len(area) - used,
        _hash(area),
    )


def _look(partition: Partition, area: bytes) -> tuple[Part, dict[str, int]]:
    state, used, files = "data", None, {}
    if _empty(area):
        state, used = "empty", 0
    elif partition.type == TYPE_APP:
        app = firmware.check_app(area, partition)
        state, used = f"MicroPython {app.version}", app.size
    elif partition.label == layout.DCT.label:
        try:
            dct.entries(area)
            state = _DCT
        except DctError as error:
            state = dct.told(error)
    elif volume := littlefs.read(area):
        state, used = f"LittleFS {volume.version}", volume.used
        files = {path: len(content) for path, content in volume.files.items()}
    free = None if used is None else partition.size - used
    part = Part(
        partition.label,
        partition.kind,
        partition.offset,
        partition.size,
        state,
        used,
        free,
        _hash(area),
    )
    return part, files


def _empty(area: bytes) -> bool:
    return area.count(0xFF) == len(area)


def _hash(area: bytes) -> str | None:
    return None if _empty(area) else hashlib.sha256(area).hexdigest()


def show(report: Report, console: Console) -> None:
    """Print the report for a person: in colour on a terminal, as plain text elsewhere."""
    table = RichTable(box=None, pad_edge=False)
    for column in ("partition", "type", "offset", "size", "used", "free", "state", "sha256"):
        numeric = column in ("offset", "size", "used", "free")
        table.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    for part in report.parts:
        sizes = (part.size, part.used, part.free)
        table.add_row(
            part.label,
            part.kind,
            f"{part.offset:#x}",
            *("" if size is None else str(size) for size in sizes),
            part.state,
            (part.sha256 or "")[:_SHORT_HASH],
        )
    console.print(f"Flash, {report.size >> 20} MiB")
    console.print(table)
    console.print()
    if report.entries:
        console.print(f"DCT, {len(report.entries)} entries")
        for entry in report.entries:
            console.print(f"{entry.size:>8}  {entry.section:<13}  {entry.name}, {entry.kind}")
        console.print()
    console.print(f"{len(report.files)} files, {sum(report.files.values())} bytes")
    for path, size in report.files.items():
        console.print(f"{size:>8}  {path}")
    if any(part.kind.startswith("app/") and part.state == "empty" for part in report.parts):
        console.print()
        console.print("No MicroPython in it: this image boots the virtual board, not a chip.")
