# The web setup (spec 5.6): a soft-AP of its own, in which every name leads to a page that lists
# the networks in reach and joins one of them. `setup web` starts it.
#
# What the module did before is put aside, and comes back in the end: station, soft-AP and HTTP
# server. The page is served by setup_server.py. A network is joined while the soft-AP is up, so
# that the page can tell what came of it; its settings are kept and saved only if that worked.
import asyncio
import sys
from time import ticks_diff, ticks_ms

import network
from micropython import const

from firmware import forget
from firmware.console import log, registry
from firmware.net.softap import FAILED
from firmware.net.station import NOT_FOUND, UP, JoinError
from firmware.store import variables

_NAME = "web setup"
_SERVER = "web setup server"

# Bytes that are free once the soft-AP is up, as measured on i386: what the HTTP server takes with
# two visitors, files that it sends, and a join ...
_ROOM = const(43_008)
# ... and what of it stays for good: names, machine code, the queue of what waits for sockets.
_FIRST = const(22_528)
_STAYS = "wire.http_fast"
# Services that give back their memory meanwhile. The announcement comes back with the network.
_ASIDE = ("http server", "beacon")

_LOOK_MS = const(100)
# What is left for the page to be drawn, once it was told that the network was joined ...
_TOLD_MS = const(3000)
# ... and for it to ask: the soft-AP has gone to the network's channel, and its client after it.
_UNTOLD_MS = const(30_000)
# In one join. Wrong passwords are to be seen soon, a lost frame is not to look like one.
_ATTEMPTS = const(2)
_FAILURE = b"Join failed: "

# What is asked of the soft-AP's variables, and is another one in the web setup.
_INSTEAD = {
    b"softap.ssid": b"setup.web.ssid",
    b"softap.dns_server.url": b"setup.web.url",
}
_ON = (b"softap.dhcp_server.enabled", b"softap.dns_server.enabled")
_OWN_PASSKEY = b"********"

# That were for the network before.
_OLD = (b"wlan.bssid", b"wlan.security")


running = None  # the WebSetup that does


def create(device):
    """The service, on the parts of the device."""
    return WebSetup(device)


async def start(device):
    """Start it, and wait until it is up; False where the soft-AP cannot be. Raises MemoryError."""
    global running
    running = setup = create(device)
    device.start(_NAME, setup.run)
    await setup.settled.wait()
    if setup.full:
        raise MemoryError
    return setup.up


async def stop(device):
    """End it; all is as it was before when this returns."""
    task = device.services.get(_NAME)
    if not running.ending:  # its end is not to be cut short
        device.stop(_NAME)
    while task and not task.done():
        await asyncio.sleep_ms(1)


def _variable(name):
    # The soft-AP's, as it is in the web setup.
    if name == b"softap.passkey":
        key = variables.get(b"setup.web.passkey")
        if key != _OWN_PASSKEY:
            return key
    elif name in _ON:
        return 1
    return variables.get(_INSTEAD.get(name, name))


class WebSetup:
    def __init__(self, device):
        self.device = device
        self.settled = asyncio.Event()  # it is up, or cannot be
        self.up = False
        self.ending = False
        self.full = False  # there was no memory for it
        self.networks = ()  # in reach, as Station.scan() has them
        self.address = b""  # of the module in its soft-AP
        self.names = ()  # and its names there
        self.wish = None  # (SSID, passkey) that a visitor wants to be joined
        self.scan = False  # a visitor wants to see what is in reach now
        self.state = b"ready"  # joining, joined, failed
        self.reason = b""  # of a failure, in words
        self.ssid = b""  # of the wish that the state is of
        self.seen = ticks_ms()  # when a visitor was here last
        self.told = None  # when one was told that the network is joined
        self.server = None
        self._joined = 0  # when that was

    async def run(self):
        """Service: until it is over."""
        station = self.device.station
        wanted = station.wanted
        softap = self.device.softap
        was_up = softap is not None and softap.ap.state > FAILED
        try:
            await self._put_aside()
            softap = self.device.access_point()
            if await self._begin(softap):
                while not self._over(softap):
                    if self.wish:
                        await self._join()
                        self.wish = None
                    elif self.scan:
                        await self._scan()
                        self.scan = False
                    await asyncio.sleep_ms(_LOOK_MS)
        except MemoryError:
            self.full = True
            registry.make_room()
            log.line(log.STATUS, b"Web setup: Out of memory")
        finally:
            self.ending = True
            await self._end(softap, was_up)
            joined = self.state == b"joined"
            again = self.up and variables.get(b"wlan.auto_join.enabled")
            station.wanted = bool(joined or wanted or again)
            self.settled.set()
            forget(__name__)

    async def _put_aside(self):
        for name in _ASIDE:
            task = self.device.stop(name)
            while task and not task.done():
                await asyncio.sleep_ms(1)

    async def _begin(self, softap):
        device = self.device
        await softap.down()
        await self._leave()
        await self._scan()
        softap.ap.get = _variable
        softap.every = True
        if not await softap.up():
            return False
        self.address = _variable(b"softap.static.ip")
        names = _variable(b"softap.dns_server.url").lower().split(b",")
        self.names = [self.address] + [name.strip() for name in names if name.strip()]
        registry.claim(_ROOM if _STAYS in sys.modules else _ROOM + _FIRST)
        self.server = device.service("setup_server").create(self)
        device.start(_SERVER, self.server.run)
        log.event(b"Web setup on")
        self.seen = ticks_ms()
        self.up = True
        self.settled.set()
        return True

    async def _end(self, softap, was_up):
        task = self.device.stop(_SERVER)
        while task and not task.done():
            await asyncio.sleep_ms(1)
        self.server = None
        for name in ("setup_server", "http_server"):
            forget("firmware.services." + name)
        if softap:
            await softap.down()
            softap.ap.get = variables.get
            softap.every = False
        if self.up:
            log.event(b"Web setup off")
        try:
            if was_up:
                await softap.up()
            self.device.service("switched").changed(self.device, b"http.server.enabled")
        except MemoryError:
            log.line(log.STATUS, b"Web setup: Out of memory")

    def _over(self, softap):
        now = ticks_ms()
        if softap.ap.state <= FAILED:  # somebody took it down
            return True
        if self.state == b"joined":
            since, limit = self._joined, _UNTOLD_MS
            if self.told is not None:
                since, limit = self.told, _TOLD_MS
            return ticks_diff(now, since) > limit
        limit = variables.get(b"setup.web.idle_timeout") * 1000
        return limit != 0 and ticks_diff(now, self.seen) > limit

    # The station

    async def _leave(self):
        station = self.device.station
        station.down()
        while station.joining:
            await station.joining.wait()

    async def _scan(self):
        station = self.device.station
        await self.device.quiet()
        try:
            self.networks = station.scan()
        except OSError:
            pass  # the driver is busy: what was seen before
        if station.state != UP:
            station.wlan.active(False)

    async def _join(self):
        # What the visitor asked for: `state` and `reason` tell what came of it.
        station = self.device.station
        new = {
            b"wlan.ssid": self.wish[0],
            b"wlan.passkey": self.wish[1],
            b"wlan.bssid": b"00:00:00:00:00:00",
            b"wlan.security": b"auto",
            b"wlan.join.retries": _ATTEMPTS,
        }
        self.state = b"joining"
        self.server.log.clear()
        await self._leave()
        station.get = lambda name: new[name] if name in new else variables.get(name)
        try:
            await station.up()
            self._keep(new)
            self.state = b"joined"
        except JoinError as e:
            self.reason = self._why(e.args[0])
        except MemoryError:
            registry.make_room()
            self.reason = b"Out of memory"
        finally:
            station.get = variables.get
        self.seen = self._joined = ticks_ms()
        if self.state != b"joined":
            await self._leave()
            self.state = b"failed"

    def _why(self, result):
        # The log has said why.
        for line in reversed(self.server.log.lines):
            if line.startswith(_FAILURE):
                return line[len(_FAILURE) :]
        return b"SSID not found" if result == NOT_FOUND else b"failed"

    def _keep(self, new):
        # As `network_up -s` does it.
        from firmware.store import settings

        values = {b"wlan.auto_join.enabled": 1}
        for name in (b"wlan.ssid", b"wlan.passkey"):
            values[name] = new[name]
        for name in _OLD:
            variables.values.pop(name, None)
        try:
            for name in values:
                _, kind, default, _ = variables.find([name])
                variables.put(name, kind, default, values[name])
            settings.save()
        except OSError:
            self.reason = b"not saved: Flash full"
        forget("firmware.store.settings")

    def name(self):
        """By which name the module is found in the network that it has joined."""
        mdns = sys.modules.get("firmware.services.mdns")
        told = mdns and mdns.running and mdns.running.told
        return (told or network.hostname().encode()) + b".local"
