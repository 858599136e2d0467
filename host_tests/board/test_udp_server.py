"""The UDP server by command: one stream for all who send, answers to the last, locking."""

import contextlib
import socket

import pytest

from host_tests.board import live, peers
from host_tests.board.console import Reply

pytestmark = pytest.mark.needs("wifi")

PORT = 3000
HEAD = "! # Type  Info"


def serving(board, line="udp_server start", print_level=1, **variables):
    """(console, address of the server): a board that has joined, and has been told to serve."""
    console = board.machine(print_level)
    board.join(console)
    board.configure(console, **variables)
    assert console.ok(line) == "Success"
    return console, (console.ok("get network.ip"), PORT)


@contextlib.contextmanager
def caller(address=None):
    """A UDP socket of this machine that sends to `address`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(peers.WAIT)
        if address:
            sock.connect(address)
        yield sock


def read(console):
    console.polled(0, 1)
    return console.run("read 0 2000").text


def test_one_stream_for_all(board, rng):
    """An answer goes to the sender of what was read last, also when another has sent since."""
    console, address = serving(board)
    assert console.ok("list").split("\r\n")[1:] == [f"# 0 UDPS  {address[0]}:{PORT} 0.0.0.0:0"]
    assert console.run("write 0 4", b"whom").code == 1
    with caller(address) as one, caller(address) as two:
        for data in (b"1", rng.randbytes(1472), rng.randbytes(249)):
            one.send(data)
            assert read(console) == data
            two.send(b"me too")
            assert console.ok(f"write 0 {len(data)}", data) == "Success"
            assert one.recv(2000) == data
            assert read(console) == b"me too"
            host, port = two.getsockname()
            assert console.ok("list").split("\r\n")[1:] == [
                f"# 0 UDPS  {address[0]}:{PORT} {host}:{port}"
            ]
            console.ok("write 0 4", b"both")
            assert two.recv(2000) == b"both"


def test_parts_of_datagrams(board, rng):
    """What a read leaves is for the next; senders do not mix."""
    console, address = serving(board)
    with caller(address) as one, caller(address) as two:
        sent = [rng.randbytes(size) for size in (300, 5, 600, 248)]
        for sender, data in zip((one, two, one, two), sent, strict=True):
            sender.send(data)
        for data in sent:
            came = b""
            while len(came) < len(data):
                console.polled(0, 1)
                came += console.run("read 0 100").text
            assert came == data
        assert console.ok("poll 0") == "0"


def test_start_and_stop(board):
    console, address = serving(board, print_level=2)
    assert console.run("udp_server start").text == b"The server is running on port 3000"
    assert console.run("udps stop 3001").code == 1
    assert console.run("udps stop 3000").logs == [b"[Closed: 0]"]
    assert console.ok("list") == HEAD
    assert console.run("udps stop").code == 1
    reply = console.run("udps -i wlan start 4000")
    assert reply.logs == [b"[Opened: 0]", b"UDP server listening on port: 4000"]
    assert console.run("close 0").logs == [b"Closing: 0", b"[Closed: 0]"]  # that was the server
    assert console.run("udps stop").code == 1
    assert console.run("udpc 127.0.0.1 9 5000").code == 0
    assert console.run("udps start 5000") == Reply(1, b"Port in use")
    assert len(console.ok("list").split("\r\n")) == 2
    with caller((address[0], PORT)) as one:
        assert console.ok("udps start") == "Success"
        one.send(b"again")
        while console.ok("poll 1") != "1":
            pass
        assert console.run("read 1 10").text == b"again"


@pytest.mark.needs("names")
def test_a_peer_that_is_set(board):
    """It is written to before anybody has sent."""
    with caller() as far:
        far.bind((peers.ANY, 0))
        console, address = serving(
            board,
            udp_server_remote__host="host.airwire",
            udp_server_remote__port=far.getsockname()[1],
        )
        console.ok("write 0 5", b"hello")
        data, source = far.recvfrom(100)
        assert (data, source) == (b"hello", address)
        with caller(address) as other:
            other.send(b"from another")
            assert read(console) == b"from another"
            console.ok("write 0 2", b"hi")
            assert other.recv(10) == b"hi"


@pytest.mark.long
def test_locked_to_one(board):
    """The first that sends; another once that one has been silent for as long as is set."""
    console, address = serving(
        board, print_level=2, udp_server_lock__client=1, stream_lock__timeout=3
    )
    with caller(address) as one, caller(address) as two:
        one.send(b"first")
        assert read(console) == b"first"
        for turn in range(3):
            two.send(b"intruder")
            one.send(b"%d" % turn)
            assert read(console) == b"%d" % turn
        console.ok("write 0 2", b"hi")
        assert one.recv(10) == b"hi"
        console.log("UDP server: the client is silent, another may come")
        two.send(b"now me")
        assert read(console) == b"now me"
        one.send(b"late")
        two.send(b"and again")
        assert read(console) == b"and again"
        console.ok("write 0 3", b"you")
        assert two.recv(10) == b"you"


@pytest.mark.needs("air")
def test_gpio(board):
    console, address = serving(board, udp_server_data__gpio=23)
    with caller(address) as one:
        assert board.board.pin(23) == 0
        one.send(b"data")
        board.board.wait_pin(23, 1)
        assert read(console) == b"data"
        assert board.board.pin(23) == 0
        one.send(b"more")
        board.board.wait_pin(23, 1)
        console.ok("udp_server stop")
        assert board.board.pin(23) in (0, None)
    assert console.ok("gpio_dir 23 out") == "Success"


@pytest.mark.needs("air")
def test_the_network_comes_and_goes(board):
    """The stream stays; while there is no network a write fails."""
    console, address = serving(board, print_level=2)
    with caller(address) as one:
        one.send(b"before")
        assert read(console) == b"before"
        for ssid in ("airwire-hidden", board.wifi[0]):
            board.board.access_point(ssid, present=False)
        console.log("Disassociated")
        assert console.run("write 0 4", b"gone").code == 1
        board.board.access_point(board.wifi[0], present=True)
        console.log("UDP server listening on port: 3000")
        console.ok("write 0 4", b"back")
        assert one.recv(10) == b"back"
        one.send(b"and forth")
        assert read(console) == b"and forth"
    assert console.ok("udp_server stop") == "Success"


@pytest.mark.needs("air")
def test_auto_start(board):
    console = board.machine(print_level=2)
    board.configure(console, udp_server_auto__start=1, udp_server_port=4001)
    board.join(console)
    console.log("UDP server listening on port: 4001")
    with caller((console.ok("get network.ip"), 4001)) as one:
        one.send(b"hello")
        assert read(console) == b"hello"


@pytest.mark.whole_heap
def test_nothing_is_left_behind(board, counts):
    """Of servers that were started, used and stopped again and again."""
    console, address = serving(board, "tcp_server start")
    console.ok("tcp_server stop")

    def once():
        console.ok("udp_server start")
        console.ok("tcp_server start")
        with caller(address) as one, socket.create_connection(address, peers.WAIT) as two:
            one.send(b"hello")
            assert read(console) == b"hello"
            two.sendall(b"hello")
            while console.run("poll 1").text != b"1":
                pass
            for kind in ("udp", "tcp"):
                console.ok(f"{kind}_server stop")
        assert console.ok("list") == HEAD

    def often():
        for _ in range(counts(2, 35)):
            once()

    often()
    assert live.left_by(console, often) <= live.SLACK
