"""The client's side of DHCP (RFC 2131), as the chip's lwIP plays it for a station. No sockets, no
clock: packets and the time go in, packets come out, `due` says when to call `tick`.

A packet to send is (bytes, IP address of the server, or None to broadcast).
"""

import os
import socket
import struct
from dataclasses import dataclass

SERVER_PORT, CLIENT_PORT = 67, 68

DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6

_HEAD = struct.Struct("!4BIHH4s4s4s4s16s192x4s")
_COOKIE = b"\x63\x82\x53\x63"
_ETHERNET = 1
_PAD, _END = 0, 255
_MASK, _ROUTER, _DNS, _HOSTNAME = 1, 3, 6, 12
_WANTED_IP, _LEASE_TIME, _TYPE, _SERVER, _PARAMETERS, _RENEW, _REBIND, _CLIENT = (
    50, 51, 53, 54, 55, 58, 59, 61,
)  # fmt: skip
_ANY = bytes(4)
# lwIP's waits for an answer: they double up to this, seconds.
_FIRST_WAIT, _LONGEST_WAIT = 2.0, 60.0
# lwIP asks a server so often before it looks for another one.
_MOST_REQUESTS = 5
# RFC 2131, 4.4.5: where the server gives no times, and the shortest wait while renewing.
_RENEW_PART, _REBIND_PART, _RENEW_PAUSE = 0.5, 0.875, 60.0
# A lease shorter than this would have us do nothing else; 0xffffffff lasts for ever, as any does
# that is longer than a board runs.
_SHORTEST_LEASE = 2.0

Packet = tuple[bytes, str | None]


@dataclass(frozen=True)
class Lease:
    """What a server gave, as dotted addresses; times are seconds from when it was asked."""

    ip: str
    mask: str
    gateway: str
    dns: str
    server: str
    renew: float
    rebind: float
    end: float


class Client:
    """One interface's. `lease` is what it has, None while it has none."""

    def __init__(self, mac: bytes) -> None:
        self._mac = mac
        self.stop()

    def stop(self) -> None:
        """Forget everything, as lwIP does when the access point is lost."""
        self._state = "off"  # selecting, requesting, bound, renewing, rebinding
        self.lease: Lease | None = None
        self.due: float | None = None
        self._offer: Lease | None = None
        self._hostname = b""

    @property
    def asking(self) -> bool:
        """Whether an answer is awaited."""
        return self._state not in ("off", "bound")

    def start(self, hostname: bytes, now: float) -> list[Packet]:
        """Look for a server."""
        self.stop()
        self._hostname = hostname
        return self._discover(now)

    def tick(self, now: float) -> list[Packet]:
        """Do what is due."""
        if self.due is None or now < self.due:
            return []
        if self._state == "selecting":
            return self._again(now)
        if self._state == "requesting":
            self._tries += 1
            return self._discover(now) if self._tries > _MOST_REQUESTS else self._again(now)
        since = now - self._bound_at
        if since >= self.lease.end:
            self.lease = None
            return self._discover(now)
        rebinding = since >= self.lease.rebind
        self._state = "rebinding" if rebinding else "renewing"
        self._asked_at = now
        self._transaction = os.urandom(4)
        limit = self._bound_at + (self.lease.end if rebinding else self.lease.rebind)
        self.due = min(limit, now + max(_RENEW_PAUSE, (limit - now) / 2))
        ip = socket.inet_aton(self.lease.ip)
        return [(self._message(REQUEST, ip), None if rebinding else self.lease.server)]

    def received(self, packet: bytes, now: float) -> list[Packet]:
        """A packet for the client's port; what is none of ours, or nonsense, is nothing."""
        try:
            kind, offered = self._parse(packet)
        except (ValueError, struct.error):
            return []
        if self._state == "selecting" and kind == OFFER and offered is not None:
            self._offer = offered
            self._state, self._tries, self._wait = "requesting", 1, _FIRST_WAIT
            return self._again(now)
        if self._state in ("requesting", "renewing", "rebinding"):
            if kind == NAK:
                self.lease = None
                return self._discover(now)
            if kind == ACK and offered is not None:
                self.lease = offered
                self._state, self._bound_at = "bound", self._asked_at
                self.due = self._bound_at + offered.renew
        return []

    def _discover(self, now: float) -> list[Packet]:
        self._state, self._wait = "selecting", _FIRST_WAIT
        self._transaction = os.urandom(4)
        return self._again(now)

    def _again(self, now: float) -> list[Packet]:
        """Send what the state asks, once more."""
        self._asked_at, self.due = now, now + self._wait
        self._wait = min(2 * self._wait, _LONGEST_WAIT)
        if self._state == "selecting":
            return [(self._message(DISCOVER), None)]
        choice = ((_WANTED_IP, self._offer.ip), (_SERVER, self._offer.server))
        options = b"".join(bytes((code, 4)) + socket.inet_aton(ip) for code, ip in choice)
        return [(self._message(REQUEST, options=options), None)]

    def _message(self, kind: int, ip: bytes = _ANY, options: bytes = b"") -> bytes:
        transaction = int.from_bytes(self._transaction)
        fixed = (1, _ETHERNET, 6, 0, transaction, 0, 0, ip, _ANY, _ANY, _ANY, self._mac, _COOKIE)
        options += bytes((_CLIENT, 7, _ETHERNET)) + self._mac
        options += bytes((_PARAMETERS, 3, _MASK, _ROUTER, _DNS))
        if self._hostname:
            options += bytes((_HOSTNAME, len(self._hostname))) + self._hostname
        return _HEAD.pack(*fixed) + bytes((_TYPE, 1, kind)) + options + bytes((_END,))

    def _parse(self, packet: bytes) -> tuple[int, Lease | None]:
        """The kind of an answer to us, and what it gives. Raises ValueError or struct.error."""
        head = _HEAD.unpack_from(packet)
        ours = (2, _ETHERNET, 6, int.from_bytes(self._transaction), self._mac, _COOKIE)
        if (*head[:3], head[4], head[11][:6], head[12]) != ours:
            raise ValueError("not for us")
        options = _options(packet[_HEAD.size :])
        if len(options.get(_TYPE, b"")) != 1:
            raise ValueError("no type")
        kind = options[_TYPE][0]
        server = options.get(_SERVER, b"")
        if kind not in (OFFER, ACK) or len(server) != 4 or head[8] == _ANY:
            return kind, None
        end = max(_SHORTEST_LEASE, _seconds(options, _LEASE_TIME, 3600.0))
        rebind = min(end, _seconds(options, _REBIND, _REBIND_PART * end))
        renew = min(rebind, _seconds(options, _RENEW, _RENEW_PART * end))
        ip = socket.inet_ntoa(head[8])
        mask = _first(options, _MASK, "255.255.255.0")
        gateway, dns = _first(options, _ROUTER, "0.0.0.0"), _first(options, _DNS, "0.0.0.0")
        return kind, Lease(ip, mask, gateway, dns, socket.inet_ntoa(server), renew, rebind, end)


def _options(data: bytes) -> dict[int, bytes]:
    """The options by number; of one that comes twice the parts are joined. Raises ValueError."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != _END:
        if data[at] == _PAD:
            at += 1
            continue
        if at + 1 >= len(data) or at + 2 + data[at + 1] > len(data):
            raise ValueError("cut off")
        value = data[at + 2 : at + 2 + data[at + 1]]
        found[data[at]] = found.get(data[at], b"") + value
        at += 2 + data[at + 1]
    return found


def _seconds(options: dict[int, bytes], code: int, default: float) -> float:
    value = options.get(code, b"")
    return float(int.from_bytes(value)) if len(value) == 4 else default


def _first(options: dict[int, bytes], code: int, default: str) -> str:
    """The first address of a list."""
    value = options.get(code, b"")
    return socket.inet_ntoa(value[:4]) if len(value) >= 4 else default
