# The body of a request to /stream, in the place of a socket: see web_socket.py. In RAM while there
# is one.
import errno

from micropython import const

from wire.http_body import Body
from wire.http_head import RemoteError

from .web_socket import Decoded

_MOST = const(1 << 24)  # bytes of a body


class Posted(Decoded):
    """The body of a request, of `length` as its head says; `answer` is sent at the end."""

    def __init__(self, sock, rest, length, answer):
        super().__init__(sock, rest)
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
            self._sock.write(self._answer)
        except OSError:
            pass  # the peer is gone
        self._sock.close()
