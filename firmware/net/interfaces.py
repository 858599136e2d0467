# The network interfaces by their names: the station, and the soft-AP where the device has one.
# Both are links: state, ups, address(), up() and wlan as in station.py.
import socket

from .station import DOWN, FAILED, UP, JoinError


class _SoftAp:
    # The soft-AP's service as a link.

    def __init__(self, service):
        self._service = service
        self.wlan = service.ap.wlan

    @property
    def state(self):
        return UP if self._service.ap.state > 1 else DOWN  # net/softap.py: LONELY, USED

    @property
    def ups(self):
        return self._service.ups

    def address(self, index):
        return self.wlan.ifconfig()[index].encode()

    async def up(self):
        if not await self._service.up():
            raise JoinError(FAILED)


def find(device, name, get):
    """The link that `name` means. `get` gives the value of a variable. Raises KeyError."""
    if name == b"default":
        name = get(b"network.default_interface")
    if name == b"wlan":
        return device.station
    if name != b"softap" or not hasattr(device, "access_point"):
        raise KeyError(name)
    return _SoftAp(device.access_point())


def bind(sock, link, port):
    """Bind a socket to a port of one interface alone. Raises OSError."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.wlan.config("ifname"))
    sock.bind(("0.0.0.0", port))
