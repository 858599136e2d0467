# WebSocket (RFC 6455), as a server and as a client speak it: the handshake's keys, and frames.
#
#     socket = WebSocket()                  # a server; WebSocket(four_random_bytes) is a client
#     while at < n:                         # buf[:n] has come
#         kind = socket.feed(buf, at, n)
#         at = socket.rest
#         if kind & CONTROL: ...            # CLOSE, PING, PONG
#         elif kind: ...                    # TEXT, BINARY: the piece buf[socket.start:socket.end]
#     send(socket.replies())                # also where feed() failed; never inside of a frame
#
#     at = socket.frame(buf, HEAD, HEAD + size, BINARY | LAST)
#     send(buf[at : HEAD + size])           # head and payload
#
# Payloads stay in the caller's buffer, unmasked and masked there; only those of control frames are
# collected. LocalError is our misuse, and changes nothing. RemoteError is the peer's fault:
# replies() has the close that says so, what else comes is passed over, the connection is to be
# closed. (So it is behind a MemoryError.) Any other exception is a bug.
import binascii
import hashlib

from . import const

try:
    from .websocket_fast import mask, utf8
except (ImportError, SyntaxError):  # CPython; an interpreter without native code
    from .websocket_plain import mask, utf8

# Kinds: opcodes of frames. The last piece of a TEXT or BINARY has LAST as well.
NONE = const(0)
TEXT = const(1)
BINARY = const(2)
CLOSE = const(8)
PING = const(9)
PONG = const(10)
CONTROL = const(8)  # the bit that these three have
LAST = const(0x80)

# Codes of closes (section 7.4.1).
NORMAL = const(1000)
PROTOCOL_ERROR = const(1002)
NO_CODE = const(1005)  # is never sent: the close had none
BAD_TEXT = const(1007)
TOO_BIG = const(1009)

# The longest heads: of a server's frame, of a client's.
HEAD = const(10)
MASKED_HEAD = const(14)

# The payload of a control frame, and what a close's code leaves of it.
CONTROL_MAX = const(125)
REASON_MAX = const(123)

# More than a module has memory and flash for.
FRAME_MAX = const(1 << 24)
MESSAGE_MAX = const(1 << 24)

# In the first and the second byte of a head.
_RESERVED = const(0x70)
_MASKED = const(0x80)
_LENGTH = const(0x7F)
_LENGTH_16 = const(126)
_LENGTH_64 = const(127)

# Machine code would write into bytes, and outside of what is there.
_NO_BUFFER = b"not a buffer, or outside of it"

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# Bytes that a handshake's key encodes, and those that it has.
_NONCE_SIZE = const(16)
_KEY_SIZE = const(24)


class LocalError(Exception):
    """Our misuse: args[0] says which."""


class RemoteError(Exception):
    """The peer's fault: `code` of the close that says so, and in args[1] its reason (bytes)."""

    def __init__(self, code, reason):
        super().__init__(code, reason)
        self.code = code


def key(nonce):
    """The Sec-WebSocket-Key of a client, from 16 random bytes."""
    if len(nonce) != _NONCE_SIZE:
        raise LocalError(b"a nonce has 16 bytes")
    return binascii.b2a_base64(nonce)[:-1]


def accept(key):
    """The Sec-WebSocket-Accept for a client's key (bytes). RemoteError where it is none."""
    try:
        nonce = binascii.a2b_base64(key)
    except ValueError:
        nonce = b""
    # The decoders pass over what is not of the alphabet: such a key is long for what it encodes.
    if len(nonce) != _NONCE_SIZE or len(key) != _KEY_SIZE:
        raise RemoteError(PROTOCOL_ERROR, b"not a key of 16 bytes")
    return binascii.b2a_base64(hashlib.sha1(key + _GUID).digest())[:-1]


def _is_code(code):
    # One that a close may have: registered, or the applications' own.
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


class WebSocket:
    """One connection behind its handshake. `keys` makes a client of it: a function that gives four
    random bytes, the mask of a frame.
    """

    def __init__(self, keys=None, frame_max=FRAME_MAX, message_max=MESSAGE_MAX):
        self.start = self.end = 0  # the piece that feed() found
        self.rest = 0  # where it ended
        self.control = b""  # the payload of the last control frame
        self.code = 0  # of the peer's close, once it has come
        self.reason = b""
        self.closing = False  # our close is in replies(), or was
        self.ended = False  # what comes is passed over: behind the peer's close, or its fault
        self._keys = keys
        self._frame_max = frame_max
        self._message_max = message_max
        # Receiving.
        self._head = bytearray(MASKED_HEAD)  # one that comes in pieces, with the mask
        self._have = 0  # bytes of it
        self._size = 2  # its size, as far as that is known
        self._first = 0  # byte of the frame
        self._key = bytearray(4)
        self._left = -1  # bytes of the payload that have not come; -1 while the head comes
        self._done = 0  # those that have
        self._kind = NONE  # of the message that has begun
        self._length = 0  # of its frames
        self._text = 0  # see websocket_plain.utf8
        # Sending.
        self._replies = b""
        self._pong = None  # the payload of one that is not in _replies yet
        self._sending = NONE  # the message that has begun
        self._sent_text = 0

    def feed(self, buf, at, n):
        """Decode buf[at:n] (a bytearray, or a memoryview of one) up to the next event; `rest` is
        where it ended: go on there while that is less than `n`. Returns the kind of the event,
        NONE where there was none.

        TEXT, BINARY: the next piece of a message is buf[start:end], with LAST the last one, which
        may be empty. A text is checked as it comes: a piece may end inside a character.
        PING, PONG: `control` has the payload; the answer of a ping is in replies().
        CLOSE: `code`, which is NO_CODE where it had none, and `reason`; our close is in replies().
        """
        if isinstance(buf, bytes) or not 0 <= at <= n <= len(buf):
            raise LocalError(_NO_BUFFER)
        left = self._left
        if left < 0:
            self.rest = n
            if self.ended:
                return NONE
            at = self._take_head(buf, at, n)
            left = self._left
            if left < 0:
                return NONE
        end = at + left
        if end > n:
            end = n
        first = self._first
        kind = self._kind
        if end > at:
            done = self._done
            if self._keys is None:
                mask(buf, at, end, self._key, done)
            if first & CONTROL:
                self.control[done : done + end - at] = buf[at:end]
            elif kind == TEXT:
                self._text = utf8(buf, at, end, self._text)
                if self._text < 0:
                    raise self._fail(BAD_TEXT, b"not UTF-8")
            self._done = done + end - at
        self.rest = end
        left -= end - at
        if not left:
            left = -1
        self._left = left
        if first & CONTROL:
            return self._end_of_control(first & ~LAST) if left < 0 else NONE
        self.start = at
        self.end = end
        if left < 0 and first & LAST:
            if self._text:
                raise self._fail(BAD_TEXT, b"ends inside a character")
            self._kind = NONE
            return kind | LAST
        return kind if end > at else NONE

    def _take_head(self, buf, at, n):
        # Returns where the payload begins. The head is read where it is, or when its last byte has
        # come.
        have = self._have
        if not have and n - at > 1:
            size = self._check_head(buf[at], buf[at + 1])
            if n - at >= size:
                self._begin(buf, at, size)
                return at + size
        head = self._head
        size = self._size
        while have < size and at < n:
            head[have] = buf[at]
            at += 1
            have += 1
            if have == 2:
                self._size = size = self._check_head(head[0], head[1])
        self._have = have
        if have == size:
            self._begin(head, 0, size)
            self._have = 0
            self._size = 2
        return at

    def _check_head(self, first, second):
        # Returns the size of the head that begins so.
        kind = first & ~(LAST | _RESERVED)
        length = second & _LENGTH
        masked = self._keys is None
        if first & _RESERVED:
            raise self._fail(PROTOCOL_ERROR, b"reserved bits")
        if masked != (second & _MASKED != 0):
            raise self._fail(PROTOCOL_ERROR, b"not masked" if masked else b"masked")
        if kind > PONG or BINARY < kind < CLOSE:
            raise self._fail(PROTOCOL_ERROR, b"unknown opcode")
        if kind & CONTROL:
            if not first & LAST or length > CONTROL_MAX:
                raise self._fail(PROTOCOL_ERROR, b"control frame in pieces, or too long")
        elif (kind == NONE) != (self._kind != NONE):
            raise self._fail(PROTOCOL_ERROR, b"message inside of another, or without a beginning")
        extended = 2 if length == _LENGTH_16 else 8 if length == _LENGTH_64 else 0
        return 2 + extended + (4 if masked else 0)

    def _begin(self, head, at, size):
        # The frame of this head, head[at:at + size].
        first = head[at]
        length = head[at + 1] & _LENGTH
        if length >= _LENGTH_16:
            least = _LENGTH_16
            if length == _LENGTH_64:
                least = 1 << 16
                length = int.from_bytes(head[at + 2 : at + 10], "big")
            else:
                length = head[at + 2] << 8 | head[at + 3]
            if not least <= length < 1 << 63:
                raise self._fail(PROTOCOL_ERROR, b"length not as short as can be, or negative")
        if first & CONTROL:
            self.control = bytearray(length)
        else:
            total = length
            if self._kind:
                total += self._length
            else:
                self._kind = first & ~LAST
                self._text = 0
            if length > self._frame_max or total > self._message_max:
                raise self._fail(TOO_BIG, b"too long")
            self._length = total
        if self._keys is None:
            key = self._key
            at += size
            key[0] = head[at - 4]
            key[1] = head[at - 3]
            key[2] = head[at - 2]
            key[3] = head[at - 1]
        self._first = first
        self._left = length
        self._done = 0

    def _end_of_control(self, kind):
        if kind == PING:
            # Only the last of several pings needs an answer (section 5.5.3): however many come,
            # no more is kept.
            self._pong = self.control
        elif kind == CLOSE:
            said = self.control
            code = said[0] << 8 | said[1] if len(said) > 1 else NO_CODE
            if len(said) == 1 or len(said) > 1 and not _is_code(code):
                raise self._fail(PROTOCOL_ERROR, b"no such code of a close")
            if utf8(said, 2, len(said), 0):
                raise self._fail(BAD_TEXT, b"reason not UTF-8")
            self.code = code
            self.reason = bytes(said[2:])
            self.ended = True
            self._close(said[:2])
        return kind

    def _fail(self, code, reason):
        self._left = -1
        self.ended = True
        self._close(code.to_bytes(2, "big") + reason)
        return RemoteError(code, reason)

    # What goes

    def replies(self):
        """The control frames that the peer must get now, b"" if none; they are handed out once."""
        replies = self._replies
        pong = self._pong
        if pong is not None:
            replies = self._control(PONG, pong) + replies
            self._pong = None
        if replies:
            self._replies = b""
        return replies

    def ping(self, payload=b""):
        """Ask for a sign of life: replies() has the question, and PONG comes."""
        if self.closing:
            raise LocalError(b"closed")
        if len(payload) > CONTROL_MAX:
            raise LocalError(b"too long for a ping")
        self._replies += self._control(PING, payload)

    def close(self, code=NORMAL, reason=b""):
        """Begin to close, with a reason in UTF-8, or agree: replies() has the last frame of ours.
        Pieces may come until CLOSE does. Nothing happens where a close was sent already.
        """
        if not _is_code(code) or len(reason) > REASON_MAX or utf8(reason, 0, len(reason), 0):
            raise LocalError(b"not a code, or not a reason")
        self._close(code.to_bytes(2, "big") + reason)

    def _close(self, payload):
        if not self.closing:
            self._replies += self._control(CLOSE, payload)
            self.closing = True

    def frame(self, buf, at, end, kind):
        """Make a frame of buf[at:end] (a bytearray, or a memoryview of one): the head is written
        before it (HEAD bytes are enough room, MASKED_HEAD for a client), a client's payload is
        masked. Returns where the frame begins.

        `kind` is TEXT or BINARY, the same for all pieces of a message, with LAST for the last one.
        """
        if isinstance(buf, bytes) or not 0 <= at <= end <= len(buf):
            raise LocalError(_NO_BUFFER)
        if self.closing:
            raise LocalError(b"closed")
        opcode = kind & ~LAST
        begun = self._sending
        if opcode != TEXT and opcode != BINARY or begun and begun != opcode:
            raise LocalError(b"not a kind of message, or not that of the one that has begun")
        start = self._head_at(at, end)
        if start < 0:
            raise LocalError(b"no room for the head")
        if opcode == TEXT:
            text = utf8(buf, at, end, self._sent_text)
            if text < 0 or text and kind & LAST:
                raise LocalError(b"not UTF-8")
        self._put(buf, start, at, end, kind & LAST if begun else kind)
        if opcode == TEXT:
            self._sent_text = text
        self._sending = NONE if kind & LAST else opcode
        return start

    def _head_at(self, at, end):
        # Where the head of the payload buf[at:end] begins.
        size = end - at
        if self._keys is not None:
            at -= 4
        return at - (2 if size < _LENGTH_16 else 4 if size < 1 << 16 else 10)

    def _put(self, buf, start, at, end, first):
        # The head, buf[start:at], of the payload buf[at:end], and the mask on that.
        size = end - at
        second = 0
        if self._keys is not None:
            second = _MASKED
            key = self._keys()
            mask(buf, at, end, key, 0)
            buf[at - 4 : at] = key
        buf[start] = first
        if size < _LENGTH_16:
            second |= size
        elif size < 1 << 16:
            second |= _LENGTH_16
            buf[start + 2] = size >> 8
            buf[start + 3] = size & 0xFF
        else:
            second |= _LENGTH_64
            buf[start + 2 : start + 10] = size.to_bytes(8, "big")
        buf[start + 1] = second

    def _control(self, kind, payload):
        frame = bytearray(MASKED_HEAD)
        frame.extend(payload)
        end = len(frame)
        start = self._head_at(MASKED_HEAD, end)
        self._put(frame, start, MASKED_HEAD, end, LAST | kind)
        return bytes(frame[start:])
