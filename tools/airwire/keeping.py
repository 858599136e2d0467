"""What a board keeps when its file system is flashed: settings, the user's files, resources.

The file system is read back, and the firmware's files are changed in it. While it is written its
first two blocks are zero, so that nobody takes half of it for whole, and what was read waits in
build/: the try after an interrupted one begins with that.

The two blocks hold the first directory as it is and as it was before its last change, whichever
came last. Alone, the latter makes a file system that lacks what came since; so it goes first and
comes back last.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from airwire import project
from airwire.errors import UserError
from airwire.esptool import Esptool
from airwire.image import build, layout, littlefs
from airwire.image.partitions import SECTOR, TABLE_OFFSET, TABLE_SIZE

# Both copies of LittleFS's first directory, without which there is none.
HEAD = 2 * SECTOR

# What the flash chip erases at once: a block with a change is written whole.
_BLOCK = 0x10000

_ERASED = 0xFF


class Kept(NamedTuple):
    """A file system as it is to be, as the flash holds it, and the paths that stay."""

    image: bytes
    there: bytes
    stays: list[str]


def kept(chip: Esptool, fresh: bytes) -> Kept | None:
    """The files of `fresh`, a file system image, in the one of the chip. None when the chip has
    none: its flash is new, or was another firmware's. Raises UserError.
    """
    table = layout.TABLE.to_bytes(layout.FLASH_SIZE)
    if chip.read(TABLE_OFFSET, TABLE_SIZE, quiet=True) != table:
        return None
    there = chip.read(layout.VFS.offset, layout.VFS.size)
    volume = littlefs.read(fresh)
    assert volume is not None, "we have just built it"
    for source in (there, _saved(chip)):
        if found := littlefs.update(source, volume.files, layout.VFS):
            return Kept(found[0], there, found[1])
    if any(byte != _ERASED for byte in there[:HEAD]):
        print(f"{chip.port}: its file system is damaged and is written anew", file=sys.stderr)
    return None


def changed(new: bytes, there: bytes) -> list[tuple[int, bytes]]:
    """The blocks that differ, as (offset in flash, bytes); none when all are equal. The first one
    is always among them, with its beginning zero: `closing` comes before these, `opening` after.
    """
    if new == there:
        return []
    closed = bytes(HEAD) + new[HEAD:]
    return [
        (layout.VFS.offset + at, closed[at : at + _BLOCK])
        for at in range(0, len(new), _BLOCK)
        if not at or new[at : at + _BLOCK] != there[at : at + _BLOCK]
    ]


def closing(there: bytes) -> list[tuple[int, bytes]]:
    """What makes a file system one that nobody takes for whole, one sector after the other."""
    return [(place, bytes(SECTOR)) for place, _ in reversed(opening(there))]


def opening(new: bytes) -> list[tuple[int, bytes]]:
    """What makes the file system whole, one sector after the other; none when it is none."""
    volume = littlefs.read(new)
    if volume is None:
        return []
    halves = [(layout.VFS.offset + at, new[at : at + SECTOR]) for at in range(0, HEAD, SECTOR)]
    first = littlefs.read(new[:SECTOR] + bytes(SECTOR) + new[HEAD:])
    return halves if first and first.files == volume.files else halves[::-1]


@contextmanager
def saved(chip: Esptool, found: Kept) -> Iterator[None]:
    """What was read is in a file until the end of the block, and stays there when that fails."""
    place = _place(chip)
    if littlefs.read(found.there):  # else half of a try, whose beginning is in the file already
        project.BUILD.mkdir(exist_ok=True)
        build.write_atomic(place, found.there, private=True)
    yield
    place.unlink(missing_ok=True)


def drop(chip: Esptool) -> None:
    """What an interrupted try has left in a file goes: the user wants nothing kept."""
    _place(chip).unlink(missing_ok=True)


def _saved(chip: Esptool) -> bytes:
    try:
        return _place(chip).read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UserError(f"{_place(chip)}: {error.strerror}") from None


def _place(chip: Esptool) -> Path:
    return project.BUILD / f"kept-{chip.mac}.bin"
