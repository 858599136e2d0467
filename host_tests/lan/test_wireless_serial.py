"""The wireless serial port with no network around: one board is the soft-AP and has the TCP
server, the other joins it and has the TCP client. Both are in stream mode.
"""

import threading
import time

import pytest

from airwire.board.client import Board
from host_tests.board import peers
from host_tests.board.console import Console

PORT = 3000
CONNECTED = 22  # GPIO of both that shows the connection
SSID, PASSKEY = "server_ap", "tin snips 42"
SLOWEST = 5_000  # bytes a second that a machine carries at least
AWAY = 10  # seconds without access point


class End:
    """A board in the LAN, with its two UARTs."""

    def __init__(self, board):
        self.board = board
        self.usb, self.host = Console(str(board.uart0)), Console(str(board.uart1))
        self.host.machine()

    def bridge(self, **variables):
        """Save these variables (two underscores for one), and restart in stream mode."""
        for line in ("uart.baud 1 921600", "uart.flow 1 on", "bus.mode stream"):
            assert self.host.ok(f"set {line}") == "Set OK"
        for name, value in variables.items():
            name = name.replace("__", "\0").replace("_", ".").replace("\0", "_")
            assert self.host.ok(f'set {name} "{value}"') == "Set OK"
        assert self.host.ok(f"set bus.stream.connected_gpio {CONNECTED}") == "Set OK"
        self.host.ok("save")
        boots = self.board.status()["boots"]
        self.host.send(b"reboot\r\n")
        self.board.wait_boot(boots + 1)
        self.host.quiet()

    def wait(self, level):
        self.board.wait_pin(CONNECTED, level, timeout=90)

    def close(self):
        self.usb.close()
        self.host.close()


@pytest.fixture
def ends(lan, home, flash_image, interpreters):
    """The end with the server, and the one with the client, connected."""
    boards = [
        Board.up(name, flash=flash_image, home=home, arch="i386", lan=lan.name)
        for name in ("anna", "berta")
    ]
    try:
        server, client = ends = [End(board) for board in boards]
        server.bridge(
            softap_auto__start=1,
            softap_ssid=SSID,
            softap_passkey=PASSKEY,
            tcp_server_auto__interface="softap",
            tcp_server_auto__start=1,
            tcp_server_port=PORT,
            tcp_server_idle__timeout=300,
        )
        client.bridge(
            wlan_ssid=SSID,
            wlan_passkey=PASSKEY,
            wlan_auto__join_enabled=1,
            wlan_auto__join_retries=0,
            tcp_client_auto__start=1,
            tcp_client_auto__retries=255,
            tcp_client_remote__host="10.10.10.1",
            tcp_client_remote__port=PORT,
        )
        try:
            for end in ends:
                end.wait(1)
        except Exception:
            for end in ends:
                print(end.board.name, end.usb.quiet().decode(), end.board.log.read_text())
            raise
        yield ends
        for end in ends:
            end.close()
            assert end.board.status()["panics"] == 0, end.board.log.read_text()
    finally:
        for board in boards:
            board.down()


def crossing(ends, sent):
    """Send both ways at once; what came at each end."""
    came = [None, None]

    def write(i):
        ends[i].host.send(sent[i])
        size = len(sent[1 - i])
        came[i] = ends[i].host.read(size, peers.WAIT + size / SLOWEST)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came


def test_both_ways_at_once(ends, rng, counts, figure):
    size = counts(100_000, 5_000_000)
    sent = [rng.randbytes(size) for _ in range(2)]
    begun = time.monotonic()
    assert crossing(ends, sent) == sent[::-1], "something else came out than went in"
    seconds = time.monotonic() - begun
    figure(f"{size} bytes each way in {seconds:.1f} s, {size / seconds:.0f} bytes a second")
    for end in ends:
        status = end.board.status()["uart"][1]
        assert (status["overflow"], status["unread"]) == (0, 0)


def test_it_heals(ends, rng, counts):
    """The soft-AP loses its power for a while."""
    server, client = ends
    server.board.power_cut(stay_off=True)
    client.wait(0)
    time.sleep(counts(1, AWAY))
    server.board.power_on()
    for end in ends:
        end.wait(1)
        end.host.quiet()
    sent = [rng.randbytes(20_000) for _ in range(2)]
    assert crossing(ends, sent) == sent[::-1]
