# HTTP messages, what random damage does to them, and everything that may be asked of them: what
# the fuzz tests do on CPython, and http_driver.py on MicroPython. `rng` is a random.Random on the
# one, the module `random` on the other.

from wire import http, http_client, http_file, http_form
from wire.http_body import Body
from wire.http_head import RemoteError

LIMIT = 700
MOST = 100  # bytes of a body
ETAG = b'"89F6"'

REQUESTS = (
    (
        b"GET /command/get%20wlan.ssid?a=b HTTP/1.1\r\nHost: 10.0.0.5:80\r\n"
        b"Connection: keep-alive\r\nAuthorization: Basic YWRtaW46cGFzc3dvcmQ=\r\n"
        b"Accept: */*\r\nX-Empty:\r\n\r\nGET / HT"
    ),
    (
        b"POST /command HTTP/1.1\r\nHost: [fe80::1]\r\nContent-Type: application/json\r\n"
        b'Content-Length: 11\r\nExpect: 100-continue\r\n\r\n{"flags":0}'
    ),
    (
        b"POST /stream HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
        b"hello\r\n00a;x=y\r\n0123456789\r\n0\r\nDigest: x\r\n\r\nGET"
    ),
    (b"HEAD /a.js HTTP/1.0\r\nConnection: close\r\nRange: bytes=5-9\r\nIf-None-Match: *\r\n\r\n"),
    (
        b"GET http://User.example/%41?x=%20 HTTP/1.1\r\nHost: other\r\nRange: bytes=0-1\r\n"
        b'If-Range: "89F6"\r\nOrigin: http://a\r\nCookie: \xe4\tb\r\n\r\n'
    ),
    (
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\nAccess-Control-Request-Headers: a\r\nX: y\r\n"
        b"X: z\r\n\r\n"
    ),
)
RESPONSES = (
    (
        b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\nContent-Type: text/html\r\n"
        b"\r\nhello!!"
    ),
    (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: http://a/b\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\n\r\n"
    ),
    b"HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\n\r\nuntil the end",
    b'HTTP/1.1 304\r\nETag: "x"\r\nX: y\r\nX: z\r\n\r\n',
    (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81"),
)
PIECES = [
    piece.replace(b"CRLF", b"\r\n")
    for piece in (
        b"CRLF|\n|\r| |\t|\0|:|%|%00|%4|\x7f|\xff|,|0|;|*|-|/|?|#|[|@|+|GET|9999999999|fffffff|"
        b"HTTP/1.1|HTTP/1.0|HTTP/2.0|http://|CRLFCRLF|CRLF X: y|"
        b"Content-Length: 5CRLF|Content-Length: 6CRLF|Transfer-Encoding: chunkedCRLF|"
        b"Transfer-Encoding: gzip, chunkedCRLF|Host: hCRLF|Host: iCRLF|Connection: closeCRLF|"
        b"Expect: 100-continueCRLF|Expect: xCRLF|Range: bytes=-CRLF"
    ).split(b"|")
] + [b"x" * 60, b"X: y\r\n" * 70]


def mutated(rng, messages):
    """One of the messages, damaged in up to four places."""
    data = bytearray(rng.choice(messages))
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(data) + 1)
        what = rng.randrange(6)
        if what < 3:
            data[at:at] = rng.choice(PIECES)
        elif what == 3:
            data[at : at + rng.randrange(8)] = b""
        elif what == 4:
            data[at : at + 1] = bytes((rng.randrange(256),))
        else:
            start = rng.randrange(len(data) + 1)
            data[at:at] = data[start : start + rng.randrange(40)]
    return bytes(data)


def cuts(rng, size):
    """Up to three places where what was received ends, and the end."""
    return sorted([rng.randrange(size + 1) for _ in range(rng.randrange(4))]) + [size]


def request(data, pieces):
    """What came of a request whose bytes came in pieces, as a list; its last is the error's."""
    found = []
    try:
        _request(found, bytearray(data), pieces)
    except RemoteError as error:
        assert type(error.status) is int and type(error.reason) is bytes
        assert b" %d " % error.status in http.refusal(error)
        found.append(error.args)
    return found


def _request(found, buf, pieces):
    asked = http.Request(LIMIT)
    asked.begin(buf, 0)
    at = _head(asked, 0, pieces)
    if at:
        found += [at, asked.method, asked.minor, asked.keep_alive, asked.length, asked.expects]
        for ask in (asked.path, asked.query, asked.host):
            found.append(_either(ask))
        found.append(_either(_form, asked.query()))
        found.append(_either(http_file.wanted, asked, ETAG, 8))
        _values(found, asked)
        asked.accept(MOST)
        _body(found, asked.length, buf, at, pieces)


def response(data, pieces):
    """As request()."""
    found = []
    try:
        _response(found, bytearray(data), pieces)
    except RemoteError as error:
        assert type(error.status) is int and type(error.reason) is bytes
        found.append(error.args)
    return found


def _response(found, buf, pieces):
    answer = http_client.Response(LIMIT)
    answer.begin(buf, 0)
    at = _head(answer, 0, pieces)
    while at and answer.interim:
        found += [at, answer.status]
        answer.again(at)
        at = _head(answer, at, pieces)
    if at:
        found += [at, answer.status, answer.phrase(), answer.keep_alive, answer.length]
        _values(found, answer)
        _body(found, answer.length, buf, at, pieces)


def _head(head, begin, pieces):
    for end in pieces:
        at = head.read(max(begin, end))
        if at:
            return at
    return 0


def _values(found, head):
    for name in (b"x", b"host", b"content-length", b"connection", b"origin", b"location"):
        found.append(_either(head.value, name))
        found.append(head.values(name))
        found.append(head.says(name, b"close"))


def _form(text):
    return list(http_form.form(text))


def _either(ask, *arguments):
    # The answer, or the arguments of the error.
    try:
        return ask(*arguments)
    except RemoteError as error:
        return error.args


def _body(found, length, buf, at, pieces):
    body = Body(length, MOST)
    data = b""
    for end in pieces:
        while at < end and not body.done:
            at = body.take(buf, at, end)
            assert body.start <= body.stop <= at <= end
            data += bytes(buf[body.start : body.stop])
    found += [data, at, body.done]
    body.closed()
