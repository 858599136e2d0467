# A UDP port that answers: each datagram from the link goes to a codec's process(), and what that
# leaves in the buffer goes back to the sender. It is a pump of the loop's queue (io_queue.py), so
# a datagram that is none of ours costs no task.
import socket

from micropython import const

from . import io_queue
from .subnet import packed

_TURN = const(8)  # datagrams taken at once: the loop has others to serve


class Port:
    """`process(buf, length, (host, port))` gives the size of the reply in `buf`, 0: none. Nothing
    is heard until `net`, a Subnet, says from whom. Raises OSError.
    """

    def __init__(self, number, buf, process):
        self.net = None
        self.heard = None  # called when datagrams were processed
        self._buf = buf
        self._process = process
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._sock.setblocking(False)
            self._sock.bind(("0.0.0.0", number))
            self._queue = io_queue.use()
            self._queue.attach(self._sock, self._take, io_queue.IN)
        except:
            self._sock.close()
            raise

    def use(self, interface):
        """Hear and send on one interface alone, given by the driver's name for it (str)."""
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface)
        except OSError:
            pass  # it has just gone

    def join(self, group):
        """Hear what is sent to a group (dotted bytes) on the link of `net`."""
        try:
            self._sock.setsockopt(
                socket.IPPROTO_IP,
                socket.IP_ADD_MEMBERSHIP,
                packed(group) + packed(self.net.address),
            )
        except OSError:
            pass  # it is heard already: there is no leaving a group

    def send(self, size, to):
        """Send the first `size` bytes of the buffer; what cannot be sent is lost."""
        try:
            self._sock.sendto(memoryview(self._buf)[:size], to)
        except OSError:
            pass

    def _take(self, events):
        buf = self._buf
        for _ in range(_TURN):
            try:
                data, peer = self._sock.recvfrom(len(buf))
            except OSError:
                break
            except MemoryError:
                self._lose()
                break
            if self.net and self.net.has(peer[0]):
                length = len(data)
                buf[:length] = data
                size = self._process(buf, length, peer)
                if size:
                    self.send(size, peer)
        if self.heard:
            self.heard()
        return None

    def _lose(self):
        # Without room for it a datagram is taken from the stack all the same.
        try:
            self._sock.recv(1)
        except OSError:
            pass

    def close(self):
        self._queue.forget(self._sock)
        self._sock.close()
