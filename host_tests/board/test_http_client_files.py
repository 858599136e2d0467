"""Whole files over HTTP: the old one is there or the new one, whatever the server does; what was
stored is what was sent. And https, with and without trust.

One board serves the whole file.
"""

import email
import email.policy
import time

import pytest

from airwire.wire import crc
from host_tests.board import live, tls_peers
from host_tests.board.backends import WITH_TLS
from host_tests.board.http_board import HOST, called, fails, shared, url, where, whole
from host_tests.board.http_peers import (
    TEXT,
    HttpServer,
    chunked,
    raw,
    redirect,
    stalled,
    until_close,
)
from host_tests.board.tls_peers import issued, put, server_context

pytestmark = [pytest.mark.needs("wifi", "uart1", "air"), pytest.mark.sampled(20)]

OLD = b"old " * 100


@pytest.fixture(scope="module")
def board(request, interpreters, flash_image):
    yield from shared(request, interpreters, flash_image, WITH_TLS)


@pytest.fixture(scope="module")
def server():
    with HttpServer() as server:
        yield server


@pytest.fixture
def console(board, server):
    server.begin()
    console = board.uart1
    console.ok("set http.client.timeout 30000")
    yield console
    assert console.ok("list") == "! # Type  Info"
    console.ok(f"format_flash {console.ok('get wlan.mac')}")


def rows(console):
    """The files: name -> (size, flags, CRC)."""
    found = {}
    for line in console.ok("ls -v").split("\r\n")[1:]:
        words = line[4:].split()
        stat = dict(row.split(": ", 1) for row in console.ok(f"fst {words[-1]}").split("\r\n"))
        found[words[-1]] = int(words[3]), words[1], stat["crc"]
    return found


def row(body, flags="0021"):
    return len(body), flags, f"{crc.crc16(body):04X}"


def content(console, name):
    handle = console.ok(f"fop {name}")
    return whole(console, handle)


def test_download(console, server, rng):
    """With a length, in chunks, until the end; of one block and of several; named as the URL."""
    body = rng.randbytes(5000)
    server.answers |= {
        "/w/a.bin": body,
        "/b": chunked(body[:700], body[700:], pause=0.01),
        "/c": until_close(body[:3000]),
        "/d": b"",
        "/e": chunked(),
    }
    reply, logs = called(console, f"http_download {url(server, '/w/a.bin?x=/y')}")
    assert reply.text == b"Success"
    assert logs == [
        b"[Opening: %s]" % where(server),
        b"Request GET /w/a.bin",
        b"Connecting (HTTP): %s" % where(server),
        b"HTTP response: 200",
        b"File downloaded",
    ]
    console.ok(f"hdo -u {url(server, '/b')} webapp/b.gz")
    console.ok(f"hdo {url(server, '/c')} c")
    console.ok(f"hdo {url(server, '/d')} d")
    console.ok(f"hdo {url(server, '/e')} e")
    assert rows(console) == {
        "a.bin": row(body),
        "c": row(body[:3000]),
        "d": row(b""),
        "e": row(b""),
        "webapp/b.gz": row(body, "00A1"),
    }
    assert console.run("fop webapp/b.gz").text == b"0"
    assert whole(console, 0).decode("latin-1") == body.decode("latin-1")


def test_download_replaces(console, server, rng):
    put(console, "a", OLD)
    for size in (100, 9000, 100):
        body = rng.randbytes(size)
        server.answers["/a"] = body
        for _ in range(2):  # the second time with the same content
            console.ok(f"hdo -c {crc.crc16(body):04X} {url(server, '/a')}")
            assert rows(console) == {"a": row(body)}
    assert whole(console, console.ok("fop a")) == body


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer, log",
    [
        (raw(HEAD + b"x" * 4999), b"Body cut short"),
        (raw(CHUNKS + b"5\r\nhello\r\n"), b"Body cut short"),
        (raw(CHUNKS + b"5\r\nhelloxx\r\n"), b"Chunk without its end"),
        (stalled(HEAD + b"x" * 3000), b"No more from the server"),
        (lambda handler: handler.give(TEXT, 404), b"[Open failed]"),
        (lambda handler: handler.give(TEXT, 206), b"[Open failed]"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"), b"Flash full"),
        (raw(b"nonsense"), b"[Open failed]"),
    ],
    ids=["length", "chunks", "framing", "silence", "404", "206", "size", "no HTTP"],
)
def test_the_old_file_stays(console, server, answer, log):
    console.ok("set http.client.timeout 500")
    put(console, "a", OLD)
    server.answers["/a"] = answer
    before = rows(console)
    for name in ("a", "new"):
        fails(console, f"hdo {url(server, '/a')} {name}", log)
        assert rows(console) == before
    assert content(console, "a") == OLD


def test_the_crc(console, server):
    put(console, "a", OLD)
    server.answers |= {"/a": TEXT, "/b": chunked(TEXT)}
    wrong = f"{crc.crc16(TEXT) ^ 1:04X}"
    for path in ("/a", "/b"):
        fails(console, f"hdo -c {wrong} {url(server, path)} a", b"CRC mismatch")
        assert content(console, "a") == OLD
    console.ok(f"hdo -c 0x{crc.crc16(TEXT):04x} {url(server, '/b')} a")
    assert content(console, "a") == TEXT


def test_a_file_in_use(console, server):
    put(console, "a", OLD)
    server.answers["/a"] = TEXT
    console.ok("fop a")
    reply, logs = called(console, f"hdo {url(server, '/a')}")
    assert reply.code == 1 and logs[-1] == b"File in use"
    assert console.ok("read 0 4") == "old "
    console.ok("close all")
    console.ok(f"hdo {url(server, '/a')}")


def test_a_flash_that_becomes_full(console, server):
    """Of a file of no known size, when there is no more room; what was there is there."""
    put(console, "a", OLD)

    def endless(handler):
        handler.wfile.write(CHUNKS)
        for _ in range(600):
            handler.wfile.write(b"1000\r\n" + bytes(4096) + b"\r\n")

    server.answers["/a"] = endless
    fails(console, f"hdo {url(server, '/a')}", b"Flash full")
    assert rows(console) == {"a": row(OLD)}
    console.ok("save")
    assert content(console, "a") == OLD


def test_redirected_download(console, server):
    server.answers |= {"/a": redirect("/b/c"), "/b/c": TEXT}
    console.ok(f"hdo {url(server, '/a')}")
    assert rows(console) == {"a": row(TEXT)}


@pytest.mark.parametrize("size", [0, 1, 511, 512, 20_000])
def test_upload(console, server, rng, size):
    body = rng.randbytes(size)
    put(console, "webapp/a.bin", body)
    server.answers["/up"] = b"thanks"
    reply, logs = called(console, f"http_upload {url(server, '/up')} webapp/a.bin")
    assert reply.text == b"Success"
    assert logs[-2:] == [b"HTTP response: 200", b"File uploaded"]
    asked = server.next()
    assert asked.line == "POST /up HTTP/1.1"
    kind = asked.headers["Content-Type"]
    form = email.message_from_bytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + asked.body, policy=email.policy.HTTP
    )
    [part] = form.iter_parts()
    assert part.get_param("name", header="Content-Disposition") == "file"
    assert part.get_filename() == "a.bin"
    assert part.get_content_type() == "application/octet-stream"
    mark = form.get_boundary().encode()
    before, _, rest = asked.body.partition(b"\r\n\r\n")
    assert (
        before.startswith(b"--" + mark + b"\r\n") and rest == body + b"\r\n--" + mark + b"--\r\n"
    )


def test_upload_that_fails(console, server, closed_port):
    fails(console, f"hup {url(server, '/up')} a", b"File not found")
    put(console, "a", TEXT)
    for status in (302, 404, 500):
        server.answers["/up"] = lambda handler, status=status: handler.give(b"no", status)
        fails(
            console,
            f"hup {url(server, '/up')} a",
            b"HTTP response: %d" % status,
            b"[Open failed]",
        )
    fails(console, f"hup {HOST}:{closed_port} a", b"Connection refused", b"[Open failed]")
    console.ok("file_delete a")  # it is not open any more


def test_what_came_down_goes_up(console, server, rng):
    body = rng.randbytes(10_000)
    server.answers |= {"/a": body, "/up": b""}
    console.ok(f"hdo {url(server, '/a')}")
    server.next()
    console.ok(f"hup {url(server, '/up')} a")
    assert body in server.next().body


@pytest.mark.parametrize(
    "line, code",
    [
        ("hdo", 4),
        ("hdo -c 1", 4),
        ("hdo -x a/b", 6),
        ("hdo a/b c d", 5),
        ("hdo a/", 7),
        ("hdo a", 7),
        ("hdo -c 10000 a/b", 9),
        ("hdo -c xyz a/b", 7),
        ("hup a", 4),
        ("hup -o a b", 6),
        ("hup ftp://a b", 1),
    ],
)
def test_wrong_lines(console, line, code):
    assert console.run(line).code == code


def test_nothing_stays(console, server):
    server.answers |= {"/a": TEXT * 50, "/b": raw(HEAD + b"x"), "/up": b""}

    def use():
        console.ok(f"hdo {url(server, '/a')}")
        console.run(f"hdo {url(server, '/b')}")
        console.ok(f"hup {url(server, '/up')} a")

    assert live.left_by(console, use) <= live.SLACK


# --- https


@pytest.fixture
def secure(console, tmp_path):
    console.ok(f"set time.rtc {int(time.time())}")
    console.ok("set ntp.enabled 0")
    put(console, "one.pem", tls_peers.root())
    console.ok("set network.tls.ca_cert one.pem")
    with HttpServer(server_context(issued(HOST), tmp_path)) as server:
        server.answers["/"] = TEXT
        yield server
    console.ok('set network.tls.ca_cert ""')


def test_https(console, secure, rng):
    body = rng.randbytes(3000)
    secure.answers["/a"] = chunked(*[body[at : at + 1000] for at in range(0, 3000, 1000)])
    reply, logs = called(console, f"http_get https://{url(secure, '/a')}")
    assert logs == [
        b"[Opening: %s]" % where(secure),
        b"Request GET /a",
        b"Connecting (https): %s" % where(secure),
        b"Starting TLS",
        b"HTTP response: 200",
        b"Chunked response",
        b"[Opened: 0]",
    ]
    assert console.ok("list").split("\r\n")[1].startswith(f"# 0 HTTPS {HOST}:{secure.port} (")
    assert whole(console, 0) == body
    console.ok(f"hdo https://{url(secure, '/a')} x")
    assert content(console, "x") == body
    console.ok(f"hpo -o https://{url(secure, '/echo')} text/plain")
    console.ok("write 0 1000", body[:1000])
    assert console.ok("hre 0") == "200"
    assert whole(console, 0) == body[:1000]


def test_https_without_trust(console, secure):
    console.ok('set network.tls.ca_cert ""')
    reply, logs = called(console, f"hge https://{url(secure)}")
    assert reply.code == 1 and logs[-2].startswith(b"Error with TLS handshake: 5016")
    assert secure.asked.empty()


def test_a_redirect_to_https_and_none_from_it(console, secure, server):
    server.answers |= {"/a": redirect(f"https://{url(secure)}"), "/b": TEXT}
    console.ok(f"hge {url(server, '/a')}")
    assert console.ok("list").split("\r\n")[1].startswith("# 0 HTTPS")
    assert whole(console, 0) == TEXT
    server.next()
    secure.answers["/"] = redirect(f"http://{url(server, '/b')}")
    reply, logs = called(console, f"hge https://{url(secure)}")
    assert b"No redirect from https to http" in logs
    assert console.ok("hre 0") == "302"
    assert server.asked.empty()
    console.ok("close 0")
