"""Boards that run a program of the tests in place of main.py, and boards that a test has besides
the one of the fixture `board`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from airwire import project
from airwire.image import build, layout, littlefs, tree
from host_tests.board.backends import Virtual


def flash_with(script: bytes, folder: Path, more: Mapping[str, bytes] | None = None) -> Path:
    """A flash image of the tree with `script` as main.py, and `more` files (path -> content)."""
    image = bytearray(build.build_image())
    files = {**tree.device_files(project.ROOT), **(more or {}), "main.py": script}
    image[layout.VFS.offset : layout.VFS.end] = littlefs.build(files, layout.VFS)
    path = folder / "flash.bin"
    path.write_bytes(image)
    return path


@contextmanager
def watched(
    flash: Path, arch: str, whole_heap: bool = False, heap: str | None = None
) -> Iterator[Virtual]:
    """A board whose firmware has neither crashed nor logged a fault in the end."""
    board = Virtual(flash, arch, whole_heap=whole_heap, heap=heap)
    try:
        yield board
        assert not board.panics(), board.log()
        board.down()
        assert not board.files().get("faults")
    finally:
        board.down()
        board.remove()
