# The UDP client that is opened when the network comes up: udp.client.auto_start.
from firmware.services.redial import FOR_EVER
from firmware.services.tcp_client import Client
from firmware.store import variables


class _Off:
    async def run(self):
        pass


def _retries():
    return FOR_EVER if variables.get(b"udp.client.auto_retry") else 0


def create(device):
    if device.stream_mode and variables.get(b"tcp.client.auto_start"):
        return _Off()  # a bridge has one stream
    return Client(device, b"UDPC", b"udp.client.", _retries)
