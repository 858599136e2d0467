"""TCP streams by command: open, list, poll, read, write, close; binary data, both ways and on both
UARTs at once; connections that end or never begin.
"""

import re
import socket
import threading
import time

import pytest

from host_tests.board import peers
from host_tests.board.console import Reply
from host_tests.board.test_console_machine import board_idle

pytestmark = [pytest.mark.needs("wifi"), pytest.mark.sampled(12)]

ALL_BYTES = bytes(range(256))

# From the end of a command line on UART0 to its data phase: a turn of the loop, with room.
TURN = 0.1

# One read prints at most this much.
MAX_READ = 4096


def online(board, print_level=0):
    console = board.machine(print_level)
    board.join(console)
    return console


def opened(board, console, port):
    return int(console.ok(f"tcp_client {board.peer(console)} {port}"))


def read_exactly(console, handle, count):
    """Read a stream until `count` bytes have come."""
    data = b""
    while len(data) < count:
        if console.ok(f"poll {handle}") == "1":
            reply = console.run(f"read {handle} {min(count - len(data), MAX_READ)}")
            assert reply.code == 0 and reply.text
            data += reply.text
    return data


def test_binary_echo(board, peer, rng):
    """All byte values, there and back, by commands whose data begin anywhere in a buffer."""
    console = online(board)
    handle = opened(board, console, peer.port)
    assert handle == 0
    assert console.ok(f"poll {handle}") == "0"
    reply = console.run(f"read {handle} 100")
    assert (reply.code, reply.text) == (0, b"")
    for size in (1, 2, 255, 256, 259, 260, 261, 1000):
        data = (ALL_BYTES * 4)[:size] if size > 4 else bytes([13, 10, 0, 3])[:size]
        assert console.ok(f"write {handle} {size}", data) == "Success"
        assert read_exactly(console, handle, size) == data
    data = rng.randbytes(3000)
    for size in (700, 1300, 1000):
        piece, data = data[:size], data[size:]
        assert console.ok(f"write {handle} {size}", piece) == "Success"
        assert read_exactly(console, handle, size) == piece


def test_data_phase_boundaries(board, peer):
    """The terminator of the line is no data, what follows the data is a line again."""
    console = online(board)
    opened(board, console, peer.port)
    for end in (b"\n", b"\r\n"):
        console.send(b"write 0 4" + end + b"\r\n\r\nget wl j r\r\n")
        assert [console.reply().text for _ in range(2)] == [b"Success", b"3"]
        assert read_exactly(console, 0, 4) == b"\r\n\r\n"
    console.send(b"write 0 2\rab\r\n")
    assert [console.reply().text for _ in range(2)] == [b"Success", b"Ready"]
    assert read_exactly(console, 0, 2) == b"ab"
    # The data of a write that cannot be are no commands either.
    console.send(b"write 5 12\r\nget wlan.ssid" + b"\r\n")
    assert console.reply().code == 1
    assert console.reply().text == b"Unknown command"  # the d of ssid
    assert [console.run(f"write 0 {n}").code for n in (0, 65537)] == [9, 9]
    # A line that has come alone, and then its data together with the next line. Now and then the
    # wire brings each in one piece.
    for _ in range(10):
        console.send(b"write 0 3\r\n")
        board_idle(board)
        console.send(b"xyzget wl j r\r\n")
        assert [console.reply().text for _ in range(2)] == [b"Success", b"3"]
        assert read_exactly(console, 0, 3) == b"xyz"


@pytest.mark.needs("uart1")
def test_both_uarts_at_once(board, peer, rng):
    """Two data phases and their replies never mix. Inside one Ctrl-C is data on UART0 as well;
    before it is not, so what is sent there waits until the firmware has read the command.
    """
    consoles = [board.uart0, online(board)]
    consoles[0].machine()
    failures = []

    def talk(console, seed):
        try:
            handle = opened(board, console, peer.port)
            for i in range(8):
                data = (ALL_BYTES + seed)[i : i + 200]
                console.send(b"write %d 200\r\n" % handle)
                if console is board.uart0:
                    time.sleep(TURN)
                console.send(data)
                assert console.reply() == Reply(0, b"Success", [])
                assert read_exactly(console, handle, 200) == data
                assert console.ok("get wlan.join.timeout") == "10000"
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=talk, args=(console, rng.randbytes(16))) for console in consoles
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_list(board, peer):
    console = online(board)
    for _ in range(2):
        opened(board, console, peer.port)
    port = 20000 + peer.port % 10000  # below those that the host gives to others
    assert console.ok(f"tcpc -l {port} {board.peer(console)} {peer.port}") == "2"
    lines = console.ok("list").split("\r\n")
    assert lines[0] == "! # Type  Info"
    row = re.compile(rf"# ([0-7]) TCPC  {re.escape(board.peer(console))}:{peer.port} \((\d+)\)")
    found = [row.fullmatch(line) for line in lines[1:]]
    assert [match[1] for match in found] == ["0", "1", "2"]
    assert found[2][2] == str(port)
    assert console.ok("stream_list") == "\r\n".join(lines)


def test_what_the_other_side_sees(board):
    """The local port that is listed is the one in use, and a close is seen."""
    console = online(board)
    with socket.create_server((peers.ANY, 0)) as listener:
        listener.settimeout(peers.WAIT)
        opened(board, console, listener.getsockname()[1])
        connection, address = listener.accept()
        with connection:
            connection.settimeout(peers.WAIT)
            assert console.ok("list").endswith(f"({address[1]})")
            console.ok("close 0")
            assert connection.recv(10) == b""


def test_data_before_the_close_stay_readable(board, peer):
    """Poll says 1 while there is something to read, 2 from then on; the read that drains the
    stream closes it.
    """
    peer.serve = peers.say(b"the last words")
    console = online(board, print_level=3)
    opened(board, console, peer.port)
    console.polled(0, 1)
    assert console.run("read 0 9").text == b"the last "
    assert console.ok("poll 0") == "1"
    reply = console.run("read 0 100")
    assert (reply.text, reply.logs) == (b"words", [b"[Closed: 0]"])
    assert console.run("poll 0").code == 1
    assert console.ok("list") == "! # Type  Info"


def test_without_auto_close(board, peer):
    """A stream whose end was read stays until it is closed by command."""
    peer.serve = peers.say(b"words")
    console = online(board, print_level=3)
    board.configure(console, stream_auto__close=0)
    opened(board, console, peer.port)
    console.polled(0, 1)
    reply = console.run("read 0 100")
    assert (reply.text, reply.logs) == (b"words", [])
    console.polled(0, 2)
    reply = console.run("read 0 100")
    assert (reply.code, reply.text, reply.logs) == (0, b"", [])
    reply = console.run("close 0")
    assert (reply.text, reply.logs) == (b"Success", [b"Closing: 0", b"[Closed: 0]"])
    assert console.run("close 0").code == 1


def test_a_connection_that_breaks(board, peer):
    """A reset is an end; the write that meets it fails, and so says its reply."""

    def reset(connection, peer):
        connection.recv(4, socket.MSG_WAITALL)  # the write comes in pieces, as the UART brings it
        peers.end_by_reset(connection)

    peer.serve = reset
    console = online(board)
    board.configure(console, stream_auto__close=0)
    opened(board, console, peer.port)
    console.ok("write 0 4", b"data")
    console.polled(0, 2)
    console.run("write 0 4", b"data")
    assert console.run("write 0 4", b"data").code == 1
    assert console.ok("close 0") == "Success"


def test_eight_handles(board, peer):
    """The ninth open fails in words; the lowest free handle is the next; `close all` frees all."""
    peer.serve = peers.hold
    console = online(board, print_level=2)
    assert [opened(board, console, peer.port) for _ in range(8)] == list(range(8))
    reply = console.run(f"tcp_client {board.peer(console)} {peer.port}")
    assert (reply.code, reply.text) == (1, b"No free stream")
    console.ok("close 3")
    assert opened(board, console, peer.port) == 3
    reply = console.run("close all")
    assert reply.text == b"Success"
    assert reply.logs == [b"[Closed: %d]" % handle for handle in range(8)]
    assert opened(board, console, peer.port) == 0


def test_connection_refused(board, closed_port):
    console = online(board, print_level=3)
    host = board.peer(console)
    reply = console.run(f"tcp_client {host} {closed_port}")
    assert (reply.code, reply.text) == (1, b"Command failed")
    assert [line.decode() for line in reply.logs] == [
        f"[Opening: {host}:{closed_port}]",
        "Connection refused",
        "[Open failed]",
    ]
    assert console.ok("list") == "! # Type  Info"


def test_further_attempts_and_the_local_port(board, closed_port, peer):
    """As tcp.client.* say."""
    console = online(board)
    port = 20000 + peer.port % 10000
    board.configure(console, tcp_client_retries=2, tcp_client_retry__period=200)
    begun = time.monotonic()
    assert console.run(f"tcp_client {board.peer(console)} {closed_port}").code == 1
    assert time.monotonic() - begun > 0.4
    board.configure(console, tcp_client_retries=0, tcp_client_local__port=port)
    opened(board, console, peer.port)
    assert console.ok("list").endswith(f"({port})")


@pytest.mark.needs("air")
def test_hosts_that_cannot_be_found(board, peer):
    """An unknown name, a name server that is silent, a text that is no name, no network."""
    console = online(board, print_level=3)
    board.configure(console, network_dns_timeout=150, network_dns_retries=1)
    cases = [("nobody.airwire", b"Name not found"), ("a..b", b"Not a name")]
    for host, words in cases:
        reply = console.run(f"tcp_client {host} {peer.port}")
        assert (reply.code, reply.logs[1:]) == (1, [words, b"[Open failed]"])
    board.board.access_point(board.wifi[0], dns=False)
    reply = console.run(f"tcp_client host.airwire {peer.port}")
    assert reply.logs[1:] == [b"No answer from the name server", b"[Open failed]"]
    console.ok("network_down")
    board.board.access_point(board.wifi[0], present=False)
    board.board.access_point("airwire-hidden", present=False)
    board.configure(console, wlan_join_retries=1)
    reply = console.run(f"tcp_client 127.0.0.1 {peer.port}")
    assert reply.logs[-3:] == [b"[Join failed]", b"Network is down", b"[Open failed]"]


def test_the_network_is_brought_up(board, peer):
    """No network_up is needed before an open."""
    console = board.machine(print_level=1)
    board.configure(console, wlan_ssid=board.wifi[0], wlan_passkey=board.wifi[1])
    reply = console.run(f"tcp_client {board.peer(console)} {peer.port}")
    assert (reply.code, reply.text) == (0, b"0")
    assert b"[Associated]" in reply.logs
    assert reply.logs[-1] == b"[Opened: 0]"


def test_a_slow_reader_loses_nothing(board, peer, rng):
    """Ten times what any buffer of the board holds waits in TCP's windows until it is read."""
    data = rng.randbytes(20000)
    peer.serve = peers.say(data)
    console = online(board)
    opened(board, console, peer.port)
    console.polled(0, 1)
    assert read_exactly(console, 0, len(data)) == data


@pytest.mark.long
def test_a_host_that_falls_silent_in_a_data_phase(board, peer):
    """Ten seconds later the session takes commands again."""
    peer.serve = peers.collect
    console = online(board)
    opened(board, console, peer.port)
    reply = console.run("write 0 10", b"four")
    assert (reply.code, reply.text) == (1, b"Data time-out")
    assert console.ok("get wl j r") == "3"
    console.ok("close 0")
    assert peer.next() == b"four"


def test_a_close_with_nothing_to_read_is_told_by_itself(board, peer):
    """Nobody has to ask; who asks all the same is told that the other side has closed."""
    peer.serve = peers.close_at_once
    console = online(board, print_level=3)
    opened(board, console, peer.port)
    assert console.log("Closed: 0") == "[Closed: 0]"
    assert console.ok("list") == "! # Type  Info"
    assert console.ok("poll 0") == "2"
    assert console.run("read 0 10").code == 1
    peer.serve = peers.hold
    assert opened(board, console, peer.port) == 0
    assert console.ok("poll 0") == "0"


def test_the_end_behind_data_is_told_when_they_are_read(board, peer):
    """Also when the peer closes long after the last byte was read."""
    gate = threading.Event()

    def serve(connection, peer):
        connection.sendall(b"words")
        gate.wait(peers.WAIT)

    peer.serve = serve
    console = online(board, print_level=3)
    opened(board, console, peer.port)
    console.polled(0, 1)
    assert console.run("read 0 100").text == b"words"
    assert console.ok("poll 0") == "0"
    gate.set()
    assert console.log("Closed: 0") == "[Closed: 0]"


def test_poll_all(board, peer):
    peer.serve = peers.hold
    console = online(board)
    assert console.ok("poll all") == ""
    opened(board, console, peer.port)
    peer.serve = peers.say(b"words")
    opened(board, console, peer.port)
    console.polled(1, 1)
    assert console.ok("stream_poll all") == "0,0\r\n1,1"


@pytest.mark.needs("air")
def test_connections_end_when_wifi_is_lost(board, peer):
    """That is told, what had arrived is read, and a write fails."""
    peer.serve = peers.hold
    console = online(board, print_level=3)
    board.board.access_point("airwire-hidden", present=False)
    opened(board, console, peer.port)
    peer.serve = peers.say(b"words")
    opened(board, console, peer.port)
    console.polled(1, 1)
    board.board.access_point(board.wifi[0], present=False)
    console.log("Disassociated")
    console.polled(0, 2)
    assert [row[:8] for row in console.ok("list").split("\r\n")[1:]] == ["# 1 TCPC"]
    assert [console.run(f"write {handle} 1", b"x").code for handle in (0, 1)] == [1, 1]
    reply = console.run("read 1 100")
    assert (reply.text, reply.logs[-1]) == (b"words", b"[Closed: 1]")
    board.board.access_point(board.wifi[0], present=True)
    console.log("Associated")
    peer.serve = peers.echo
    handle = opened(board, console, peer.port)
    assert console.ok(f"write {handle} 5", b"again") == "Success"
    assert read_exactly(console, handle, 5) == b"again"


def test_network_down_ends_connections(board, peer):
    peer.serve = peers.hold
    console = online(board, print_level=3)
    opened(board, console, peer.port)
    reply = console.run("network_down")
    assert (reply.code, reply.logs[0]) == (0, b"[Disassociated]")
    console.polled(0, 2)
    assert console.ok("list") == "! # Type  Info"
