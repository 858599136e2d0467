"""Boards for the client's tests, started as a user starts them, one for each file of tests."""

import socket
from collections.abc import Iterator

import pytest

from airwire.board.client import Board
from airwire.client import Module
from airwire.image import build

# The ESP32's object sizes and its heap; a file of tests may name another one, HEAP.
CHIP_HEAP = "160K"

# A scan blocks the firmware for this long; a chip's takes two seconds more.
AIR = {"air": {"scan_ms": 100}}

# Longer than anything here takes, on however slow a machine.
PATIENCE = 30.0


@pytest.fixture(scope="session")
def flash_image(tmp_path_factory):
    """The image that `make image` builds."""
    path = tmp_path_factory.mktemp("client") / "flash.bin"
    path.write_bytes(build.build_image())
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator:
    """The home of the boards of one file: `board:client` means one that is there."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("home")
        patch.setenv("AIRWIRE_HOME", str(path))
        yield path


@pytest.fixture(scope="module")
def board(request, home, flash_image, interpreters) -> Iterator[Board]:
    """A board whose firmware has neither crashed nor logged a fault when all tests are done."""
    option = request.config.option.board_arch
    options = {"arch": "amd64"}
    if "i386" in interpreters and option != "amd64":
        options = {"arch": "i386", "heap": getattr(request.module, "HEAP", CHIP_HEAP)}
    with Board.up("client", flash=flash_image, config=AIR, rfc2217=0, **options) as board:
        yield board
        assert not board.status()["panics"], board.log.read_text()
        with Module("board:client/uart1") as module:
            assert not module.faults()


@pytest.fixture
def url(board) -> str:
    """UART0 by RFC 2217."""
    return f"rfc2217://127.0.0.1:{board.status()['rfc2217']}"


@pytest.fixture
def module(board) -> Iterator[Module]:
    """A module at UART1, nothing open in it."""
    with Module("board:client/uart1") as module:
        yield module
        module.close_streams()


@pytest.fixture
def joined(module) -> Module:
    """The same in the network."""
    module.set("wlan.ssid", "airwire-wpa2")
    module.set("wlan.passkey", "correct horse")
    module.network_up()
    return module


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A TCP server of this machine, `host.airwire` for the board."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        yield listener
