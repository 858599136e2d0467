# HTTP requests: what is read of them, and what is refused with which status. Runs on CPython and
# on MicroPython: plain asserts only.

from checks import raises
from http_requests import CHROME, HOST, LIMIT, head, whole

from wire import http
from wire.http_head import CHUNKED, LocalError, RemoteError


def seen(request):
    names = (b"host", b"authorization", b"accept", b"cookie", b"x-empty", b"x-blank", b"nothing")
    return (
        [request.method, request.path(), request.query(), request.host(), request.minor],
        [request.keep_alive, request.length, request.expects],
        [request.value(name) for name in names],
    )


def in_pieces(data, pieces, limit=LIMIT):
    """What came of it with the buffer filled so far each time, or the error's arguments."""
    request = http.Request(limit)
    request.begin(bytearray(data), 0)
    for end in pieces:
        try:
            body = request.read(end)
        except RemoteError as error:
            return error.args
        if body:
            return body, seen(request)
    return None


def status(data, limit=LIMIT):
    """The status with which `data` is refused, however it comes."""
    outcome = in_pieces(data, [len(data)], limit)
    assert outcome and type(outcome[0]) is int and type(outcome[1]) is bytes, (data, outcome)
    assert in_pieces(data, range(1, len(data) + 1), limit) == outcome, data
    return outcome[0]


def refused(fields, line=b"GET / HTTP/1.1\r\n"):
    return status(head(line, fields))


def test_a_browsers_request():
    request, body = whole(CHROME)
    assert body == len(CHROME)
    assert request.method == b"GET"
    assert request.path() == b"/command/get wlan.ssid"
    assert request.query() == b"x=1"
    assert request.host() == b"10.0.0.5"
    assert request.minor == 1 and request.keep_alive and not request.expects
    assert request.length == 0
    assert request.value(b"authorization") == b"Basic YWRtaW46cGFzc3dvcmQ="
    assert request.value(b"accept") == b"text/html,*/*;q=0.8"
    assert request.value(b"accept-encoding") == b"gzip, deflate"
    assert request.value(b"x-empty") == request.value(b"x-blank") == b""
    assert request.value(b"cookie") == b"a=\xc3\xa4\tb"
    assert request.value(b"x-nothing") is None
    assert request.value(b"x-emp") is None and request.value(b"x-empty:") is None
    assert request.value(b"c" * 2000) is None
    assert request.says(b"accept-encoding", b"deflate")
    assert request.says(b"accept-encoding", b"gzip")
    assert not request.says(b"accept-encoding", b"gz")
    assert not request.says(b"accept-encoding", b"gzipp")
    assert not request.says(b"x-empty", b"gzip")


def test_whole_byte_by_byte_and_split_anywhere():
    expected = in_pieces(CHROME, [len(CHROME)])
    assert expected[0] == len(CHROME)
    assert in_pieces(CHROME, range(len(CHROME) + 1)) == expected
    for cut in range(len(CHROME)):
        assert in_pieces(CHROME, [cut, len(CHROME)]) == expected, cut
        assert in_pieces(CHROME, range(cut)) is None, cut


def test_requests_behind_one_another():
    """Bytes behind a head are left alone, and the next one is read from there."""
    ends = [b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n", b"xyz"]
    data = bytearray(b"".join(ends) + CHROME + b"\r\n\r\n" + head() + b"\xff\0rest")
    before = bytes(data)
    request = http.Request(LIMIT)
    request.begin(data, 0)
    assert not request.begun(0) and request.begun(1)
    body = request.read(len(data))
    assert (body, request.path(), request.length) == (len(ends[0]), b"/a", 3)
    request.begin(data, body + 3)
    assert not request.begun(body + 3)
    assert request.value(b"content-length") is None
    body = request.read(len(data))
    assert bytes(data[:body]).endswith(CHROME)
    assert request.path() == b"/command/get wlan.ssid"
    # Empty lines before a request are none of it.
    request.begin(data, body)
    body = request.read(len(data))
    assert data[body:] == b"\xff\0rest"
    assert (request.path(), request.host(), request.length) == (b"/", b"10.0.0.5", 0)
    assert data == before


def test_request_lines():
    for line in (
        b"GET  / HTTP/1.1\r\n",
        b"GET /  HTTP/1.1\r\n",
        b" GET / HTTP/1.1\r\n",
        b"GET\t/ HTTP/1.1\r\n",
        b"GET / HTTP/1.1 \r\n",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\r\r\n",
        b"GET / HTTP/1.1\rX",
        b"GET /\r\n",
        b"GET\r\n",
        b"GET / \r\n",
        b"GET / HTTP/11\r\n",
        b"GET / HTTP/1.10\r\n",
        b"GET / HTTP/1.x\r\n",
        b"GET / HTTP/x.1\r\n",
        b"GET / HTTP/1 1\r\n",
        b"GET / http/1.1\r\n",
        b"GET / HTPP/1.1\r\n",
        b"GET index.html HTTP/1.1\r\n",
        b"GET * HTTP/1.1\r\n",
        b"OPTIONS ** HTTP/1.1\r\n",
        b"GET ftp://h/ HTTP/1.1\r\n",
        b"GET http:///x HTTP/1.1\r\n",
        b"GET http:// HTTP/1.1\r\n",
        b"GET /#there HTTP/1.1\r\n",
        b"GET /\0 HTTP/1.1\r\n",
        b"GET /\x7f HTTP/1.1\r\n",
        b"GET /\xc3\xa4 HTTP/1.1\r\n",
        b"G\xc3T / HTTP/1.1\r\n",
        b"G(T / HTTP/1.1\r\n",
        b"\n",
        b"\r\rGET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01",
    ):
        assert status(line + HOST + b"\r\n") == 400, line
    # A client that begins with TLS is told at its first byte.
    assert in_pieces(b"\x16", [1])[0] == 400


def test_methods_and_versions():
    for method in http.METHODS:
        assert whole(head(method + b" / HTTP/1.1\r\n"))[0].method == method
    for method in (b"get", b"TRACE", b"CONNECT", b"BREW", b"A" * 16, b"A" * 17, b"A" * 900):
        assert status(head(method + b" / HTTP/1.1\r\n")) == 501, method
    for version in (b"2.0", b"0.9", b"3.1", b"9.9"):
        assert status(head(b"GET / HTTP/" + version + b"\r\n")) == 505, version
    assert whole(head(b"GET / HTTP/1.7\r\n"))[0].minor == 1
    assert whole(b"GET / HTTP/1.0\r\n\r\n")[0].minor == 0
    request = whole(head(b"PUT / HTTP/1.1\r\n"))[0]
    request.allow((b"GET", b"PUT"))
    refused = raises(RemoteError, request.allow, (b"GET", b"HEAD"))
    assert refused.status == 405 and refused.allowed == (b"GET", b"HEAD")


def test_lines_that_are_none():
    for fields in (
        b" X: folded\r\n",
        b"Host: h\r\n folded\r\n",
        b"Host: h\r\n\tfolded\r\n",
        b"Host : h\r\n",
        b"Host\t: h\r\n",
        b": h\r\n",
        b"Host\r\n",
        b"Host: h\n",
        b"Host: h\nX: y\r\n",
        b"Host: h\rX: y\r\n",
        b"Host: h\r\r\n",
        b"Host: h\0\r\n",
        b"Host: h\x0b\r\n",
        b"Host: h\x7f\r\n",
        b"Ho\0st: h\r\n",
        b"Ho st: h\r\n",
        b"H\xc3st: h\r\n",
        b"Ho(st: h\r\n",
        b"Host: h\r\nX@: y\r\n",
        b"\nHost: h\r\n",
        b"\rHost: h\r\n",
    ):
        assert refused(fields) == 400, fields


def test_lengths():
    post = b"POST / HTTP/1.1\r\n"

    def length(fields):
        return whole(head(post, HOST + fields))[0].length

    assert length(b"") == 0
    assert length(b"Content-Length: 0\r\n") == 0
    assert length(b"CONTENT-LENGTH:5\r\n") == 5
    assert length(b"Content-Length: 999999999\r\n") == 999999999
    assert length(b"Transfer-Encoding: Chunked\r\n") == CHUNKED
    both = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
    for fields in (
        both,
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: 5 5\r\n",
        b"Content-Length: 5_0\r\n",
        b"Content-Length: \xb2\r\n",
        b"Content-Length:\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    ):
        assert refused(HOST + fields, post) == 400, fields
    for coding in (b"gzip", b"gzip, chunked", b"chunked, chunked", b"xchunked", b"", b"identity"):
        fields = b"Transfer-Encoding: " + coding + b"\r\n"
        assert refused(HOST + fields, post) == 501, coding
    assert refused(b"Transfer-Encoding: chunked\r\n", b"POST / HTTP/1.0\r\n") == 400
    assert refused(HOST + b"Content-Length: 1000000000\r\n", post) == 413
    assert refused(HOST + b"Content-Length: " + b"9" * 50 + b"\r\n", post) == 413


def test_bodies_that_are_too_long_or_of_no_length():
    post = b"POST / HTTP/1.1\r\n"
    request = whole(head(post, HOST + b"Content-Length: 100\r\n"))[0]
    request.accept(100, True)
    assert raises(RemoteError, request.accept, 99).status == 413
    request = whole(head(post))[0]
    request.accept(0)
    assert raises(RemoteError, request.accept, 100, True).status == 411
    whole(head(post, HOST + b"Content-Length: 0\r\n"))[0].accept(100, True)
    whole(head(post, HOST + b"Transfer-Encoding: chunked\r\n"))[0].accept(100, True)


def test_hosts_that_are_missing_or_repeated():
    assert refused(b"") == 400
    assert refused(b"X-Host: h\r\n") == 400
    assert refused(b"Host: h\r\nHost: h\r\n") == 400
    assert refused(b"Host: h\r\nX: y\r\nhOST: other\r\n") == 400
    assert refused(b"Host: h\r\nHost: i\r\n", b"GET / HTTP/1.0\r\n") == 400


def test_limits():
    long = b"GET /" + b"x" * 100 + b" HTTP/1.1\r\n"
    assert status(long + HOST + b"\r\n", 100) == 414
    assert status(b"\r\n" * 100, 100) == 414
    assert status(head(fields=HOST + b"X: " + b"y" * 100 + b"\r\n"), 100) == 431
    data = head()
    assert whole(data, len(data))[1] == len(data)
    assert status(data, len(data) - 1) == 431
    # What is wrong beyond the limit does not count any more.
    assert status(data[:-2] + b"\0" * 100, len(data) - 2) == 431
    lines = b"".join([b"X%d: y\r\n" % i for i in range(63)])
    assert whole(head(fields=HOST + lines))[0].value(b"x62") == b"y"
    assert status(head(fields=HOST + lines + b"Z: y\r\n"), 2000) == 431
    # What is behind the limit is the next request's.
    request = http.Request(len(data))
    request.begin(bytearray(data + b"\0" * 10), 0)
    assert request.read(len(data) + 10) == len(data)
    raises(LocalError, request.begin, bytearray(10), 65536)
    raises(LocalError, request.begin, bytearray(10), -1)
    request.begin(bytearray(10), 5)
    raises(LocalError, request.read, 4)


def test_whether_the_connection_goes_on():
    for version, connection, goes_on in (
        (b"1.1", None, True),
        (b"1.1", b"keep-alive", True),
        (b"1.1", b"Close", False),
        (b"1.1", b"x, close ,y", False),
        (b"1.1", b"closed, dis-close", True),
        (b"1.1", b"Upgrade, Keep-Alive", True),
        (b"1.0", None, False),
        (b"1.0", b"Keep-Alive", True),
        (b"1.0", b"keep-alive, close", False),
        (b"1.0", b"", False),
    ):
        fields = HOST + (b"" if connection is None else b"Connection: " + connection + b"\r\n")
        request = whole(head(b"GET / HTTP/" + version + b"\r\n", fields))[0]
        assert request.keep_alive is goes_on, (version, connection)
    fields = HOST + b"Connection: upgrade\r\nConnection: close\r\n"
    assert not whole(head(fields=fields))[0].keep_alive


def test_expectations():
    post = b"POST / HTTP/1.1\r\n"
    body = HOST + b"Content-Length: 5\r\n"
    assert whole(head(post, body + b"Expect: 100-Continue\r\n"))[0].expects
    assert not whole(head(post, body))[0].expects
    assert not whole(head(post, HOST + b"Expect: 100-continue\r\n"))[0].expects
    assert refused(body + b"Expect: 200-ok\r\n", post) == 417
    assert refused(body + b"Expect:\r\n", post) == 417
    assert refused(body + b"Expect: 100-continue\r\n" * 2, post) == 400
    request = whole(head(b"POST / HTTP/1.0\r\n", body + b"Expect: 200-ok\r\n"))[0]
    assert not request.expects
    assert http.CONTINUE == b"HTTP/1.1 100 Continue\r\n\r\n"
