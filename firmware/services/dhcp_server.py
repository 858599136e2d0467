# The DHCP server of the soft-AP, on UDP port 67. The driver has one of its own, which takes the
# port when the soft-AP goes up: softap_start.py opens this one first.
import errno
import socket

from firmware.console import log
from firmware.net import sockets
from firmware.store import leases
from wire import dhcp
from wire.dhcp import Server  # noqa: F401 - for softap_start.py

_BIND_TO_DEVICE = getattr(socket, "SO_BINDTODEVICE", 25)


def create(device):
    """The service, on the parts of the device."""
    return DhcpServer(device)


class DhcpServer:
    def __init__(self, device):
        self._now = device.uptime
        self._sock = None
        self._server = None
        self._interface = None

    def open(self):
        """Take the port. Raises OSError."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.bind(("0.0.0.0", dhcp.SERVER_PORT))
        except:
            sock.close()
            raise
        self._sock = sock

    def close(self):
        """Give the port back."""
        if self._sock:
            self._sock.close()
            self._sock = None

    def serve(self, server, interface):
        """What run() serves from now on: a Server, and the interface, which is up."""
        server.load(leases.load(), self._now())
        self._server = server
        self._interface = interface

    def leases(self):
        """(address, MAC address) of each lease, 4 and 6 bytes."""
        if self._server is None:
            return []
        return [row[:2] for row in self._server.leases(self._now())]

    async def run(self):
        """Service: answers until cancelled."""
        if not self._sock:  # after a fault
            self.open()
        sock = self._sock
        # Only now: there was no such interface when the port was taken.
        sock.setsockopt(socket.SOL_SOCKET, _BIND_TO_DEVICE, self._interface)
        buf = bytearray(dhcp.MAX_MESSAGE)
        view = memoryview(buf)
        try:
            while True:
                await sockets.readable(sock)
                try:
                    # Not readinto(): it would go on and put the next datagram behind this one.
                    data = sock.recv(dhcp.MAX_MESSAGE)
                except OSError as e:
                    if e.errno != errno.EAGAIN:
                        log.line(log.DETAIL, b"DHCP: " + sockets.reason(e))
                    continue
                buf[: len(data)] = data
                self._answer(sock, buf, view, len(data))
        finally:
            self.close()

    def _answer(self, sock, buf, view, size):
        server = self._server
        exhausted = server.exhausted
        size = server.process(buf, size, None, self._now())
        if server.changed:
            # Before the client knows: what it was promised holds through any power cut.
            try:
                leases.save(server.save(self._now()))
            except OSError:
                log.line(log.STATUS, b"DHCP: the leases are not saved: Flash full")
        if server.exhausted != exhausted:
            log.line(log.STATUS, b"DHCP: no address is left")
        if size:
            try:
                sock.sendto(view[:size], ("%d.%d.%d.%d" % tuple(server.to), dhcp.CLIENT_PORT))
            except OSError as e:  # the client will ask again
                log.line(log.DETAIL, b"DHCP: " + sockets.reason(e))
