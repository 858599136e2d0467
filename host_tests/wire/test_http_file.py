# What of a file a request asks for. Runs on CPython and on MicroPython: plain asserts only.

from checks import raises

from wire import http
from wire.http_file import content_range, wanted
from wire.http_head import RemoteError

ETAG = b'"89F6-1.0.0.0"'


def asked(fields, size=1000, method=b"GET"):
    data = bytearray(method + b" /x HTTP/1.1\r\nHost: h\r\n" + fields + b"\r\n")
    request = http.Request(len(data))
    request.begin(data, 0)
    assert request.read(len(data)) == len(data)
    return wanted(request, ETAG, size)


def test_ranges():
    whole = (200, 0, 1000)
    for text, expected in (
        (b"bytes=0-0", (206, 0, 1)),
        (b"bytes=0-499", (206, 0, 500)),
        (b"bytes=500-999", (206, 500, 1000)),
        (b"bytes=500-", (206, 500, 1000)),
        (b"bytes=999-5000", (206, 999, 1000)),
        (b"bytes=0-99999999999999", (206, 0, 1000)),
        (b"bytes=-1", (206, 999, 1000)),
        (b"bytes=-5000", (206, 0, 1000)),
        (b"Bytes= 1-2", (206, 1, 3)),
        (b"bytes=1000-", (416, 0, 0)),
        (b"bytes=99999999999999-", (416, 0, 0)),
        (b"bytes=-0", (416, 0, 0)),
        # No single range: nothing was asked.
        (b"bytes=0-1,5-6", whole),
        (b"bytes=5-4", whole),
        (b"bytes=-", whole),
        (b"bytes=", whole),
        (b"bytes=5", whole),
        (b"bytes=a-b", whole),
        (b"bytes=1-b", whole),
        (b"bytes=--1", whole),
        (b"bytes=+1-2", whole),
        (b"bytes=1 -2", whole),
        (b"lines=1-2", whole),
        (b"bytes 1-2", whole),
        (b"", whole),
    ):
        assert asked(b"Range: " + text + b"\r\n") == expected, text
    assert asked(b"") == whole
    assert asked(b"Range: bytes=0-1\r\n", method=b"HEAD") == whole
    assert asked(b"Range: bytes=0-1\r\n", method=b"POST") == whole
    assert asked(b"Range: bytes=0-\r\n", 0) == (416, 0, 0)
    assert asked(b"Range: bytes=-5\r\n", 0) == (200, 0, 0)
    raises(RemoteError, asked, b"Range: bytes=0-1\r\nRange: bytes=2-3\r\n")


def test_what_the_client_has():
    for text in (
        ETAG,
        b"W/" + ETAG,
        b'"a", ' + ETAG + b', "b"',
        b"*",
        b'"a"\r\nIf-None-Match: ' + ETAG,
    ):
        assert asked(b"If-None-Match: " + text + b"\r\n") == (304, 0, 0), text
        assert asked(b"If-None-Match: " + text + b"\r\n", method=b"HEAD") == (304, 0, 0), text
    for text in (b'"a"', ETAG[1:-1], b'"x' + ETAG[1:], b"", b"**"):
        assert asked(b"If-None-Match: " + text + b"\r\n") == (200, 0, 1000), text
    # What it has counts for more than which part it asks for.
    assert asked(b"Range: bytes=0-1\r\nIf-None-Match: *\r\n") == (304, 0, 0)


def test_a_range_of_what_it_has():
    ranges = b"Range: bytes=5-6\r\nIf-Range: "
    assert asked(ranges + ETAG + b"\r\n") == (206, 5, 7)
    for text in (b'"other"', b"W/" + ETAG, b"Tue, 01 Jul 2025 00:00:00 GMT", b""):
        assert asked(ranges + text + b"\r\n") == (200, 0, 1000), text
    assert asked(b"If-Range: " + ETAG + b"\r\n") == (200, 0, 1000)


def test_the_line_that_says_which_bytes():
    assert content_range(0, 500, 1000) == b"Content-Range: bytes 0-499/1000\r\n"
    assert content_range(999, 1000, 1000) == b"Content-Range: bytes 999-999/1000\r\n"
    assert content_range(0, 0, 1000) == b"Content-Range: bytes */1000\r\n"
