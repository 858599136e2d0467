# The body of an HTTP/1.1 message: counted, chunked (RFC 9112 7.1) or until the connection ends, as
# `length` of its head says; and the writing of chunks.
#
# Nothing is copied: of what lies in the caller's buffer, take() tells which piece is the body's.
# Extensions of chunks and the trailer are checked, and dropped.

from . import const
from .http_head import CHUNKED, CLASSES, TOKEN, UNTIL_CLOSE, VALUE, LocalError, RemoteError

# Room that close_chunk() wants before a chunk's data, and behind them.
CHUNK_ROOM = const(6)
CHUNK_END = const(2)
LAST_CHUNK = b"0\r\n\r\n"

# Bytes of extensions and of the trailer that a body may have; nobody in use sends any.
_MAX_EXTRA = const(512)
_MAX_DIGITS = const(8)  # some servers fill up with zeros
_MAX_CHUNK = const(0xFFFFFF)  # 16 MB, with a digit more still a small int

_TAB = const(9)
_LF = const(10)
_CR = const(13)
_SPACE = const(0x20)

# What comes next in a chunked body.
_SIZE = const(0)
_BLANK = const(1)  # behind the size: only an extension may follow
_EXTENSION = const(2)
_SIZE_LF = const(3)
_DATA = const(4)
_DATA_CR = const(5)
_DATA_LF = const(6)
_LINE = const(7)  # a line of the trailer, or the empty one
_NAME = const(8)
_VALUE = const(9)
_VALUE_LF = const(10)
_LAST_LF = const(11)


class Body:
    """One body of at most `most` bytes. `done` when it has come to its end."""

    def __init__(self, length, most):
        if length > most:
            raise RemoteError(413, b"body too long")
        if length < UNTIL_CLOSE:
            raise LocalError("no length of a body")
        self.start = self.stop = 0
        self.done = not length
        self._length = length
        self._most = most  # what may still come
        self._left = max(length, 0)  # of the body, or of the chunk
        self._state = _SIZE
        self._digits = 0
        self._extra = 0

    def take(self, buf, at, end):
        """Read on in buf[at:end]; returns where it stopped. The body's next piece is then
        buf[start:stop], which may be empty. To be called again until `end` is reached or the body
        is done; what follows a body is left alone. Raises RemoteError.
        """
        self.start = self.stop = at
        if self.done:
            return at
        if self._length == CHUNKED:
            if self._state != _DATA:
                at = self._frame(buf, at, end)
                self.start = self.stop = at
            if self._state != _DATA:
                return at
        elif self._length == UNTIL_CLOSE:
            self._spend(end - at)
            self.stop = end
            return end
        self.stop = at = min(at + self._left, end)
        self._left -= at - self.start
        if not self._left:
            self._state = _DATA_CR
            self.done = self._length != CHUNKED
        return at

    def closed(self):
        """The peer has ended the connection. RemoteError where the body is not whole."""
        if self._length == UNTIL_CLOSE:
            self.done = True
        if not self.done:
            raise RemoteError(400, b"body cut short")

    def _spend(self, size):
        self._most -= size
        if self._most < 0:
            raise RemoteError(413, b"body too long")

    def _frame(self, buf, at, end):
        # What lies between the data: up to the next data, or to the end of the body.
        while at < end and not self.done and self._state != _DATA:
            c = buf[at]
            at += 1
            state = self._state
            if state == _SIZE:
                self._size(c)
            elif state < _DATA:
                self._rest(c)
            elif state < _LINE:
                if c != (_CR if state == _DATA_CR else _LF):
                    raise RemoteError(400, b"chunk without its end")
                self._state = _DATA_LF if state == _DATA_CR else _SIZE
            else:
                self._trailer(c)
        return at

    def _size(self, c):
        if 0x30 <= c <= 0x39:
            digit = c - 0x30
        elif 0x61 <= c | 0x20 <= 0x66:
            digit = (c | 0x20) - 0x57
        elif self._digits:
            self._rest(c)
            return
        else:
            raise RemoteError(400, b"bad chunk size")
        self._digits += 1
        if self._digits > _MAX_DIGITS:
            raise RemoteError(400, b"bad chunk size")
        self._left = self._left << 4 | digit
        if self._left > _MAX_CHUNK:
            raise RemoteError(413, b"chunk too long")

    def _rest(self, c):
        # Behind the digits. Blanks are taken before an extension and nowhere else.
        state = self._state
        if state == _SIZE_LF:
            if c != _LF:
                raise RemoteError(400, b"bad chunk size")
            self._digits = 0
            self._state = _DATA if self._left else _LINE
            self._spend(self._left)
            return
        if c == _CR and state != _BLANK:
            self._state = _SIZE_LF
            return
        if state == _EXTENSION:
            good = CLASSES[c] & VALUE
        elif c == 0x3B:
            good = True
            self._state = _EXTENSION
        else:
            good = c in (_SPACE, _TAB)
            self._state = _BLANK
        if not good:
            raise RemoteError(400, b"bad chunk size")
        self._count()

    def _trailer(self, c):
        state = self._state
        if state == _LINE and c == _CR:
            self._state = _LAST_LF
        elif state == _LINE and CLASSES[c] & TOKEN:
            self._state = _NAME
        elif state == _NAME and c == 0x3A:
            self._state = _VALUE
        elif state == _VALUE and c == _CR:
            self._state = _VALUE_LF
        elif state == _VALUE_LF and c == _LF:
            self._state = _LINE
        elif state == _LAST_LF and c == _LF:
            self.done = True
        elif state not in (_NAME, _VALUE) or not CLASSES[c] & (TOKEN if state == _NAME else VALUE):
            raise RemoteError(400, b"bad trailer")
        self._count()

    def _count(self):
        self._extra += 1
        if self._extra > _MAX_EXTRA:
            raise RemoteError(431, b"extensions or trailer too long")


def close_chunk(buf, start, end):
    """Make a chunk of buf[start:end]: its size goes into the CHUNK_ROOM bytes before, its end into
    the CHUNK_END bytes behind. buf[start - CHUNK_ROOM : end + CHUNK_END] is what is to be sent.
    """
    size = end - start
    if not 0 < size <= 0xFFFF or start < CHUNK_ROOM or end + CHUNK_END > len(buf):
        raise LocalError("no room for a chunk, or nothing in it")
    buf[start - CHUNK_ROOM : start] = b"%04x\r\n" % size
    buf[end] = _CR
    buf[end + 1] = _LF
