# A TLS connection in the place of a socket: read, readinto, write, close and recv to peek, as
# tcp.py and connecting.py use them. What waits for it waits for `raw`, the socket below: the
# poller then asks the stack alone, and nothing of ours while nothing happens.
#
# mbedTLS takes whole records from the socket, of up to 16 KB, so that there may be something to
# read while the socket is silent: `more`. It can only be looked at by reading it, and what was
# read to look is `held`.
import errno
import io

from micropython import const

# Bytes that a look takes, at most: what stream_read reads at once (commands/stream.py).
_LOOK = const(512)


class Below(io.IOBase):
    """What mbedTLS reads from and writes to. tls_watch.py sets `readinto` and `write`: its own
    during the handshake, then the socket's, which mbedTLS calls after a look-up: nothing is
    allocated, and no bytecode runs. A record of 1 KB takes 1.4 k instructions more than without
    this and TlsSocket, and mbedTLS 84 k (`make bench`).
    """

    def ioctl(self, request, arg):
        return 0  # nobody polls the connection, and the socket is closed by who has it


class TlsSocket:
    def __init__(self, raw, tls):
        self.raw = raw
        self._tls = tls
        self.write = tls.write
        self.held = None
        self.more = False  # perhaps; a read tells

    def readinto(self, buf, n=None):
        if n is None:
            n = len(buf)
        held = self.held
        if held:
            n = min(n, len(held))
            rest = held[n:]
            buf[:n] = held[:n] if rest else held
            self.held = rest or None
            return n
        got = self._tls.readinto(buf, n)
        self.more = got == n  # it reads on until mbedTLS has nothing
        return got

    def read(self, n):
        held = self.held
        if held:
            if len(held) > n:
                rest = held[n:]
                held = held[:n]
                self.held = rest
            else:
                self.held = None
            return held
        data = self._tls.read(n)
        self.more = bool(data) and len(data) == n
        return data

    def recv(self, n, flags):
        """For connecting.peek(): what a read would find, which stays."""
        if not self.held:
            data = self.read(_LOOK)
            if data is None:
                raise OSError(errno.EAGAIN)
            if not data:
                return data
            self.held = data
            self.more = True
        return self.held

    def close(self):
        # mbedTLS as MicroPython has it says no good-bye (close_notify): the peer sees the end.
        self._tls.close()
        self.raw.close()
