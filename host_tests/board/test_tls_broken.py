"""TLS clients by command against servers that are none, break off, stall, or send their records in
pieces: the line of each failure, that all else goes on meanwhile, and that nothing is left.

One board serves the whole file.
"""

import contextlib
import ssl
import time

import pytest

from host_tests.board import live, peers
from host_tests.board.tls_peers import HOST, issued
from host_tests.board.tls_servers import (
    Middle,
    Server,
    call,
    context,
    error,
    fails,
    opens,
    refused,
    restored,
    trusting,
)

pytestmark = pytest.mark.needs("wifi", "air", "uart1")


# Of a peer that says nothing: the shortest that can be set.
SHORT_MS = 1000
# While a handshake waits, a command on the other port is answered within this.
ANSWER_SECONDS = 0.1
# A loaded machine adds something to an answer now and then: half of so many are in time.
TRIES = 9

RECORD = 16_384  # the largest there is


@pytest.fixture(scope="module")
def board(request, interpreters, flash_image):
    yield from trusting(request, interpreters, flash_image)


@pytest.fixture
def console(board):
    yield from restored(board)


# --- peers that are none


def test_plain_text(console, peer):
    peer.serve = peers.say(b"220 mail.example ESMTP\r\n")
    fails(console, peer.port, error(5007, 1, -29184))


def test_closes_at_once(console, peer):
    peer.serve = peers.say(b"")
    fails(console, peer.port, error(5020, 1, -29312))


def test_resets(console, peer):
    peer.serve = peers.reset
    fails(console, peer.port, error(5001, 1, -104))


# The last message seen, by how many records of the server have come: after its four the client
# sends all of its own up to its Finished (11).
AFTER = (1, 2, 3, 4, 11, 12)


@pytest.mark.parametrize("count", range(len(AFTER)))
def test_closes_at_each_message(console, peer, tmp_path, count):
    made = context(issued(HOST), tmp_path)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    peer.serve = Middle(made, most=count, close=True)
    fails(console, peer.port, error(5020, AFTER[count], -29312))


@pytest.mark.parametrize("count", range(len(AFTER)))
def test_stalls_at_each_message(board, console, peer, tmp_path, count):
    """Meanwhile the other port answers as ever; the time is over in time."""
    made = context(issued(HOST), tmp_path)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    peer.serve = Middle(made, most=count)
    console.ok(f"set network.tls.handshake_timeout {SHORT_MS}")
    other = board.uart0.machine()
    begun = time.monotonic()
    console.send(f"tls_client {HOST} {peer.port}\r\n".encode())
    console.log("Starting TLS")
    took = []
    for _ in range(TRIES):
        asked = time.monotonic()
        other.ok("get network.ip")
        took.append(time.monotonic() - asked)
    assert sorted(took)[TRIES // 2] < ANSWER_SECONDS
    reply = console.reply()
    assert SHORT_MS / 1000 < time.monotonic() - begun < SHORT_MS / 1000 + 2
    assert reply.code == 1
    assert reply.logs[0] == error(5031, AFTER[count], -26624)


def split(found):
    """Each record of the handshake as many of 50 bytes."""
    for record in found:
        if record[0] != 22 or len(record) < 60:
            yield record
            continue
        body = record[5:]
        for at in range(0, len(body), 50):
            piece = body[at : at + 50]
            yield record[:3] + len(piece).to_bytes(2, "big") + piece


def joined(found):
    """The messages of the handshake in one record."""
    first = [r for r in found if r[0] == 22]
    body = b"".join(r[5:] for r in first)
    if len(first) < 2 or first != found:
        return found
    return [first[0][:3] + len(body).to_bytes(2, "big") + body]


def dripped(found):
    data = b"".join(found)
    return [data[i : i + 1] for i in range(len(data))]


@pytest.mark.parametrize("change", [split, joined, dripped], ids=lambda f: f.__name__)
def test_fragments(console, peer, tmp_path, change):
    made = context(issued(HOST, chain=True), tmp_path)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    peer.serve = Middle(made, change)
    opens(console, peer.port)


# --- data


def test_large_records(console, peer, tmp_path, rng):
    """Records of 16 KB are read in pieces: what TLS has of one is seen though the socket is
    silent.
    """
    data = rng.randbytes(RECORD)

    def serve(connection, peer):
        connection.recv(1)
        connection.sendall(data)
        peers.hold(connection, peer)

    peer.serve = Server(context(issued(HOST), tmp_path), serve)
    reply, logs = call(console, peer.port)
    assert reply.code == 0, logs
    assert console.ok("poll 0") == "0"
    console.ok("write 0 1", b"x")
    got = b""
    for size in (1, 500, 512, 513, 1460, 4096, 4096, 4096, 4096):
        if len(got) < RECORD:
            console.polled(0, 1)
            got += console.run(f"read 0 {size}").text
    while len(got) < RECORD:
        console.polled(0, 1)
        got += console.run("read 0 1000").text
    assert got == data
    assert console.ok("poll 0") == "0"


def test_the_end(console, peer, tmp_path):
    """With a good-bye and without one: what was sent before it is read first."""
    for farewell in (True, False):

        def serve(connection, peer, farewell=farewell):
            connection.sendall(b"last words")
            if farewell:
                with contextlib.suppress(ssl.SSLError):
                    connection._tls.unwrap()
                connection._connection.sendall(connection._out.read())

        peer.serve = Server(context(issued(HOST), tmp_path), serve)
        reply, logs = call(console, peer.port)
        assert reply.code == 0, logs
        console.polled(0, 1)
        assert console.ok("read 0 100") == "last words"
        console.polled("all", "")  # it has closed by itself


# --- nothing is left


def no_root(console, peer, tmp_path):
    peer.serve = Server(context(issued(HOST, by="two"), tmp_path))
    return lambda: fails(console, peer.port, refused(5035))


def plain_text(console, peer, tmp_path):
    peer.serve = peers.say(b"220 mail.example ESMTP\r\n")
    return lambda: fails(console, peer.port, error(5007, 1, -29184))


def alert(console, peer, tmp_path):
    peer.serve = Server(context(issued(HOST), tmp_path, clients="two"))
    return lambda: fails(console, peer.port, error(5018, 11, -30592))


def close(console, peer, tmp_path):
    peer.serve = peers.say(b"")
    return lambda: fails(console, peer.port, error(5020, 1, -29312))


def missing(console, peer, tmp_path):
    def use():  # nothing is connected
        console.ok("close all")
        reply, logs = call(console, peer.port, ca="no.pem")
        assert (reply.code, reply.text) == (1, b"Command failed")
        assert logs[1:] == [b"File not found: no.pem", b"[Open failed]"]

    return use


def good(console, peer, tmp_path):
    peer.serve = Server(context(issued(HOST), tmp_path))

    def use():
        opens(console, peer.port)
        console.ok("close 0")

    return use


def test_nothing_is_left(console, peer, tmp_path, counts):
    """Ten sockets, 95 KB for TLS, the heap: many handshakes, and all is as before."""

    def each():
        for _ in range(counts(2, 200 // live.ROUNDS)):
            for kind in (good, no_root, plain_text, alert, close, missing):
                kind(console, peer, tmp_path)()

    assert live.left_by(console, each) <= live.SLACK
