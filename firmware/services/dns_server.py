# The DNS server of the soft-AP: the module's address under the names of softap.dns_server.url, and
# in setup under every name.
import sys

from firmware import forget
from firmware.console import log

from . import on_call


def create(names, address, interface, every=False):
    """The service, for the names (list of bytes) that lead to `address` (4 bytes), or for every
    name. Its socket is bound to the interface. Raises OSError.
    """
    return DnsServer(names, address, interface, every)


class DnsServer(on_call.Server):
    name = b"DNS"
    port = 53
    size = 512  # wire.dns_server.BUFFER_SIZE

    def __init__(self, names, address, interface, every):
        super().__init__()
        self.interface = interface
        self._names = []
        self._address = address
        self._every = every
        self._server = self._buf = None
        for name in names:
            self._names.append(name)
            try:
                self.wake()
            except ValueError:
                self._names.pop()
                log.line(log.STATUS, b"DNS: not a name: " + name)
        self.rest()
        self.open()

    # What on_call.py calls

    def wake(self):
        from wire import dns_server

        self._server = dns_server.Server(self._names, self._address, self._every)
        self._buf = bytearray(self.size)

    def rest(self):
        self._server = self._buf = None
        forget("wire.dns_server")
        if "wire.mdns" not in sys.modules:
            forget("wire.dns")

    def answer(self, sock, data, peer):
        buf = self._buf
        buf[: len(data)] = data
        size = self._server.process(buf, len(data), peer)
        if size:
            sock.sendto(memoryview(buf)[:size], peer)
