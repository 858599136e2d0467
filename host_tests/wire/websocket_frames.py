# What the tests of WebSocket share: frames made with nothing of the codec, and all events of a
# stream in pieces. Runs on CPython and on MicroPython.
from checks import raises

from wire.websocket import (
    BINARY,
    CLOSE,
    CONTROL,
    HEAD,
    LAST,
    MASKED_HEAD,
    LocalError,
    RemoteError,
    WebSocket,
)

KEY = b"\x37\xfa\x21\x3d"  # of RFC 6455's examples
HELLO = b"\x81\x05Hello"
MASKED_HELLO = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"

# A text, and whether it is one.
TEXTS = [
    ("k\u00f3sme \u1f79".encode(), True),
    (b"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", True),
    (b"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\x7f\0", True),
    (b"\x80", False),
    (b"a\xbf", False),
    (b"\xc0\x80", False),
    (b"\xc1\xbf", False),
    (b"\xe0\x9f\xbf", False),
    (b"\xed\xa0\x80", False),
    (b"\xed\xbf\xbf", False),
    (b"\xf0\x8f\xbf\xbf", False),
    (b"\xf4\x90\x80\x80", False),
    (b"\xf5\x80\x80\x80", False),
    (b"\xff", False),
    (b"\xfe\xff", False),
    (b"\xc3", False),
    (b"\xe2\x82", False),
    (b"\xf0\x9f\x98", False),
    (b"\xe2\x82a", False),
    (b"\xc3\xc3\xa9", False),
    (b"a\xf0\x9f\x98\x80\x80", False),
]


def server(**limits):
    return WebSocket(None, **limits)


def client(**limits):
    return WebSocket(lambda: KEY, **limits)


def by_hand(first, payload=b"", masked=True, size=None, key=KEY):
    """A frame with nothing of the codec: the first byte, a head of `size` or of the shortest."""
    length = len(payload)
    if size is None:
        size = 0 if length < 126 else 2 if length < 65536 else 8
    second = length if not size else 126 if size == 2 else 127
    head = bytes((first, second | (0x80 if masked else 0))) + length.to_bytes(8, "big")[8 - size :]
    if not masked:
        return head + payload
    data = bytearray(payload)  # a list would be too long for MicroPython's heap
    for i in range(length):
        data[i] ^= key[i % 4]
    return head + key + data


def events(socket, data, cut=()):
    """What `socket` finds in `data`, which comes cut at these offsets: (kind, payload) of each
    message, put together, and of each control frame. The last row is the code of an error.
    """
    found = []
    message = b""
    at = 0
    try:
        for end in list(cut) + [len(data)]:
            # At another offset of the buffer than 0, with something behind.
            buf = bytearray(b"!!!" + data[at:end] + b"!!")
            pos = 3
            while pos < len(buf) - 2:
                kind = socket.feed(buf, pos, len(buf) - 2)
                assert pos < socket.rest <= len(buf) - 2
                pos = socket.rest
                if kind & CONTROL:
                    found.append((kind, bytes(socket.control)))
                elif kind:
                    assert 3 <= socket.start <= socket.end == pos
                    message += bytes(buf[socket.start : socket.end])
                    if kind & LAST:
                        found.append((kind & ~LAST, message))
                        message = b""
                    else:
                        assert socket.start < socket.end
            assert buf[:3] == b"!!!" and buf[-2:] == b"!!"
            at = end
    except RemoteError as error:
        assert socket.ended and type(error.args[1]) is bytes
        found.append(error.code)
    return found


def made(socket, payload, kind):
    """The frame that `socket` makes of a payload, written before it in the buffer."""
    room = HEAD if socket._keys is None else MASKED_HEAD
    buf = bytearray(b"\xee" * room + payload + b"\xee\xee")
    start = socket.frame(buf, room, room + len(payload), kind)
    assert buf[:start] == b"\xee" * start and buf[-2:] == b"\xee\xee"
    return bytes(buf[start:-2])


def control(frame):
    """The first byte and the payload of a control frame as a server sends it."""
    assert len(frame) == 2 + frame[1] and frame[1] <= 125
    return frame[0] & ~LAST, frame[2:]


def refused(code, data, socket=None):
    """Check that `data` is refused with this code, whole and byte by byte, that the close says so,
    and that nothing is read after it.
    """
    for cut in ((), range(1, len(data))):
        one = socket() if socket else server()
        assert events(one, data + MASKED_HELLO, cut)[-1:] == [code], data
        reader = client() if one._keys is None else server()
        ((kind, payload),) = events(reader, one.replies())
        assert kind == CLOSE and payload[:2] == code.to_bytes(2, "big")
        assert events(one, MASKED_HELLO) == [] and one.replies() == b""
        raises(LocalError, made, one, b"", BINARY | LAST)
