"""Boards that run a program of the tests in place of main.py."""

from collections.abc import Mapping
from pathlib import Path

from airwire import project
from airwire.image import build, layout, littlefs, tree


def flash_with(script: bytes, folder: Path, more: Mapping[str, bytes] | None = None) -> Path:
    """A flash image of the tree with `script` as main.py, and `more` files (path -> content)."""
    image = bytearray(build.build_image())
    files = {**tree.device_files(project.ROOT), **(more or {}), "main.py": script}
    image[layout.VFS.offset : layout.VFS.end] = littlefs.build(files, layout.VFS)
    path = folder / "flash.bin"
    path.write_bytes(image)
    return path
