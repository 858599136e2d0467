"""A board's network in the plain mode: the host's loopback, with an address of the board's own and
a DNS server for the names of its access points.

The other network that a supervisor may have is airwire.lan.attachment: same methods.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import Any

from airwire.board import config as configuration
from airwire.board.air import Addresses, Station
from airwire.board.dns import PORT as DNS_PORT
from airwire.board.dns import NameServer
from airwire.board.softap import SoftAp
from airwire.errors import UserError

# Holding this UDP port of an address is holding the address: no board of another home or user
# takes it.
_CLAIM_PORT = 65353


class Loopback:
    """127.0.0.N for the board, 127.0.1.N for gateway and DNS server."""

    def __init__(
        self, config: configuration.BoardConfig, names: Callable[[], dict[str, str] | None]
    ) -> None:
        """`names` gives what the DNS server knows now; None: it does not answer."""
        self._config = config
        self._dns = NameServer(names)

    async def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Claim address and ports. Raises UserError, and then holds nothing."""
        self._number, self._claim = _claim_address(self._config.address)
        try:
            self._port_shift, self._transport = await self._serve_names(loop)
        except UserError:
            self._claim.close()
            raise

    def close(self) -> None:
        """Give address and ports back."""
        self._transport.close()
        self._claim.close()

    def identity(self) -> dict[str, Any]:
        """What board.json says of the network."""
        return {
            "ip": f"127.0.0.{self._number}",
            "gateway": f"127.0.1.{self._number}",
            "port_shift": self._port_shift,
            "mac": self._config.mac or f"246f28aabb{self._number:02x}",
        }

    def station(self) -> Station:
        """The radio among the access points of the configuration."""
        ip, gateway = f"127.0.0.{self._number}", f"127.0.1.{self._number}"
        return Station(self._config.air, Addresses(ip, "255.0.0.0", gateway, gateway))

    def softap(self) -> SoftAp:
        """The soft-AP, which nobody can join."""
        return SoftAp(self.identity()["mac"])

    def status(self) -> dict[str, Any]:
        """What the board's status says of the network."""
        return {
            "ip": f"127.0.0.{self._number}",
            "port_shift": self._port_shift,
            "dns_queries": self._dns.queries,
            "lan": None,
        }

    async def _serve_names(
        self, loop: asyncio.AbstractEventLoop
    ) -> tuple[int, asyncio.BaseTransport]:
        """The DNS server of the access points, and with it the question which ports the host gives
        us.
        """
        wanted = self._config.port_shift
        address = f"127.0.1.{self._number}"
        for shift in (0, configuration.SHIFTED) if wanted == "auto" else (wanted,):
            try:
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: self._dns, local_addr=(address, DNS_PORT + shift)
                )
                return shift, transport
            except OSError as error:
                failure = error.strerror or os.strerror(error.errno)
        raise UserError(f"no DNS server on {address}:{DNS_PORT + shift}: {failure}")


def _claim_address(wanted: int | None) -> tuple[int, socket.socket]:
    """The N of 127.0.0.N, and the socket that keeps it ours."""
    for number in configuration.ADDRESSES if wanted is None else (wanted,):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((f"127.0.0.{number}", _CLAIM_PORT))
            return number, claim
        except OSError as error:
            claim.close()
            if error.errno != errno.EADDRINUSE:
                raise UserError(f"127.0.0.{number}: {error.strerror}") from None
    if wanted is None:
        raise UserError("all addresses 127.0.0.2 to 127.0.0.254 are taken by boards")
    raise UserError(f"127.0.0.{wanted} is taken by another board")
