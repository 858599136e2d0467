"""Connections over TLS that the module makes by itself, and stream mode over them: no byte is lost
or doubled. Beside them, as many streams as there are.
"""

import contextlib
import threading

import pytest

from host_tests.board import peers
from host_tests.board.stream_wire import Server, client, exactly, start
from host_tests.board.test_auto_connect import HEAD, ioconn, rejoin, served
from host_tests.board.test_tls_server import left, opened, serving, talk
from host_tests.board.tls_peers import (
    BOARD,
    HOST,
    calling,
    equip,
    exchange,
    issued,
    put,
    root,
    server_context,
)

pytestmark = [
    pytest.mark.needs("wifi", "air", "uart1"),
    pytest.mark.whole_heap,
    pytest.mark.long,
]

CONNECTED = 22
# Bytes a second that a machine carries at least, however busy it is.
SLOWEST = 2_000


class TlsServer(Server):
    """A server on this machine; `accept()` gives connections whose handshake is done."""

    def __init__(self, folder, **options):
        super().__init__()
        self._context = server_context(issued(HOST), folder, **options)

    def accept(self):
        return self._context.wrap_socket(super().accept(), server_side=True)


@pytest.fixture
def server(tmp_path):
    with contextlib.closing(TlsServer(tmp_path)) as server:
        yield server


def trusting(board):
    """A console of a board that knows the time, and trusts the servers of this machine."""
    console = board.machine()
    console.ok("set ntp.enabled 0")  # the question takes memory at a moment of its own
    console.ok("set time.rtc 1790000000")
    put(console, "roots.pem", root())
    console.ok("set network.tls.ca_cert roots.pem")
    return console


def fast(console):
    """A fast line with flow control, from the next start on."""
    for line in ("set uart.baud 1 921600", "set uart.flow 1 on"):
        assert console.ok(line) == "Set OK"


def crossing(console, connection, rng, size):
    """Random data both ways at once."""
    there, back = rng.randbytes(size), rng.randbytes(size)
    seconds = peers.WAIT + size / SLOWEST
    came = []

    def host():
        console.send(there)
        came.append(console.read(size, seconds))

    thread = threading.Thread(target=host)
    thread.start()
    try:
        assert exchange(connection, back, size, seconds) == there
    finally:
        thread.join()
    assert came == [back]


def test_the_automatic_client(board, server, rng):
    """tcp.client.tls_enabled: opened with the network, and again when it is lost."""
    console = trusting(board)
    board.configure(
        console, **client(server.port), tcp_client_auto__retries=1, tcp_client_tls__enabled=1
    )
    console.ok("set system.print_level 1")
    board.join(console)
    for _ in range(2):
        connection = server.accept()
        assert opened(console) == 0
        assert console.ok("list").startswith(f"{HEAD}\r\n# 0 TLSC  {HOST}:{server.port} (")
        talk(console, 0, connection, rng)
        connection.close()
        left(console)


def test_a_client_in_stream_mode(board, server, rng, counts):
    """What the host sends is what the server gets, and the other way round, at once."""
    console = trusting(board)
    fast(console)
    more = {**client(server.port), "tcp_client_auto__retries": 255, "tcp_client_tls__enabled": 1}
    start(board, console, bus_stream_connected__gpio=CONNECTED, **more)
    connection = server.accept()
    board.board.wait_pin(CONNECTED, 1)
    crossing(console, connection, rng, counts(100_000, 1_000_000))
    connection.close()
    board.board.wait_pin(CONNECTED, 0)
    connection = server.accept()
    board.board.wait_pin(CONNECTED, 1)
    crossing(console, connection, rng, 5_000)


def test_a_server_in_stream_mode(board, rng, counts):
    """tcp.server.tls_enabled: the same with a client; who calls again takes the place of its own
    old connection, once its handshake is done.
    """
    console = board.machine()
    equip(console, issued(BOARD))
    fast(console)
    more = {"bus_stream_connected__gpio": CONNECTED, "tcp_server_tls__enabled": 1}
    console, address = served(board, **more)
    with calling(address) as old:
        board.board.wait_pin(CONNECTED, 1)
        crossing(console, old, rng, counts(100_000, 1_000_000))
        with calling(address) as new:
            new.sendall(b"new")
            assert console.read(3) == b"new"
            crossing(console, new, rng, 5_000)


def test_the_automatic_server(board, rng):
    """It starts with the network; without a certificate it says why nobody gets in."""
    console = board.machine(print_level=2)
    board.configure(console, tcp_server_auto__start=1, tcp_server_tls__enabled=1)
    board.join(console)
    console.log("No certificate for a server")
    console.log("TLS server listening on port: 3000")
    address = (console.ok("get network.ip"), 3000)
    with pytest.raises(OSError), calling(address):
        pass
    console.log("No certificate for a server")
    equip(console, issued(BOARD))
    with calling(address) as connection:
        talk(console, opened(console), connection, rng)
    rejoin(console)
    console.log("TLS server listening on port: 3000")
    with calling(address) as connection:
        talk(console, opened(console), connection, rng)
    console.ok("tls_server stop")


def test_a_gpio_opens_and_closes(board, server):
    trusting(board)
    console = ioconn(board, server, ioconn_protocol="tls")
    board.board.pin(18, 1)
    connection = server.accept()
    board.board.wait_pin(19, 1)
    console.log("Opened: 0")
    console.ok("write 0 5", b"hello")
    assert exactly(connection, 5) == b"hello"
    board.board.pin(18, 0)
    board.board.wait_pin(19, 0)
    assert console.ok("list") == HEAD
    connection.close()


def test_eight_streams_of_which_two_are_tls(board, server, rng):
    """A client and a server's client by TLS, and six by TCP: data on all."""
    console, address = serving(board, print_level=1)
    put(console, "roots.pem", root())
    console.ok("set network.tls.ca_cert roots.pem")
    with contextlib.ExitStack() as stack, contextlib.closing(Server()) as plain:
        ends = {}
        for _ in range(6):
            handle = int(console.ok(f"tcp_client {HOST} {plain.port}"))
            ends[handle] = stack.enter_context(plain.accept())
        console.send(b"tls_client %s %d\r\n" % (HOST.encode(), server.port))
        connection = stack.enter_context(server.accept())
        ends[int(console.reply().text)] = connection
        console.logs.clear()
        connection = stack.enter_context(calling(address))
        ends[opened(console)] = connection
        assert sorted(ends) == list(range(8))
        kinds = [row.split()[2] for row in console.ok("list").split("\r\n")[1:]]
        assert sorted(kinds) == ["TCPC"] * 6 + ["TLSC", "TLSS"]
        for _ in range(2):
            for handle, connection in ends.items():
                talk(console, handle, connection, rng)
        # One more finds no handle, whatever it is; and all are closed together.
        assert console.run(f"tls_client {HOST} {server.port}").text == b"No free stream"
        console.ok("close all")
        for connection in ends.values():
            with contextlib.suppress(OSError):
                assert connection.recv(1) == b""
    left(console)
