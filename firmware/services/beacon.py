# The status announcement (broadcast.*): a datagram with the values that broadcast.data chooses,
# every broadcast.interval seconds while the interface is up. It starts by itself with the network.
# What is in it is announcement.py's business.
import asyncio
import time

from micropython import const
from network import WLAN

from firmware import forget
from firmware.console import log
from firmware.net import sockets
from firmware.net.station import UP
from firmware.store import variables

# A link that was lost and is back is announced this late at most.
_LOOK_MS = const(1000)
# What makes an announcement is loaded for each of them (20 ms), and is in RAM all the time only
# where they come more often than this.
_RARE_MS = const(10_000)
_PARTS = (
    "firmware.services.announcement",
    "firmware.services.beacon_pads",
    "firmware.net.link",
    "wire.beacon",
    "wire.utf8",
)


def create(device):
    """The service, on the parts of the device."""
    return _Beacon(device.station)


class _Beacon:
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
                interval = variables.get(b"broadcast.interval") * 1000
                self._announce(interval)
                due = time.ticks_add(due, interval)
                if time.ticks_diff(due, time.ticks_ms()) <= 0:  # the loop was held for longer
                    due = time.ticks_add(time.ticks_ms(), interval)

    def _up(self):
        if self._access_point:
            return self._access_point.active()
        return self._station.state == UP

    def _announce(self, interval):
        try:
            from firmware.services import announcement

            announcement.send(self._station, self._access_point)
            self._failure = None
        except (OSError, MemoryError) as e:
            why = sockets.reason(e) if isinstance(e, OSError) else b"Out of memory"
            if why != self._failure:
                log.line(log.STATUS, b"Broadcast failed: " + why)
            self._failure = why
        finally:
            announcement = None
            if interval >= _RARE_MS:
                for name in _PARTS:
                    forget(name)
