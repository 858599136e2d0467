"""The station of the simulated radio: what the ESP32's driver does, as MicroPython's network.WLAN
shows it.

A pure state machine: events and the time go in, lines for the firmware come out, `due` says when
to call `tick`. It follows the order of events of MicroPython's ports/esp32/network_wlan.c: a lost
connection is tried again at once, for ever or `reconnects` times; the last failure stays visible
in the status until there is an address. No sockets, no clock, no files.
"""

import functools
import hashlib
from dataclasses import dataclass
from typing import Any

from airwire.board import config

# What WLAN.status() returns besides the reasons below.
IDLE, CONNECTING, GOT_IP = 1000, 1001, 1010

# Reasons of a disconnection (esp_wifi's wifi_err_reason_t).
ASSOC_LEAVE = 8
HANDSHAKE_FAILED = 15
BEACON_TIMEOUT, NO_AP, AUTH_FAIL, ASSOC_FAIL = 200, 201, 202, 203
WRONG_SECURITY = 210

# Reasons that the status shows even while the next attempt is under way. Others show as CONNECTING
# meanwhile.
_SHOWN = (NO_AP, AUTH_FAIL, WRONG_SECURITY)


@functools.cache
def _key(password: str, ssid: str) -> bytes:
    """The key that a password stands for, as the driver takes it in its place: 64 hex digits."""
    key = hashlib.pbkdf2_hmac("sha1", password.encode(), ssid.encode(), 4096, 32)
    return key.hex().encode()


@dataclass(frozen=True)
class Addresses:
    """What the DHCP server gives, also the four values of
    WLAN.ifconfig().
    """

    ip: str
    mask: str
    gateway: str
    dns: str


class Station:
    """The radio of one board among the access points of `air`. Times are seconds of any monotonic
    clock.

    Every event returns the lines to send to the firmware, in order.
    """

    def __init__(self, air: config.Air, lease: Addresses) -> None:
        self.air = air
        self._lease = lease
        self._timers: dict[str, float] = {}
        self._failed_joins: dict[str, int] = {}
        self.power_on()

    def power_on(self) -> None:
        """The state after any reset but a soft one: radio off, nothing remembered."""
        self._timers.clear()
        self._active = False
        self._requested = False
        self._reason = 0
        self._limit = 0  # attempts in all; 0: no limit
        self._attempts = 0
        self._wrong_keys = 0
        self._ssid, self._key, self._bssid = b"", b"", ""
        self._hostname = b""
        self.joined: config.AccessPoint | None = None
        self.address: Addresses | None = None

    @property
    def status(self) -> int:
        """As WLAN.status() without arguments."""
        if self.address:
            return GOT_IP
        if self._reason in _SHOWN:
            return self._reason
        if self._reason == ASSOC_LEAVE:
            return IDLE
        if self._requested and (not self._limit or self._attempts < self._limit):
            return CONNECTING
        return self._reason or IDLE

    @property
    def due(self) -> float | None:
        """When `tick` wants to be called; None: nothing to wait for."""
        return min(self._timers.values(), default=None)

    def line(self) -> str:
        """The `wlan` line for the state as it is: status, associated, RSSI, four addresses,
        active; while associated also the channel.
        """
        address = self.address or Addresses("-", "-", "-", "-")
        rssi = self.joined.rssi if self.joined else 0
        values = (self.status, int(self.joined is not None), rssi)
        values += (address.ip, address.mask, address.gateway, address.dns, int(self._active))
        if self.joined:
            values += (self.joined.channel,)
        return "wlan " + " ".join(map(str, values))

    # Events from the firmware

    def active(self, on: bool, now: float) -> list[str]:
        """WLAN.active(on) of the station."""
        if on == self._active:
            return []
        self._active = on
        if on:
            self._attempts = 0
        else:
            self._timers.pop("scan", None)
            self._leave()
        return [self.line()]

    def connect(
        self, ssid: bytes, key: bytes, bssid: str, now: float, hostname: bytes = b""
    ) -> list[str]:
        """WLAN.connect(); `bssid` is 12 hexadecimal digits or empty. Empty `ssid`: the
        configuration stays. `hostname` is what the DHCP server is told.
        """
        if not self._active:
            return []
        self._hostname = hostname
        if ssid:
            self._ssid, self._key, self._bssid = ssid, key, bssid
        if self.joined:
            self._leave()
        self._requested = True
        self._attempts = 0
        self._wrong_keys = 0
        self._try(now)
        return [self.line()]

    def disconnect(self, now: float) -> list[str]:
        """WLAN.disconnect()."""
        self._requested = False
        self._leave()
        return [self.line()]

    def reconnects(self, count: int, now: float) -> list[str]:
        """WLAN.config(reconnects=count): -1 for ever, else how often after the first failure."""
        self._limit = 0 if count == -1 else count + 1
        return [self.line()]

    def static(self, addresses: Addresses | None, now: float) -> list[str]:
        """WLAN.ifconfig() with addresses, or back to DHCP. In the plain mode it is the firmware's
        affair alone: the loopback knows no other addresses.
        """
        return []

    def scan(self, now: float) -> list[str]:
        """WLAN.scan(): the answer comes from `tick`."""
        if not self._active:
            return ["scan-end"]
        self._timers["scan"] = now + self.air.scan_ms / 1000
        return []

    # Events from the air

    def change(self, ssid: str, changes: dict[str, Any], now: float) -> list[str]:
        """An access point changes, vanishes or comes back. Raises UserError, with nothing
        changed.
        """
        point = self.find(ssid)
        config.change(point, changes)
        if "lossy_joins" in changes:
            self._failed_joins.pop(ssid, None)
        if point is not self.joined:
            return []
        if not point.present:
            self._timers.setdefault("beacon", now + self.air.beacon_timeout_ms / 1000)
        else:
            self._timers.pop("beacon", None)
        if not self.address and "dhcp" not in self._timers:
            self._ask_for_address(now)  # its client has been asking all the time
        return [self.line()]

    def find(self, ssid: str) -> config.AccessPoint:
        """The access point of that name. Raises UserError."""
        for point in self.air.access_points:
            if point.ssid == ssid:
                return point
        known = ", ".join(point.ssid for point in self.air.access_points)
        raise config.UserError(
            f"no access point {ssid!r} in the air of this board (there are: {known})"
        )

    def tick(self, now: float) -> list[str]:
        """Do what is due."""
        lines = []
        for name in sorted(self._timers, key=self._timers.__getitem__):
            if self._timers.get(name, now + 1) <= now:
                del self._timers[name]
                lines += _EXPIRED[name](self, now)
        return lines

    def _points(self) -> list[config.AccessPoint]:
        """All access points that may be in range."""
        return self.air.access_points

    # One attempt to join

    def _try(self, now: float) -> None:
        air = self.air
        _, reason = self._outcome()
        durations = {0: air.assoc_ms, ASSOC_FAIL: air.assoc_ms, AUTH_FAIL: air.auth_fail_ms}
        self._timers["join"] = now + durations.get(reason, air.no_ap_ms) / 1000

    def _outcome(self) -> tuple[config.AccessPoint | None, int]:
        """What an attempt meets now: the access point, and the reason of the failure (0: none)."""
        points = [point for point in self._points() if point.present]
        points = [point for point in points if point.ssid.encode() == self._ssid]
        if self._bssid:
            points = [point for point in points if point.bssid == self._bssid]
        if not points:
            return None, NO_AP
        point = points[0]
        if (point.security == "open") != (not self._key):
            return point, WRONG_SECURITY
        key = _key(point.password, point.ssid)
        if self._key != point.password.encode() and self._key.lower() != key:
            return point, AUTH_FAIL
        if self._failed_joins.get(point.ssid, 0) < point.lossy_joins:
            return point, ASSOC_FAIL
        return point, 0

    def _attempt_ends(self, now: float) -> list[str]:
        point, reason = self._outcome()
        if not reason:
            self.joined = point
            self._ask_for_address(now)
            return [self.line()]
        if reason == ASSOC_FAIL:
            self._failed_joins[point.ssid] = self._failed_joins.get(point.ssid, 0) + 1
        if reason == AUTH_FAIL:
            # The driver's own retry of the same password ends in the handshake's time-out: the two
            # alternate.
            self._wrong_keys += 1
            reason = AUTH_FAIL if self._wrong_keys % 2 else HANDSHAKE_FAILED
        return self._disconnected(reason, now)

    def _ask_for_address(self, now: float) -> None:
        if self.joined.dhcp:
            self._timers["dhcp"] = now + self.air.dhcp_ms / 1000

    def _dhcp_answers(self, now: float) -> list[str]:
        if not self.joined.dhcp:
            return []
        self.address = self._lease
        self._reason = 0
        return [self.line()]

    # Its end

    def _beacons_lost(self, now: float) -> list[str]:
        return self._disconnected(BEACON_TIMEOUT, now)

    def _disconnected(self, reason: int, now: float) -> list[str]:
        """The driver's event handler: remember the reason, and try again if that is wanted."""
        self._drop()
        self._reason = reason
        if self._requested:
            self._attempts += 1
            if not self._limit or self._attempts < self._limit:
                self._try(now)
        return [self.line()]

    def _leave(self) -> None:
        """We end the connection, or the attempt."""
        if self.joined or "join" in self._timers:
            self._drop()
            self._reason = ASSOC_LEAVE

    def _drop(self) -> None:
        self.joined = self.address = None
        for name in ("join", "dhcp", "beacon"):
            self._timers.pop(name, None)

    def _scan_ends(self, now: float) -> list[str]:
        lines = []
        for point in self._points():
            if point.present:
                ssid = "-" if point.hidden else point.ssid.encode().hex()
                auth, hidden = config.SECURITY[point.security], int(point.hidden)
                lines.append(
                    f"scan {ssid} {point.bssid} {point.channel} {point.rssi} {auth} {hidden}"
                )
        return [*lines, "scan-end"]


_EXPIRED = {
    "join": Station._attempt_ends,
    "dhcp": Station._dhcp_answers,
    "beacon": Station._beacons_lost,
    "scan": Station._scan_ends,
}
