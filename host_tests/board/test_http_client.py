"""The HTTP client by command: what it asks Python's http.server, where it is sent on to, and what
it cannot do.

One board serves the whole file.
"""

import re

import pytest

from host_tests.board import live
from host_tests.board.http_board import HOST, called, fails, restored, shared, url, where, whole
from host_tests.board.http_peers import (
    TEXT,
    HttpServer,
    chunked,
    raw,
    redirect,
)

pytestmark = [pytest.mark.needs("wifi", "uart1"), pytest.mark.sampled(40)]


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


# --- requests


def test_the_documented_session(console, server):
    """That of the documentation, section 8: a post with a body, answered in chunks."""
    server.answers["/hello"] = chunked(b'{\r\n  "response": ', b'"howdy!"\r\n}')
    reply, logs = called(console, f"http_post -o {url(server, '/hello')} application/json")
    at = where(server)
    assert logs == [
        b"[Opening: %s]" % at,
        b"Request POST /hello",
        b"Connecting (HTTP): %s" % at,
        b"[Opened: 0]",
    ]
    assert reply.text == b"0"
    assert re.fullmatch(
        rf"# 0 HTTP  {HOST}:{server.port} \(\d+\)", console.ok("list").split("\r\n")[1]
    )
    assert console.ok("stream_write 0 7", b'{"a":1}') == "Success"
    assert console.ok("poll 0") == "0"
    assert server.asked.empty()
    reply, logs = called(console, "http_read 0")
    assert logs == [b"HTTP response: 200", b"Chunked response"]
    assert reply.text == b"200"
    asked = server.next()
    assert asked.line == "POST /hello HTTP/1.1"
    assert asked.body == b'{"a":1}'
    assert asked.headers.items() == [
        ("Host", f"{HOST}:{server.port}"),
        ("Content-Length", "7"),
        ("Content-Type", "application/json"),
        ("Connection", "close"),
    ]
    console.polled(0, 1)
    assert console.ok("http_read_status 0") == "200"
    assert whole(console, 0) == b'{\r\n  "response": "howdy!"\r\n}'


def test_get(console, server):
    server.answers["/a"] = TEXT
    reply, logs = called(console, f"http_get http://{url(server, '/a?key=value#part')}")
    at = where(server)
    assert logs == [
        b"[Opening: %s]" % at,
        b"Request GET /a",
        b"Connecting (HTTP): %s" % at,
        b"HTTP response: 200",
        b"[Opened: 0]",
    ]
    asked = server.next()
    assert asked.line == "GET /a?key=value HTTP/1.1"
    assert asked.headers.items() == [
        ("Host", f"{HOST}:{server.port}"),
        ("Connection", "close"),
    ]
    assert console.ok("hre 0") == "200"
    assert console.run("read 0 5").text == TEXT[:5]
    assert console.run("read 0 100").text == TEXT[5:]
    assert console.run("read 0 1").code == 1  # closed with its last byte


@pytest.mark.parametrize("status", [200, 201, 204, 304, 404, 500, 999])
def test_statuses(console, server, status):
    assert console.ok(f"hge {url(server, f'/status/{status}')}") == "0"
    assert console.ok("hre 0") == str(status)
    assert whole(console, 0) == (b"" if status in (204, 304, 999) else TEXT)


def test_head(console, server):
    server.answers["/a"] = TEXT
    assert console.ok(f"http_head {url(server, '/a')}") == "0"
    assert server.next().line == "HEAD /a HTTP/1.1"
    assert console.ok("hre 0") == "200"
    assert whole(console, 0) == b""


def test_headers(console, server):
    console.ok(f"hge -o {url(server, '/echo')}")
    console.ok('had 0 X-Words "two words"')
    console.ok("had 0 accept text/html")
    for line in ("had 0 Host x", "had 0 content-length 5", "had 0 Transfer-Encoding chunked"):
        assert console.run(line).code == 7
    for line in (
        'had 0 "X:" y',
        'had 0 X "a\\r\\nY: z"',
        'had 0 "" y',
        'had 0 X " y"',
    ):
        assert console.run(line).code == 7, line
    assert console.run(f"had 0 X {'y' * 400}").code == 0
    assert console.run(f"had 0 X {'y' * 400}").code == 0
    assert console.run(f"had 0 X {'y' * 400}").code == 9
    assert console.run("write 0 1", b"x").code == 1  # a GET has no body
    assert console.ok("hre 0") == "200"
    headers = server.next().headers
    assert headers["X-Words"] == "two words" and headers["Accept"] == "text/html"
    assert headers["Host"] == f"{HOST}:{server.port}" and "Y" not in headers
    assert console.run("had 0 X y").code == 1  # sent already
    assert console.run("had 1 X y").code == 1


def test_the_first_read_sends(console, server):
    server.answers["/a"] = TEXT
    console.ok(f"hge -o {url(server, '/a')}")
    assert console.ok("read 0 100") == ""
    console.polled(0, 1)
    assert whole(console, 0) == TEXT


@pytest.mark.parametrize("size", [0, 1, 300, 2048, 2049, 20_000])
def test_a_body_of_no_known_length(console, server, rng, size):
    """Up to 2 KB wait for the end; more go as chunks."""
    body = rng.randbytes(size)
    console.ok(f"hpo -o {url(server, '/echo')} text/plain")
    for at in range(0, size, 1500):
        piece = body[at : at + 1500]
        console.ok(f"write 0 {len(piece)}", piece)
    assert console.ok("hre 0") == "200"
    asked = server.next()
    assert asked.body == body
    length = None if size > 2048 else str(size)
    assert asked.headers["Content-Length"] == length
    assert console.run("write 0 1", b"x").code == 1
    assert whole(console, 0) == body


def test_a_body_of_a_known_length(console, server, rng):
    body = rng.randbytes(5000)
    console.ok(f"hpo -l 5000 {url(server, '/echo')} text/plain")
    console.ok("write 0 3000", body[:3000])
    assert console.run("write 0 2001", bytes(2001)).code == 1
    console.ok("close 0")
    console.ok(f"hpo -l 5000 {url(server, '/echo')} text/plain")
    console.ok("write 0 5000", body)
    assert console.ok("hre 0") == "200"
    assert whole(console, 0) == body
    console.ok(f"hpo -l 5000 {url(server, '/echo')} text/plain")
    reply, logs = called(console, "hre 0")
    assert reply.code == 1 and logs == [b"5000 bytes of the body are missing"]
    assert console.ok("poll 0") == "2"


def test_chunks_at_once(console, server):
    console.ok(f"hpo -c {url(server, '/echo')} text/plain")
    for piece in (b"a", b"bc", b"def"):
        console.ok(f"write 0 {len(piece)}", piece)
    assert console.ok("hre 0") == "200"
    asked = server.next()
    assert (asked.body, asked.headers["Transfer-Encoding"]) == (b"abcdef", "chunked")
    assert whole(console, 0) == b"abcdef"


def test_an_empty_post(console, server):
    assert console.ok(f"hpo {url(server, '/echo')} text/plain") == "0"
    asked = server.next()
    assert asked.headers["Content-Length"] == "0"
    assert asked.headers["Content-Type"] == "text/plain"
    assert whole(console, 0) == b""


def test_credentials(console, server):
    """They are shown to the server, and nowhere else."""
    server.answers["/a"] = TEXT
    reply, logs = called(console, f"hge http://anna:p%40ss@{url(server, '/a')}")
    assert server.next().headers["Authorization"] == "Basic YW5uYTpwQHNz"
    assert b"anna" not in b"".join(logs) and b"[Opening: %s]" % where(server) in logs
    assert "anna" not in console.ok("list")


# --- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["/b/c", "c", "http://{}/b/c", "//{}/b/c"])
def test_redirects(console, server, status, to):
    server.answers["/b/a"] = redirect(to.format(url(server, "")), status)
    server.answers["/b/c"] = TEXT
    reply, logs = called(console, f"hge u:p@{url(server, '/b/a')}")
    assert reply.text == b"0"
    assert logs[-5:] == [
        b"HTTP response: %d" % status,
        b"Request GET /b/c",
        b"Connecting (HTTP): %s" % where(server),
        b"HTTP response: 200",
        b"[Opened: 0]",
    ]
    for path in ("/b/a", "/b/c"):
        asked = server.next()
        assert asked.line == f"GET {path} HTTP/1.1"
        assert asked.headers["Authorization"] == "Basic dTpw"
    assert console.ok("hre 0") == "200"
    assert whole(console, 0) == TEXT


def test_another_server_learns_nothing(console, server):
    with HttpServer() as other:
        other.answers["/"] = TEXT
        server.answers["/"] = redirect(f"http://{url(other)}")
        console.ok(f"hge -o u:p@{url(server)}")
        console.ok("had 0 X-Key secret")
        assert console.ok("hre 0") == "200"
        assert server.next().headers["X-Key"] == "secret"
        assert other.next().headers.items() == [
            ("Host", f"{HOST}:{other.port}"),
            ("Connection", "close"),
        ]
        assert whole(console, 0) == TEXT


@pytest.mark.parametrize(
    "status, data, method", [(301, b"x", "GET"), (303, b"x", "GET"), (308, b"", "POST")]
)
def test_redirects_of_posts(console, server, status, data, method):
    server.answers["/a"] = redirect("/b", status)
    server.answers["/b"] = TEXT
    console.ok(f"hpo -o {url(server, '/a')} text/plain")
    if data:
        console.ok(f"write 0 {len(data)}", data)
    assert console.ok("hre 0") == "200"
    assert server.next().body == data
    asked = server.next()
    assert asked.line == f"{method} /b HTTP/1.1"
    assert asked.headers["Content-Type"] == ("text/plain" if method == "POST" else None)
    assert whole(console, 0) == TEXT


def test_redirects_that_are_not_followed(console, server):
    """They are the answer: a body is not kept to be sent twice, and elsewhere is nowhere."""
    server.answers["/a"] = redirect("/b", 307)
    console.ok(f"hpo -o {url(server, '/a')} text/plain")
    console.ok("write 0 1", b"x")
    assert console.ok("hre 0") == "307"
    assert whole(console, 0) == b"elsewhere"
    for to in ("ftp://x/", "http://", "/\xe9", "http://x:y/"):
        server.answers["/a"] = redirect(to)
        assert console.ok(f"hge {url(server, '/a')}") == "0"
        assert console.ok("hre 0") == "302"
        assert whole(console, 0) == b"elsewhere"
    server.answers["/a"] = lambda handler: handler.give(TEXT, 302)
    console.ok(f"hge {url(server, '/a')}")
    assert whole(console, 0) == TEXT


def test_a_circle_of_redirects(console, server):
    server.answers["/a"] = redirect("/b")
    server.answers["/b"] = redirect("/a")
    fails(console, f"hge {url(server, '/a')}", b"Too many redirects", b"[Open failed]")
    assert server.asked.qsize() == 6


# --- what cannot be


def test_where_nobody_is(console, closed_port):
    for _ in range(2):
        fails(
            console,
            f"hge {HOST}:{closed_port}",
            b"Connecting (HTTP): %s:%d" % (HOST.encode(), closed_port),
            b"Connection refused",
            b"[Open failed]",
        )
    fails(console, "hge nobody.invalid", b"Name not found", b"[Open failed]")


@pytest.mark.parametrize(
    "line, code",
    [
        ("hge", 4),
        ("hge -o", 4),
        ("hge -i", 4),
        ("hge -x a", 6),
        ("hge -oi wlan a", 6),
        ("hge a b", 5),
        ("hge -i eth0 a", 7),
        ("hge ftp://a", 7),
        ("hge http://", 7),
        ('hge "a b"', 7),
        ("hge a:70000", 7),
        ("hpo a", 4),
        ('hpo a "x\\n"', 7),
        ("hpo -l x a text/plain", 7),
        ("hpo -l -1 a text/plain", 9),
        ("hpo -l a text/plain", 4),
        ("hre", 4),
        ("hre 0", 1),
        ("hre 8", 9),
        ("had 0 x y", 1),
    ],
)
def test_wrong_lines(console, server, line, code):
    assert console.run(line).code == code


def test_another_kind_of_stream(console, server):
    console.ok(f"tcpc {HOST} {server.port}")
    for line in ("hre 0", "had 0 X y"):
        assert (console.run(line).code, console.run(line).text) == (1, b"Not an HTTP stream")


def test_eight_streams(console, server):
    """All at once, read in turns; there is no ninth."""
    server.answers["/a"] = TEXT * 100
    for handle in range(8):
        assert console.ok(f"hge {url(server, '/a')}") == str(handle)
    reply = console.run(f"hge {url(server, '/a')}")
    assert (reply.code, reply.text) == (1, b"No free stream")
    got = dict.fromkeys(range(8), b"")
    while any(len(body) < len(TEXT) * 100 for body in got.values()):
        for handle, body in got.items():
            if len(body) < len(TEXT) * 100:
                got[handle] = body + console.run(f"read {handle} 333").text
    assert set(got.values()) == {TEXT * 100}


def test_the_interface(console, server):
    server.answers["/a"] = TEXT
    for name in ("wlan", "default"):
        console.ok(f"hge -i {name} {url(server, '/a')}")
        assert whole(console, 0) == TEXT


def test_nothing_stays(console, server, board):
    """Neither sockets nor memory, whatever the outcome."""
    server.answers["/a"] = TEXT * 50
    server.answers["/r"] = redirect("/a")
    server.answers["/bad"] = raw(b"nonsense")

    def use():
        console.ok(f"hge {url(server, '/r')}")
        whole(console, 0)
        console.ok(f"hpo -o {url(server, '/echo')} text/plain")
        console.ok("write 0 3", b"abc")
        console.ok("hre 0")
        console.ok("close 0")
        console.ok(f"hge -o {url(server, '/a')}")
        console.ok("close 0")
        console.run(f"hge {url(server, '/bad')}")

    sockets = board.board.status().get("sockets")
    assert live.left_by(console, use) <= live.SLACK
    assert board.board.status().get("sockets") == sockets
