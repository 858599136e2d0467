"""A virtual board for one test, or a file of them, that has neither crashed nor logged a fault in
the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from host_tests.board.backends import Virtual


@contextmanager
def watched(image: Path, arch: str, faulty: bool = False, **how: Any) -> Iterator[Virtual]:
    """A board of that image. `faulty`: faults belong to the test; `how`: as for Virtual."""
    board = Virtual(image, arch, **how)
    try:
        yield board
        panics, log = board.panics(), board.log()
        board.down()
        faults = board.files().get("faults", b"")
    finally:
        board.down()
        board.remove()
    assert not panics, log
    assert faulty or not faults, faults.decode()
