# The network interfaces by their names: the station, and the soft-AP where the device has one.
# Both are links: state, ups, address(), up() and wlan as in station.py.
import socket


def find(device, name, get):
    """The link that `name` means. `get` gives the value of a variable. Raises KeyError."""
    if name == b"default":
        name = get(b"network.default_interface")
    if name == b"wlan":
        return device.station
    link = getattr(device, "softap", None)
    if name != b"softap" or link is None:
        raise KeyError(name)
    return link


def bind(sock, link, port):
    """Bind a socket to a port of one interface alone. Raises OSError."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.wlan.config("ifname"))
    sock.bind(("0.0.0.0", port))
