"""Console sessions on MicroPython, each architecture in turn, with the firmware as it ships."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from airwire.image import tree
from host_tests.console.session import Session

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shipped(tmp_path_factory) -> Path:
    """The device's files, as the image has them, in a folder."""
    folder = tmp_path_factory.mktemp("shipped")
    for name, content in tree.device_files(ROOT).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


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
