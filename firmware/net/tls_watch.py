# What passes between mbedTLS and the socket during a handshake. mbedTLS asks for the header of a
# record, five bytes, and then for the rest of it, and writes whole records: so each record is
# seen here, with no byte read too much.
#   - `state` is the number of the last handshake message that was seen (spec 7.3), which an error
#     line tells.
#   - One record is given in a turn of the loop, because each may cost a step of cryptography that
#     holds it: on an emulated chip the longest gap of a handshake is 270 ms instead of 520.
#   - Behind the last message nothing is given, so that what is read to drive the handshake gets
#     no data of the application.
# An error of the socket is kept in `error`: an exception would leave mbedTLS where it stands.
from micropython import const

_HEAD = const(5)
_MESSAGE_HEAD = const(4)  # type, and length in three bytes
_CHANGE_CIPHER_SPEC = const(20)
_HANDSHAKE = const(22)

# State of a handshake message by its type (RFC 5246 7.4): sent by a client, by a server. 255: the
# state stays (a session ticket, the status of a certificate).
_STAY = const(255)
_STATES = (
    b"\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x07\xff\xff\xff\x09\x08",
    b"\x00\x01\x02\xff\xff\xff\xff\xff\xff\xff\xff\x03\x04\x05\x06",
)
_SPEC = const(10)  # of the change of the cipher, a client's; a server's is two more
_FINISHED = const(11)


class _Side:
    # What one side has sent.
    def __init__(self, server):
        self._states = _STATES[server]
        self._change = 2 * server
        self._at = 0  # bytes of the head of a message
        self._left = 0  # bytes of the message to come
        self._sealed = False  # its messages are encrypted
        self.done = False  # its last message has begun

    def see(self, kind, data, at, state):
        # -> the state after data[at:], which is of a record
        if kind == _CHANGE_CIPHER_SPEC:
            self._sealed = True
            return _SPEC + self._change
        if kind != _HANDSHAKE:
            return state
        if self._sealed:
            self.done = True
            return _FINISHED + self._change
        end = len(data)
        while at < end:
            if self._at == _MESSAGE_HEAD:
                step = min(self._left, end - at)
                self._left -= step
                at += step
                if not self._left:
                    self._at = 0
                continue
            value = data[at]
            if self._at:
                self._left = self._left << 8 | value
            else:
                self._left = 0
                if value < len(self._states) and self._states[value] != _STAY:
                    state = self._states[value]
            self._at += 1
            if self._at == _MESSAGE_HEAD and not self._left:
                self._at = 0
            at += 1
        return state


class Watch:
    def __init__(self, sock, below, server):
        self._sock = sock
        self._below = below
        self._ours = _Side(server)
        self._theirs = _Side(not server)
        self._head = bytearray(_HEAD)
        self._got = 0  # bytes of the head of the record that comes
        self._left = 0  # bytes of the record to come
        self._out = 0  # bytes of a record that are still to go
        self.state = 0
        self.fed = False  # a record was given in this turn
        self.blocked = False  # what mbedTLS has to write waits for the peer
        self.over = False  # both sides have said their last, and mbedTLS has found it right
        self.error = None  # errno of the socket
        below.readinto = self._readinto
        below.write = self._write

    def release(self):
        """The handshake is over: mbedTLS gets the socket."""
        self._below.readinto = self._sock.readinto
        self._below.write = self._sock.write

    def _readinto(self, buf):
        head = not self._left
        if head and self._ours.done and self._theirs.done:
            self.over = True
        if self.over or (head and self.fed):
            return None
        try:
            n = self._sock.readinto(buf)
        except OSError as e:
            self.error = e.errno
            return None
        if not n:
            return n
        if head:
            got = self._got
            self._head[got : got + n] = buf[:n]
            got += n
            if got == _HEAD:
                got = 0
                self._left = self._head[3] << 8 | self._head[4]
            self._got = got
        else:
            self.state = self._theirs.see(self._head[0], memoryview(buf)[:n], 0, self.state)
            self._left -= n
            self.fed = not self._left
        return n

    def _write(self, buf):
        try:
            n = self._sock.write(buf)
        except OSError as e:
            self.error = e.errno
            return None
        self.blocked = n is None
        if n:
            if not self._out:
                self._out = _HEAD + (buf[3] << 8 | buf[4])
                self.state = self._ours.see(buf[0], buf, _HEAD, self.state)
            self._out -= n
        return n
