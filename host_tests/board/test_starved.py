"""Memory that runs out, to the last block, while everything goes on: the firmware does not end, no
REPL shows, and when there is memory again all works.
"""

import http.client
import time

import pytest

from host_tests.board import web
from host_tests.board.console import PATIENCE

FULL_MS = 1500
# Of HTTP, around the second that a request waits.
BRIEFLY_MS, LONG_MS = 400, 4000
# Enough for the commands here, and not for a question for the time beside them; when the first
# and the next one are due.
TOO_LITTLE = 24_576
FIRST_S, AGAIN_S = 15, 15


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


def served(address):
    """Whether a client gets its answer."""
    try:
        with web.connection(address) as client:
            return web.get(client, "/command/version")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


@pytest.mark.whole_heap
def test_a_request_waits_for_memory(starving):
    """For a second, which others may need theirs; then the client is told to ask again."""
    console, address = web.serving(starving)
    with web.connection(address) as client:
        web.command(client, "version")
        console.send(b"hog %d\n" % BRIEFLY_MS)
        console.reply()  # whatever it says, the heap is full
        answer = web.command(client, "get wlan.ssid")
        assert answer["response"] == starving.wifi[0] + "\r\n"
        console.send(b"hog %d\n" % LONG_MS)
        console.reply()
        status, fields, _ = web.get(client, "/command/version")
        assert (status, fields["Retry-After"], fields["Connection"]) == (503, "1", "close")
    end = time.monotonic() + PATIENCE
    while not served(address):
        assert time.monotonic() < end
    assert console.ok("faults_print") == "! 0 faults"


def test_the_clock_waits_for_memory(starving):
    """A time server that has not answered is asked again when there is memory for it."""
    console = starving.machine(print_level=4)
    starving.join(console)
    console.log("NTP: ", FIRST_S + PATIENCE)

    def asked():
        return starving.board.status()["dns_queries"]

    def uptime():
        return starving.board.status()["uptime"]

    console.ok(f"leave {TOO_LITTLE}")
    before, end = asked(), uptime() + AGAIN_S + 3
    while uptime() < end:
        assert asked() == before
        time.sleep(0.5)
    console.ok("leave")
    end = time.monotonic() + AGAIN_S + PATIENCE
    while asked() == before:
        assert time.monotonic() < end
        time.sleep(0.5)
