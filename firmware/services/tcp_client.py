# The clients that are opened when the network comes up: tcp.client.auto_start, and for the UDP
# client (udp_client.py) udp.client.auto_start. In stream mode there is one: TCP goes first. With
# tcp.client.tls_enabled it is TLS over TCP.
import asyncio

from micropython import const

from firmware.services.redial import Redial
from firmware.store import variables

_LOOK_MS = const(250)


class Client:
    def __init__(self, device, kind, group, retries):
        self._station = device.station
        self._group = group
        self._dialler = Redial(device, kind, group, retries)

    async def run(self):
        """Service: opens it each time that the network comes up, until that is not wanted."""
        station = self._station
        while variables.get(self._group + b"auto_start"):
            await self._dialler.keep()
            ups = station.ups
            while station.ups == ups:
                await asyncio.sleep_ms(_LOOK_MS)


def _retries():
    return variables.get(b"tcp.client.auto_retries")


def create(device):
    kind = b"TLSC" if variables.get(b"tcp.client.tls_enabled") else b"TCPC"
    return Client(device, kind, b"tcp.client.", _retries)
