# UDP as streams: what clients (udp_stream.py) and the server (services/udp_server.py) share. One
# write is one datagram; a read gives bytes of one datagram, and what it leaves of it is for the
# next read: boundaries are kept, nothing is cut off. Empty datagrams are not seen.
#
# The stack keeps only a few datagrams and drops more in silence, so they are taken from it as they
# come, into blocks that all streams share. There are a few at hand, and more while datagrams wait
# in them. A datagram for which there are not enough is lost, and counted in streams.py.
import errno
import socket

from micropython import const

from . import io_queue, sockets, streams

MAX_DATAGRAM = const(1472)  # bytes that fit an Ethernet frame: more would travel in fragments
# 24 small datagrams, or four of the largest: what may come while a host asks eight streams in
# turn.
_BLOCK = const(256)
_BLOCKS = const(24)
_KEPT = const(6)  # blocks at hand: one datagram of the largest
_TURN = const(8)  # datagrams taken at once: the loop has others to serve
_NO_ROOM = (errno.EAGAIN, errno.ETIMEDOUT)  # sendto without blocking times out at once

_free = []  # blocks that hold nothing
_full = 0  # blocks that hold something
_users = 0


def _spare(block):
    # A block has been read.
    global _full
    _full -= 1
    if len(_free) < _KEPT:
        _free.append(block)


def usage():
    """Percent of the pool that is in use."""
    return 100 * _full // _BLOCKS


class Datagrams:
    """A stream of datagrams over a socket that bind() binds."""

    ended = False
    most = MAX_DATAGRAM
    on_close = None
    partner = None
    # Bytes before a datagram in its first block: its length, and what stamp() writes.
    head = 2

    def __init__(self):
        """Raises OSError, MemoryError."""
        global _users
        self._queue = io_queue.use()
        self._waiting = []  # blocks
        self._left = 0  # bytes of the first datagram that were not read, once it was begun
        self._at = 0  # where they begin, in the first block
        self._notify = None
        self.listen()
        _users += 1

    def listen(self):
        """Make the socket. Raises OSError."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            self.bind(sock)
        except:
            sock.close()
            raise
        self.sock = sock
        self._queue.attach(sock, self._take, io_queue.IN)

    def leave(self):
        """Close the socket."""
        self._queue.forget(self.sock)
        self.sock.close()

    # What the server does otherwise

    def next(self):
        """The next datagram, b"" for one that is not wanted. Raises OSError."""
        return self.sock.recv(MAX_DATAGRAM)

    def stamp(self, block):
        """Note in a first block whose datagram it is."""

    def begun(self, block):
        """The datagram of a first block is going to be read."""

    def put(self, data):
        """Send. Returns its size, or None. Raises OSError."""
        return self.sock.write(data)

    def _take(self, events):
        # Pump: from the stack into the pool.
        before = len(self._waiting)
        for _ in range(_TURN):
            try:
                data = self.next()
            except OSError:
                break  # all taken, or an earlier datagram did not arrive, which UDP does not tell
            except MemoryError:
                try:
                    self.sock.recv(1)  # takes it from the stack all the same
                    streams.overruns += 1
                except OSError:
                    pass  # there was none
                break
            if data:
                try:
                    self._keep(data, len(data))
                except MemoryError:
                    streams.overruns += 1
        if self._notify and not before and self._waiting:
            self._notify(self, streams.DATA)
        return None

    def _keep(self, data, n):
        global _full
        head = self.head
        needed = (n + head + _BLOCK - 1) // _BLOCK
        if _full + needed > _BLOCKS:
            streams.overruns += 1
            return
        blocks = []
        view = memoryview(data)
        at = -head
        while at < n:
            block = _free.pop() if _free else bytearray(_BLOCK)
            if at < 0:
                block[0] = n >> 8
                block[1] = n & 255
                self.stamp(block)
                part = view[: _BLOCK - head]
                block[head : head + len(part)] = part
            else:
                part = view[at : at + _BLOCK]
                block[: len(part)] = part
            blocks.append(block)
            at += _BLOCK
        self._waiting.extend(blocks)  # all or nothing, where memory runs out
        _full += needed

    def watch(self, notify):
        self._notify = notify

    def poll(self):
        return streams.DATA if self._waiting else streams.NO_DATA

    def read(self, size):
        buf = bytearray(min(size, MAX_DATAGRAM))
        n = self.receive(buf, len(buf))
        return bytes(memoryview(buf)[:n]) if n else b""

    def receive(self, into, size):
        """Up to `size` bytes of one datagram into a buffer; None when there is none."""
        waiting = self._waiting
        if not waiting:
            return None
        if not self._left:
            self._left = waiting[0][0] << 8 | waiting[0][1]
            self._at = self.head
            self.begun(waiting[0])
        done = 0
        while done < size and self._left:
            at = self._at
            n = min(size - done, self._left, _BLOCK - at)
            into[done : done + n] = memoryview(waiting[0])[at : at + n]
            done += n
            self._left -= n
            self._at = at = at + n
            if at == _BLOCK or not self._left:
                _spare(waiting.pop(0))
                self._at = 0
        return done

    def transmit(self, data, start, size):
        """Send one datagram; returns its size, or None when the stack has no room."""
        try:
            return self.put(memoryview(data)[start : start + size])
        except OSError as e:
            if e.errno in _NO_ROOM:
                return None
            raise

    async def write(self, data):
        while self.transmit(data, 0, len(data)) is None:
            await sockets.writable(self.sock)

    def close(self):
        global _users
        if self.on_close:
            self.on_close()
        self.leave()
        while self._waiting:
            _spare(self._waiting.pop())
        _users -= 1
        if not _users:
            _free.clear()
