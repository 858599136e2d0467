# UDP clients as streams (UDPC). One write is one datagram; a read gives bytes of one datagram, and
# what it leaves of it is for the next read: boundaries are kept, nothing is cut off. Empty
# datagrams are not seen.
#
# The stack keeps only a few datagrams and drops more in silence, so they are taken from it as they
# come, into a pool of blocks that is allocated with the first UDP stream and freed with the last.
# A datagram that finds too few of them is lost, and counted in `overruns`.
import errno
import socket

from micropython import const

from . import io_queue, sockets, streams

MAX_DATAGRAM = const(1472)  # bytes that fit an Ethernet frame: more would travel in fragments
# 24 small datagrams, or four of the largest: what may come while a host asks eight streams in
# turn.
_BLOCK = const(256)
_BLOCKS = const(24)
_TURN = const(8)  # datagrams taken at once: the loop has others to serve
_NO_ROOM = (errno.EAGAIN, errno.ETIMEDOUT)  # sendto without blocking times out at once

overruns = 0  # datagrams lost since the start because the pool was full
_free = []  # blocks that hold nothing
_users = 0


def _everybody(ip, netmask):
    # True for the address of a group or of all hosts: then anybody may answer.
    host = [int(part) for part in ip.split(".")]
    mask = [int(part) for part in netmask.split(".")]
    return 224 <= host[0] < 240 or all(h | m == 255 for h, m in zip(host, mask))


def usage():
    """Percent of the pool that is in use."""
    return 100 - 100 * len(_free) // _BLOCKS if _users else 0


class UdpStream:
    kind = b"UDPC"
    ended = False
    most = MAX_DATAGRAM
    on_close = None

    def __init__(self, info, ip, port, local_port, netmask):
        """`ip` and `netmask` are dotted text. From one host only its own datagrams are taken; from
        a broadcast or group address those of anybody. Raises OSError, MemoryError.
        """
        global _users
        self._info = info
        self._queue = io_queue.use()
        self._waiting = []  # blocks; the first two bytes of a datagram's first are its length
        self._left = 0  # bytes of the first datagram that were not read, once it was begun
        self._at = 0  # where they begin, in the first block
        self._notify = self._address = None
        if not _users:
            while len(_free) < _BLOCKS:
                _free.append(bytearray(_BLOCK))
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.sock.setblocking(False)
            self.sock.bind(("0.0.0.0", local_port))
            if _everybody(ip, netmask):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                self._address = (ip, port)
            else:
                self.sock.connect((ip, port))
            _users += 1
        except:
            self.sock.close()
            self._empty()
            raise
        self._queue.attach(self.sock, self._take, io_queue.IN)

    def describe(self):
        return self._info

    def _take(self, events):
        # Pump: from the stack into the pool.
        global overruns
        before = len(self._waiting)
        for _ in range(_TURN):
            try:
                data = self.sock.recv(MAX_DATAGRAM)
            except OSError:
                break  # all taken, or an earlier datagram did not arrive, which UDP does not tell
            except MemoryError:
                try:
                    self.sock.recv(1)  # takes it from the stack all the same
                    overruns += 1
                except OSError:
                    pass  # there was none
                break
            if data:
                self._keep(data, len(data))
        if self._notify and not before and self._waiting:
            self._notify(self, streams.DATA)
        return None

    def _keep(self, data, n):
        global overruns
        if n + 2 > len(_free) * _BLOCK:
            overruns += 1
            return
        view = memoryview(data)
        at = -2
        while at < n:
            block = _free.pop()
            if at < 0:
                block[0] = n >> 8
                block[1] = n & 255
                part = view[: _BLOCK - 2]
                block[2 : 2 + len(part)] = part
            else:
                part = view[at : at + _BLOCK]
                block[: len(part)] = part
            self._waiting.append(block)
            at += _BLOCK

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
            self._at = 2
        done = 0
        while done < size and self._left:
            at = self._at
            n = min(size - done, self._left, _BLOCK - at)
            into[done : done + n] = memoryview(waiting[0])[at : at + n]
            done += n
            self._left -= n
            self._at = at = at + n
            if at == _BLOCK or not self._left:
                _free.append(waiting.pop(0))
                self._at = 0
        return done

    def transmit(self, data, start, size):
        """Send one datagram; returns its size, or None when the stack has no room."""
        try:
            if self._address:
                return self.sock.sendto(memoryview(data)[start : start + size], self._address)
            return self.sock.write(data, start, size)
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
        self._queue.forget(self.sock)
        self.sock.close()
        _free.extend(self._waiting)
        self._waiting = []
        _users -= 1
        self._empty()

    def _empty(self):
        if not _users:
            _free.clear()
