# Bodies of HTTP messages: counted, chunked, until the connection ends; and chunks that are
# written. Runs on CPython and on MicroPython: plain asserts only.

from checks import raises

from wire.http_body import CHUNK_END, CHUNK_ROOM, LAST_CHUNK, Body, close_chunk
from wire.http_head import CHUNKED, UNTIL_CLOSE, LocalError, RemoteError

CHUNKS = (
    b"5\r\nhello\r\n"
    b'0000000A;name=value; other="q"\r\n0123456789\r\n'
    b"1 \t;x\r\n!\r\n"
    b"1;\r\n?\r\n"
    b"0;last\r\n"
    b"Digest: x\r\n"
    b"X-Empty:\r\n"
    b"\r\n"
)
WHOLE = b"hello0123456789!?"


def read(data, pieces, length=CHUNKED, most=1000):
    """The body, and how much of `data` it took, with the buffer filled so far each time."""
    body = Body(length, most)
    buf = bytearray(data)
    found = b""
    at = 0
    for end in pieces:
        while at < end and not body.done:
            before = at
            at = body.take(buf, at, end)
            assert before <= body.start <= body.stop <= at <= end and at > before
            found += bytes(buf[body.start : body.stop])
    assert buf == data
    return found, at, body.done


def status(data, most=1000):
    """The status with which chunks are refused, however they come."""
    found = []
    for pieces in ([len(data)], range(len(data) + 1)):
        try:
            found.append(read(data, pieces, CHUNKED, most))
        except RemoteError as error:
            assert type(error.reason) is bytes
            found.append(error.status)
    assert found[0] == found[1], data
    return found[0]


def test_chunks_whole_byte_by_byte_and_split_anywhere():
    expected = WHOLE, len(CHUNKS), True
    assert read(CHUNKS, [len(CHUNKS)]) == expected
    assert read(CHUNKS, range(len(CHUNKS) + 1)) == expected
    for cut in range(len(CHUNKS)):
        assert read(CHUNKS, [cut, len(CHUNKS)]) == expected, cut
        assert not read(CHUNKS, [cut])[2], cut
        assert not read(CHUNKS, range(cut + 1))[2], cut


def test_what_follows_is_left_alone():
    data = CHUNKS + b"GET / HTTP/1.1\r\n"
    assert read(data, [len(data)]) == (WHOLE, len(CHUNKS), True)
    assert read(b"hello, you", [10], 5) == (b"hello", 5, True)
    body = Body(0, 0)
    assert body.done and body.take(bytearray(b"x"), 0, 1) == 0 and body.start == body.stop
    body.closed()


def test_chunks_that_are_none():
    for data in (
        b"g\r\n",
        b"\r\n",
        b";x\r\n",
        b" 5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"5\t\r\n",
        b"5 6\r\n",
        b"5\nhello",
        b"5\r\r\n",
        b"5\rhello",
        b"-5\r\n",
        b"+5\r\n",
        b"0x5\r\n",
        b"5_0\r\n",
        b"5;\n",
        b"5;a\0b\r\n",
        b"5;a\rb\r\n",
        b"5\r\nhello5\r\n",
        b"5\r\nhello\n",
        b"5\r\nhello\r5",
        b"5\r\nhello!\r\n",
        b"000000005\r\n",
        b"0\r\n\n",
        b"0\r\n\r\r\n",
        b"0\r\n : x\r\n",
        b"0\r\nX : x\r\n",
        b"0\r\nX\r\n",
        b"0\r\n:\r\n",
        b"0\r\nX: y\n",
        b"0\r\nX: y\r\n folded\r\n",
        b"0\r\nX: \0\r\n",
        b"0\r\nX: y\rz",
        b"0\r\n\x80: y\r\n",
    ):
        assert status(data) == 400, data


def test_limits():
    assert status(b"6\r\nhello!\r\n5\r\nhello\r\n0\r\n\r\n", 11)[0] == b"hello!hello"
    assert status(b"6\r\nhello!\r\n5\r\nhello\r\n0\r\n\r\n", 10) == 413
    assert status(b"1000000\r\n") == status(b"ffffffff\r\n") == 413
    # Refused when it is announced, not when it has come.
    assert status(b"3e9\r\n") == 413
    # With the semicolon and the last empty line: 512.
    assert status(b"5;" + b"x" * 509 + b"\r\nhello\r\n0\r\n\r\n")[0] == b"hello"
    assert status(b"5;" + b"x" * 510 + b"\r\nhello\r\n0\r\n\r\n") == 431
    assert status(b"1;xx\r\nx\r\n" * 200 + b"0\r\n\r\n") == 431
    assert status(b"0\r\n" + b"X: yyy\r\n" * 70) == 431
    assert status(b"5" + b" " * 600 + b";\r\n") == 431


def test_counted():
    data = b"hello"
    assert read(data, [5], 5) == read(data, range(6), 5) == (data, 5, True)
    assert read(data, [5], 6) == (data, 5, False)
    raises(RemoteError, Body, 6, 5)
    raises(LocalError, Body, -3, 5)
    assert raises(RemoteError, Body, 6, 5).status == 413


def test_until_the_connection_ends():
    body = Body(UNTIL_CLOSE, 7)
    assert body.take(bytearray(b"hello"), 1, 5) == 5
    assert (body.start, body.stop, body.done) == (1, 5, False)
    body.take(bytearray(b"abc"), 0, 3)
    assert raises(RemoteError, body.take, bytearray(b"d"), 0, 1).status == 413
    body = Body(UNTIL_CLOSE, 7)
    body.closed()
    assert body.done


def test_a_connection_that_ends_early():
    for length, data in ((5, b"hell"), (CHUNKED, b"5\r\nhello\r\n"), (CHUNKED, b"0\r\n\r")):
        body = Body(length, 100)
        at = 0
        while at < len(data):
            at = body.take(bytearray(data), at, len(data))
        raises(RemoteError, body.closed)


def test_chunks_written():
    for size in (1, 9, 255, 4096, 65535):
        buf = bytearray(CHUNK_ROOM) + b"x" * size + bytearray(CHUNK_END)
        close_chunk(buf, CHUNK_ROOM, CHUNK_ROOM + size)
        data = bytes(buf) + LAST_CHUNK
        assert read(data, [len(data)], CHUNKED, size) == (b"x" * size, len(data), True)
    buf = bytearray(b"..........abc....")
    close_chunk(buf, 10, 13)
    assert buf == b"....0003\r\nabc\r\n.."


def test_chunks_that_cannot_be_written():
    buf = bytearray(100)
    for start, end in ((6, 6), (5, 10), (90, 99), (90, 80)):
        raises(LocalError, close_chunk, buf, start, end)
    raises(LocalError, close_chunk, bytearray(70000), 6, 6 + 65536)
