"""LANs and boards in them, and the question what is left of them."""

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from airwire.board.client import Board
from airwire.image import build
from airwire.lan.client import Lan
from host_tests.board.console import Console
from host_tests.tools.conftest import FAKE, Port

# Everything here takes milliseconds to a second; this is a hang, on however slow a machine.
PATIENCE = 30.0

WIFI = "airwire-open"
PIECE = 100


def until(condition, what):
    """Wait until the condition gives something true; returns it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(0.01)
    return found


def namespaces(pid):
    """Which network, process and user namespaces a process is in; none when it has ended."""
    found = set()
    for kind in ("net", "pid", "user"):
        try:
            found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
        except OSError:
            return set()
    return found


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


class Traces:
    """What a LAN has made: remember it while it is up, and look for it afterwards."""

    def __init__(self, lan):
        self.own = namespaces(os.getpid())
        self.made = set()
        pids = [place["pid"] for place in lan.status()["places"] if place["pid"]]
        for pid in (lan.status()["keeper"], *pids):
            self.made |= namespaces(pid) - self.own
        assert len(self.made) >= 2

    def processes(self):
        """The processes that are in anything of it."""
        return [pid for pid in processes() if namespaces(pid) & self.made]

    def gone(self):
        until(lambda: not self.processes(), "the end of all processes of the LAN")


def surroundings():
    """What a LAN may leave neither more nor less of: interfaces and mounts of the machine."""
    return sorted(os.listdir("/sys/class/net")), Path("/proc/self/mounts").read_text()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def lan(home):
    """A LAN with one client; afterwards nothing of it is left."""
    before = surroundings()
    with Lan.up(home=home, owned=True) as lan:
        traces = Traces(lan)
        yield lan
    traces.gone()
    assert surroundings() == before


class Joined:
    """A board with its real firmware in a LAN, with its console."""

    def __init__(self, board):
        self.board = board
        self.console = Console(str(board.uart1))
        self.console.machine(0)

    def set(self, name, value):
        assert self.console.ok(f"set {name} {value}") == "Set OK"

    def join(self):
        """Join the network; returns the address that it got."""
        self.set("wlan.ssid", WIFI)
        self.console.ok("network_up")
        return self.console.ok("get network.ip")


@pytest.fixture(scope="session")
def flash_image(tmp_path_factory):
    path = tmp_path_factory.mktemp("flash") / "flash.bin"
    path.write_bytes(build.build_image())
    return path


@pytest.fixture
def real(arch, lan, home, flash_image):
    """A board with its real firmware, in the LAN."""
    with running(arch, lan, home, flash_image) as joined:
        yield joined


@contextmanager
def running(arch, lan, home, flash_image, name="anna"):
    """A board with its real firmware in a LAN; it has not crashed in the end."""
    with Board.up(name, flash=flash_image, home=home, arch=arch, lan=lan.name) as board:
        joined = Joined(board)
        yield joined
        joined.console.close()
        assert board.status()["panics"] == 0


@pytest.fixture
def prompt(real):
    """Stops the firmware and runs Python in its place; returns what that prints."""
    usb = Console(str(real.board.uart0))
    usb.send(b"\x03")
    usb.until(b">>> ")

    def run(code):
        code += 'print("~" + "end")\n'
        for at in range(0, len(code), PIECE):  # the ring of UART0 has 260 bytes
            usb.send(b"c%s= %r\r" % (b"+" if at else b"", code[at : at + PIECE]))
            usb.until(b"\r\n>>> ")
        usb.send(b"exec(c)\r")
        usb.until(b"\r\n")
        printed = usb.until(b"~end\r\n>>> ").decode()
        assert "Traceback" not in printed
        return printed.removesuffix("~end\r\n>>> ").strip()

    run("import network, socket, time\nw = network.WLAN(network.STA_IF)\n")
    yield run
    usb.close()


class Radio:
    """A board whose firmware is the stand-in: the radio by its control lines."""

    def __init__(self, board):
        self.board = board
        self.port = Port(board.uart0)
        self.port.until("boot")

    def join(self, ssid=WIFI, hostname="sensor"):
        ssid, hostname = ssid.encode().hex(), hostname.encode().hex()
        for line in ("wlan-active 1", f"wlan-connect {ssid} - - {hostname}"):
            self.port.send(f"control {line}\n".encode())

    def address(self):
        """Once it has one."""
        self.board.wait("wlan", equals=1010, timeout=PATIENCE)
        return self.board.status()["wlan"]["address"]["ip"]


@pytest.fixture
def radio(lan, home):
    """Starts boards with the stand-in firmware in the LAN."""
    boards = []

    def start(name="anna", **air):
        config = {"board": {"command": [sys.executable, str(FAKE)]}}
        flash = home.parent / "flash"
        flash.write_bytes(b"")
        board = Board.up(name, flash=flash, config=config, home=home, lan=lan.name)
        boards.append(board)
        return Radio(board)

    yield start
    for board in boards:
        board.down()
