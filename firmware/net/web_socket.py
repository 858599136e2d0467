# What comes and goes by HTTP's /stream in the place of a socket, with the functions of
# tls_socket.py: a WebSocket, and the body of a POST. So a stream over one is a TlsStream, which
# knows that there may be data while the socket below is silent (`more`), and that a write that was
# not sent whole (None) is to be made again.
import errno

from micropython import const

from wire import websocket
from wire.http_body import Body
from wire.http_head import RemoteError

# Bytes that are read at a time; more wait in the stack's window.
_IN = const(512)
# The longest message of ours: what a stream's write gives at once is one message.
MESSAGE = const(1024)
_MOST = const(1 << 24)  # bytes of a body


class _Decoded:
    # Bytes that are found in what the socket `raw` gives; `rest` is what it has given already.
    # _decode() looks for the next piece in buf[at:n], and sets buf[start:end] or `ended`.

    def __init__(self, raw, rest):
        self.raw = raw
        self.more = bool(rest)
        self.ended = False
        self._buf = bytearray(max(_IN, len(rest)))
        self._view = memoryview(self._buf)
        self._n = len(rest)
        self._buf[: self._n] = rest
        self._at = self._start = self._end = 0

    def _fill(self):
        # True when there are data, or the end.
        while self._start == self._end:
            if self._at < self._n:
                self._decode()
            elif self.ended:
                break
            else:
                n = self.raw.readinto(self._buf)
                if n is None:
                    self.more = False
                    return False
                if not n:
                    self.ended = True
                self._at = 0
                self._n = n
        return True

    def readinto(self, buf, n=None):
        if not self._fill():
            return None
        size = min(len(buf) if n is None else n, self._end - self._start)
        buf[:size] = self._view[self._start : self._start + size]
        self._start += size
        self.more = self._start < self._end or self._at < self._n
        return size

    def read(self, n):
        data = bytearray(n)
        size = 0
        while size < n and self._fill():
            got = self.readinto(memoryview(data)[size:])
            if not got:
                break
            size += got
        else:
            if not size:
                return None
        return bytes(data[:size])

    def recv(self, n, flags):
        """For connecting.peek(): what a read would find, which stays."""
        if not self._fill():
            raise OSError(errno.EAGAIN)
        self.more = True
        return bytes(self._view[self._start : min(self._end, self._start + n)])


class WebSocket(_Decoded):
    def __init__(self, raw, rest):
        super().__init__(raw, rest)
        self._codec = websocket.WebSocket()
        self._out = bytearray(websocket.HEAD + MESSAGE)
        self._from = self._to = 0  # out[from:to] is to be sent
        self._owed = 0  # of the data that were given, what it is for

    def _decode(self):
        codec = self._codec
        try:
            kind = codec.feed(self._buf, self._at, self._n)
            self._at = codec.rest
            if kind & websocket.CONTROL:
                self._flush()
                self.ended = self.ended or kind == websocket.CLOSE
            elif kind:
                self._start = codec.start
                self._end = codec.end
        except websocket.RemoteError:
            self.ended = True
            self._flush()
        if self.ended:
            self._at = self._n

    def _flush(self):
        # Send what is to be sent; False when the peer does not take all of it now.
        while True:
            while self._from < self._to:
                n = self.raw.write(memoryview(self._out)[self._from : self._to])
                if n is None:
                    return False
                self._from += n
            replies = self._codec.replies()
            if not replies:
                return True
            self._out[: len(replies)] = replies
            self._from = 0
            self._to = len(replies)

    def write(self, buf, at=None, n=None):
        """(buf), (buf, n) or (buf, at, n)."""
        if n is None:
            n = len(buf) if at is None else at
            at = 0
        if not self._flush():
            return None
        done = self._owed
        if not done:
            if self._codec.closing:
                raise OSError(errno.ECONNRESET)
            done = self._owed = min(n, MESSAGE)
            end = websocket.HEAD + done
            self._out[websocket.HEAD : end] = memoryview(buf)[at : at + done]
            kind = websocket.BINARY | websocket.LAST
            self._from = self._codec.frame(self._out, websocket.HEAD, end, kind)
            self._to = end
            if not self._flush():
                return None
        self._owed = 0
        return done

    def close(self):
        try:
            self._codec.close()
            self._flush()
        except OSError:
            pass  # the peer is gone
        self.raw.close()


class Posted(_Decoded):
    """The body of a request, of `length` as its head says; `answer` is sent at the end."""

    def __init__(self, raw, rest, length, answer):
        super().__init__(raw, rest)
        self._body = Body(length, _MOST)
        self._answer = answer
        self.ended = self._body.done

    def _decode(self):
        body = self._body
        try:
            self._at = body.take(self._buf, self._at, self._n)
            self._start = body.start
            self._end = body.stop
            self.ended = body.done
        except RemoteError:
            self.ended = True
            self._answer = b""
        if self.ended:
            self._at = self._n

    def write(self, buf, at=None, n=None):
        raise OSError(errno.ECONNRESET)

    def close(self):
        try:
            self.raw.write(self._answer)
        except OSError:
            pass  # the peer is gone
        self.raw.close()
