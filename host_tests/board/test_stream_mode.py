"""Stream mode: the host's UART carries the bytes of one stream; the break sequence and what
resembles it; connections that are lost; datagrams.
"""

import contextlib
import socket
import time

import pytest

from host_tests.board import peers
from host_tests.board.stream_wire import (
    BURST,
    Server,
    bridged,
    client,
    exactly,
    send,
    silent,
    start,
)

pytestmark = [pytest.mark.needs("wifi", "air", "uart1"), pytest.mark.sampled(6)]

START = b"\r\nCommand Mode Start\r\n> "
# Silence before the break sequence, with room for a machine that is late.
QUIET = 3.2


@pytest.fixture
def server():
    with contextlib.closing(Server()) as server:
        yield server


def broken(console):
    """Leave stream mode by the break sequence."""
    time.sleep(QUIET)
    console.send(b"$$$")
    assert console.until(b"> ") == START


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
    usb = board.uart0  # opened first: opening a port throws away what it has received
    console, connection = bridged(board, server, bus_stream_connected__gpio=22)
    board.board.wait_pin(22, 1)
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


def test_wifi_that_comes_and_goes(board, server):
    """The connection is made again with the link, however long it was away."""
    console, connection = bridged(
        board, server, bus_stream_connected__gpio=22, wlan_auto__join_retry__delay=0
    )
    board.board.wait_pin(22, 1)
    for ssid in ("airwire-hidden", board.wifi[0]):
        board.board.access_point(ssid, present=False)
    board.board.wait_pin(22, 0)
    board.board.access_point(board.wifi[0], present=True)
    again = server.accept()
    board.board.wait_pin(22, 1)
    console.send(b"there")
    assert exactly(again, 5) == b"there"
    again.sendall(b"and back")
    assert console.read(8) == b"and back"
    with pytest.raises(ConnectionResetError):
        connection.recv(1)


def test_a_stream_that_is_closed_by_another_console(board, server):
    """Stream mode makes its connection again; reading what it carries is nobody else's."""
    usb = board.uart0  # from the start on, so that it hears of the connection
    console, connection = bridged(board, server)
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
    console.send(b"exit\r\necho")  # the data directly behind it
    said = console.until(b"echo")
    assert said.split() == [b"exit", b"Success", b">", b"echo"]
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
