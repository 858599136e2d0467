# The DNS server of the soft-AP: the module's address under the names of softap.dns_server.url, and
# in setup under every name.
import errno
import socket

from micropython import const

from firmware.console import log
from firmware.net import sockets
from wire import dns_server

_PORT = const(53)
_BIND_TO_DEVICE = getattr(socket, "SO_BINDTODEVICE", 25)


def create(names, address, interface, every=False):
    """The service, for the names (list of bytes) that lead to `address` (4 bytes), or for every
    name. Its socket is bound to the interface. Raises OSError.
    """
    return DnsServer(names, address, interface, every)


class DnsServer:
    def __init__(self, names, address, interface, every):
        good = []
        for name in names:
            try:
                dns_server.Server((name,), address)
                good.append(name)
            except ValueError:
                log.line(log.STATUS, b"DNS: not a name: " + name)
        self._server = dns_server.Server(good, address, every)
        self._interface = interface
        self._sock = None
        self.open()

    def open(self):
        """Take the port. Raises OSError."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, _BIND_TO_DEVICE, self._interface)
            sock.bind(("0.0.0.0", _PORT))
        except:
            sock.close()
            raise
        self._sock = sock

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
        buf = bytearray(dns_server.BUFFER_SIZE)
        view = memoryview(buf)
        try:
            while True:
                await sockets.readable(sock)
                try:
                    data, address = sock.recvfrom(dns_server.BUFFER_SIZE)
                    buf[: len(data)] = data
                    size = self._server.process(buf, len(data), address)
                    if size:
                        sock.sendto(view[:size], address)
                except OSError as e:  # who asked will ask again
                    if e.errno != errno.EAGAIN:
                        log.line(log.DETAIL, b"DNS: " + sockets.reason(e))
        finally:
            self.close()
