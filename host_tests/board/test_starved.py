"""Memory that runs out, to the last block, while everything goes on: the firmware does not end, no
REPL shows, and when there is memory again all works.
"""

import time
from pathlib import Path

import pytest

from host_tests.board.backends import Virtual
from host_tests.board.conftest import LONG_ARCHES
from host_tests.board.console import PATIENCE
from host_tests.board.scripted import flash_with

SCRIPT = Path(__file__).parent / "device" / "starved.py"
FULL_MS = 1500


@pytest.fixture
def starving(tmp_path):
    board = Virtual(flash_with(SCRIPT.read_bytes(), tmp_path), LONG_ARCHES[0])
    try:
        yield board
    finally:
        board.close()
        board.board.down()
        board.remove()


@pytest.mark.parametrize(
    "services",
    [(), ("softap",)],
    ids=lambda names: "+".join(names) or "joined",
)
def test_no_memory_at_all(starving, services):
    console = starving.machine()
    starving.join(console)
    for name in services:
        if name == "softap":
            console.ok("network_up -i softap")
        else:
            console.ok(f"set {name}.enabled 1")
    boots = starving.boots()
    for line in (b"get wlan.ssid", b"ls", b"version", b"nothing at all", b"get wlan.rssi"):
        console.send(b"hog %d\n" % FULL_MS)
        console.send(line + b"\n")
        starving.uart0.send(line + b"\r")
        replies = [console.reply(), console.reply()]  # one each, whatever became of them
        end = time.monotonic() + PATIENCE
        while (last := console.run("get wlan.ssid")).code:
            assert last.text == b"Out of memory" and time.monotonic() < end, (line, replies, last)
        assert last.text.decode() == starving.wifi[0]
    assert (starving.boots(), starving.panics()) == (boots, 0), starving.log()
    assert b">>>" not in starving.uart0.quiet()
