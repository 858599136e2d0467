# What comes and goes by HTTP's /stream in the place of a socket, with the functions of
# tls_socket.py: a WebSocket; the body of a POST is in posted.py. So a stream over one is a
# TlsStream, which knows that there may be data while the socket below is silent (`more`), and that
# a write that was not sent whole (None) is to be made again. Below is a socket, or a TlsSocket.
import errno

from micropython import const

from wire import websocket

# Bytes that are read at a time; more wait in the stack's window.
_IN = const(512)
# The longest message of ours: what a stream's write gives at once is one message.
MESSAGE = const(1024)


class Decoded:
    """Bytes that are found in what a socket gives; `rest` is what it has given already. `raw` is
    the socket that is waited for: this one, or the one below its TLS. _decode() looks for the next
    piece in buf[at:n], and sets buf[start:end] or `ended`.
    """

    def __init__(self, sock, rest):
        self.raw = getattr(sock, "raw", sock)
        self._sock = sock
        self._tls = self.raw is not sock
        self.more = bool(rest) or self._tls and sock.more
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
                n = self._sock.readinto(self._buf)
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
        more = self._start < self._end or self._at < self._n
        self.more = more or self._tls and self._sock.more
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


class WebSocket(Decoded):
    def __init__(self, sock, rest):
        super().__init__(sock, rest)
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
                n = self._sock.write(memoryview(self._out)[self._from : self._to])
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
        self._sock.close()
