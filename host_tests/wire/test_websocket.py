# WebSocket: the RFC's examples literally, every length at its boundaries, every split, what is
# refused and with which code. Runs on CPython and on MicroPython.
from checks import raises
from websocket_frames import (
    HELLO,
    KEY,
    MASKED_HELLO,
    TEXTS,
    by_hand,
    client,
    control,
    events,
    made,
    refused,
    server,
)

from wire import websocket
from wire.websocket import (
    BAD_TEXT,
    BINARY,
    CLOSE,
    HEAD,
    LAST,
    MASKED_HEAD,
    NO_CODE,
    NONE,
    NORMAL,
    PING,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    LocalError,
    RemoteError,
)

# The handshake


def test_the_key_of_the_rfc():
    assert websocket.accept(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert websocket.key(b"the sample nonce") == b"dGhlIHNhbXBsZSBub25jZQ=="


def test_keys_that_are_none():
    good = b"dGhlIHNhbXBsZSBub25jZQ=="
    bad = [b"", b"x", b"=", good[:-1], good + b"=", b" " + good, good[:-4], good + good]
    bad += [good[:5] + b"\n" + good[6:], good[:22], b"A" * 24, b"!" * 24, b"\xff" * 24, b"=" * 24]
    for key in bad:
        assert raises(RemoteError, websocket.accept, key).code == PROTOCOL_ERROR, key
    raises(LocalError, websocket.key, bytes(15))


# RFC 6455, section 5.7


def test_examples_received():
    assert events(client(), HELLO) == [(TEXT, b"Hello")]
    assert events(server(), MASKED_HELLO) == [(TEXT, b"Hello")]
    assert events(client(), b"\x01\x03Hel\x80\x02lo") == [(TEXT, b"Hello")]
    assert events(client(), b"\x89\x05Hello") == [(PING, b"Hello")]
    assert events(server(), b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58") == [(PONG, b"Hello")]
    data = bytes(range(256))
    assert events(client(), b"\x82\x7e\x01\x00" + data) == [(BINARY, data)]
    head = b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"
    assert events(client(), head + data * 256) == [(BINARY, data * 256)]


def test_examples_sent():
    assert made(server(), b"Hello", TEXT | LAST) == HELLO
    assert made(client(), b"Hello", TEXT | LAST) == MASKED_HELLO
    socket = server()
    assert made(socket, b"Hel", TEXT) == b"\x01\x03Hel"
    assert made(socket, b"lo", TEXT | LAST) == b"\x80\x02lo"
    socket.ping(b"Hello")
    assert socket.replies() == b"\x89\x05Hello" and socket.replies() == b""
    socket = client()
    assert events(socket, b"\x89\x05Hello") == [(PING, b"Hello")]
    assert socket.replies() == b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
    assert socket.replies() == b""
    data = bytes(range(256))
    assert made(server(), data, BINARY | LAST) == b"\x82\x7e\x01\x00" + data
    head = b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"
    assert made(server(), data * 256, BINARY | LAST) == head + data * 256


# Lengths, splits


def test_every_length_there_and_back():
    data = bytes([i * 7 & 0xFF for i in range(1000)]) * 67
    for size in (0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 255, 256, 1000, 65535, 65536, 66000):
        payload = data[:size]
        for masked in (False, True):
            sender, receiver = (client(), server()) if masked else (server(), client())
            frame = made(sender, payload, BINARY | LAST)
            assert frame == by_hand(0x82, payload, masked), size
            assert events(receiver, frame) == [(BINARY, payload)], size


def test_frames_in_a_row_at_every_split():
    stream = (
        by_hand(0x81, "h\u00e4l\u20ac\U0001f600".encode())
        + by_hand(0x02, b"\x00\xff")
        + by_hand(0x89, b"ping")
        + by_hand(0x00)
        + by_hand(0x8A)
        + by_hand(0x80, b"end" * 45)
        + by_hand(0x81)
        + by_hand(0x88, b"\x03\xe8bye")
    )
    expected = [
        (TEXT, "h\u00e4l\u20ac\U0001f600".encode()),
        (PING, b"ping"),
        (PONG, b""),
        (BINARY, b"\x00\xff" + b"end" * 45),
        (TEXT, b""),
        (CLOSE, b"\x03\xe8bye"),
    ]
    whole = server()
    assert events(whole, stream) == expected
    assert (whole.code, whole.reason, whole.ended) == (1000, b"bye", True)
    # What follows a close is none of ours.
    trailing = server()
    assert events(trailing, stream + b"GET / HTTP/1.1\r\n") == expected
    assert events(trailing, MASKED_HELLO) == []
    assert events(server(), stream, range(1, len(stream))) == expected
    for at in range(len(stream)):
        assert events(server(), stream, (at,)) == expected, at
        assert events(server(), stream, (at, at)) == expected, at  # nothing comes between


def test_a_piece_is_told_as_soon_as_it_comes():
    socket = server()
    buf = bytearray(MASKED_HELLO)
    assert socket.feed(buf, 0, 8) == TEXT
    assert (socket.start, socket.end, socket.rest) == (6, 8, 8)
    assert socket.feed(buf, 8, 8) == NONE
    assert socket.feed(buf, 8, 11) == TEXT | LAST
    assert buf == MASKED_HELLO[:6] + b"Hello"


def test_a_view_of_a_buffer():
    frames = made(client(), b"Hello", TEXT | LAST) + by_hand(0x89, b"abc")
    view = memoryview(bytearray(frames))
    socket = server()
    assert socket.feed(view, 0, len(view)) == TEXT | LAST
    assert bytes(view[socket.start : socket.end]) == b"Hello"
    assert socket.feed(view, socket.rest, len(view)) == PING
    assert bytes(socket.control) == b"abc" and socket.replies() == b"\x8a\x03abc"
    buf = bytearray(MASKED_HEAD + 5)
    buf[MASKED_HEAD:] = b"Hello"
    at = client().frame(memoryview(buf), MASKED_HEAD, MASKED_HEAD + 5, TEXT | LAST)
    assert buf[at:] == MASKED_HELLO


# What is refused


def test_masks_are_as_the_role_has_them():
    refused(PROTOCOL_ERROR, HELLO)
    refused(PROTOCOL_ERROR, MASKED_HELLO, client)


def test_reserved_bits_and_opcodes():
    for bit in (0x10, 0x20, 0x40):
        for kind in (TEXT, BINARY, CLOSE, PING, PONG):
            refused(PROTOCOL_ERROR, by_hand(LAST | bit | kind))
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        refused(PROTOCOL_ERROR, by_hand(LAST | opcode))
        refused(PROTOCOL_ERROR, by_hand(opcode))


def test_lengths_are_as_short_as_can_be():
    for size in (0, 1, 125):
        refused(PROTOCOL_ERROR, by_hand(0x82, bytes(size), size=2))
        refused(PROTOCOL_ERROR, by_hand(0x82, bytes(size), size=8))
    for size in (126, 65535):
        refused(PROTOCOL_ERROR, by_hand(0x82, bytes(size), size=8)[:14])
    refused(PROTOCOL_ERROR, b"\x82\xff\x80\0\0\0\0\1\0\0" + KEY)
    refused(PROTOCOL_ERROR, b"\x82\xff" + b"\xff" * 8 + KEY)


def test_control_frames_are_whole_and_short():
    for kind in (CLOSE, PING, PONG):
        refused(PROTOCOL_ERROR, by_hand(kind))
        refused(PROTOCOL_ERROR, by_hand(LAST | kind, bytes(126)))
        refused(PROTOCOL_ERROR, by_hand(LAST | kind, b"\x03\xe8", size=2))
    assert events(server(), by_hand(0x89, bytes(125))) == [(PING, bytes(125))]


def test_messages_do_not_mix():
    refused(PROTOCOL_ERROR, by_hand(0x80, b"a"))
    refused(PROTOCOL_ERROR, by_hand(0x00))
    refused(PROTOCOL_ERROR, by_hand(0x01, b"a") + by_hand(0x81, b"b"))
    refused(PROTOCOL_ERROR, by_hand(0x02) + by_hand(0x02, b"b"))
    refused(PROTOCOL_ERROR, by_hand(0x02, b"a") + by_hand(0x80, b"b") + by_hand(0x80, b"c"))


def test_limits():
    def small():
        return server(frame_max=10, message_max=25)

    ten = by_hand(0x82, bytes(10))
    assert events(small(), ten * 4) == [(BINARY, bytes(10))] * 4
    refused(TOO_BIG, by_hand(0x82, bytes(11)), small)
    refused(TOO_BIG, by_hand(0x82, bytes(126))[:8], small)  # the head tells
    long = by_hand(0x02, bytes(10)) + by_hand(0x00, bytes(10))
    assert events(small(), long + by_hand(0x80, bytes(5))) == [(BINARY, bytes(25))]
    refused(TOO_BIG, long + by_hand(0x80, bytes(6)), small)
    # Control frames have a limit of their own.
    assert events(small(), by_hand(0x89, bytes(125))) == [(PING, bytes(125))]
    for length in (websocket.FRAME_MAX + 1, 1 << 30, 1 << 31, 1 << 32, (1 << 63) - 1):
        refused(TOO_BIG, b"\x82\xff" + length.to_bytes(8, "big") + KEY)
    whole = b"\x82\xff" + websocket.FRAME_MAX.to_bytes(8, "big") + KEY
    assert events(server(), whole) == []


# Ping, close


def test_only_the_last_ping_is_answered():
    socket = server()
    found = events(socket, by_hand(0x89, b"1") + by_hand(0x89, b"22") + by_hand(0x89, b"333") * 50)
    assert len(found) == 52 and socket.replies() == b"\x8a\x03333" and socket.replies() == b""
    events(socket, by_hand(0x89))
    assert socket.replies() == b"\x8a\x00"


def test_a_peer_closes():
    for payload, code, reason in (
        (b"", NO_CODE, b""),
        (b"\x03\xe8", NORMAL, b""),
        (b"\x03\xe9going \xe2\x82\xac", 1001, b"going \xe2\x82\xac"),
        (b"\x13\x87" + b"r" * 123, 4999, b"r" * 123),
    ):
        socket = server()
        assert events(socket, by_hand(0x88, payload)) == [(CLOSE, payload)]
        assert (socket.code, socket.reason) == (code, reason)
        assert socket.closing and socket.ended
        assert control(socket.replies()) == (CLOSE, payload[:2])
        socket.close()
        assert socket.replies() == b""
        raises(LocalError, made, socket, b"a", BINARY | LAST)
        raises(LocalError, socket.ping)


def test_codes_of_a_close():
    good = [1000, 1001, 1002, 1003] + list(range(1007, 1015)) + [3000, 3999, 4000, 4999]
    bad = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]
    for code in good:
        payload = code.to_bytes(2, "big")
        assert events(server(), by_hand(0x88, payload)) == [(CLOSE, payload)]
        socket = server()
        socket.close(code, b"why")
        assert control(socket.replies()) == (CLOSE, payload + b"why")
    for code in bad:
        refused(PROTOCOL_ERROR, by_hand(0x88, code.to_bytes(2, "big")))
        raises(LocalError, server().close, code)
    for code in (-1, 65536, 1 << 40):
        raises(LocalError, server().close, code)
    refused(PROTOCOL_ERROR, by_hand(0x88, b"\x03"))
    for text, is_text in TEXTS:
        if not is_text:
            refused(BAD_TEXT, by_hand(0x88, b"\x03\xe8" + text))
            raises(LocalError, server().close, NORMAL, text)
    raises(LocalError, server().close, NORMAL, b"r" * 124)


def test_we_close():
    socket = server()
    assert made(socket, b"a", BINARY) == b"\x02\x01a"  # inside of a message as well
    socket.ping(b"p")
    socket.close(1001, b"restart")
    socket.close()  # the first one counts
    assert socket.replies() == b"\x89\x01p\x88\x09\x03\xe9restart"
    raises(LocalError, made, socket, b"a", BINARY | LAST)
    raises(LocalError, socket.ping)
    # What the peer has sent before it knows comes, and its pings are answered.
    found = events(socket, MASKED_HELLO + by_hand(0x89) + by_hand(0x88, b"\x03\xe9"))
    assert found == [(TEXT, b"Hello"), (PING, b""), (CLOSE, b"\x03\xe9")]
    assert socket.replies() == b"\x8a\x00" and socket.ended
    # One close is all that we send, even where the peer errs behind it.
    socket = server()
    socket.close()
    assert control(socket.replies()) == (CLOSE, b"\x03\xe8")
    assert events(socket, HELLO) == [PROTOCOL_ERROR] and socket.replies() == b""
    # A pong that waits goes before the close.
    socket = server()
    events(socket, by_hand(0x89, b"x") + by_hand(0x88))
    assert socket.replies() == b"\x8a\x01x\x88\x00"


# Misuse


def test_misuse_is_told_and_changes_nothing():
    socket = server()
    buf = bytearray(20)
    for at, end in ((-1, 5), (6, 5), (0, 21), (21, 21)):
        raises(LocalError, socket.feed, buf, at, end)
        raises(LocalError, socket.frame, buf, at, end, BINARY | LAST)
    for data in (b"", bytes(20)):
        raises(LocalError, socket.feed, data, 0, len(data))
        raises(LocalError, socket.frame, data, 10, len(data), BINARY)
    for kind in (NONE, 3, CLOSE, PING | LAST, LAST, LAST | 4, 0x41, 0x181, -1):
        raises(LocalError, socket.frame, buf, 10, 20, kind)
    assert made(socket, b"a", BINARY) == b"\x02\x01a"
    raises(LocalError, made, socket, b"a", TEXT)
    raises(LocalError, made, socket, b"a", TEXT | LAST)
    raises(LocalError, socket.ping, bytes(126))
    assert made(socket, b"b", BINARY | LAST) == b"\x80\x01b"
    assert buf == bytearray(20) and socket.replies() == b"" and not socket.closing


def test_room_for_a_head():
    for one, size, room in (
        (server, 0, 2),
        (server, 125, 2),
        (server, 126, 4),
        (server, 65535, 4),
        (server, 65536, HEAD),
        (client, 0, 6),
        (client, 125, 6),
        (client, 126, 8),
        (client, 65536, MASKED_HEAD),
    ):
        buf = bytearray(room + size)
        raises(LocalError, one().frame, buf, room - 1, room - 1 + size, BINARY | LAST)
        assert buf == bytearray(room + size)
        assert one().frame(buf, room, room + size, BINARY | LAST) == 0


# Anything


def test_damaged_frames_on_every_interpreter():
    # The *_fuzz.py has more of it, for CPython.
    stream = bytearray(
        by_hand(0x81, "h\u00e4llo".encode())
        + by_hand(0x02, bytes(200))
        + by_hand(0x89, b"p")
        + by_hand(0x80, b"x")
        + by_hand(0x88, b"\x03\xe8ok")
    )
    state = 1
    for _ in range(400):
        data = bytearray(stream)
        for _ in range(2):
            state = (state * 1103 + 12345) & 0xFFFFFF
            data[(state >> 4) % len(data)] = state >> 12 & 0xFF
        socket = server()
        whole = events(socket, data)
        replies = socket.replies()
        cut = server()
        assert events(cut, data, (state % 7, 7 + state % 50))[-1:] == whole[-1:]
        assert cut.replies() == replies
