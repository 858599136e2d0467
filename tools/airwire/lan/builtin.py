"""The DHCP server that the chip starts with its soft-AP: it owns UDP 67 unless the firmware was
there before, and nobody is told when it does not get it.
"""

import contextlib
import socket
import time
from asyncio import AbstractEventLoop

from airwire.board.air import Addresses
from airwire.lan.dhcp import CLIENT_PORT, SERVER_PORT
from airwire.wire import dhcp

_SECONDS = 7200  # IDF's 120 minutes
_POOL = 100  # its addresses: those behind its own
_LONGEST = 2048


class Builtin:
    """Of the interface `name` in the network namespace of this process."""

    def __init__(self, loop: AbstractEventLoop, name: str) -> None:
        self._loop, self._name = loop, name
        self._socket: socket.socket | None = None

    @property
    def serves(self) -> bool:
        """Whether the port is its."""
        return self._socket is not None

    def start(self, address: Addresses) -> None:
        """Take the port, if it is free, and serve."""
        self.stop()
        own, mask = socket.inet_aton(address.ip), socket.inet_aton(address.mask)
        count = min(_POOL, 254 - own[3])
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            first = own[:3] + bytes((own[3] + 1,))
            self._server = dhcp.Server(own, mask, first, count, _SECONDS, own, own)
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._name.encode())
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            taken.bind(("", SERVER_PORT))
        except (OSError, ValueError):  # the firmware has it, or there is nothing to give
            taken.close()
            return
        taken.setblocking(False)
        self._socket = taken
        self._loop.add_reader(taken, self._hear)

    def stop(self) -> None:
        """Give the port back."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _hear(self) -> None:
        buffer = bytearray(_LONGEST)
        with contextlib.suppress(OSError):  # nothing to read, or nobody to answer
            size, sender = self._socket.recvfrom_into(buffer)
            size = self._server.process(buffer, size, sender, int(time.monotonic()))
            if size:
                to = socket.inet_ntoa(self._server.to)
                self._socket.sendto(buffer[:size], (to, CLIENT_PORT))
