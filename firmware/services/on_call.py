# A server on a UDP port that is asked now and then. Its codec is imported for a question and
# dropped when no more come: a client that joins asks a few in a row, and then for hours nothing.
import asyncio
import errno
import socket

from micropython import const

from firmware.console import log, registry
from firmware.net import sockets

_BIND_TO_DEVICE = getattr(socket, "SO_BINDTODEVICE", 25)
_REST_MS = const(10_000)  # of silence, after which the codec is dropped


class Server:
    """A kind of server has `name`, as in log lines, `port`, `size` of the largest message, and
    wake()                  import the codec
    answer(sock, data, peer)  deal with a datagram, with the codec awake; raises OSError
    rest()                  drop the codec
    """

    awake = False

    def __init__(self):
        self._sock = None
        self.interface = None

    def open(self):
        """Take the port. Raises OSError."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._sock = sock
            self.bind_to(self.interface)
            sock.bind(("0.0.0.0", self.port))
        except:
            self.close()
            raise

    def bind_to(self, interface):
        """Hear and answer on one interface alone, from now on; None: on all."""
        self.interface = interface
        if interface is not None:
            self._sock.setsockopt(socket.SOL_SOCKET, _BIND_TO_DEVICE, interface)

    def close(self):
        """Give the port back."""
        if self._sock:
            self._sock.close()
            self._sock = None

    async def run(self):
        """Service: answers until cancelled."""
        if not self._sock:  # after a fault
            self.open()
        sock = self._sock
        try:
            while True:
                await self._asked(sock)
                try:
                    data, peer = sock.recvfrom(self.size)
                    if not self.awake:
                        self.wake()
                        self.awake = True
                    self.answer(sock, data, peer)
                except OSError as e:  # who asked will ask again
                    if e.errno != errno.EAGAIN:
                        log.line(log.DETAIL, b"%s: %s" % (self.name, sockets.reason(e)))
                except MemoryError:
                    data = None
                    self._lose(sock)
        finally:
            self.close()
            self._rest()

    async def _asked(self, sock):
        # Wait for a datagram; when none comes for a while, without the codec.
        if self.awake:
            try:
                await asyncio.wait_for_ms(sockets.readable(sock), _REST_MS)
                return
            except asyncio.TimeoutError:
                self._rest()
        await sockets.readable(sock)

    def _rest(self):
        self.awake = False
        self.rest()

    def _lose(self, sock):
        # Without room for it a datagram is taken from the stack all the same.
        self._rest()
        registry.make_room()
        try:
            sock.recv(1)
        except OSError:
            pass
