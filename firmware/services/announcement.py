# One datagram of the status announcement: the values that broadcast.data chooses, and their
# sending. Imported for it (beacon.py).
#
# The socket is open only while a datagram is sent: eight streams shall find room beside it.
import socket
import time

from micropython import const

from firmware import board
from firmware.net import link
from firmware.store import variables
from wire import beacon

# The chip counts from 2000, the announcement from 1970.
_EPOCH = const(946_684_800)


def send(device, access_point):
    """Announce to the station's network, or to that of `access_point`, the WLAN of the soft-AP,
    unless that is None; and to the server of broadcast.http.host. Raises OSError.
    """
    station = device.station
    names = beacon.chosen(variables.get(b"broadcast.data"))
    values = [(name, _value(name, station, access_point)) for name in names]
    data = beacon.message(values)
    host = variables.get(b"broadcast.http.host")
    if host not in (b"", b"None"):
        from firmware.services import beacon_post

        beacon_post.start(device, host, data)
    _put(data, access_point)


def _put(data, access_point):
    port = variables.get(b"broadcast.udp.port")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if access_point:  # the way to everybody leads through the station
            name = access_point.config("ifname")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
        sock.bind(("0.0.0.0", port))
        sock.sendto(data, (variables.get(b"broadcast.udp.ip").decode(), port))
    finally:
        sock.close()


def _value(name, station, access_point):
    # The value of an item, None for what there is none of.
    if name == b"mac":
        return station.mac_text()
    if name == b"uuid":
        return station.mac_text().replace(b":", b"")
    if name == b"version":
        return board.banner()
    if name == b"time":
        return time.time_ns() // 1_000_000 + _EPOCH * 1000
    if name == b"remote_terminal_port":
        return variables.get(b"remote_terminal.port")
    pad = beacon.pad(name)
    if pad:
        from firmware.services import beacon_pads

        return beacon_pads.value(*pad)
    if access_point:
        return None  # the others are of the station's network
    if name == b"ip":
        return station.address(0)
    if name == b"ssid":
        return station.ssid
    if name == b"rssi":
        return station.rssi()
    if name == b"channel":
        return link.channel(station)
    return link.bssid(station)
