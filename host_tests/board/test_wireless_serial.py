"""The wireless serial port: two boards in stream mode, one with a TCP server, one with a TCP
client. What goes into UART1 of one comes out of UART1 of the other.
"""

import threading
import time

import pytest

from host_tests.board import peers
from host_tests.board.stream_wire import start
from host_tests.board.watched import watched

pytestmark = [pytest.mark.needs("wifi", "air", "uart1", "counters"), pytest.mark.long]

PORT = 3000
CONNECTED = 22  # GPIO of both that shows the connection
# Bytes a second that a machine carries at least, however busy it is; the line brings 92,160.
SLOWEST = 5_000
AWAY = 10  # seconds without access point


@pytest.fixture
def ends(board, flash_image):
    """((board, console) of the server's end, the same of the client's), connected."""
    with watched(flash_image, board.arch) as other:
        address = boot(board, tcp_server_auto__start=1, tcp_server_port=PORT)
        boot(
            other,
            tcp_client_auto__start=1,
            tcp_client_auto__retries=255,
            tcp_client_remote__host=address,
            tcp_client_remote__port=PORT,
        )
        for end in (board, other):
            end.board.wait_pin(CONNECTED, 1)
        yield (board, board.uart1), (other, other.uart1)


def boot(board, **more):
    """A fast line with flow control, and stream mode; the board's address."""
    usb = board.uart0  # opened first: opening a port throws away what it has received
    console = board.machine()
    for line in ("set uart.baud 1 921600", "set uart.flow 1 on"):
        assert console.ok(line) == "Set OK"
    start(board, console, bus_stream_connected__gpio=CONNECTED, **more)
    usb.until(b"IPv4 address: ")
    return usb.until(b"\r\n").decode().strip()


def crossing(ends, sent):
    """Send both ways at once; what came at each end."""
    came = [None, None]

    def write(i):
        ends[i][1].send(sent[i])
        size = len(sent[1 - i])
        came[i] = ends[i][1].read(size, peers.WAIT + size / SLOWEST)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came


def test_both_ways_at_once(ends, rng, counts, figure):
    size = counts(150_000, 5_000_000)
    sent = [rng.randbytes(size) for _ in range(2)]
    begun = time.monotonic()
    assert crossing(ends, sent) == sent[::-1], "something else came out than went in"
    seconds = time.monotonic() - begun
    figure(f"{size} bytes each way in {seconds:.1f} s, {size / seconds:.0f} bytes a second")
    for board, console in ends:
        assert console.quiet() == b""
        status = board.uart_status(1)
        assert (status["baud"], status["flow"]) == (921600, 3)
        assert (status["overflow"], status["unread"]) == (0, 0)


def test_it_heals(ends, rng, counts):
    """The access point is gone for a while, for both; nobody does anything, and it goes on."""
    for _ in range(counts(1, 3)):
        for board, _ in ends:
            for ssid in ("airwire-hidden", board.wifi[0]):
                board.board.access_point(ssid, present=False)
        for board, _ in ends:
            board.board.wait_pin(CONNECTED, 0)
        time.sleep(counts(2, AWAY))
        for board, _ in ends:
            board.board.access_point(board.wifi[0], present=True)
        for board, _ in ends:
            board.board.wait_pin(CONNECTED, 1, timeout=60)
        sent = [rng.randbytes(20_000) for _ in range(2)]
        assert crossing(ends, sent) == sent[::-1]


@pytest.mark.parametrize("which", [0, 1])
def test_an_end_restarts(ends, rng, which):
    """Server or client, it goes on."""
    dies, stays = ends[which][0].board, ends[1 - which][0].board
    dies.power_cut(stay_off=True)
    stays.wait_pin(CONNECTED, 0)
    dies.power_on()
    for board, console in ends:
        board.board.wait_pin(CONNECTED, 1, timeout=60)
        console.quiet()
    sent = [rng.randbytes(5_000) for _ in range(2)]
    assert crossing(ends, sent) == sent[::-1]
