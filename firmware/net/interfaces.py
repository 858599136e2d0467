# The network interfaces by their names: the station, and the soft-AP where the device has one.
# Both are links: state, ups, address(), up() and wlan as in station.py.
import socket

import network

from .station import DOWN, FAILED, UP, JoinError


class _SoftAp:
    # The soft-AP as a link, whether its service runs or not.

    def __init__(self, device):
        self._device = device
        self.wlan = network.WLAN(network.WLAN.IF_AP)

    @property
    def state(self):
        service = self._device.softap
        return UP if service and service.ap.state > 1 else DOWN  # net/softap.py: LONELY, USED

    @property
    def ups(self):
        service = self._device.softap
        return service.ups if service else 0

    def address(self, index):
        return self.wlan.ifconfig()[index].encode()

    async def up(self):
        if not await self._device.access_point().up():
            raise JoinError(FAILED)


def find(device, name, get):
    """The link that `name` means. `get` gives the value of a variable. Raises KeyError."""
    if name == b"default":
        name = get(b"network.default_interface")
    if name == b"wlan":
        return device.station
    if name != b"softap" or not hasattr(device, "access_point"):
        raise KeyError(name)
    return _SoftAp(device)


def bind(sock, link, port):
    """Bind a socket to a port of one interface alone. Raises OSError."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.wlan.config("ifname"))
    sock.bind(("0.0.0.0", port))
