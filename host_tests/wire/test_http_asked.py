# HTTP: what is asked of a request, and what is answered. Runs on CPython and on MicroPython: plain
# asserts only.

from checks import raises
from http_requests import CHROME, HOST, head, whole

from wire import http, http_form
from wire.http_head import CHUNKED, UNTIL_CLOSE, LocalError, RemoteError, field


def test_hosts():
    assert whole(head(b"GET / HTTP/1.0\r\n", b""))[0].host() == b""
    for text, host in (
        (b"h", b"h"),
        (b"My-Module.LOCAL", b"my-module.local"),
        (b"my_module:80", b"my_module"),
        (b"10.0.0.5:", b"10.0.0.5"),
        (b"[fe80::1]:80", b"[fe80::1]"),
        (b"[::1]", b"[::1]"),
        (b"", b""),
    ):
        assert whole(head(fields=b"Host: " + text + b"\r\n"))[0].host() == host, text
    for text in (
        b"a b",
        b"u@h",
        b"h/",
        b"h:80x",
        b"h:8 0",
        b"a,b",
        b"h:1:2",
        b"h?",
        b'"h"',
        b"\xe4",
    ):
        request = whole(head(fields=b"Host: " + text + b"\r\n"))[0]
        assert raises(RemoteError, request.host).status == 400, text


def test_absolute_targets():
    for target, host, path, query in (
        (b"http://Other.example:81/a%20b?c=d/e", b"other.example", b"/a b", b"c=d/e"),
        (b"http://other", b"other", b"", b""),
        (b"https://other?x=/y", b"other", b"", b"x=/y"),
    ):
        request = whole(head(b"GET " + target + b" HTTP/1.1\r\n"))[0]
        assert (request.host(), request.path(), request.query()) == (host, path, query)
    request = whole(head(b"GET http://user@h/ HTTP/1.1\r\n"))[0]
    assert raises(RemoteError, request.host).status == 400
    request = whole(head(b"OPTIONS * HTTP/1.1\r\n"))[0]
    assert (request.path(), request.host()) == (b"*", b"10.0.0.5")


def test_paths():
    for target, path, query in (
        (b"/", b"/", b""),
        (b"/?", b"/", b""),
        (b"/a?b?c", b"/a", b"b?c"),
        (b"/%2e%2E/%2f", b"/..//", b""),
        (b"/%2541", b"/%41", b""),
        (b"/a+b%2B", b"/a+b+", b""),
        (b"/%c3%A4%ff", b"/\xc3\xa4\xff", b""),
        (b'/a|b^[]{}"<>\\`', b'/a|b^[]{}"<>\\`', b""),
        (b"/%20%3f%23", b"/ ?#", b""),
        (b"//h/x", b"//h/x", b""),
        (b"/?a%2", b"/", b"a%2"),
    ):
        request = whole(head(b"GET " + target + b" HTTP/1.1\r\n"))[0]
        assert (request.path(), request.query()) == (path, query), target
    for target in (b"/%", b"/%4", b"/a%4?1", b"/%4g", b"/%g4", b"/%+1", b"/%%41", b"/% 1"[:2]):
        request = whole(head(b"GET " + target + b" HTTP/1.1\r\n"))[0]
        assert raises(RemoteError, request.path).status == 400, target
    for code in list(range(32)) + [127]:
        request = whole(head(b"GET /x%%%02x HTTP/1.1\r\n" % code))[0]
        assert raises(RemoteError, request.path).status == 400, code


def test_forms():
    text = b"ssid=My+Net%2B&passkey=a%26b%3D&empty=&none&&=x&a=b=c"
    assert list(http_form.form(text)) == [
        (b"ssid", b"My Net+"),
        (b"passkey", b"a&b="),
        (b"empty", b""),
        (b"none", b""),
        (b"", b"x"),
        (b"a", b"b=c"),
    ]
    assert list(http_form.form(b"")) == []
    for text in (b"a=%0", b"a%=1", b"a=%00", b"a=\n", b"a=%0d%0a"):
        assert raises(RemoteError, list_of, text).status == 400, text


def list_of(text):
    return list(http_form.form(text))


def test_lists_and_what_must_be_said_once():
    fields = HOST + b"X: a\r\nY: 1\r\nx:  b, c \r\nOrigin: http://a\r\nOrigin: http://b\r\n"
    request = whole(head(fields=fields))[0]
    assert request.values(b"x") == b"a, b, c"
    assert request.values(b"y") == b"1" and request.values(b"z") is None
    assert request.says(b"x", b"c") and not request.says(b"x", b"1")
    error = raises(RemoteError, request.value, b"origin")
    assert (error.status, error.reason) == (400, b"repeated origin")
    number = request.find(b"x")
    assert (number, request.find(b"x", number), request.find(b"x", 3)) == (1, 3, -1)
    at, end = request.bounds(number)
    assert bytes(bytearray(head(fields=fields))[at:end]) == b"a"


def test_answers():
    request = whole(CHROME)[0]
    lines = field(b"Content-Type", b"text/plain")
    assert request.reply(200, lines, 5) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\n"
    )
    assert request.keep_alive and request.sends and not request.chunks
    assert request.reply(404) == b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    assert request.reply(304, lines, 5) == b"HTTP/1.1 304 Not Modified\r\n" + lines + b"\r\n"
    assert not request.sends
    assert request.reply(204) == b"HTTP/1.1 204 No Content\r\n\r\n"
    assert request.reply(200, b"", CHUNKED) == (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert request.chunks and request.sends and request.keep_alive
    upgrade = field(b"Upgrade", b"websocket") + field(b"Connection", b"Upgrade")
    assert request.reply(101, upgrade) == (
        b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade + b"\r\n"
    )
    assert request.reply(200, b"", 5, True) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
    )
    assert not request.keep_alive
    raises(LocalError, request.reply, 299)
    raises(LocalError, request.reply, 200, b"X: y")
    # The client closes, so do we; HEAD gets the same head and no body.
    request = whole(head(b"HEAD / HTTP/1.1\r\n", HOST + b"Connection: close\r\n"))[0]
    assert request.reply(200, b"", 5) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
    )
    assert not request.sends
    request = whole(CHROME)[0]
    assert request.reply(200, b"", UNTIL_CLOSE) == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    assert not request.keep_alive and request.sends


def test_answers_to_http_1_0():
    request = whole(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")[0]
    assert request.reply(200, b"", 5) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n"
    )
    assert request.reply(200, b"", CHUNKED) == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    assert not request.chunks and not request.keep_alive


def test_refusals():
    for status, line in (
        (400, b"400 Bad Request"),
        (405, b"405 Method Not Allowed"),
        (408, b"408 Request Timeout"),
        (411, b"411 Length Required"),
        (413, b"413 Content Too Large"),
        (414, b"414 URI Too Long"),
        (417, b"417 Expectation Failed"),
        (431, b"431 Request Header Fields Too Large"),
        (501, b"501 Not Implemented"),
        (505, b"505 HTTP Version Not Supported"),
    ):
        expected = b"HTTP/1.1 " + line + b"\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
        assert http.refusal(RemoteError(status, b"why")) == expected + b"why\r\n"
        assert http.refusal(RemoteError(status, b"why"), b"", False) == expected
    more = field(b"X", b"y")
    refusal = http.refusal(RemoteError(405, b"why", (b"GET", b"HEAD")), more)
    assert more in refusal and field(b"Allow", b"GET, HEAD") in refusal


def test_lines_to_send():
    assert field(b"X-A", b"b c") == b"X-A: b c\r\n"
    assert field(b"X", b"") == b"X: \r\n"
    for name, value in (
        (b"", b"x"),
        (b"X Y", b"x"),
        (b"X:", b"x"),
        (b"X", b"a\r\nY: b"),
        (b"X", b"a\nb"),
        (b"X", b"a\0"),
        (b"X", b" a"),
        (b"X", b"a\t"),
        (b"X\r\n", b"a"),
    ):
        raises(LocalError, field, name, value)
