"""Connections that the module makes by itself: clients that start with the network, in command
mode too, servers in stream mode, and the connection that a GPIO opens.
"""

import contextlib
import socket
import time

import pytest

from host_tests.board import peers
from host_tests.board.stream_wire import Server, client, exactly, silent, start

pytestmark = [pytest.mark.needs("wifi", "air", "uart1"), pytest.mark.sampled(5)]

HEAD = "! # Type  Info"
PORT = 3000


@pytest.fixture
def server():
    with contextlib.closing(Server()) as server:
        yield server


@contextlib.contextmanager
def calling(address):
    with socket.create_connection(address, peers.WAIT) as connection:
        yield connection


def rejoin(console):
    console.ok("network_down")
    console.ok("network_up")


# Clients in command mode


def test_a_client_starts_with_the_network(board, server):
    """It is opened again as often as auto_retries says, and not when the host has closed it."""
    console = board.machine(print_level=1)
    board.configure(console, **client(server.port), tcp_client_auto__retries=1)
    board.join(console)
    connection = server.accept()
    console.log("Opened: 0")
    console.ok("write 0 5", b"hello")
    assert exactly(connection, 5) == b"hello"
    connection.close()
    console.log("Closed: 0")
    connection = server.accept()
    console.log("Opened: 0")
    assert console.ok("list").startswith(f"{HEAD}\r\n# 0 TCPC  host.airwire:{server.port} (")
    console.ok("close 0")
    assert connection.recv(1) == b""
    server._listener.settimeout(2.5)
    with pytest.raises(TimeoutError):
        server.accept()
    server._listener.settimeout(peers.WAIT)
    rejoin(console)
    connection = server.accept()
    console.log("Opened: 0")
    console.ok("network_down")  # it does not bring it up again
    server._listener.settimeout(2.5)
    with pytest.raises(TimeoutError):
        server.accept()
    assert console.ok("get wl n s") == "0"
    connection.close()


def test_a_udp_client_starts_with_the_network(board):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind((peers.ANY, 0))
        far.settimeout(peers.WAIT)
        console = board.machine(print_level=1)
        board.configure(console, **client(far.getsockname()[1], "udp"))
        board.join(console)
        console.log("Opened: 0")
        console.ok("write 0 5", b"hello")
        assert far.recv(10) == b"hello"
        rejoin(console)
        console.ok("write 0 5", b"again")
        assert far.recv(10) == b"again"
        assert console.ok("list").count("UDPC") == 1


@pytest.mark.long
def test_attempts_never_flood(board, closed_port):
    """A server that refuses is tried after 1, 2, 4 s, however often the network is asked for."""
    console = board.machine(print_level=1)
    board.configure(console, **client(closed_port), tcp_client_auto__retries=255)
    board.join(console)
    begun = []
    for _ in range(4):
        console.log("Opening")
        begun.append(time.monotonic())
        console.ok("network_up")
    pauses = [after - before for before, after in zip(begun, begun[1:], strict=False)]
    assert pauses[0] > 0.9 and pauses[1] > 1.9 and pauses[2] > 3.9


# Servers in stream mode


def served(board, kind="tcp", **more):
    """(console, address): a board in stream mode with a server, whose network is up."""
    console = board.machine()
    usb = board.uart0
    start(board, console, **{f"{kind}_server_auto__start": 1}, **more)
    usb.until(b"IPv4 address: ")
    address = usb.until(b"\r\n").decode().strip()
    usb.until(b"server listening on port: 3000")
    return console, (address, PORT)


def test_a_server_in_stream_mode(board, rng):
    """The UART is a wire to the client; another is turned away while there is one."""
    console, address = served(board, bus_stream_connected__gpio=22)
    console.send(b"early")
    with calling(address) as one:
        board.board.wait_pin(22, 1)
        assert exactly(one, 5) == b"early"
        data = rng.randbytes(3000)
        console.send(data)
        assert exactly(one, 3000) == data
        one.sendall(data)
        assert console.read(3000) == data
        with socket.socket() as other:
            other.bind(("127.0.0.99", 0))
            other.settimeout(peers.WAIT)
            other.connect(address)
            with contextlib.suppress(ConnectionResetError):
                assert other.recv(1) == b""
        console.send(b"still")
        assert exactly(one, 5) == b"still"
    board.board.wait_pin(22, 0)
    with calling(address) as one:
        board.board.wait_pin(22, 1)
        one.sendall(b"next")
        assert console.read(4) == b"next"


def test_a_client_that_calls_again(board):
    """Takes the place of its own old connection, which nobody has closed."""
    console, address = served(board)
    with calling(address) as old:
        old.sendall(b"old")
        assert console.read(3) == b"old"
        with calling(address) as new:
            new.sendall(b"new")
            assert console.read(3) == b"new"
            with contextlib.suppress(ConnectionResetError):
                assert old.recv(1) == b""
            console.send(b"for the new")
            assert exactly(new, 11) == b"for the new"


@pytest.mark.long
def test_an_idle_client_in_stream_mode(board):
    """Bytes of either side keep it."""
    console, address = served(board, tcp_server_idle__timeout=2)
    with calling(address) as one:
        for _ in range(3):
            time.sleep(1.2)
            one.sendall(b"x")
            assert console.read(1) == b"x"
        for _ in range(3):
            time.sleep(1.2)
            console.send(b"y")
            assert exactly(one, 1) == b"y"
        begun = time.monotonic()
        assert one.recv(1) == b""
        assert 1.5 < time.monotonic() - begun < 10


def test_a_udp_server_in_stream_mode(board):
    """What the host sends before there is a client waits for the first; then for who sent last."""
    console, address = served(board, "udp")
    console.send(b"early")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        for sock in (one, two):
            sock.settimeout(peers.WAIT)
            sock.connect(address)
        assert silent(one)
        one.send(b"hello")
        assert console.read(5) == b"hello"
        assert one.recv(100) == b"early"
        two.send(b"me")
        assert console.read(2) == b"me"
        console.send(b"for two")
        assert two.recv(100) == b"for two"
        for ssid in ("airwire-hidden", board.wifi[0]):
            board.board.access_point(ssid, present=False)
        board.uart0.until(b"[Disassociated]")
        board.board.access_point(board.wifi[0], present=True)
        board.uart0.until(b"[Associated]")
        two.send(b"again")
        assert console.read(5) == b"again"
        console.send(b"yes")
        assert two.recv(100) == b"yes"


# ioconn


def ioconn(board, server, **more):
    console = board.machine(print_level=1)
    board.configure(
        console,
        wlan_ssid=board.wifi[0],
        wlan_passkey=board.wifi[1],
        ioconn_remote__host="host.airwire",
        ioconn_remote__port=server.port,
        ioconn_control__gpio=18,
        ioconn_status__gpio=19,
        ioconn_enabled=1,
        **more,
    )
    return console


def test_a_gpio_opens_and_closes(board, server):
    """The network comes up by itself; what is lost is opened again while the GPIO is high."""
    console = ioconn(board, server)
    pin, wait = board.board.pin, board.board.wait_pin
    wait(19, 0)
    pin(18, 1)
    connection = server.accept()
    wait(19, 1)
    console.log("Opened: 0")
    console.ok("write 0 5", b"hello")
    assert exactly(connection, 5) == b"hello"
    connection.close()
    wait(19, 0)
    connection = server.accept()
    wait(19, 1)
    pin(18, 0)
    assert connection.recv(1) == b""
    wait(19, 0)
    assert console.ok("list") == HEAD
    board.configure(console, ioconn_enabled=0)
    assert console.ok("gpio_dir 18 out") == "Success"
    assert console.ok("gpio_dir 19 out") == "Success"


@pytest.mark.parametrize("control", [18, -1])
def test_gpios_are_free_at_once(board, control):
    """The command behind the one that switches it off may already use them."""
    console = board.machine()
    board.configure(
        console, ioconn_control__gpio=control, ioconn_status__gpio=19, ioconn_enabled=1
    )
    commands = "set ioconn.enabled 0", "gpio_dir 19 out", "gpio_dir 18 out"
    console.send("".join(f"{line}\r\n" for line in commands).encode())
    assert [console.reply().text for _ in commands] == [b"Set OK", b"Success", b"Success"]


def test_a_gpio_that_bridges(board, server):
    """In stream mode the UART is bridged while the GPIO is high."""
    console = board.machine()
    start(
        board,
        console,
        ioconn_remote__host="host.airwire",
        ioconn_remote__port=server.port,
        ioconn_control__gpio=18,
        ioconn_enabled=1,
    )
    for _ in range(2):
        board.board.pin(18, 1)
        connection = server.accept()
        console.send(b"data")
        assert exactly(connection, 4) == b"data"
        connection.sendall(b"back")
        assert console.read(4) == b"back"
        board.board.pin(18, 0)
        assert connection.recv(1) == b""
