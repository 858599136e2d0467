"""Console sessions on MicroPython, each architecture in turn, with the firmware as it ships."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tests.console.session import Session


@pytest.fixture
def session(interpreter, shipped) -> Iterator[Session]:
    """A fresh session, in human mode."""
    script = Path(__file__).with_name("session_driver.py")
    with subprocess.Popen(
        [interpreter, "-X", "heapsize=160K", script, shipped],
        env={"MICROPYPATH": ".frozen"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        yield Session(process)
        process.stdin.close()
        process.kill()
