# The station: joins an access point, keeps its state and the join result of the spec (5.2), and
# says what it does.
import asyncio
import binascii

import machine
import network
from micropython import const

from firmware import forget

# Join results (wlan.join.result)
SUCCESS = const(1)
JOINING = const(2)
NO_SSID = const(3)
NO_PASSKEY = const(4)
BAD_SECURITY = const(5)
NOT_FOUND = const(6)
FAILED = const(7)
ABORTED = const(8)

# States (wlan.network.status)
DOWN = const(0)
ASSOCIATED = const(1)
UP = const(2)

# The driver has no event for us: a lost link may go unseen this long.
_LINK_POLL_MS = const(250)


class JoinError(Exception):
    """args[0] is the join result."""


class Station:
    def __init__(self, log, settings, quiet):
        self.log = log
        self.quiet = quiet  # coroutine function: until the loop may be blocked for a scan
        self.get = settings.get  # value of a variable by its full name
        self.wlan = network.WLAN(network.WLAN.IF_STA)
        self.result = self.verified = 0
        self.state = DOWN
        self.wanted = False  # the link is to be kept up: joined again when it is lost
        # Called with DOWN before a join, with ASSOCIATED before the driver connects, with UP when
        # there is an address, with DOWN before the link is left (or when it is lost).
        self.watchers = []
        self.proven = None  # (ssid, passkey, key) of the last successful join: needs no probe
        self.joining = None  # event that ends the join under way
        self.ups = 0  # how often it has come up
        self.ssid = b""
        # (BSSID, channel) of the access points that the link may be to; channel 0: whatever it is
        self.seen = ()
        self.joins = self.losses = 0  # links made since the start, and of these lost
        self.since = 0  # when the last one was made, time_ns()

    # What others ask

    def mac_text(self):
        """The MAC address as 4C:55:CC:01:02:03."""
        return binascii.hexlify(self.mac(), ":").upper()

    def mac(self):
        return machine.unique_id()

    def failed(self):
        """True after a join that failed, until the next one or network_down."""
        return self.result > JOINING and self.wlan.active()

    def address(self, index):
        """Address 0, netmask 1, gateway 2 or name server 3 as text; 0.0.0.0 while the link is
        down.
        """
        return self.wlan.ifconfig()[index].encode() if self.state == UP else b"0.0.0.0"

    def name_server(self):
        return self.wlan.ifconfig()[3]

    def rssi(self):
        """Signal in dBm, or None while not associated."""
        try:
            return self.wlan.status("rssi")
        except OSError:
            return None

    def scan(self):
        """List of (ssid, bssid, channel, rssi, authmode, hidden), strongest first. Blocks the loop
        for about two seconds.
        """
        self.wlan.active(True)
        return sorted(self.wlan.scan(), key=lambda n: -n[3])

    def security(self):
        """Names of security types, by authmode; None for those that are not supported."""
        from .join import SECURITY

        forget("firmware.net.join")
        return SECURITY

    # Joining

    async def up(self):
        """Bring the link up, or wait for a join under way. Raises JoinError."""
        if self.joining:
            await self.joining.wait()
        if self.state != UP:
            await self._join()

    async def rejoin(self):
        """Bring the link up on the network that is set, leaving another. Raises JoinError."""
        if self.state == UP and self.ssid != self.get(b"wlan.ssid"):
            self.drop()
            self.log.event(b"Disassociated")
        await self.up()

    async def _join(self):
        self.joining = done = asyncio.Event()
        self.result = JOINING
        try:
            self.tell(DOWN)
            from . import join

            self.result = await join.attempts(self)
        except MemoryError:
            self.result = FAILED  # tried again as any other
        finally:
            forget("firmware.net.join")
            if self.result == JOINING:
                self.result = ABORTED
            if self.result != SUCCESS:
                self.drop()
            if self.result == ABORTED:
                self.wlan.active(False)
            self.joining = None
            done.set()
        if self.result != SUCCESS:
            self.log.event(b"Join failed")
            raise JoinError(self.result)

    def tell(self, state):
        """Call the watchers."""
        for watcher in self.watchers:
            try:
                watcher(state)
            except MemoryError:  # the link does not depend on who watches it
                self.log.line(self.log.STATUS, b"Out of memory")

    def drop(self):
        if self.state == UP:
            self.tell(DOWN)
        try:
            self.wlan.disconnect()
        except OSError:
            pass
        self.state = DOWN

    def down(self):
        """Leave the network and do not come back by itself."""
        self.wanted = False
        if self.joining:
            self.result = ABORTED  # join.py looks at it
        if self.state != DOWN:
            self.drop()
            self.log.event(b"Disassociated")
        self.wlan.active(False)

    # The service

    async def run(self):
        """Service: auto-join at start, and again whenever a wanted link is lost."""
        self.wanted = self.wanted or bool(self.get(b"wlan.auto_join.enabled"))
        failures = 0
        while True:
            if self.state == UP:
                failures = 0
                if not self.wlan.isconnected():
                    self.losses += 1
                    self.drop()
                    self.log.event(b"Disassociated")
                    self.wanted = self.wanted or bool(self.get(b"wlan.auto_join.enabled"))
            elif self.wanted and not self.joining:
                try:
                    await self.up()
                except JoinError:
                    failures += 1
                    limit = self.get(b"wlan.auto_join.retries")
                    if limit and failures > limit:
                        self.wanted = False
                        failures = 0
                    else:
                        await asyncio.sleep(self.get(b"wlan.auto_join.retry_delay"))
                continue
            await asyncio.sleep_ms(_LINK_POLL_MS)
