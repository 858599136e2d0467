# HTTP as a client speaks it: requests that are written, responses that are read and refused. Runs
# on CPython and on MicroPython: plain asserts only.

from checks import raises

from wire import http_client
from wire.http_head import CHUNKED, UNTIL_CLOSE, LocalError, RemoteError, field

LIMIT = 1024
ANSWER = (
    b"HTTP/1.1 200 All is well\r\n"
    b"Server: x\r\n"
    b"Content-Length: 5\r\n"
    b"Location:  http://a/b?c \r\n"
    b"\r\n"
)


def read(data, method=b"GET"):
    response = http_client.Response(LIMIT)
    response.begin(bytearray(data), 0, method)
    return response, response.read(len(data))


def length(head, method=b"GET"):
    response, body = read(head + b"\r\n", method)
    assert body == len(head) + 2
    return response.length


def outcome(data, pieces):
    response = http_client.Response(LIMIT)
    response.begin(bytearray(data), 0)
    for end in pieces:
        try:
            body = response.read(end)
        except RemoteError as error:
            return error.args
        if body:
            found = [response.status, response.phrase(), response.interim, response.length]
            return body, found, response.keep_alive, response.value(b"location")
    return None


def is_refused(data):
    found = outcome(data, [len(data)])
    assert outcome(data, range(1, len(data) + 1)) == found, data
    return found is not None and len(found) == 2


def test_requests():
    assert http_client.request(b"GET", b"/a?b", b"h:81") == (
        b"GET /a?b HTTP/1.1\r\nHost: h:81\r\nConnection: close\r\n\r\n"
    )
    lines = field(b"Content-Type", b"text/plain") + field(b"X", b"y")
    assert http_client.request(b"POST", b"/", b"[::1]", lines, 5, True) == (
        b"POST / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 5\r\n"
        b"Content-Type: text/plain\r\nX: y\r\n\r\n"
    )
    assert http_client.request(b"POST", b"/", b"h", b"", 0, True) == (
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
    )
    assert http_client.request(b"PUT", b"/", b"h", b"", CHUNKED, True) == (
        b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert http_client.request(b"OPTIONS", b"*", b"h", b"", None, True) == (
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"
    )


def test_requests_that_would_be_something_else():
    for method, target, host in (
        (b"", b"/", b"h"),
        (b"G T", b"/", b"h"),
        (b"GET\r\n", b"/", b"h"),
        (b"GET", b"", b"h"),
        (b"GET", b"a", b"h"),
        (b"GET", b"*", b"h"),
        (b"GET", b"/ HTTP/1.1\r\nX:", b"h"),
        (b"GET", b"/a b", b"h"),
        (b"GET", b"/#a", b"h"),
        (b"GET", b"/\xe4", b"h"),
        (b"GET", b"/", b""),
        (b"GET", b"/", b"h\r\nX: y"),
        (b"GET", b"/", b"u@h"),
        (b"GET", b"/", b"h/"),
    ):
        raises(LocalError, http_client.request, method, target, host)
    raises(LocalError, http_client.request, b"GET", b"/", b"h", b"X: y")
    raises(LocalError, http_client.request, b"GET", b"/", b"h", b"", UNTIL_CLOSE)


def test_an_answer_whole_byte_by_byte_and_split_anywhere():
    expected = len(ANSWER), [200, b"All is well", False, 5], True, b"http://a/b?c"
    assert outcome(ANSWER, [len(ANSWER)]) == expected
    assert outcome(ANSWER, range(len(ANSWER) + 1)) == expected
    assert outcome(ANSWER + b"hello\0", [len(ANSWER) + 6]) == expected
    for cut in range(len(ANSWER)):
        assert outcome(ANSWER, [cut, len(ANSWER)]) == expected, cut
        assert outcome(ANSWER, range(cut)) is None, cut


def test_status_lines():
    for line, status, phrase in (
        (b"HTTP/1.1 200 OK", 200, b"OK"),
        (b"HTTP/1.0 404 ", 404, b""),
        (b"HTTP/1.1 302", 302, b""),
        (b"HTTP/1.1 999 \xe4\tx", 999, b"\xe4\tx"),
        (b"HTTP/1.9 201 Created", 201, b"Created"),
    ):
        response, _ = read(line + b"\r\n\r\n")
        assert (response.status, response.phrase()) == (status, phrase)
    for line in (
        b"HTTP/1.1 20 OK\r\n",
        b"HTTP/1.1 2000 OK\r\n",
        b"HTTP/1.1 099 OK\r\n",
        b"HTTP/1.1  200 OK\r\n",
        b"HTTP/1.1 +20 OK\r\n",
        b"HTTP/1.1 2 0 OK\r\n",
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n",
        b"HTTP/1.1 200OK\r\n",
        b"HTTP/1.1\t200 OK\r\n",
        b"HTTP/1.1 200 OK\n",
        b"HTTP/1.1 200 O\rK\r\n",
        b"HTTP/1.1 200 O\0K\r\n",
        b"HTTP/1.1\r\n",
        b"HTTP/2.0 200 OK\r\n",
        b"HTTP/1.x 200 OK\r\n",
        b"\r\n",
        b" HTTP/1.1 200 OK\r\n",
        b"ICY 200 OK\r\n",
        b"SSH-2.0-x\r\n",
        b"h",
    ):
        assert is_refused(line + (b"\r\n" if line.endswith(b"\n") else b"")), line


def test_lines_that_are_none():
    for lines in (
        b" folded: x\r\n",
        b"X : y\r\n",
        b"X: y\n",
        b"X\r\n",
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"X: " + b"y" * LIMIT + b"\r\n",
    ):
        assert is_refused(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n"), lines
    assert is_refused(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert is_refused(b"HTTP/1.1 200 " + b"x" * LIMIT)


def test_how_long_the_body_is():
    ok = b"HTTP/1.1 200 OK\r\n"
    assert length(ok + b"Content-Length: 0\r\n") == 0
    assert length(ok + b"Content-Length: 17\r\n") == 17
    assert length(ok + b"Transfer-Encoding: chunked\r\n") == CHUNKED
    assert length(ok) == UNTIL_CLOSE
    # These have none, whatever they say.
    assert length(ok + b"Content-Length: 17\r\n", b"HEAD") == 0
    assert length(ok + b"Transfer-Encoding: chunked\r\n", b"HEAD") == 0
    for status in (b"100", b"101", b"199", b"204", b"304"):
        assert length(b"HTTP/1.1 " + status + b" x\r\nContent-Length: 17\r\n") == 0, status
    assert read(ok + b"Content-Length: 17\r\n\r\n", b"HEAD")[0].value(b"content-length") == b"17"


def test_whether_the_connection_goes_on():
    for head, goes_on in (
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n", True),
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"HTTP/1.1 204 No\r\n", True),
        (b"HTTP/1.1 204 No\r\nConnection: close\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n", True),
    ):
        assert read(head + b"\r\n")[0].keep_alive is goes_on, head


def test_answers_before_the_answer():
    data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + ANSWER
    response, at = read(data)
    assert (response.status, response.interim) == (100, True)
    response.again(at)
    at = response.read(len(data))
    assert (response.status, response.interim, response.value(b"link")) == (103, True, b"x")
    response.again(at)
    assert response.read(len(data)) == len(data)
    assert (response.status, response.interim, response.length) == (200, False, 5)
    assert response.value(b"link") is None
    # The next answer on the same connection starts from nothing; a switch of protocols is final.
    response.begin(bytearray(b"HTTP/1.1 101 x\r\n\r\n"), 0)
    response.read(18)
    assert (response.status, response.interim) == (101, False)


def test_no_end_of_answers_before_the_answer():
    data = b"HTTP/1.1 100 x\r\n\r\n" * 20
    response, at = read(data)
    for _ in range(8):
        response.again(at)
        at = response.read(len(data))
    raises(RemoteError, response.again, at)
