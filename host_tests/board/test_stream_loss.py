"""Stream mode loses nothing that flow control can keep, and counts the rest."""

import contextlib
import os
import signal
import threading
import time

import pytest

from host_tests.board import peers
from host_tests.board.stream_wire import Server, bridged, exactly, send, silent

pytestmark = pytest.mark.needs("wifi", "air", "uart1", "counters")

STALLS = 10
STALL = 0.5
# The smallest windows that the kernel gives, so that a peer that stalls is felt by the board.
WINDOW = 2048
PIECE = 4096
# Bytes a second that a machine carries at least, however busy it is; the line brings 92,160.
SLOWEST = 5_000


@pytest.fixture
def server():
    with contextlib.closing(Server()) as server:
        yield server


def fast(board, server):
    """Stream mode at 921600 baud with RTS/CTS: (console, connection)."""
    console = board.machine()
    for line in ("set uart.baud 1 921600", "set uart.flow 1 on"):
        assert console.ok(line) == "Set OK"
    return bridged(board, server)


@pytest.mark.long
def test_nothing_is_lost(board, rng, counts):
    """Both ways at once at 921600 baud. Ten times the peer stops for half a second, reading and
    sending; the host is stopped by RTS meanwhile.
    """
    size = counts(150_000, 10_000_000)
    up, down = rng.randbytes(size), rng.randbytes(size)
    came = []
    going = threading.Event()
    going.set()
    with contextlib.closing(Server(WINDOW)) as server:
        console, connection = fast(board, server)

        def host():
            console.send(up)
            came.append(console.read(size, peers.WAIT + size / SLOWEST))

        def peer():
            for start in range(0, size, PIECE):
                going.wait()
                connection.sendall(down[start : start + PIECE])

        threads = [threading.Thread(target=function) for function in (host, peer)]
        for thread in threads:
            thread.start()
        fullest = at = 0
        for part in range(1, STALLS + 1):
            end = size * part // STALLS
            while at < end:
                piece = connection.recv(min(PIECE, end - at))
                assert piece == up[at : at + len(piece)] and piece, f"wrong after {at} bytes"
                at += len(piece)
            going.clear()
            stop = time.monotonic() + STALL
            while (left := stop - time.monotonic()) > 0:
                time.sleep(min(left, 0.1))
                fullest = max(fullest, board.uart_status(1)["fill"])
            going.set()
        for thread in threads:
            thread.join()
        assert came == [down], "what came from the peer is not what it has sent"
        assert silent(connection) and console.quiet() == b""
        status = board.uart_status(1)
        assert (status["baud"], status["flow"]) == (921600, 3)
        assert (status["overflow"], status["unread"]) == (0, 0)
        assert size <= status["received"] and size <= status["sent"]
        if size > 20 * status["capacity"]:  # else the end of the data may be in one stall
            assert fullest > status["capacity"] / 2, "the stalls were not felt"


@pytest.mark.long
def test_nothing_is_lost_when_the_host_stalls(board, rng, counts):
    """The peer sends as fast as it may; the host stops reading for half a second, ten times."""
    size = counts(100_000, 2_000_000)
    data = rng.randbytes(size)
    with contextlib.closing(Server(WINDOW)) as server:
        console, connection = fast(board, server)

        def send():
            for start in range(0, size, PIECE):  # the time-out is that of each sendall()
                connection.sendall(data[start : start + PIECE])

        sender = threading.Thread(target=send)
        sender.start()
        at = 0
        for part in range(1, STALLS + 1):
            end = size * part // STALLS
            while at < end:
                piece = console.read(min(PIECE, end - at))
                assert piece == data[at : at + len(piece)], f"wrong after {at} bytes"
                at += len(piece)
            time.sleep(STALL)
        sender.join()
        assert console.quiet() == b""
        status = board.uart_status(1)
        assert status["unread"] == 0 and status["sent"] >= size


@pytest.mark.long
@pytest.mark.parametrize("baud", [9600, 115200])
def test_overruns_are_counted(board, server, rng, counts, baud):
    """Without flow control: a firmware that is held up for longer than its buffer lasts has lost
    bytes, and says so; one that is not has not. (A buffer that is just full counts too: nobody can
    tell it from one that has lost a byte.)
    """
    console = board.machine()
    assert console.ok(f"set uart.baud 1 {baud}") == "Set OK"
    console, connection = bridged(board, server)
    usb = board.uart0
    usb.sync()
    full = board.uart_status(1)["capacity"]
    sizes = [full - 1, full + 1, full // 2, 2 * full]
    sizes += [rng.randint(full // 2, 3 * full // 2) for _ in range(counts(1, 40))]
    rng.shuffle(sizes)
    lost = counted = 0
    for size in sizes:
        console.send(b"begun")
        assert exactly(connection, 5) == b"begun"
        data = rng.randbytes(size)
        process = board.board.status()["pid"]
        os.kill(process, signal.SIGSTOP)
        try:
            send(board, console, data)
        finally:
            os.kill(process, signal.SIGCONT)
        overflow = board.uart_status(1)["overflow"]
        kept = size - (overflow - lost)
        assert exactly(connection, kept) == data[:kept]
        overruns = int(usb.command("get uart.overruns 1")[-1])
        if size != full:
            assert (overruns > counted) == (overflow > lost), f"{size} bytes of {full}"
        lost, counted = overflow, overruns
    assert lost and silent(connection)
