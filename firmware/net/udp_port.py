# A UDP port that answers: each datagram from the link goes to a codec, and what that makes of it
# goes back to the sender. It is a pump of the loop's queue (io_queue.py), so a datagram that is
# none of ours costs no task; nor is there a buffer for those that are, until one comes.
import socket

from micropython import const

from . import io_queue
from .subnet import packed

_TURN = const(8)  # datagrams taken at once: the loop has others to serve
SIZE = const(1472)  # bytes that fit an Ethernet frame: no datagram is larger


class Port:
    """`process(data, (host, port))` gives the reply, None: none. Nothing is heard until `net`, a
    Subnet, says from whom. Raises OSError.
    """

    def __init__(self, number, process):
        self.net = None
        self.heard = None  # called when datagrams were processed
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

    def send(self, data, to):
        """Send a datagram; what cannot be sent is lost."""
        try:
            self._sock.sendto(data, to)
        except OSError:
            pass

    def _take(self, events):
        for _ in range(_TURN):
            try:
                data, peer = self._sock.recvfrom(SIZE)
            except OSError:
                break
            except MemoryError:
                self._lose()
                break
            if self.net and self.net.has(peer[0]):
                reply = self._process(data, peer)
                if reply:
                    self.send(reply, peer)
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
