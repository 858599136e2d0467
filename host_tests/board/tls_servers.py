"""TLS servers of this machine for the board's clients, that can be made to break off or to send
records in pieces; and the board that one file of tests shares.
"""

import contextlib
import queue
import re
import socket
import ssl
import time

import pytest

from host_tests.board import peers, tls_peers
from host_tests.board.bench_file import REASONS
from host_tests.board.tls_peers import HOST, put
from host_tests.board.watched import watched
from host_tests.conftest import runnable

VERIFY_FAILED = -9984  # MBEDTLS_ERR_X509_CERT_VERIFY_FAILED


def error(code: int, state: int, number: int) -> bytes:
    return b"Error with TLS handshake: %d (state: %d, code: %d)" % (code, state, number)


# The server's certificate is refused when it has come, which is state 3.
def refused(code: int) -> bytes:
    return error(code, 3, VERIFY_FAILED)


def trusting(request, interpreters, flash_image):
    """A board that has joined, its clock set; nothing of it crashes or fails in the file."""
    if request.param == "bench":
        # Justified: a server's certificate has a name that a virtual board's name server knows.
        pytest.skip(REASONS["names"])
    runnable(request.param, interpreters)
    with watched(flash_image, request.param, whole_heap=True) as board:
        console = board.machine(4)
        board.join(console)
        board.configure(console, ntp_enabled=0, time_rtc=int(time.time()))
        for name in ("one", "two"):
            put(console, f"{name}.pem", tls_peers.root(name))
        yield board


def restored(board):
    """The host's port; what a test sets of network.tls.* is as it was for the next."""
    console = board.uart1
    console.ok("set network.tls.ca_cert one.pem")
    yield console
    console.ok("close all")
    for name in ("client_cert", "client_key", "ciphers"):
        console.ok(f'set network.tls.{name} ""')
    console.ok("set network.tls.verify 1")
    console.ok("set network.tls.handshake_timeout 10000")


class Server:
    """What a peers.Peer serves over TLS: the context, and what became of each connection: a dict
    of what the server knows of its client, or the error.
    """

    def __init__(self, context: ssl.SSLContext, talk=None) -> None:
        self.context = context
        self.outcomes: queue.Queue = queue.Queue()
        self.names: queue.Queue = queue.Queue()
        context.sni_callback = lambda connection, name, _: self.names.put(name)
        self._talk = talk or peers.echo

    def __call__(self, connection: socket.socket, peer: peers.Peer) -> None:
        """Serves as peers' behaviours do. By memory BIOs: where the handshake fails, the other
        side can read why, as the connection stays until it closes it.
        """
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(into, out, server_side=True)
        try:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    connection.sendall(out.read())
                    data = connection.recv(65536)
                    into.write(data) if data else into.write_eof()
        except ssl.SSLError as failed:
            self.outcomes.put(failed.reason)
            connection.sendall(out.read())
            peers.hold(connection, peer)
            return
        self.outcomes.put((tls.version(), tls.cipher()[0], tls.getpeercert()))
        connection.sendall(out.read())
        self._talk(Plain(connection, tls, into, out), peer)


class Plain:
    """What is under TLS, as a behaviour of peers uses a socket."""

    def __init__(self, connection, tls, into, out) -> None:
        self._connection, self._tls, self._in, self._out = connection, tls, into, out

    def recv(self, count: int) -> bytes:
        while True:
            try:
                return self._tls.read(count)
            except ssl.SSLWantReadError:
                data = self._connection.recv(65536)
                if not data:
                    return b""
                self._in.write(data)

    def sendall(self, data: bytes) -> None:
        self._tls.write(data)
        self._connection.sendall(self._out.read())


def records(data: bytes) -> list[bytes]:
    """TLS records, of which the last may lack something."""
    found = []
    while data:
        size = 5 + int.from_bytes(data[3:5], "big")
        found.append(data[:size])
        data = data[size:]
    return found


class Middle:
    """Serves as Server does; what it sends passes through `change(records) -> pieces`, of which
    each is a segment, and after `most` records it is silent, or closes.
    """

    def __init__(self, context, change=None, most=None, close=False) -> None:
        self._server = Server(context)
        self._change = change or (lambda found: found)
        self._left = most
        self._close = close

    def __call__(self, connection, peer):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        with contextlib.suppress(Cut):
            self._server(self, peer)
            return
        if not self._close:
            peers.hold(connection, peer)
        connection.shutdown(socket.SHUT_WR)
        peers.hold(connection, peer)

    def recv(self, count):
        return self._connection.recv(count)

    def sendall(self, data):
        if self._left is None:
            for piece in self._change(records(data)):
                self._connection.sendall(piece)
            return
        found = records(data)
        self._connection.sendall(b"".join(found[: self._left]))
        if len(found) > self._left:
            raise Cut
        self._left -= len(found)


class Cut(Exception):
    """No more of the server's records are let through."""


def call(console, port, host=HOST, ca=""):
    """The reply to tls_client, and its log lines without times."""
    reply = console.run(f"tls_client {host} {port} {ca}".rstrip())
    return reply, [re.sub(rb"^\[[^]]* \| [\d:]+ ?", b"[", line) for line in reply.logs]


def talk(console, handle, data=b"all the same\r\n"):
    """Data go to the peer and come back."""
    assert console.ok(f"write {handle} {len(data)}", data) == "Success"
    got = b""
    while len(got) < len(data):
        console.polled(handle, 1)
        got += console.run(f"read {handle} 4096").text
    assert got == data


def opens(console, port, **options):
    """A call succeeds, and data go both ways; the handle."""
    reply, logs = call(console, port, **options)
    assert reply.code == 0, logs
    talk(console, int(reply.text))
    return int(reply.text)


def fails(console, port, line, **options):
    """A call fails with this line, and the log shows nothing but the steps before it."""
    console.ok("close all")
    reply, logs = call(console, port, **options)
    assert (reply.code, reply.text) == (1, b"Command failed"), logs
    assert logs[-2:] == [line, b"[Open failed]"] and logs[2] == b"Starting TLS"
    assert console.ok("list") == "! # Type  Info"


def context(identity, folder, **options):
    """A server's context with this identity."""
    made = tls_peers.server_context(identity, folder, **options)
    made.options |= ssl.OP_NO_TICKET  # the messages of a handshake are the same each time
    return made
