"""The TCP server by command: its clients are streams, and what does not fit hurts nobody."""

import contextlib
import socket

import pytest

from host_tests.board import peers
from host_tests.board.stream_wire import exactly

pytestmark = pytest.mark.needs("wifi")

PORT = 3000
STREAMS = 8
HEAD = "! # Type  Info"


def serving(board, line="tcp_server start", print_level=1, **variables):
    """(console, address of the server): a board that has joined, and has been told to serve."""
    console = board.machine(print_level)
    board.join(console)
    board.configure(console, **variables)
    assert console.ok(line) == "Success"
    return console, (console.ok("get network.ip"), PORT)


@contextlib.contextmanager
def calling(address):
    """A connection to the server."""
    with socket.create_connection(address, peers.WAIT) as connection:
        yield connection


def refused(address):
    """True where nobody listens."""
    try:
        socket.create_connection(address, peers.WAIT).close()
    except ConnectionRefusedError:
        return True
    return False


def ended(connection):
    """True once the server has closed."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_clients_are_streams(board, rng):
    """Each has a handle; data go both ways; the list tells both ends."""
    console, address = serving(board)
    host = address[0]
    with calling(address) as one, calling(address) as two:
        for handle in range(2):
            assert console.log("Opened") == f"[Opened: {handle}]"
        local = [connection.getsockname() for connection in (one, two)]
        rows = [f"# {i} TCPS  {host}:{PORT} {a}:{p}" for i, (a, p) in enumerate(local)]
        assert console.ok("list").split("\r\n") == [HEAD, *rows]
        for handle, connection in enumerate((one, two)):
            data = rng.randbytes(1000)
            connection.sendall(data)
            console.polled(handle, 1)
            assert console.run(f"read {handle} 2000").text == data
            assert console.ok(f"write {handle} 1000", data) == "Success"
            assert exactly(connection, 1000) == data
        one.close()
        assert console.log("Closed") == "[Closed: 0]"
        assert console.ok("poll 0") == "2"
        console.ok("close 1")
        assert ended(two)
        assert console.ok("list") == HEAD


def test_start_and_stop(board):
    """Stopping closes the listener and the streams of the server, and no others."""
    console, address = serving(board, "tcps start 4000", print_level=2)
    address = (address[0], 4000)
    with calling(address) as client:
        console.log("Opened: 0")
        assert console.run("tcp_server start").text == b"The server is running on port 4000"
        assert console.run("tcp_server stop 3000").code == 1
        reply = console.run("tcp_server stop 4000")
        assert (reply.code, reply.logs) == (0, [b"[Closed: 0]"])
        assert ended(client)
    assert refused(address)
    assert console.run("tcp_server stop").code == 1
    reply = console.run("tcp_server -i wlan start 4000")
    assert (reply.code, reply.logs) == (0, [b"TCP server listening on port: 4000"])
    with calling(address):
        console.log("Opened: 0")
    console.ok("tcps stop")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("", 4),
        ("go", 7),
        ("-x start", 6),
        ("-i wlan", 4),
        ("-i nowhere start", 7),
        ("start 0", 9),
        ("start x", 7),
        ("start 1 2", 5),
        ("stop", 1),
    ],
)
def test_what_is_no_server(board, arguments, code):
    console = board.machine()
    for command in ("tcp_server", "udp_server"):
        assert console.run(f"{command} {arguments}").code == code
    assert console.ok("list") == HEAD


def test_a_server_joins_first(board):
    """And fails where there is no network."""
    console = board.machine()
    assert console.run("tcp_server start").code == 1
    board.configure(console, wlan_ssid=board.wifi[0], wlan_passkey=board.wifi[1])
    assert console.ok("tcp_server start") == "Success"
    with calling((console.ok("get network.ip"), PORT)):
        pass


def test_too_many_clients(board):
    """Who comes when all places are taken is closed at once; the others stay, and a place that
    becomes free is the next one's.
    """
    console, address = serving(board, print_level=2, tcp_server_max__clients=2)
    with calling(address) as one, calling(address) as two:
        for handle in range(2):
            console.log(f"Opened: {handle}")
        for _ in range(3):
            with calling(address) as third:
                assert ended(third)
        assert console.log("server") == "TCP server: Too many clients"
        two.close()
        console.log("Closed: 1")
        with calling(address) as third:
            assert console.log("Opened") == "[Opened: 1]"
            for handle, connection in enumerate((one, third)):
                console.ok(f"write {handle} 2", b"hi")
                assert connection.recv(2) == b"hi"


@pytest.mark.needs("air")
def test_handles_run_out(board, peer):
    """A client and seven of the server: the next finds no handle, and nobody else is touched."""
    console, address = serving(board, print_level=2, tcp_server_max__clients=8)
    console.ok(f"tcp_client host.airwire {peer.port}")
    with contextlib.ExitStack() as stack:
        clients = [None]
        for handle in range(1, STREAMS):
            clients.append(stack.enter_context(calling(address)))
            console.log(f"Opened: {handle}")
        for _ in range(5):
            with calling(address) as late:
                assert ended(late)
        assert console.log("server") == "TCP server: No free stream"
        assert console.run(f"tcp_client host.airwire {peer.port}").text == b"No free stream"
        for handle, client in enumerate(clients):
            console.ok(f"write {handle} 1", b"%d" % handle)
            if client:
                assert client.recv(1) == b"%d" % handle
        console.polled(0, 1)
        assert console.run("read 0 10").text == b"0"
        console.ok("close 3")
        assert ended(clients[3])
        with calling(address):
            console.log("Opened: 3")


@pytest.mark.long
def test_idle_clients_are_closed(board):
    """Whoever says something, or is told something, stays."""
    console, address = serving(board, print_level=2, tcp_server_idle__timeout=2)
    with calling(address) as idle, calling(address) as talking, calling(address) as told:
        for handle in range(3):
            console.log(f"Opened: {handle}")
        idle.settimeout(0.5)
        turns = 0
        while turns < 20:
            turns += 1
            talking.sendall(b"x")
            console.polled(1, 1)
            console.ok("read 1 10")
            console.ok("write 2 1", b"y")
            with contextlib.suppress(TimeoutError):
                if ended(idle):
                    break
        assert 3 <= turns < 20, "closed too early, or not at all"
        assert console.log("Idle") == "Idle: 0"
        assert console.ok("poll 0") == "2"
        assert [console.ok(f"poll {handle}") for handle in (1, 2)] == ["0", "0"]
        assert told.recv(100)


@pytest.mark.needs("air")
def test_gpios(board):
    """One is high while there is a client, one while there are data of one."""
    pins = {"tcp_server_connected__gpio": 22, "tcp_server_data__gpio": 23}
    console, address = serving(board, **pins)
    level = board.board.pin
    assert (level(22), level(23)) == (0, 0)
    with calling(address) as one, calling(address) as two:
        board.board.wait_pin(22, 1)
        assert level(23) == 0
        two.sendall(b"data")
        board.board.wait_pin(23, 1)
        console.log("Opened: 1")
        console.ok("read 1 3")
        assert level(23) == 1
        console.ok("read 1 3")
        assert level(23) == 0
        one.sendall(b"unread")
        board.board.wait_pin(23, 1)
        console.ok("close 0")
        assert (level(22), level(23)) == (1, 0)
        two.close()
        board.board.wait_pin(22, 0)
    assert console.run("gpio_dir 22 out").code == 1
    assert console.ok("tcp_server stop") == "Success"
    assert console.ok("gpio_dir 22 out") == "Success"


@pytest.mark.needs("air")
def test_the_network_comes_and_goes(board):
    """Clients end with it; the server serves again when it is back."""
    console, address = serving(board, print_level=2)
    with calling(address) as client:
        console.log("Opened: 0")
        for ssid in ("airwire-hidden", board.wifi[0]):
            board.board.access_point(ssid, present=False)
        console.log("Closed: 0")
        board.board.access_point(board.wifi[0], present=True)
        console.log("TCP server listening on port: 3000")
        with calling(address) as again:
            console.log("Opened: 0")
            again.sendall(b"there")
            console.polled(0, 1)
            assert console.run("read 0 10").text == b"there"
        assert ended(client)


@pytest.mark.needs("air")
def test_auto_start(board):
    """With the network, as the variables are then; what is changed counts from the next time."""
    console = board.machine(print_level=2)
    board.configure(console, tcp_server_auto__start=1, tcp_server_port=4001)
    board.join(console)
    console.log("TCP server listening on port: 4001")
    host = console.ok("get network.ip")
    with calling((host, 4001)):
        console.log("Opened: 0")
    console.log("Closed: 0")
    board.configure(console, tcp_server_port=4002)
    assert console.run("tcp_server start").text == b"The server is running on port 4001"
    console.ok("network_down")
    console.ok("network_up")
    console.log("TCP server listening on port: 4002")
    assert refused((host, 4001))
    board.configure(console, tcp_server_auto__start=0)
    with calling((host, 4002)):
        console.log("Opened: 0")
    console.ok("network_down")
    console.ok("network_up")
    while not refused((host, 4002)):  # what it had for the old network
        pass
    assert console.run("tcp_server stop").code == 1


def test_clients_that_misbehave(board):
    """One breaks its connection, one sends and reads nothing, one closes its side behind data that
    nobody has read: each is its own affair.
    """
    console, address = serving(board)
    with contextlib.ExitStack() as stack:
        good, rude, stuffed, half = [stack.enter_context(calling(address)) for _ in range(4)]
        for handle in range(4):
            console.log(f"Opened: {handle}")
        peers.end_by_reset(rude)
        rude.close()
        console.log("Closed: 1")
        stuffed.settimeout(0.5)
        with pytest.raises(TimeoutError):
            while True:
                stuffed.sendall(b"x" * 65536)
        half.sendall(b"last words")
        half.shutdown(socket.SHUT_WR)
        for _ in range(3):
            good.sendall(b"ping")
            console.polled(0, 1)
            assert console.run("read 0 10").text == b"ping"
            console.ok("write 0 4", b"pong")
            assert exactly(good, 4) == b"pong"
        console.polled(3, 1)
        assert console.run("read 3 4").text == b"last"
        assert console.run("read 3 100").text == b" words"
        assert console.run("poll 3").code == 1  # the read that took the last byte closed it
        assert console.run("read 2 100").text == b"x" * 100
        assert console.ok("list").count("TCPS") == 2
