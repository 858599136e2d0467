"""Boards for the tests of the virtual board itself: the stand-in firmware, and a host's end of a
UART.
"""

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airwire.board.client import Board
from host_tests.tools.wwep_command import Identity

FAKE = Path(__file__).parent / "fake_firmware.py"

# Everything here takes milliseconds; this is a hang, on however slow a machine.
PATIENCE = 20.0


class Port:
    """The host's end of a UART."""

    def __init__(self, link: Path) -> None:
        self.fd = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def send(self, data: bytes) -> None:
        """Write all of it; waits while the pty is full."""
        while data:
            assert select.select([], [self.fd], [], PATIENCE)[1], f"{len(data)} bytes not taken"
            data = data[os.write(self.fd, data) :]

    def read(self, count: int, patience: float = PATIENCE) -> bytes:
        """Exactly `count` bytes, as soon as they are there."""
        data = b""
        while len(data) < count:
            ready, _, _ = select.select([self.fd], [], [], patience)
            assert ready, f"{len(data)} of {count} bytes came, the last {data[-80:]!r}"
            data += os.read(self.fd, count - len(data))
        return data

    def line(self, text: str = "") -> str:
        """Send a line of text, if any; the next line that comes."""
        if text:
            self.send(text.encode() + b"\n")
        data = b""
        while not data.endswith(b"\n"):
            data += self.read(1)
        return data.decode().strip()

    def until(self, text: str) -> str:
        """All lines up to the first that contains `text`; returns that one."""
        deadline = time.monotonic() + PATIENCE
        while text not in (line := self.line()):
            assert time.monotonic() < deadline, f"no {text!r}"
        return line

    def silent(self, seconds: float = 0) -> bool:
        """Whether nothing comes for so long."""
        return not select.select([self.fd], [], [], seconds)[0]


@pytest.fixture
def port() -> Iterator[Callable[[Path], Port]]:
    """Opens UART links; closes them after the test."""
    ports = []

    def connect(link: Path) -> Port:
        ports.append(Port(link))
        return ports[-1]

    yield connect
    for each in ports:
        os.close(each.fd)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of boards for one test; what is still up after it is taken down."""
    monkeypatch.setenv("AIRWIRE_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    for directory in (tmp_path / "home" / "boards").glob("*"):
        Board(directory.name).down()


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    """A flash image that nobody looks into."""
    path = tmp_path / "some.bin"
    path.write_bytes(b"\xff" * 4096)
    return path


@pytest.fixture
def fake() -> dict:
    """The configuration that runs the stand-in; -S and -E make it start in a few milliseconds."""
    return {"board": {"command": [sys.executable, "-S", "-E", str(FAKE)]}}


@pytest.fixture
def fake_config(tmp_path: Path) -> Path:
    """The same as a file."""
    path = tmp_path / "fake.toml"
    path.write_text(f'[board]\ncommand = ["{sys.executable}", "-S", "-E", "{FAKE}"]\n')
    return path


@pytest.fixture
def board(home: Path, flash: Path, fake: dict) -> Iterator[Board]:
    """A board with the stand-in firmware."""
    with Board.up("fake", flash=flash, config=fake) as board:
        yield board


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """Of a secure WWEP server, made for this run."""
    return Identity(tmp_path_factory.mktemp("wwep") / "identity")
