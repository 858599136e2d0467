# The DHCP server of the soft-AP, on UDP port 67. The driver has one of its own, which takes the
# port when the soft-AP goes up: softap_start.py opens this one first.
from micropython import const

from firmware import forget
from firmware.console import log

from . import on_call

_CLIENT_PORT = const(68)


def create(device):
    """The service, on the parts of the device."""
    return DhcpServer(device.uptime)


class DhcpServer(on_call.Server):
    name = b"DHCP"
    port = 67
    size = 548  # wire.dhcp.MAX_MESSAGE

    def __init__(self, now):
        super().__init__()
        self._now = now
        self._pool = None  # what the codec's server is made of
        self._held = None  # the leases while there is none
        self._server = None
        self._buf = None

    def serve(self, pool, interface):
        """What run() serves from now on: the arguments of wire.dhcp.Server, and the interface,
        which is up. Raises ValueError: no such pool.
        """
        from firmware.store import leases

        self._pool = pool
        self.wake()
        self._server.load(leases.load(), self._now())
        self.rest()
        self.interface = interface  # run() binds: there was none when the port was taken

    async def run(self):
        """Service: answers until cancelled."""
        if self._sock:
            self.bind_to(self.interface)
        await super().run()

    def leases(self):
        """(address, MAC address) of each lease, 4 and 6 bytes."""
        if self._pool is None:
            return []
        asleep = self._server is None
        if asleep:
            self.wake()
        found = [row[:2] for row in self._server.leases(self._now())]
        if asleep:
            self.rest()
        return found

    # What on_call.py calls

    def wake(self):
        from wire import dhcp

        server = dhcp.Server(*self._pool)
        if self._held:
            server.take_up(self._held)
        self._buf = bytearray(self.size)
        self._server = server

    def rest(self):
        if self._server:
            self._held = self._server.held()
        self._server = self._buf = None
        forget("wire.dhcp")
        forget("firmware.store.leases")

    def answer(self, sock, data, peer):
        server = self._server
        buf = self._buf
        exhausted = server.exhausted
        buf[: len(data)] = data
        size = server.process(buf, len(data), None, self._now())
        if server.changed:
            # Before the client knows: what it was promised holds through any power cut.
            from firmware.store import leases

            try:
                leases.save(server.save(self._now()))
            except OSError:
                log.line(log.STATUS, b"DHCP: the leases are not saved: Flash full")
        if server.exhausted != exhausted:
            log.line(log.STATUS, b"DHCP: no address is left")
        if size:
            to = "%d.%d.%d.%d" % tuple(server.to)
            sock.sendto(memoryview(buf)[:size], (to, _CLIENT_PORT))
