"""UDP clients by command: one write is one datagram, a read gives bytes of one; what finds no
buffer is counted; the buffers are there while there is a UDP stream.
"""

import socket

import pytest

from host_tests.board import live, peers

pytestmark = pytest.mark.needs("wifi")

BLOCKS = 24
MAX_DATAGRAM = 1472


@pytest.fixture
def far():
    """A UDP socket of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((peers.ANY, 0))
        sock.settimeout(peers.WAIT)
        yield sock


def online(board):
    console = board.machine()
    board.join(console)
    return console


def opened(board, console, far):
    """(handle, the board's address) of a new stream to `far`."""
    port = far.getsockname()[1]
    handle = int(console.ok(f"udp_client {board.peer(console)} {port}"))
    console.ok(f"write {handle} 5", b"hello")
    data, address = far.recvfrom(2000)
    assert data == b"hello"
    return handle, address


def test_datagrams_keep_their_boundaries(board, far, rng):
    """Also the largest, and one that is read in pieces; an empty one is not seen."""
    console = online(board)
    handle, address = opened(board, console, far)
    for size in (1, 256, 261, MAX_DATAGRAM):
        data = rng.randbytes(size)
        assert console.ok(f"write {handle} {size}", data) == "Success"
        assert far.recv(2000) == data
    assert console.ok(f"poll {handle}") == "0"
    assert console.run(f"read {handle} 100").text == b""
    sent = [b"first", b"", b"second", rng.randbytes(MAX_DATAGRAM)]
    for data in sent:
        far.sendto(data, address)
    console.polled(handle, 1)
    assert console.run(f"read {handle} 3").text == b"fir"
    assert console.run(f"read {handle} 100").text == b"st"
    console.polled(handle, 1)
    assert console.run(f"read {handle} 100").text == b"second"
    console.polled(handle, 1)
    assert console.run(f"read {handle} 4096").text == sent[3]
    assert console.ok(f"poll {handle}") == "0"


def test_what_is_no_datagram(board, far):
    """More than one holds is refused; the data that came with it are no commands."""
    console = online(board)
    handle, _ = opened(board, console, far)
    size = MAX_DATAGRAM + 1
    assert console.run(f"write {handle} {size}", b"x" * size).code == 9
    assert console.ok("get wl j r") == "3"
    assert console.run("udp_client host.airwire").code == 4
    assert console.run("udp_client host.airwire 1 2 3").code == 5
    assert console.run("udp_client host.airwire 0").code == 9
    assert console.run("udp_client host.airwire x").code == 7
    assert console.run("udp_client nobody.airwire 1").code == 1


def test_list_and_local_port(board, far):
    console = online(board)
    host, port = board.peer(console), far.getsockname()[1]
    local = 21000 + port % 1000  # below the ports that the host gives away, `port` among them
    assert console.ok(f"udpc {host} {port} {local}") == "0"
    board.configure(console, udp_client_local__port=local + 1)
    assert console.ok(f"udpc {host} {port}") == "1"
    assert console.ok("list").split("\r\n") == [
        "! # Type  Info",
        f"# 0 UDPC  {host}:{port} ({local})",
        f"# 1 UDPC  {host}:{port} ({local + 1})",
    ]
    console.ok("write 0 1", b"a")
    assert far.recvfrom(10)[1][1] == local
    assert console.run(f"udpc {host} {port} {local}").code == 1  # taken
    console.ok("close 0")
    assert console.ok(f"udpc {host} {port} {local}") == "0"


def test_only_the_peer_is_heard(board, far):
    console = online(board)
    handle, address = opened(board, console, far)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1" if board.arch != "bench" else peers.ANY, 0))
        stranger.sendto(b"stranger", address)
    far.sendto(b"peer", address)
    console.polled(handle, 1)
    assert console.run(f"read {handle} 100").text == b"peer"
    assert console.ok(f"poll {handle}") == "0"


def test_a_peer_that_is_not_there(board, far):
    """UDP does not tell; the stream goes on."""
    console = online(board)
    handle, address = opened(board, console, far)
    port = far.getsockname()[1]
    far.close()
    for _ in range(3):
        assert console.ok(f"write {handle} 4", b"lost") == "Success"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
        back.settimeout(peers.WAIT)
        back.bind((peers.ANY, port))
        console.ok(f"write {handle} 4", b"here")
        assert back.recv(10) == b"here"
        back.sendto(b"there", address)
        console.polled(handle, 1)
        assert console.run(f"read {handle} 10").text == b"there"


def test_what_finds_no_buffer_is_counted(board, far):
    """The first of each stream are kept; none is lost in silence."""
    console = online(board)
    streams = [opened(board, console, far) for _ in range(2)]
    assert console.ok("get stream.overruns") == "0"
    sent = BLOCKS + 6
    for i in range(sent):
        far.sendto(b"%d" % i, streams[i % 2][1])
    while console.ok("get stream.overruns") != str(sent - BLOCKS):
        pass
    assert console.ok("get network.buffer.usage") == "Rx:100,Tx:0"
    kept = 0
    for handle, _ in streams:
        i = handle
        while console.ok(f"poll {handle}") == "1":
            assert console.run(f"read {handle} 100").text == b"%d" % i
            i += 2
            kept += 1
    assert kept == BLOCKS
    # The largest takes six blocks, so four fit.
    for _ in range(5):
        far.sendto(b"x" * MAX_DATAGRAM, streams[0][1])
    while console.ok("get stream.overruns") != str(sent - BLOCKS + 1):
        pass
    for _ in range(4):
        assert console.run("read 0 4096").text == b"x" * MAX_DATAGRAM
    assert console.ok("poll 0") == "0"
    assert console.ok("get ne b u") == "Rx:0,Tx:0"


def test_buffers_are_freed_with_the_last_stream(board, far):
    console = online(board)

    def open_and_close():
        opened(board, console, far)
        far.sendto(b"unread", opened(board, console, far)[1])
        console.polled(1, 1)
        console.ok("close all")
        assert console.ok("get ne b u") == "Rx:0,Tx:0"

    open_and_close()
    assert live.left_by(console, open_and_close) <= live.SLACK


@pytest.mark.needs("air")
def test_to_all(board):
    """A stream to a broadcast address hears whoever answers."""
    console = online(board)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as all_:
        all_.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        all_.bind(("127.255.255.255", 0))
        all_.settimeout(peers.WAIT)
        port = all_.getsockname()[1]
        handle = int(console.ok(f"udp_client 255.255.255.255 {port}"))
        assert console.ok(f"write {handle} 4", b"who?") == "Success"
        data, address = all_.recvfrom(100)
        assert data == b"who?"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answering:
            answering.bind(("127.0.0.1", 0))
            answering.sendto(b"me", address)
        console.polled(handle, 1)
        assert console.run(f"read {handle} 100").text == b"me"


@pytest.mark.needs("air")
def test_a_stream_outlives_wifi(board, far):
    """While the link is away a write fails; then it goes on."""
    console = board.machine(print_level=1)
    board.join(console)
    handle, address = opened(board, console, far)
    for ssid in ("airwire-hidden", board.wifi[0]):
        board.board.access_point(ssid, present=False)
    console.log("Disassociated")
    assert console.run(f"write {handle} 4", b"gone").code == 1
    board.board.access_point(board.wifi[0], present=True)
    console.log("Associated")
    assert console.ok(f"write {handle} 4", b"back") == "Success"
    assert far.recv(10) == b"back"
    far.sendto(b"and forth", address)
    console.polled(handle, 1)
    assert console.run(f"read {handle} 100").text == b"and forth"
