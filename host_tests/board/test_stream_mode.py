"""Stream mode: the host's UART carries the bytes of one stream, all of them, in order, whoever
stalls; the break sequence and what resembles it; connections that are lost; datagrams.
"""

import contextlib
import os
import select
import signal
import socket
import threading
import time

import pytest

from host_tests.board import peers

pytestmark = pytest.mark.needs("wifi", "air", "uart1")

START = b"\r\nCommand Mode Start\r\n> "
# Silence before the break sequence, with room for a machine that is late. Bytes less than this
# apart are one burst.
QUIET = 3.2
BURST = 0.02

STALLS = 10
STALL = 0.5
# The smallest windows that the kernel gives, so that a peer that stalls is felt by the board.
WINDOW = 2048
PIECE = 4096
# Bytes a second that a machine carries at least, however busy it is; the line brings 92,160.
SLOWEST = 5_000


class Server:
    """A TCP server on this machine whose connections the test holds itself."""

    def __init__(self, window: int = 0) -> None:
        self._listener = socket.socket()
        if window:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, window)
        self._listener.bind((peers.ANY, 0))
        self._listener.listen()
        self._listener.settimeout(peers.WAIT)
        self.port = self._listener.getsockname()[1]

    def accept(self) -> socket.socket:
        connection, _ = self._listener.accept()
        connection.settimeout(peers.WAIT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def server():
    with contextlib.closing(Server()) as server:
        yield server


def exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        assert piece, f"the connection ended after {len(data)} of {count} bytes"
        data += piece
    return data


def silent(connection, seconds=0.3):
    """True when nothing comes for so long."""
    return not select.select([connection], [], [], seconds)[0]


def start(board, console, human=False, **more):
    """Save what stream mode needs, and restart in it; with `human` its command mode is for a
    person. The console is then a wire to the stream.
    """
    wifi = {"wlan_ssid": board.wifi[0], "wlan_passkey": board.wifi[1]}
    board.configure(console, **wifi, wlan_auto__join_enabled=1, bus_mode="stream", **more)
    if human:
        console.send(b"set system.cmd.mode human\r\n")
        console.until(b"Set OK\r\n> ")
        assert console.command("save") == ["Success"]
    else:
        console.ok("save")
    boots = board.boots()
    console.send(b"reboot\r\n")
    board.started(boots)
    console.quiet()


def client(port, kind="tcp"):
    """Variables of a client that connects itself to this machine."""
    return {
        f"{kind}_client_auto__start": 1,
        f"{kind}_client_remote__host": "host.airwire",
        f"{kind}_client_remote__port": port,
    }


def send(board, console, data):
    """Send, and wait until all of it has come through the wire."""
    count = board.uart_status(1)["received"] + len(data)
    console.send(data)
    end = time.monotonic() + peers.WAIT
    while board.uart_status(1)["received"] < count:
        assert time.monotonic() < end, "the wire stands still"
        time.sleep(BURST)


def bridged(board, server, human=False, **more):
    """(the host's console, the connection): a board in stream mode that has connected itself to
    the server.
    """
    console = board.machine()
    more = {**client(server.port), "tcp_client_auto__retries": 255, **more}
    start(board, console, human, **more)
    return console, server.accept()


def broken(console):
    """Leave stream mode by the break sequence."""
    time.sleep(QUIET)
    console.send(b"$$$")
    assert console.until(b"> ") == START


# Nothing is lost


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
    size = counts(300_000, 10_000_000)
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
    size = counts(200_000, 2_000_000)
    data = rng.randbytes(size)
    with contextlib.closing(Server(WINDOW)) as server:
        console, connection = fast(board, server)
        sender = threading.Thread(target=connection.sendall, args=(data,))
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
@pytest.mark.needs("counters")
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


# The break sequence


@pytest.mark.long
def test_the_break_sequence(board, server, counts):
    """After three seconds of silence, whole or split at every offset; and what only resembles it
    is data, whole or split. (Reduced: two of each; lib/wire has tests of all.)
    """
    console, connection = bridged(board, server)
    for look_alike in ([b"$$$"], [b"$", b"$$"]):  # no silence before
        console.send(b"data")
        for piece in look_alike:
            console.send(piece)
            time.sleep(BURST)
        assert exactly(connection, 7) == b"data$$$"
    for look_alike in ([b"$$$", b"5"], [b"$$$$"], [b"$$", b"$."])[: counts(1, 3)]:
        time.sleep(QUIET)
        for piece in look_alike:
            console.send(piece)
            time.sleep(BURST)
        data = b"".join(look_alike)
        assert exactly(connection, len(data)) == data
    time.sleep(QUIET)
    console.send(b"$$")  # and no more: data, as soon as it is certain
    assert exactly(connection, 2) == b"$$"
    assert console.quiet() == b""
    for pieces in ([b"$", b"$$"], [b"$$$"], [b"$$", b"$"], [b"$", b"$", b"$"])[: counts(2, 4)]:
        time.sleep(QUIET)
        for piece in pieces:
            console.send(piece)
            time.sleep(BURST)
        kind, text = console.frame()
        assert (kind, text) == (b"R0", b"Command Mode Start")
        assert console.ok("get bus.mode") == "stream"
        assert console.ok("exit") == "Success"
        console.send(b"again")
        assert exactly(connection, 5) == b"again"
    assert silent(connection)


def test_command_mode(board, server):
    """The stream stays open; data that come meanwhile wait; what the host sends right behind
    `exit` is for the stream, and `exit` is nothing for others.
    """
    console, connection = bridged(board, server, human=True)
    broken(console)
    connection.sendall(b"meanwhile")
    assert [row[:22] for row in console.command("list")] == [
        "! # Type  Info",
        "# 0 TCPC  host.airwire",
    ]
    console.send(b"exit\r\nright behind")
    assert console.until(b"meanwhile") == b"exit\r\nSuccess\r\n> meanwhile"
    assert exactly(connection, 12) == b"right behind"
    usb = board.uart0
    usb.sync()
    assert usb.command("exit") == ["Not in stream mode"]


def test_a_gpio_forces_command_mode(board, server):
    """While it is low there is no way back."""
    console, connection = bridged(board, server, human=True, bus_stream_cmd__gpio=23)
    console.send(b"data")
    assert exactly(connection, 4) == b"data"
    board.board.pin(23, 0)
    assert console.until(b"> ") == START
    assert console.command("exit") == ["bus.stream.cmd_gpio holds command mode"]
    board.board.pin(23, None)
    assert console.command("exit") == ["Success"]
    console.send(b"more")
    assert exactly(connection, 4) == b"more"


# The connection


def test_a_lost_connection_is_told_and_made_again(board, server):
    """A GPIO follows it, the log on USB tells it, and what the host sends meanwhile is kept as
    far as there is room.
    """
    console, connection = bridged(board, server, bus_stream_connected__gpio=22)
    board.board.wait_pin(22, 1)
    usb = board.uart0
    usb.until(b"[Opened: 0]")
    connection.close()
    board.board.wait_pin(22, 0)
    usb.until(b"[Closed: 0]")
    console.send(b"kept")
    connection = server.accept()
    board.board.wait_pin(22, 1)
    assert exactly(connection, 4) == b"kept"
    connection.sendall(b"and back")
    assert console.read(8) == b"and back"


def test_a_stream_that_is_closed_by_another_console(board, server):
    """Stream mode makes its connection again; reading what it carries is nobody else's."""
    console, connection = bridged(board, server)
    usb = board.uart0
    usb.until(b"[Opened: 0]")
    usb.sync()
    assert usb.command("poll 0") == ["0"]
    connection.sendall(b"data")
    assert console.read(4) == b"data"
    assert usb.command("close 0")[-1] == "Success"
    assert connection.recv(10) == b""
    connection = server.accept()
    console.send(b"again")
    assert exactly(connection, 5) == b"again"


@pytest.mark.long
def test_attempts_come_less_and_less_often(board):
    """A peer that is gone is not flooded: the pauses double."""
    with contextlib.closing(Server()) as server:
        begun = []
        console = board.machine()
        start(board, console, **client(server.port), tcp_client_auto__retries=3)
        for _ in range(4):
            connection = server.accept()
            begun.append(time.monotonic())
            connection.close()
        pauses = [after - before for before, after in zip(begun, begun[1:], strict=False)]
        assert pauses[0] > 0.9 and pauses[1] > 1.9 and pauses[2] > 3.9
        server._listener.settimeout(1)
        with pytest.raises(TimeoutError):  # the first attempt and three more
            server.accept()


@pytest.mark.long
def test_without_a_stream(board, peer, rng):
    """What the host sends is counted when it finds no room, the break sequence is heard, and the
    stream that the host then opens is the one that is carried.
    """
    console = board.machine()
    start(board, console, human=True)
    send(board, console, rng.randbytes(6_000))
    broken(console)
    dropped = int(console.command("get bus.stream.dropped")[-1])
    assert 2_000 < dropped < 6_000
    assert console.command(f"tcp_client host.airwire {peer.port}")[-1] == "0"
    assert console.command("exit")[-1] == "Success"
    console.send(b"echo")
    assert console.until(b"echo")[-4:] == b"echo"
    broken(console)
    # What had waited for another connection was not sent on this one.
    assert console.command("get bus.stream.dropped") == ["6000"]


# What is sent together


@pytest.fixture
def datagrams():
    """A UDP socket of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((peers.ANY, 0))
        sock.settimeout(peers.WAIT)
        yield sock


def carried(board, datagrams, **more):
    """A board in stream mode with a UDP client; (console, its address)."""
    console = board.machine()
    port = datagrams.getsockname()[1]
    start(board, console, **client(port, "udp"), **more)
    console.send(b"hello")
    data, address = datagrams.recvfrom(2000)
    assert data == b"hello"
    return console, address


def test_datagrams_both_ways(board, datagrams, rng):
    """What comes within flush_time goes as one; each that comes is written as it is."""
    console, address = carried(board, datagrams, bus_stream_flush__time=300)
    for piece in (b"one ", b"data", b"gram"):
        console.send(piece)
        time.sleep(BURST)
    assert datagrams.recv(2000) == b"one datagram"
    sent = [rng.randbytes(size) for size in (1, 1472, 100)]
    for data in sent:
        datagrams.sendto(data, address)
        assert console.read(len(data)) == data


def test_a_message_ends_with_its_character(board, datagrams):
    console, _ = carried_lines(board, datagrams)
    console.send(b"first\nsecond\nthi")
    time.sleep(BURST)
    console.send(b"rd\n\nrest")
    came = [datagrams.recv(2000) for _ in range(5)]
    assert came == [b"first\n", b"second\n", b"third\n", b"\n", b"rest"]


def carried_lines(board, datagrams):
    console = board.machine()
    assert console.ok(r'set bus.stream.flush_match "\x0a"') == "Set OK"
    port = datagrams.getsockname()[1]
    start(board, console, **client(port, "udp"), bus_stream_flush__time=500)
    console.send(b"hello\n")
    data, address = datagrams.recvfrom(2000)
    assert data == b"hello\n"
    return console, address


def test_a_count_sends(board, datagrams, rng):
    console, _ = carried(
        board, datagrams, bus_stream_flush__time=2000, bus_stream_flush__count=500
    )
    data = rng.randbytes(1_100)
    begun = time.monotonic()
    console.send(data)
    came = [datagrams.recv(2000) for _ in range(2)]
    assert time.monotonic() - begun < 1.5
    assert [len(piece) >= 500 for piece in came] == [True, True]
    while sum(map(len, came)) < len(data):
        came.append(datagrams.recv(2000))
    assert b"".join(came) == data
