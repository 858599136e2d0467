# The status announcement (broadcast.*): a datagram with the values that broadcast.data chooses,
# every broadcast.interval seconds while the interface is up. It starts by itself with the network.
#
# The socket is open only while a datagram is sent: eight streams shall find room beside it.
import asyncio
import binascii
import socket
import time

import network
from machine import ADC, Pin
from micropython import const

from firmware import board
from firmware.console import log
from firmware.net import sockets, station
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
    def __init__(self, link):
        self._link = link
        self._access_point = None  # the WLAN of the soft-AP, where it is announced on
        self._failure = None  # why the last datagram was not sent; it is logged once

    async def run(self):
        """Service: announces until cancelled."""
        interface = variables.get(b"broadcast.interface")
        if interface == b"default":
            interface = variables.get(b"network.default_interface")
        if interface == b"softap":
            self._access_point = network.WLAN(network.WLAN.IF_AP)
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
        return self._link.state == station.UP

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
        pad = beacon.pad(name)
        if pad:
            return _level(pad[1]) if pad[0] == b"gpio" else _millivolts(pad[1])
        function = _STATION.get(name)
        if function:
            return None if self._access_point else function(self._link)
        return _VALUES[name](self._link)


_STATION = {
    b"bssid": lambda link: _bssid(link),
    b"channel": lambda link: link.wlan.config("channel"),
    b"ip": lambda link: link.address(0),
    b"ssid": lambda link: link.ssid,
    b"rssi": lambda link: link.rssi(),
}
_VALUES = {
    b"mac": lambda link: link.mac_text(),
    b"remote_terminal_port": lambda link: variables.get(b"remote_terminal.port"),
    b"time": lambda link: time.time_ns() // 1_000_000 + _EPOCH * 1000,
    b"version": lambda link: board.banner(),
    b"uuid": lambda link: link.mac_text().replace(b":", b""),
}


def _bssid(link):
    # The driver does not tell it: it is the one on this channel that the probe saw under this
    # name, where there is one alone.
    channel = link.wlan.config("channel")
    found = [bssid for bssid, at in link.seen if at in (0, channel)]
    return binascii.hexlify(found[0], ":").upper() if len(found) == 1 else None


def _level(gpio):
    # Of a GPIO that something uses; the pad of another is not even an input.
    if not board.is_gpio(gpio) or not board.owner(gpio):
        return None
    return Pin(gpio).value()


def _millivolts(gpio):
    # As adc_take_sample tells them; None where it would refuse.
    holder = board.owner(gpio)
    if not board.is_gpio(gpio) or (holder and holder != b"GPIO input_highz"):
        return None
    try:
        return ADC(Pin(gpio), atten=ADC.ATTN_11DB).read_uv() // 1000
    except (OSError, ValueError):  # the radio has the second ADC; a GPIO without one
        return None
    finally:
        if holder:
            Pin(gpio, Pin.IN, None)
