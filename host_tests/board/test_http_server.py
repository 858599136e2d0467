"""Connections of the HTTP server: several requests on one, bad ones, slow clients, and more
clients than places.
"""

import contextlib
import http.client
import json
import time

import pytest

from host_tests.board import peers, web
from host_tests.board.console import PATIENCE

pytestmark = [pytest.mark.needs("wifi"), pytest.mark.whole_heap]

PLACES = 4
SSID = "airwire-wpa2\r\n"
GET = b"GET /command/get%20wlan.ssid HTTP/1.1\r\nHost: module\r\n\r\n"

# A crowd waits for as long as it takes to see who is slow: a quarter of a second a round, on a
# machine that stalls more.
CROWD_SECONDS = 2.0
SLACK_SECONDS = 6.0


def answers(raw, count):
    """The next answers on a connection: their status and body."""
    file = raw.makefile("rb")
    found = []
    for _ in range(count):
        status = int(file.readline().split()[1])
        fields = http.client.parse_headers(file)
        found.append((status, file.read(int(fields["Content-Length"]))))
    return found


def last(raw):
    """The status of the answer that ends the connection, its fields, and its body."""
    said = b""
    while piece := raw.recv(4096):
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return int(line.split()[1]), fields, body


def test_requests_on_one_connection(board, counts):
    """One after the other, all at once, byte by byte; the end by either side."""
    _, address = web.serving(board, http_server_hosts="module")
    with web.connection(address) as client:
        web.command(client, "version")
        sock = client.sock
        for number in range(counts(20, 1000)):
            answer = web.command(client, "get wlan.ssid")
            assert (answer["id"], answer["response"]) == (number + 2, SSID)
        assert client.sock is sock
    many = counts(40, 400)
    with web.call(address) as raw:
        raw.sendall(GET * many)
        found = answers(raw, many)
        assert [status for status, _ in found] == [200] * many
        numbers = [json.loads(body)["id"] for _, body in found]
        assert numbers == list(range(numbers[0], numbers[0] + many))
        body = b'{"command":"set wlan.ssid \\"a b\\""}'
        post = b"POST /command HTTP/1.1\r\nHost: module\r\nContent-Length: %d\r\n\r\n" % len(body)
        for byte in post + body + GET:
            raw.sendall(bytes((byte,)))
        (_, first), (_, second) = answers(raw, 2)
        assert json.loads(first)["response"] == "Set OK\r\n"
        assert json.loads(second)["response"] == "a b\r\n"
        raw.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        size = json_size(json.loads(second)["id"] + 1, "a b\r\n")
        assert last(raw)[:2] == (200, [*fields(size), "Connection: close"])
    with web.call(address) as raw:
        raw.sendall(b"GET /command/get%20wlan.ssid HTTP/1.0\r\n\r\n")
        assert last(raw)[0] == 200


def json_size(number, response):
    """Bytes of an answer, which has seven blanks less than Python writes."""
    answer = {"id": number, "code": 0, "flags": 0, "response": response}
    return len(json.dumps(answer)) - 7


def fields(length):
    return [
        f"Content-Length: {length}",
        "X-Content-Type-Options: nosniff",
        "Content-Type: application/json",
        "Cache-Control: no-store",
    ]


LONG = b"a" * 2000
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
# What a 405 says of the first path here that begins the request's.
ALLOWED = (
    (b"/command/", "GET, OPTIONS"),
    (b"/command", "POST, OPTIONS"),
    (b"/log", "GET, OPTIONS"),
    (b"/stream", "GET, POST, OPTIONS"),
    (b"/", "GET, HEAD, OPTIONS"),
)
BAD = [
    (b"nonsense\r\n\r\n", 400, "bad request line"),
    (b"GET / HTTP/1.1\r\n\r\n", 400, "no host"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "repeated host"),
    (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400, "bad header line"),
    (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad percent-encoding"),
    (b"GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "control character"),
    (b"GET / HTTP/1.1\nHost: a\n\n", 400, "bad request line"),
    (b"GET /" + LONG + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "request line too long"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + LONG + b"\r\n\r\n", 431, "header too long"),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a:\r\n" * 70 + b"\r\n", 431, "too many header lines"),
    (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "unknown method"),
    (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HTTP version 2.0"),
    (b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method not allowed"),
    (
        b"POST /index.html HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        405,
        "method not allowed",
    ),
    (
        b"POST /command/version HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        405,
        "method not allowed",
    ),
    (b"GET /command HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method not allowed"),
    (b"HEAD /command/version HTTP/1.1\r\nHost: a\r\n\r\n", 405, ""),
    (b"POST /log HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405, "method not allowed"),
    (b"HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n", 405, ""),
    (b"POST /command HTTP/1.1\r\nHost: a\r\n\r\n", 411, "no length"),
    (
        b"POST /command HTTP/1.1\r\nHost: a\r\nContent-Length: 4097\r\n\r\n" + b"{" * 4097,
        413,
        "body too long",
    ),
    (b"POST /command HTTP/1.1\r\nHost: a\r\n" + CHUNKED + b"1001\r\n", 413, "body too long"),
    (
        b"POST /command HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        501,
        "unknown Transfer-Encoding",
    ),
    (
        b"POST /command HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n" + CHUNKED,
        400,
        "Content-Length with Transfer-Encoding",
    ),
    (
        b"POST /command HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: tea\r\n\r\n",
        417,
        "unknown expectation",
    ),
    (b"POST /command HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{]", 400, "bad JSON"),
]


def allowed(request):
    path = request.split(b" ")[1]
    return "Allow: " + next(methods for begin, methods in ALLOWED if path.startswith(begin))


def test_bad_requests(board):
    """Each has its status and says why, which ends the connection; nothing of it takes effect."""
    console, address = web.serving(board, http_server_hosts="module")
    for request, status, reason in BAD:
        with web.call(address) as raw:
            raw.sendall(request)
            found, said, why = last(raw)
            assert found == status, request
            assert why.decode() == (reason and reason + "\r\n"), request
            assert "Connection: close" in said
            allows = [line for line in said if line.startswith("Allow:")]
            assert allows == ([allowed(request)] if status == 405 else [])
    with web.connection(address) as client:
        answer = web.command(client, "get wlan.ssid")
        assert answer == {"id": 1, "code": 0, "flags": 0, "response": SSID}
    assert console.ok("faults_print") == "! 0 faults"


def test_more_clients_than_places(board):
    """Who waits gets a place from who is idle; who is slow is told so; a command is not ended."""
    console, address = web.serving(board, http_server_hosts="module")
    with web.connection(address) as long, web.connection(address) as other:
        long.request("GET", "/command/mdns_discover")  # takes two seconds
        assert web.command(other, "get wlan.ssid")["response"] == SSID
        raws = [web.call(address) for _ in range(PLACES - 2)]
        for raw in raws:
            raw.sendall(b"GET / HT")
        with web.connection(address) as fifth:
            assert web.command(fifth, "get wlan.ssid")["response"] == SSID
        for raw in raws:
            assert last(raw)[0::2] == (408, b"too slow\r\n")
            raw.close()
        assert b"! 0 services" in long.getresponse().read()
    # While somebody waits, answers end their connections: who comes again connects anew.
    clients = [
        http.client.HTTPConnection(address, web.PORT, timeout=peers.WAIT)
        for _ in range(2 * PLACES)
    ]
    ended = 0
    for _ in range(3):
        for client in clients:
            client.close()
            client.request("GET", "/command/get%20wlan.ssid")
        for client in clients:
            answer = client.getresponse()
            assert json.loads(answer.read())["response"] == SSID
            ended += answer.headers["Connection"] == "close"
    assert ended
    for client in clients:
        client.close()
    console.ok("set http.server.max_clients 1")
    with web.connection(address) as first, web.connection(address) as second:
        for client in (first, second):
            assert web.command(client, "get wlan.ssid")["response"] == SSID


def test_dribbling_clients(board, figure):
    """Twenty who send a byte now and then keep nobody out."""
    _, address = web.serving(board, http_server_hosts="module")
    slow = []
    try:
        for _ in range(20):
            slow.append(web.call(address))
            slow[-1].sendall(b"GET /")
        begun = time.monotonic()
        with web.connection(address) as client:
            client.connect()
            client.sock.sendall(GET)
            client.sock.settimeout(0.1)
            said = b""
            while not said:
                assert time.monotonic() - begun < SLACK_SECONDS
                for raw in slow:
                    dribble(raw)
                try:
                    said = client.sock.recv(4096)
                except TimeoutError:
                    continue
        figure(f"answered after {time.monotonic() - begun:.2f} s (of {CROWD_SECONDS:.0f})")
        assert said.startswith(b"HTTP/1.1 200 ")
    finally:
        for raw in slow:
            raw.close()


def dribble(raw):
    with contextlib.suppress(OSError):  # it was told to go
        raw.sendall(b"a")


def test_a_client_that_does_not_read(board):
    """It holds nobody up, and gets all in the end."""
    console, address = web.serving(board, http_server_hosts="module")
    content = bytes(range(256)) * 256
    console.ok(f"file_create big.bin {len(content)}", content)
    with web.call(address) as raw:
        raw.sendall(b"GET /big.bin HTTP/1.1\r\nHost: module\r\nConnection: close\r\n\r\n")
        with web.connection(address) as client:
            for _ in range(20):
                assert web.command(client, "get wlan.ssid")["response"] == SSID
            assert web.get(client, "/big.bin")[2] == content
        said = b""
        while piece := raw.recv(1000):
            said += piece
        assert said.endswith(b"\r\n\r\n" + content)


def test_it_follows_its_variables_and_its_link(board):
    """The port, the end of the server and of the network, by REST itself; nothing is left open."""
    console, address = web.serving(board, http_server_hosts="module")
    with web.connection(address) as client:
        assert web.command(client, "set http.server.api_enabled 0")["response"] == "Set OK\r\n"
        assert web.get(client, "/command/version")[0] == 404
        console.ok("set http.server.api_enabled 1")
        assert web.command(client, f"set http.server.port {web.PORT + 1}")["code"] == 0
        assert console.log("HTTP") == f"HTTP server listening on port: {web.PORT + 1}"
        console.ok(f"set http.server.port {web.PORT}")
        assert console.log("HTTP") == web.LISTENING
    console.ok("network_restart")
    assert console.log("HTTP") == web.LISTENING
    with web.connection(address) as client:
        assert web.command(client, "set http.server.enabled 0")["response"] == "Set OK\r\n"
        assert client.sock.recv(1) == b""
    refused(address)


def refused(address):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            web.call(address).close()
        except ConnectionRefusedError:
            return
    raise AssertionError("the port is still open")
