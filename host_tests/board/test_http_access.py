"""Who may do what over HTTP, asked of a board: the table of wire/http_decisions.py, and what the
module knows of itself.
"""

import gzip
import http.client
import socket
from collections.abc import Iterator

import http_decisions as decisions
import pytest

from host_tests.board import peers, web
from host_tests.board.backends import Backend

pytestmark = [pytest.mark.needs("wifi", "air"), pytest.mark.whole_heap]

BODY = b'{"command":"version"}'
# What else a row may meet: a method that there is not.
METHODS = {"/command": ("POST",), "/log": ("GET",), "/stream": ("GET", "POST")}
RIGHT = decisions.CREDENTIALS["right"].decode()
WRONG = decisions.CREDENTIALS["wrong"].decode()
PEER = "127.0.0.1"  # where this machine calls from


class Browser:
    """Sends requests as they are written, over one connection for as long as it lasts."""

    def __init__(self, address: str, source: str = ""):
        self.address = address
        self._source = (source, 0) if source else None
        self._sock: socket.socket | None = None

    def ask(self, data: bytes, method: str = "GET") -> http.client.HTTPResponse:
        if self._sock is None:
            self._sock = socket.create_connection(
                (self.address, web.PORT), peers.WAIT, self._source
            )
        self._sock.sendall(data)
        answer = http.client.HTTPResponse(self._sock, method=method)
        answer.begin()
        answer.text = answer.read()
        if answer.will_close:
            self.close()
        return answer

    def get(self, path: str, host: str = "", **fields: str) -> http.client.HTTPResponse:
        lines = [f"GET {path} HTTP/1.1", f"Host: {host or self.address}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return self.ask("\r\n".join([*lines, "", ""]).encode())

    def close(self) -> None:
        if self._sock:
            self._sock.close()
            self._sock = None


@pytest.fixture
def browser(board: Backend) -> Iterator[Browser]:
    """Of a board that serves."""
    console, address = web.serving(board)
    made = Browser(address)
    made.console = console
    yield made
    made.close()


def put(console, name: str, content: str, *options: str) -> None:
    reply = console.run(
        " ".join(["file_create", *options, name, str(len(content))]), content.encode()
    )
    assert reply.code == 0, reply


def set_up(board, console, row, before) -> None:
    """The settings of a row, where they are others than those of the row before."""
    auth, cors, whitelist = row[:3]
    if auth != before[0]:
        name, password = ("admin", "password") if auth == "on" else ("", "")
        board.configure(console, http_server_username=name, http_server_password=password)
    if cors != before[1]:
        board.configure(console, http_server_cors__origin="" if cors == "-" else cors)
    if whitelist != before[2]:
        if before[2] != "-":
            console.ok("file_delete http_whitelist.csv")
        if whitelist != "-":
            put(console, "http_whitelist.csv", whitelist.replace("+", " ") + "\r\n")


def wanted(row) -> int:
    """The status for a row."""
    method, target, status = row[3], row[4], int(row[8])
    known = METHODS.get(target, ("GET",) if target.startswith("/command/") else ("GET", "HEAD"))
    if method not in (*known, "OPTIONS"):
        return 405
    return status or 200


def check(row, answer) -> None:
    """What the answer says of CORS, and that it says what a browser must know of all."""
    fields = answer.headers
    allows = fields["Access-Control-Allow-Origin"]
    vary = "Origin" in fields.get_all("Vary", [])
    credentials = fields["Access-Control-Allow-Credentials"]
    assert (allows, vary, credentials) == {
        "-": (None, False, None),
        "vary": (None, True, None),
        "any": ("*", False, None),
        "one": ("http://app.test", True, "true"),
    }[row[9]], row
    assert fields["X-Content-Type-Options"] == "nosniff"
    challenge = fields["WWW-Authenticate"]
    assert challenge == (
        'Basic realm="WiConnect", charset="UTF-8"' if answer.status == 401 else None
    ), row
    if answer.status == 200 and row[4].endswith(".txt"):
        assert fields["Content-Security-Policy"] == "frame-ancestors 'self'"


def test_the_table(board, browser):
    console = browser.console
    board.configure(console, http_server_hosts="module.local")
    put(console, "closed.txt", "closed")
    put(console, "open.txt", "open", "-u")
    before = ["off", "-", "-"]
    # A /stream that is let in has tests of its own: it takes the connection with it.
    rows = decisions.rows(decisions.TABLE)
    rows = [row for row in rows if (row[4], row[8]) != ("/stream", "0")]
    assert len(rows) >= 100
    for row in rows:
        set_up(board, console, row, before)
        before = row
        method = row[3]
        data = decisions.message(row, lambda text: text.replace("10.0.0.5", browser.address))
        body = BODY if method == "POST" else b""
        if body:
            data += b"Content-Length: %d\r\n" % len(body)
        answer = browser.ask(data + b"\r\n" + body, method)
        assert answer.status == wanted(row), (row, answer.text)
        if answer.status != 405:
            check(row, answer)
        if answer.status in (401, 403) and method != "HEAD":
            assert answer.text.split()[1] in (b"password", b"host", b"origin"), row
    # The table has four wrong passwords that counted; a fifth is free.
    board.configure(console, http_server_username="admin", http_server_password="password")
    board.configure(console, http_server_cors__origin="")
    path = "/command/version"
    for _ in range(8):
        answer = browser.get(path, Authorization=WRONG)
        if answer.status != 401:
            break
    assert answer.status == 429 and 0 < int(answer.headers["Retry-After"]) <= 30
    assert browser.get(path, Authorization=RIGHT).status == 429
    assert browser.get(path).status == 401
    other = Browser(browser.address, "127.9.9.9")
    assert other.get(path, Authorization=RIGHT).status == 200
    other.close()
    assert console.log("wrong password") == f"HTTP server: wrong password from {PEER}"


def test_names(board, browser):
    """Those of mDNS and the further ones of http.server.hosts; others are refused, also when one
    was let in.
    """
    console = browser.console
    path = "/command/version"
    assert browser.get(path, "module.local").status == 403
    board.configure(console, mdns_name="Module", mdns_enabled=1)
    assert console.log("mDNS domain") == "mDNS domain: Module.local"
    assert browser.get(path, "module").status == 200
    assert browser.get(path, "MODULE.local").status == 200
    assert browser.get(path, "proxy.test").status == 403
    board.configure(console, http_server_hosts="a.test, Proxy.test")
    for _ in range(2):
        assert browser.get(path, "proxy.test").status == 200
        assert browser.get(path, "PROXY.test:8443").status == 200
        answer = browser.get(path, "a.test.evil.test")
        assert (answer.status, answer.text) == (403, b"Unknown host\r\n")
    assert browser.get(path, "a.test").status == 200
    assert browser.get(path, "10.0.0.6").status == 403
    assert browser.get(path, "a.test").status == 200
    board.configure(console, http_server_hosts="b.test")
    assert browser.get(path, "a.test").status == 403
    board.configure(console, http_server_hosts="*")
    assert browser.get(path, "10.0.0.6").status == 200


def test_what_was_set_wrong(board, browser):
    console = browser.console
    board.configure(console, http_server_cors__origin="app.test", http_server_username="admin")
    assert browser.get("/log", Origin="http://app.test").status == 403
    assert console.log("cors_origin") == "http.server.cors_origin: not an origin"
    assert browser.get("/log").status == 200  # a name without a password
    board.configure(console, http_server_password="a b", http_server_auth__title="My module")
    answer = browser.get("/log")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="My module", charset="UTF-8"'


def test_the_page_of_who_is_not_let_in(board, browser):
    """For a browser that asks for a file; the user's own in its place; words for programs."""
    console = browser.console
    put(console, "closed.txt", "closed")
    board.configure(console, http_server_username="admin", http_server_password="password")
    zips = {"Accept-Encoding": "gzip, deflate"}
    for path, fields, kind, text in (
        ("/closed.txt", zips, "text/html; charset=utf-8", b"<!doctype html>"),
        ("/nothing", zips, "text/html; charset=utf-8", b"<!doctype html>"),
        ("/closed.txt", {}, "text/plain", b"No password"),
        ("/command/version", zips, "text/plain", b"No password"),
    ):
        answer = browser.get(path, **fields)
        assert (answer.status, answer.headers["Content-Type"]) == (401, kind)
        assert answer.headers["WWW-Authenticate"] and not answer.headers["ETag"]
        zipped = answer.headers["Content-Encoding"] == "gzip"
        assert (gzip.decompress(answer.text) if zipped else answer.text).startswith(text)
    put(console, "webapp/unauthorized.html", "Mine")
    for fields in (zips, {}):
        answer = browser.get("/closed.txt", **fields)
        assert (answer.status, answer.text) == (401, b"Mine")
    answer = browser.get("/closed.txt", Authorization=RIGHT)
    assert (answer.status, answer.text) == (200, b"closed")
