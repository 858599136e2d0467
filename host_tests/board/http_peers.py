"""An HTTP server of this machine for the board's client: Python's own http.server, and for what no
server should do, bytes as a test has them.
"""

import contextlib
import queue
import ssl
import threading
import time
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from host_tests.board import peers

TEXT = b"The quick brown fox\r\n"


@dataclass(frozen=True)
class Asked:
    """A request that has come."""

    line: str
    headers: Message
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = peers.WAIT

    def log_message(self, *_) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the board may close first
            super().handle()

    def do(self) -> None:
        size = self.headers.get("Content-Length")
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._chunks()
        else:
            body = self.rfile.read(int(size or 0))
        self.server.asked.put(Asked(self.requestline, self.headers, body))
        path = self.path.partition("?")[0]
        answer = self.server.answers.get(path)
        if callable(answer):
            answer(self)
        elif answer is not None:
            self.give(answer)
        elif path.startswith("/status/"):
            self.give(TEXT if path < "/status/6" else b"", int(path[8:]))
        elif path == "/echo":
            self.give(body)
        else:
            self.give(b"", 404)

    do_GET = do_POST = do_HEAD = do

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            assert self.rfile.readline() == b"\r\n"
        assert self.rfile.readline() == b"\r\n"
        return body

    def give(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)


class HttpServer:
    """`with HttpServer() as server:` serves `answers`, path -> bytes, or a function of the request
    that is being handled; requests as they come are in `asked`. With a context over TLS.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.answers: dict = {}
        self.asked: queue.Queue[Asked] = queue.Queue()

    def __enter__(self) -> "HttpServer":
        self._server = ThreadingHTTPServer((peers.ANY, 0), _Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # the board may refuse the certificate
        self._server.answers, self._server.asked = self.answers, self.asked
        if self._tls:
            self._server.socket = self._tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._thread.join(peers.WAIT)
        self._server.server_close()

    def begin(self) -> None:
        """Another test: nothing is answered yet, and nothing was asked."""
        self.answers.clear()
        while not self.asked.empty():
            self.asked.get()

    def next(self) -> Asked:
        return self.asked.get(timeout=peers.WAIT)


def redirect(to: str, status: int = 302):
    return lambda handler: handler.give(b"elsewhere", status, Location=to)


def chunked(*pieces: bytes, pause: float = 0):
    """In chunks of these sizes, with extensions and a trailer."""

    def answer(handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in pieces:
            handler.wfile.write(b"%X;a=b\r\n%s\r\n" % (len(piece), piece))
            time.sleep(pause)
        handler.wfile.write(b"0\r\nX-Sum: 1\r\n\r\n")

    return answer


def until_close(body: bytes):
    """Without a length."""

    def answer(handler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def raw(*pieces: bytes, pause: float = 0):
    """These bytes, and the end."""

    def answer(handler) -> None:
        for i, piece in enumerate(pieces):
            if i:
                time.sleep(pause)
            handler.wfile.write(piece)
        handler.close_connection = True

    return answer


def stalled(data: bytes):
    """These bytes, and then silence until the board closes."""

    def answer(handler) -> None:
        handler.wfile.write(data)
        with contextlib.suppress(OSError):
            while handler.connection.recv(4096):
                pass
        handler.close_connection = True

    return answer
