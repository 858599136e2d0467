"""The merged image of the whole flash, from the firmware's tree and, for a chip, the user's
MicroPython.

Without a MicroPython the app's partition stays erased: the virtual board, which brings its own
interpreter, boots such an image, a chip does not. The same input gives the same bytes.
"""

import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from airwire import project
from airwire.errors import UserError
from airwire.image import dct, firmware, layout, littlefs, resources, tree
from airwire.image.partitions import TABLE_OFFSET

_PREFIX = 40  # characters of a file's name in that of its temporary one


class Region(NamedTuple):
    """A piece of flash that is written: what it is, its offset, its bytes."""

    label: str
    offset: int
    data: bytes


def regions(
    root: Path = project.ROOT,
    firmware_file: Path | None = None,
    dct_file: Path | None = None,
    resource_files: Iterable[Path] = (),
) -> list[Region]:
    """What is written, in flash order. Not in it: nvs and phy_init, which belong to MicroPython.
    Without a file of it the DCT is erased.

    Raises UserError for a tree or a file that cannot be built from.
    """
    micropython = firmware.load(firmware_file) if firmware_file else None
    table = dct.load(dct_file) if dct_file else dct.ERASED
    files = littlefs.build(tree.device_files(root) | resources.load(resource_files), layout.VFS)
    pieces = [
        Region("partition table", TABLE_OFFSET, layout.TABLE.to_bytes(layout.FLASH_SIZE)),
        Region(layout.DCT.label, layout.DCT.offset, table),
        Region(layout.VFS.label, layout.VFS.offset, files),
    ]
    if micropython:
        pieces += [
            Region("bootloader", layout.BOOTLOADER_OFFSET, micropython.bootloader),
            Region(layout.FACTORY.label, layout.FACTORY.offset, micropython.app),
        ]
    return sorted(pieces, key=lambda region: region.offset)


def build_image(
    root: Path = project.ROOT,
    firmware_file: Path | None = None,
    dct_file: Path | None = None,
    resource_files: Iterable[Path] = (),
) -> bytes:
    """The whole flash, 4 MiB. Raises UserError as `regions` does."""
    return merged(regions(root, firmware_file, dct_file, resource_files))


def merged(pieces: Iterable[Region]) -> bytes:
    """The whole flash with these regions; all else is erased."""
    image = bytearray(b"\xff" * layout.FLASH_SIZE)
    for region in pieces:
        image[region.offset : region.offset + len(region.data)] = region.data
    return bytes(image)


def write_atomic(path: Path, data: bytes, private: bool = False, replace: bool = True) -> None:
    """Write a file so that it is whole or not there; a private one is for its owner alone. Raises
    UserError when that fails, as in a folder that does not exist: it is a typing mistake more
    often than a wish; and for a file that is there already, unless it may `replace` that.
    """
    try:
        # A name may be as long as the file system takes.
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_PREFIX]}.")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if not private:
            os.chmod(temporary, 0o644)  # mkstemp's 0600 is for secrets
        if replace or not _linked(temporary, path):
            os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def _linked(temporary: str, path: Path) -> bool:
    # Of two programs that make a file at the same time, one is refused: a link replaces nothing.
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOTSUP):  # FAT has no links
            return False
        raise
    os.unlink(temporary)
    return True
