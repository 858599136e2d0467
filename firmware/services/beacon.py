# The status announcement (broadcast.*): a datagram with the values that broadcast.data chooses,
# every broadcast.interval seconds while the interface is up. It starts by itself with the network.
#
# The socket is open only while a datagram is sent: eight streams shall find room beside it.
import asyncio
import socket
import time

from micropython import const
from network import WLAN

from firmware import board
from firmware.console import log
from firmware.net import link, sockets
from firmware.net.station import UP
from firmware.store import variables
from wire import beacon

# A link that was lost and is back is announced this late at most.
_LOOK_MS = const(1000)
# The chip counts from 2000, the announcement from 1970.
_EPOCH = const(946_684_800)


def create(device):
    """The service, on the parts of the device."""
    return Beacon(device.station)


class Beacon:
    def __init__(self, station):
        self._station = station
        self._access_point = None  # the WLAN of the soft-AP, where it is announced on
        self._failure = None  # why the last datagram was not sent; it is logged once

    async def run(self):
        """Service: announces until cancelled."""
        interface = variables.get(b"broadcast.interface")
        if interface == b"default":
            interface = variables.get(b"network.default_interface")
        if interface == b"softap":
            self._access_point = WLAN(WLAN.IF_AP)
        while True:
            while not self._up():
                await asyncio.sleep_ms(_LOOK_MS)
            due = time.ticks_ms()
            while self._up():
                left = time.ticks_diff(due, time.ticks_ms())
                if left > 0:
                    await asyncio.sleep_ms(min(left, _LOOK_MS))
                    continue
                self._announce()
                interval = variables.get(b"broadcast.interval") * 1000
                due = time.ticks_add(due, interval)
                if time.ticks_diff(due, time.ticks_ms()) <= 0:  # the loop was held for longer
                    due = time.ticks_add(time.ticks_ms(), interval)

    def _up(self):
        if self._access_point:
            return self._access_point.active()
        return self._station.state == UP

    def _announce(self):
        try:
            names = beacon.chosen(variables.get(b"broadcast.data"))
            self._send(beacon.message([(name, self._value(name)) for name in names]))
            self._failure = None
        except OSError as e:
            why = sockets.reason(e)
            if why != self._failure:
                log.line(log.STATUS, b"Broadcast failed: " + why)
            self._failure = why

    def _send(self, data):
        port = variables.get(b"broadcast.udp.port")
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if self._access_point:  # the way to everybody leads through the station
                name = self._access_point.config("ifname")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
            sock.bind(("0.0.0.0", port))
            sock.sendto(data, (variables.get(b"broadcast.udp.ip").decode(), port))
        finally:
            sock.close()

    def _value(self, name):
        # The value of an item, None for what there is none of.
        station = self._station
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
        if self._access_point:
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
