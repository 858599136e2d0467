"""Servers on this machine for the board's clients: the WWEP server, and one that misbehaves.

Each runs in a thread of its own and ends with its `with` block. What arrived is kept for the test
to look at.
"""

import asyncio
import contextlib
import queue
import socket
import ssl
import struct
import threading
from collections.abc import Callable

from airwire.wwep.server import Transaction, WwepServer

# Whatever a server waits for here comes at once, or the test has failed already.
WAIT = 20.0

# A server on the bench is reached from outside, one for the virtual board on the loopback.
ANY = "0.0.0.0"


class Wwep:
    """`with Wwep() as server:` the WWEP server on a free port; `transactions` as they come. With
    the context `tls` on a free secure port too, `tls_port`.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls

    def __enter__(self) -> "Wwep":
        self.transactions: queue.Queue[Transaction] = queue.Queue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        # The class's tenth of a second is another test's: here the machine may stall.
        self.server = WwepServer(
            *(ANY, 0),
            tls=self._tls,
            tls_port=0,
            on_transaction=self.transactions.put,
            wait=WAIT,
        )
        self._call(self.server.start())
        self.port, self.tls_port = self.server.port, self.server.tls_port
        return self

    def _call(self, coroutine) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(WAIT)

    def next(self) -> Transaction:
        """The next message and its reply."""
        return self.transactions.get(timeout=WAIT)

    def registers(self) -> list[tuple[int, int, int]]:
        return self.server.registers()

    def __exit__(self, *_) -> None:
        self._call(self.server.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Peer:
    """A TCP server. Each connection is handed to `serve(connection, self)`, which may be exchanged
    at any time, for those that come afterwards; `requests` are the bytes that a behaviour of this
    file has read.
    """

    def __init__(self) -> None:
        self._serve: Callable[[socket.socket, Peer], None] = echo
        self._knock: tuple[str, int] | None = None  # where a connection of our own comes from
        self._knocked = threading.Event()
        self._listener: socket.socket | None = None
        self.requests: queue.Queue[bytes] = queue.Queue()
        self.ending = threading.Event()
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Peer":
        self._listener = socket.create_server((ANY, 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def _start(self, function, *arguments) -> None:
        thread = threading.Thread(target=function, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed at the end
            while True:
                connection, source = self._listener.accept()
                if self.ending.is_set():
                    connection.close()
                    return
                if source == self._knock:
                    connection.close()
                    self._knocked.set()
                    continue
                self._connections.append(connection)
                self._start(self._one, connection, self._serve)

    @property
    def serve(self) -> "Callable[[socket.socket, Peer], None]":
        return self._serve

    @serve.setter
    def serve(self, function: "Callable[[socket.socket, Peer], None]") -> None:
        # A client may be connected before its connection is taken here: one of our own is behind
        # it, and when that is taken all before it have been.
        if self._listener:
            self._knocked.clear()
            with socket.socket() as own:
                own.bind(("127.0.0.1", 0))
                self._knock = own.getsockname()
                own.connect(("127.0.0.1", self.port))
                assert self._knocked.wait(WAIT)
        self._serve = function

    def _one(self, connection: socket.socket, serve) -> None:
        with contextlib.suppress(OSError), connection:  # the board may close first, or be reset
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            serve(connection, self)

    def next(self) -> bytes:
        """The next request that a behaviour has read."""
        return self.requests.get(timeout=WAIT)

    def __exit__(self, *_) -> None:
        self.ending.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()  # wakes accept()
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(WAIT)


# Behaviours: serve(connection, peer)


def echo(connection: socket.socket, peer: Peer) -> None:
    """Sends back what comes."""
    while data := connection.recv(4096):
        connection.sendall(data)


def hold(connection: socket.socket, peer: Peer) -> None:
    """Says nothing until the other side closes."""
    while connection.recv(4096):
        pass


def answer(*pieces: bytes) -> Callable[[socket.socket, Peer], None]:
    """Reads a request, sends these pieces one after the other, and closes."""

    def serve(connection: socket.socket, peer: Peer) -> None:
        peer.requests.put(connection.recv(100))
        for i, piece in enumerate(pieces):
            if i:
                peer.ending.wait(0.02)  # longer than a segment waits for company
            connection.sendall(piece)

    return serve


def silence(connection: socket.socket, peer: Peer) -> None:
    """Reads a request and does not answer."""
    peer.requests.put(connection.recv(100))
    hold(connection, peer)


def gate(opened: threading.Event) -> Callable[[socket.socket, Peer], None]:
    """Accepts writes, but answers only once `opened` is set."""

    def serve(connection: socket.socket, peer: Peer) -> None:
        request = connection.recv(100)
        peer.requests.put(request)
        opened.wait(WAIT)
        connection.sendall(b"A" + request[1:])

    return serve


def accept(connection: socket.socket, peer: Peer) -> None:
    """Accepts a write."""
    request = connection.recv(100)
    peer.requests.put(request)
    connection.sendall(b"A" + request[1:])


def close_at_once(connection: socket.socket, peer: Peer) -> None:
    """Closes without reading."""


def close_after_request(connection: socket.socket, peer: Peer) -> None:
    """Closes its side when the request has come."""
    peer.requests.put(connection.recv(100))


def reset(connection: socket.socket, peer: Peer) -> None:
    """Reads a request and breaks the connection."""
    peer.requests.put(connection.recv(100))
    end_by_reset(connection)


def end_by_reset(connection: socket.socket) -> None:
    """Linger for no time: at the close, the kernel sends RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def flood(connection: socket.socket, peer: Peer) -> None:
    """Reads a request and answers without end."""
    peer.requests.put(connection.recv(100))
    while not peer.ending.is_set():
        connection.sendall(b"A" * 1000)


def wrong_echo(connection: socket.socket, peer: Peer) -> None:
    """Accepts another write than was sent."""
    request = connection.recv(100)
    peer.requests.put(request)
    connection.sendall(b"A" + request[1:-1] + (b"0" if request[-1:] != b"0" else b"1"))


def say(data: bytes) -> Callable[[socket.socket, Peer], None]:
    """Sends data and closes; reads what comes so that the close is a FIN."""

    def serve(connection: socket.socket, peer: Peer) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        hold(connection, peer)

    return serve


def collect(connection: socket.socket, peer: Peer) -> None:
    """Reads until the other side closes; one request is all of it."""
    data = b""
    while piece := connection.recv(65536):
        data += piece
    peer.requests.put(data)
