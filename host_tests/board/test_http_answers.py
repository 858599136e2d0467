"""The HTTP client by command: what it makes of answers, good ones and bad ones.

One board serves the whole file.
"""

import pytest

from host_tests.board.http_board import called, fails, restored, shared, url, whole
from host_tests.board.http_peers import (
    HttpServer,
    chunked,
    raw,
    stalled,
    until_close,
)

pytestmark = pytest.mark.needs("wifi", "uart1")


@pytest.fixture(scope="module")
def board(request, interpreters, flash_image):
    yield from shared(request, interpreters, flash_image)


@pytest.fixture
def console(board):
    yield from restored(board)


@pytest.fixture(scope="module")
def server():
    with HttpServer() as server:
        yield server


@pytest.fixture(autouse=True)
def fresh(server):
    server.begin()


# --- answers


def test_bodies(console, server, rng):
    body = rng.randbytes(5000)
    pieces = [body[at : at + 700] for at in range(0, 5000, 700)]
    for answer in (body, chunked(*pieces), chunked(body), until_close(body)):
        server.answers["/a"] = answer
        console.ok(f"hge {url(server, '/a')}")
        assert whole(console, 0, rng.choice([100, 1000, 4096])) == body


def test_one_read_takes_what_has_come(console, server):
    server.answers["/a"] = chunked(*[b"%d" % (i % 10) for i in range(50)])
    console.ok(f"hge {url(server, '/a')}")
    console.polled(0, 1)
    got = console.ok("read 0 1000")
    while len(got) < 50:
        console.polled(0, 1)
        got += console.ok("read 0 1000")
    assert got == "0123456789" * 5


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


def test_a_slow_server(console, server):
    data = b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + HEAD + b"hello"
    server.answers["/a"] = raw(*[data[i : i + 3] for i in range(0, len(data), 3)], pause=0.01)
    console.ok(f"hge {url(server, '/a')}")
    assert whole(console, 0) == b"hello"


def test_a_long_head(console, server):
    lines = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 100) for i in range(60))
    server.answers["/a"] = raw(b"HTTP/1.0 200\r\n" + lines + b"\r\nhello")
    console.ok(f"hge {url(server, '/a')}")
    assert whole(console, 0) == b"hello"


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", b"Closed without an answer"),
        (HEAD[:20], b"Header cut short"),
        (b"SSH-2.0-x\r\n", b"No HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100 + b"\r\n", b"Too many header lines"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 9000 + b"\r\n\r\n", b"Header too long"),
        (b"HTTP/1.1 100 OK\r\n\r\n" * 20, b"No end of interim answers"),
        (b"HTTP/2.0 200 OK\r\n\r\n", b"HTTP version 2.0"),
    ],
    ids=lambda value: value[:20].decode() if value else "",
)
def test_what_is_no_answer(console, server, data, why):
    server.answers["/a"] = raw(data)
    reply, logs = called(console, f"hge {url(server, '/a')}")
    assert reply.code == 1 and logs[-1] == b"[Open failed]"
    if why:
        assert logs[-2] == why
    assert console.ok("list") == "! # Type  Info"


@pytest.mark.parametrize("data", [b"", HEAD[:20]], ids=["", "head"])
def test_a_server_that_falls_silent(console, server, data):
    console.ok("set http.client.timeout 1000")  # of all of it, the connection too
    server.answers["/a"] = stalled(data)
    fails(console, f"hge {url(server, '/a')}", b"No answer from the server", b"[Open failed]")
    console.ok(f"hge -o {url(server, '/a')}")
    reply, logs = called(console, "hre 0")
    assert reply.code == 1 and logs == [b"No answer from the server"]
    assert console.ok("poll 0") == "2"


@pytest.mark.parametrize(
    "data, body",
    [
        (HEAD + b"hel", b"hel"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"hello"),
    ],
    ids=["length", "chunks"],
)
def test_a_body_that_is_cut_short(console, server, data, body):
    told = []
    server.answers["/a"] = raw(data)
    console.ok(f"hge {url(server, '/a')}")
    got = console.run("read 0 100")
    while not got.code:
        body = body.removeprefix(got.text)
        told += got.logs
        got = console.run("read 0 100")
    assert body == b"" and b"Body cut short" in told + got.logs


def test_a_body_that_stalls(console, server):
    server.answers["/a"] = stalled(HEAD + b"hel")
    console.ok(f"hge {url(server, '/a')}")
    console.polled(0, 1)
    assert console.ok("read 0 10") == "hel"
    assert console.ok("poll 0") == "0"
    assert console.ok("read 0 10") == ""


def test_broken_chunks(console, server):
    server.answers["/a"] = raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n"
    )
    console.ok(f"hge {url(server, '/a')}")
    assert whole(console, 0) == b"hello"
