"""HTTP against codecs that we did not write: h11 and http.client, each as the other side of both
of ours.

CPython only, as all *_peers.py.
"""

import http.client
import io

import h11
import pytest

from wire import http as server
from wire import http_client as client
from wire.http_body import CHUNK_END, CHUNK_ROOM, LAST_CHUNK, Body, close_chunk
from wire.http_head import CHUNKED, UNTIL_CLOSE, field

LIMIT = 1024
BODY = bytes(range(256)) * 40


def body_of(head, buf, at):
    """The body behind a head in `buf`, and where it ends."""
    body = Body(head.length, len(BODY))
    found = b""
    while at < len(buf) and not body.done:
        at = body.take(buf, at, len(buf))
        found += bytes(buf[body.start : body.stop])
    body.closed()
    return found, at


def chunked(data, size):
    out = b""
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        buf = bytearray(CHUNK_ROOM) + piece + bytearray(CHUNK_END)
        close_chunk(buf, CHUNK_ROOM, CHUNK_ROOM + len(piece))
        out += buf
    return out + LAST_CHUNK


def read_all(peer):
    """The events that h11 has, the data put together."""
    events, data = [], b""
    while True:
        event = peer.next_event()
        if isinstance(event, h11.Data):
            data += bytes(event.data)
        elif isinstance(event, type):
            return events, data
        else:
            events.append(event)
            if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return events, data


def headers(*more):
    return [("Host", "10.0.0.5:8080"), ("X-Name", b"a \xe4"), *more]


LENGTH = ("Content-Length", str(len(BODY)))
CODED = ("Transfer-Encoding", "chunked")
REQUESTS = [
    ("GET", "/a%20b?c", headers(), b""),
    ("HEAD", "/", headers(("Connection", "close")), b""),
    ("OPTIONS", "*", headers(), b""),
    ("POST", "/command", headers(LENGTH, ("Expect", "100-continue")), BODY),
    ("PUT", "/x", headers(CODED), BODY),
]


@pytest.mark.parametrize("method, target, fields, data", REQUESTS)
@pytest.mark.parametrize("how", ["length", "chunks", "close"])
def test_h11_asks(method, target, fields, data, how):
    peer = h11.Connection(h11.CLIENT)
    sent = peer.send(h11.Request(method=method, target=target, headers=fields))
    for at in range(0, len(data), 1000):
        sent += peer.send(h11.Data(data[at : at + 1000]))
    sent += peer.send(h11.EndOfMessage())

    buf = bytearray(sent)
    request = server.Request(LIMIT)
    request.begin(buf, 0)
    at = request.read(len(buf))
    assert (request.method, request.host()) == (method.encode(), b"10.0.0.5")
    assert request.path() == (b"/a b" if "%" in target else target.encode())
    assert request.value(b"x-name") == b"a \xe4"
    assert request.expects == (LENGTH in fields)
    assert request.keep_alive == (("Connection", "close") not in fields)
    assert body_of(request, buf, at) == (data, len(buf))

    if request.expects:
        peer.receive_data(server.CONTINUE)
        assert peer.next_event().status_code == 100
    length = {"length": len(BODY), "chunks": CHUNKED, "close": UNTIL_CLOSE}[how]
    answer = request.reply(200, field(b"X-Name", b"\xe4"), length)
    if request.sends:
        answer += chunked(BODY, 999) if request.chunks else BODY
    peer.receive_data(answer)
    if not request.keep_alive:
        peer.receive_data(b"")
    events, found = read_all(peer)
    assert events[0].status_code == 200 and events[0].reason == b"OK"
    assert (b"x-name", b"\xe4") in events[0].headers
    assert isinstance(events[1], h11.EndOfMessage)
    assert found == (b"" if method == "HEAD" else BODY)
    assert (peer.their_state is h11.DONE) == request.keep_alive


@pytest.mark.parametrize("how", ["length", "chunks", "close", "none", "head"])
def test_h11_answers(how):
    method = b"HEAD" if how == "head" else b"POST"
    length = {"length": len(BODY), "chunks": CHUNKED, "close": 0}.get(how)
    sent = client.request(method, b"/a?b", b"[::1]:81", field(b"X", b"\xe4"), length, True)
    if length:
        sent += BODY if length > 0 else chunked(BODY, 1000)
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(sent)
    events, data = read_all(peer)
    assert (events[0].method, events[0].target) == (method, b"/a?b")
    assert {(b"host", b"[::1]:81"), (b"x", b"\xe4")} <= set(events[0].headers)
    assert data == (BODY if length else b"")

    fields = {"length": [LENGTH], "chunks": [CODED], "head": [LENGTH]}.get(how, [])
    if how == "close":
        fields = [("Connection", "close")]
    status = 204 if how == "none" else 200
    answer = b""
    if how == "length":
        answer += peer.send(h11.InformationalResponse(status_code=103, headers=[("X", "y")]))
    answer += peer.send(h11.Response(status_code=status, headers=fields, reason="Well done"))
    if how not in ("none", "head"):
        answer += peer.send(h11.Data(BODY))
    answer += peer.send(h11.EndOfMessage())

    buf = bytearray(answer)
    response = client.Response(LIMIT)
    response.begin(buf, 0, method)
    at = response.read(len(buf))
    if how == "length":
        assert (response.status, response.interim) == (103, True)
        response.again(at)
        at = response.read(len(buf))
    assert (response.status, response.phrase()) == (status, b"Well done")
    assert body_of(response, buf, at) == (b"" if how in ("none", "head") else BODY, len(buf))
    assert response.keep_alive == (peer.our_state is h11.DONE) == (how != "close")


class Wire:
    """A socket as http.client wants one: keeps what is sent, and has what is to be received."""

    def __init__(self, answer=b""):
        self.sent = b""
        self.answer = answer

    def sendall(self, data):
        self.sent += data

    def makefile(self, mode):
        return io.BytesIO(self.answer)

    def close(self):
        pass


@pytest.mark.parametrize("coded", [False, True])
def test_http_client_asks(coded):
    connection = http.client.HTTPConnection("module.local", 8080)
    connection.sock = wire = Wire()
    data = iter([BODY[:1000], BODY[1000:]]) if coded else BODY
    connection.request("POST", "/a%2Fb?x=y", data, {"X": "y"}, encode_chunked=coded)
    buf = bytearray(wire.sent)
    request = server.Request(LIMIT)
    request.begin(buf, 0)
    at = request.read(len(buf))
    assert (request.method, request.path(), request.query()) == (b"POST", b"/a/b", b"x=y")
    assert (request.host(), request.value(b"x")) == (b"module.local", b"y")
    assert request.length == (CHUNKED if coded else len(BODY))
    assert body_of(request, buf, at) == (BODY, len(buf))


@pytest.mark.parametrize("length", [len(BODY), CHUNKED, UNTIL_CLOSE])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_http_client_is_answered(length, version):
    request = server.Request(LIMIT)
    asked = b"GET / HTTP/" + version + b"\r\nHost: h\r\n\r\n"
    request.begin(bytearray(asked), 0)
    assert request.read(len(asked)) == len(asked)
    answer = request.reply(404, field(b"X", b"y"), length)
    answer += chunked(BODY, 100) if request.chunks else BODY
    response = http.client.HTTPResponse(Wire(answer), method="GET")
    response.begin()
    assert (response.status, response.reason, response.headers["X"]) == (404, "Not Found", "y")
    assert response.read() == BODY
    assert response.will_close != request.keep_alive


def test_requests_in_a_row():
    """What h11 sends without waiting is read from one buffer, request by request."""
    data = b""
    for method, target, fields, body in REQUESTS:
        peer = h11.Connection(h11.CLIENT)
        data += peer.send(h11.Request(method=method, target=target, headers=fields))
        data += (peer.send(h11.Data(body)) if body else b"") + peer.send(h11.EndOfMessage())
    buf = bytearray(data)
    request = server.Request(LIMIT)
    at = 0
    for method, _, _, body in REQUESTS:
        request.begin(buf, at)
        at = request.read(len(buf))
        assert request.method == method.encode()
        found, at = body_of(request, buf, at)
        assert found == body
    assert at == len(buf) and buf == data
