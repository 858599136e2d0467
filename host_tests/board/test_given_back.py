"""What services and connections take of the memory is given back when they have ended: their
objects, and their code.
"""

import time
from pathlib import Path

import pytest

from host_tests.board import peers
from host_tests.board.conftest import LONG_ARCHES
from host_tests.board.console import PATIENCE
from host_tests.board.scripted import flash_with
from host_tests.board.watched import watched

pytestmark = pytest.mark.needs("wifi")

SCRIPT = Path(__file__).parent / "device" / "live_memory.py"
# MicroPython never gives back a name that it has met: a service has a hundred, of ten bytes.
NAMES = 2048
# And their table doubles, once in this test, when 1260 are in it.
TABLE = 9216
# Seconds after which nothing goes that has ended.
SETTLED = 3
# How each is started and ended, and modules that are in RAM in between, and no longer.
USES = {
    "soft-AP": (
        ("network_up -i softap",),
        ("network_down -i softap",),
        ("net.softap", "services.softap", "services.dhcp_server", "services.on_call"),
    ),
    "UDP server": (
        ("udp_server start",),
        ("udp_server stop",),
        ("net.udp", "services.udp_server", "services.serving"),
    ),
    "TCP server": (
        ("tcp_server start",),
        ("tcp_server stop",),
        ("services.tcp_server", "services.serving"),
    ),
    "discovery": (
        ("set mdns.enabled 1",),
        ("set mdns.enabled 0",),
        ("services.mdns", "services.name_heard", "net.udp_port"),
    ),
    "terminal": (
        ("set remote_terminal.enabled 1",),
        ("set remote_terminal.enabled 0",),
        ("services.remote_terminal",),
    ),
    "UDP client": (("udp_client {host} 9",), ("stream_close all",), ("net.udp", "net.udp_stream")),
    "TCP client": (
        ("tcp_client {host} {port}",),
        ("stream_close all",),
        ("net.tcp", "net.connecting"),
    ),
}


@pytest.fixture
def told(tmp_path):
    """A board that can be asked for its live memory and its modules."""
    flash = flash_with(SCRIPT.read_bytes(), tmp_path)
    with watched(flash, LONG_ARCHES[0], whole_heap=True) as board:
        yield board


def live(console):
    """(bytes in use, modules)"""
    used, *modules = console.ok("live").split("\r\n")
    return int(used), {name.removeprefix("firmware.") for name in modules}


def until(console, found):
    """The bytes in use once `found(modules)` holds."""
    end = time.monotonic() + PATIENCE
    while True:
        used, modules = live(console)
        if found(modules):
            return used
        assert time.monotonic() < end, " ".join(sorted(modules))


def least(console, limit):
    """The bytes in use, as soon as they are not above the limit, or no more of them go."""
    end = time.monotonic() + SETTLED
    while (used := live(console)[0]) > limit and time.monotonic() < end:
        pass
    return used


def test_what_has_ended_leaves_nothing(told):
    """Nothing but names, and with the first connection of all the code of the loop's queue and of
    the stream table.
    """
    console = told.machine()
    told.join(console)
    with peers.Peer() as peer:
        places = {"host": told.peer(console), "port": peer.port}
        for line in ("udp_client {host} 9", "stream_close all", "udp_server start"):
            console.ok(line.format(**places))
        console.ok("udp_server stop")
        left = {}
        for name, (up, down, code) in USES.items():
            before = until(console, lambda modules: not modules & set(code))  # noqa: B023
            for _ in range(2):
                for line in up:
                    console.ok(line.format(**places))
                until(console, set(code).issubset)
                for line in down:
                    console.ok(line)
                until(console, lambda modules: not modules & set(code))  # noqa: B023
            left[name] = least(console, before + NAMES) - before
    *others, most = sorted(left.values())
    assert max(others) <= NAMES and most <= NAMES + TABLE, left
