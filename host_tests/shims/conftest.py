# Fixtures of the shim tests: one interpreter after the other, and boards that end with their test.

import socket
import sys
import textwrap
from pathlib import Path

import pytest

from airwire import interpreter

sys.path.insert(0, str(Path(__file__).parent))  # harness.py: not a package, and not named test_*

import harness

# i386 has the sizes of the chip, so it gets the heap that the whole firmware must do with.
HEAPS = {"amd64": "512K", "i386": "160K"}


@pytest.fixture
def start(arch, tmp_path):
    """start(*main, files={}, **options of Board) boots a board whose main.py is made of the pieces
    of main, each freed of its indent; without any, the flash stays as it is.
    """
    boards = []

    def start(*main, files=None, **options):
        if main:
            text = "".join([textwrap.dedent(piece) for piece in main])
            content = harness.image({"main.py": text, **(files or {})})
            (tmp_path / "flash.bin").write_bytes(content)
        options.setdefault("heap", HEAPS[arch])
        boards.append(harness.Board(tmp_path, interpreter.find(arch), arch=arch, **options))
        return boards[-1]

    yield start
    for board in boards:
        board.close()


@pytest.fixture
def listener():
    """A TCP listener of the host; the board reaches it as ('127.0.0.1', port_of(listener))."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server
