# The station: joins an access point, keeps its state and the join result of the spec (5.2), and
# says what it does.
import asyncio
import binascii
import time

import machine
import network
from micropython import const

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

# The driver has no event for us: a join takes seconds, and a lost link may go unseen this long.
_POLL_MS = const(50)
_LINK_POLL_MS = const(250)

_LEAVE_MS = const(1000)  # for the driver to leave a network that it kept through a soft reset
# MicroPython's driver goes on reporting why the last attempt failed until the new one succeeds, so
# the same failure is believed again only after this long; a wrong password is seen within 4 s.
_SAME_FAILURE_MS = const(5000)

_GOT_IP = const(1010)
_CONNECTING = const(1001)
_IDLE = const(1000)

# What the driver's status means: words for the log, join result.
_REASONS = {
    200: (b"access point lost", FAILED),
    201: (b"SSID not found", NOT_FOUND),
    202: (b"wrong password", FAILED),
    203: (b"association refused", FAILED),
    204: (b"wrong password", FAILED),  # the handshake of keys timed out
    210: (b"security does not match", NO_PASSKEY),
    211: (b"security does not match", BAD_SECURITY),
    212: (b"signal too weak", FAILED),
    15: (b"wrong password", FAILED),  # 4-way handshake time-out
}

# WLAN.scan()'s authmode -> name and whether a passkey is needed. 5 (enterprise) and unknown ones
# are not supported.
SECURITY = (
    b"Open",
    b"WEP",
    b"WPA-TKIP",
    b"WPA2-AES",
    b"WPA2-Mixed",
    None,
    b"WPA3-AES",
    b"WPA2-WPA3",
)

# What the driver calls the values of wlan.powersave.mode and wlan.rate.protocol.
_POWER_SAVE = {b"off": 0, b"performance": 1, b"powersave": 2}
_PROTOCOLS = {b"auto": 7, b"b": 1, b"bg": 3, b"bgn": 7}


class JoinError(Exception):
    """args[0] is the join result."""


class Station:
    def __init__(self, log, settings):
        self._log = log
        self._get = settings.get  # value of a variable by its full name
        self._wlan = network.WLAN(network.WLAN.IF_STA)
        self.result = 0
        self.state = DOWN
        self.wanted = False  # the link is to be kept up: joined again when it is lost
        self._proven = None  # (ssid, passkey) of the last successful join: needs no probe
        self._joining = None  # event that ends the join under way
        self._ssid = b""

    # What others ask

    def mac_text(self):
        """The MAC address as 4C:55:CC:01:02:03."""
        return binascii.hexlify(self.mac(), ":").upper()

    def mac(self):
        return machine.unique_id()

    def failed(self):
        """True after a join that failed, until the next one or network_down."""
        return self.result > JOINING and self._wlan.active()

    def address(self, index):
        """Address 0, netmask 1, gateway 2 or name server 3 as text; 0.0.0.0 while the link is
        down.
        """
        return self._wlan.ifconfig()[index].encode() if self.state == UP else b"0.0.0.0"

    def name_server(self):
        return self._wlan.ifconfig()[3]

    def rssi(self):
        """Signal in dBm, or None while not associated."""
        try:
            return self._wlan.status("rssi")
        except OSError:
            return None

    def info(self):
        if self.state == DOWN:
            return b"down"
        return b"%s %d dBm %s" % (self._ssid, self.rssi() or 0, self.address(0))

    def scan(self):
        """List of (ssid, bssid, channel, rssi, authmode, hidden), strongest first. Blocks the loop
        for about two seconds.
        """
        self._wlan.active(True)
        return sorted(self._wlan.scan(), key=lambda n: -n[3])

    # Joining

    async def up(self):
        """Bring the link up, or wait for a join under way. Raises JoinError."""
        if self._joining:
            await self._joining.wait()
        if self.state != UP:
            await self._join()

    async def rejoin(self):
        """Bring the link up on the network that is set, leaving another. Raises JoinError."""
        if self.state == UP and self._ssid != self._get(b"wlan.ssid"):
            self._drop()
            self._log.event(b"Disassociated")
        await self.up()

    async def _join(self):
        self._joining = done = asyncio.Event()
        self.result = JOINING
        try:
            self.result = await self._attempts()
        finally:
            if self.result == JOINING:
                self.result = ABORTED
            if self.result != SUCCESS:
                self._drop()
            self._joining = None
            done.set()
        if self.result != SUCCESS:
            self._log.event(b"Join failed")
            raise JoinError(self.result)

    async def _attempts(self):
        ssid = self._get(b"wlan.ssid")
        if not ssid:
            return NO_SSID
        self._log.event(b"Associating to " + ssid)
        passkey = self._get(b"wlan.passkey")
        if 0 < len(passkey) < 8:
            self._log.line(self._log.STATUS, b"The passkey is shorter than 8 characters")
            return FAILED
        result = FAILED
        key = None
        for attempt in range(self._get(b"wlan.join.retries")):
            if attempt:
                self._log.line(self._log.STATUS, b"Attempt %d" % (attempt + 1))
            await asyncio.sleep_ms(_POLL_MS)  # others are served before a scan blocks (again)
            try:
                if key is None:
                    key, result = await self._probe(ssid, passkey)
                if key is not None:
                    result = await self._attempt(ssid, key)
            except OSError as e:
                self._log.line(
                    self._log.STATUS, b"Join failed: driver error %s" % str(e.args[0]).encode()
                )
                result = FAILED
            if result == SUCCESS:
                self._proven = (ssid, passkey)
                self._ssid = ssid
            if result in (SUCCESS, NO_PASSKEY, BAD_SECURITY):
                break  # another attempt cannot change it
        return result

    async def _probe(self, ssid, passkey):
        # -> (key to join with, join result). The key is b"" for an open network, None when the
        # network cannot be joined. Scans, which blocks, unless the network was joined before or
        # its security is given.
        self._wlan.active(True)
        security = self._get(b"wlan.security")
        if self._proven == (ssid, passkey) or security != b"auto":
            return b"" if security == b"open" else passkey, JOINING
        hidden = False
        for found in await self._look_for(ssid):
            if found[0] == ssid:
                mode = found[4]
                name = SECURITY[mode] if mode < len(SECURITY) else None
                if name is None:
                    self._log.line(
                        self._log.STATUS, b"Join failed: security type %d is not supported" % mode
                    )
                    return None, BAD_SECURITY
                self._log.line(self._log.STATUS, b"Security type from probe: " + name)
                if mode and not passkey:
                    self._log.line(self._log.STATUS, b"Join failed: the network needs a passkey")
                    return None, NO_PASSKEY
                return passkey if mode else b"", JOINING
            hidden = hidden or not found[0]
        if hidden:
            return (
                passkey,
                JOINING,
            )  # one of the hidden networks may be ours: asking for it by name tells
        self._log.line(self._log.STATUS, b"Join failed: SSID not found")
        return None, NOT_FOUND

    async def _look_for(self, ssid):
        # The networks in reach, after as many scans as it takes to see one, or are allowed.
        for _ in range(self._get(b"wlan.scan.retries")):
            found = self._wlan.scan()
            if ssid in [network[0] for network in found]:
                return found
            await asyncio.sleep_ms(_POLL_MS)
        return self._wlan.scan()

    async def _attempt(self, ssid, key):
        # One association and address. -> join result
        wlan = self._wlan
        dhcp = self._get(b"network.dhcp.enabled")
        wlan.active(True)
        wlan.config(
            reconnects=0,  # attempts are counted here, not in the driver
            txpower=self._get(b"wlan.tx_power"),
            pm=_POWER_SAVE[self._get(b"wlan.powersave.mode")],
            protocol=_PROTOCOLS[self._get(b"wlan.rate.protocol")],
        )
        if self.rssi() is not None:
            wlan.disconnect()
            await self._until(lambda: self.rssi() is None, _LEAVE_MS)
        if not dhcp:
            wlan.ifconfig(
                tuple(
                    [
                        self._get(b"static." + f).decode()
                        for f in (b"ip", b"netmask", b"gateway", b"dns")
                    ]
                )
            )
        bssid = self._get(b"wlan.bssid").replace(b":", b"")
        bssid = None if bssid == b"0" * 12 else binascii.unhexlify(bssid)
        before = wlan.status()
        wlan.connect(ssid, key or None, bssid=bssid)
        start = time.ticks_ms()
        limit = self._get(b"wlan.join.timeout")
        while True:
            status = wlan.status()
            if status == _GOT_IP:
                break
            waited = time.ticks_diff(time.ticks_ms(), start)
            if self.rssi() is None:
                if self.state == ASSOCIATED:
                    return self._fail(*_REASONS.get(status, _REASONS[200]))
                if (
                    status != _CONNECTING
                    and status != _IDLE
                    and (status != before or waited > _SAME_FAILURE_MS)
                ):
                    return self._fail(*_REASONS.get(status, (b"reason %d" % status, FAILED)))
            elif self.state == DOWN:
                self.state = ASSOCIATED
                if dhcp:
                    self._log.line(self._log.STATUS, b"Obtaining IPv4 address via DHCP")
                    limit = waited + self._get(b"network.dhcp.timeout") * 1000
            if waited > limit:
                return self._fail(
                    b"no DHCP answer" if self.state == ASSOCIATED else b"time-out", FAILED
                )
            await asyncio.sleep_ms(_POLL_MS)
        self.state = UP
        self._log.line(self._log.STATUS, b"IPv4 address: " + self.address(0))
        self._log.event(b"Associated")
        return SUCCESS

    async def _until(self, condition, limit_ms):
        start = time.ticks_ms()
        while not condition() and time.ticks_diff(time.ticks_ms(), start) < limit_ms:
            await asyncio.sleep_ms(_POLL_MS)

    def _fail(self, words, result):
        self._log.line(self._log.STATUS, b"Join failed: " + words)
        self._drop()
        return result

    def _drop(self):
        try:
            self._wlan.disconnect()
        except OSError:
            pass
        self.state = DOWN

    def down(self):
        """Leave the network and do not come back by itself."""
        self.wanted = False
        if self.state != DOWN:
            self._drop()
            self._log.event(b"Disassociated")
        self._wlan.active(False)

    # The service

    async def run(self):
        """Service: auto-join at start, and again whenever a wanted link is lost."""
        self.wanted = bool(self._get(b"wlan.auto_join.enabled"))
        failures = 0
        while True:
            if self.state == UP:
                failures = 0
                if not self._wlan.isconnected():
                    self._drop()
                    self._log.event(b"Disassociated")
                    self.wanted = self.wanted or bool(self._get(b"wlan.auto_join.enabled"))
            elif self.wanted and not self._joining:
                try:
                    await self.up()
                except JoinError:
                    failures += 1
                    limit = self._get(b"wlan.auto_join.retries")
                    if limit and failures > limit:
                        self.wanted = False
                        failures = 0
                    else:
                        await asyncio.sleep(self._get(b"wlan.auto_join.retry_delay"))
                continue
            await asyncio.sleep_ms(_LINK_POLL_MS)
