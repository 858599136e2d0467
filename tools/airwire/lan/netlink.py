"""Links, addresses and routes of one network namespace, through rtnetlink: what `ip link`, `ip
addr` and `ip route` do, without a process for each. Knows no LAN.

The socket belongs to the namespace in which it was made, wherever its process goes afterwards.
"""

import ipaddress
import os
import socket
import struct

_NEWLINK, _DELLINK, _GETLINK, _SETLINK, _NEWADDR, _DELADDR, _NEWROUTE = (
    16, 17, 18, 19, 20, 21, 24,
)  # fmt: skip
_REQUEST, _ACK, _REPLACE, _EXCL, _CREATE = 1, 4, 0x100, 0x200, 0x400
_ERROR = 2
_UP = 1
# Attributes of links, addresses and routes.
_MAC, _NAME, _MASTER, _INFO, _NET_FD = 1, 3, 10, 18, 28
_KIND, _DATA, _PEER = 1, 2, 1
_LOCAL, _BROADCAST = 2, 4
_DESTINATION, _OUT, _GATEWAY = 1, 4, 5
_MAIN_TABLE, _STATIC, _UNIVERSE, _LINK, _UNICAST = 254, 4, 0, 253, 1
# Of a bridge's port.
_PORT, _NESTED, _STATE, _DISABLED, _FORWARDING = 12, 0x8000, 1, 0, 3
# The kernel answers at once and in one piece; the longest answer describes one link.
_LONGEST = 65536


class Netlink:
    """Changes the network namespace in which it was made. All methods raise OSError."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.bind((0, 0))
        self._sequence = 0

    def __enter__(self) -> "Netlink":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """No more changes; those that were made stay."""
        self._socket.close()

    def add_bridge(self, name: str, mac: bytes) -> None:
        """A bridge that keeps its address whichever links it gets."""
        kind = _attribute(_KIND, b"bridge")
        body = _link() + _text(_NAME, name) + _attribute(_MAC, mac) + _attribute(_INFO, kind)
        self._request(_NEWLINK, _CREATE | _EXCL, body)

    def add_veth(self, name: str, mac: bytes, peer: str, peer_network: int) -> None:
        """A pair of links: `name` here, `peer` in the namespace of that descriptor."""
        other = _link() + _text(_NAME, peer) + _attribute(_NET_FD, struct.pack("I", peer_network))
        info = _attribute(_KIND, b"veth") + _attribute(_DATA, _attribute(_PEER, other))
        body = _link() + _text(_NAME, name) + _attribute(_MAC, mac) + _attribute(_INFO, info)
        self._request(_NEWLINK, _CREATE | _EXCL, body)

    def delete(self, name: str) -> None:
        """Remove a link, and of a pair the other one too."""
        self._request(_DELLINK, 0, _link(self.index(name)))

    def set_up(self, name: str, up: bool = True) -> None:
        """Switch a link on or off; the other one of a pair loses its carrier."""
        self._request(_NEWLINK, 0, _link(self.index(name), _UP if up else 0, _UP))

    def set_master(self, name: str, bridge: str | None) -> None:
        """Plug a link into a bridge; None: unplug it."""
        master = self.index(bridge) if bridge else 0
        body = _link(self.index(name)) + _attribute(_MASTER, struct.pack("I", master))
        self._request(_NEWLINK, 0, body)

    def set_forwarding(self, name: str, on: bool) -> None:
        """Let a bridge take and give packets at one of its ports, or lose them. Other than with
        set_up() the link's carrier stays, and so do the routes behind it.
        """
        state = _attribute(_STATE, bytes((_FORWARDING if on else _DISABLED,)))
        body = _link(self.index(name), family=socket.AF_BRIDGE)
        self._request(_SETLINK, 0, body + _attribute(_PORT | _NESTED, state))

    def add_address(self, name: str, ip: str, prefix: int) -> None:
        """Give a link an IPv4 address, with the broadcast address of its network."""
        network = ipaddress.ip_network(f"{ip}/{prefix}", strict=False)
        body = self._address(name, ip, prefix)
        body += _attribute(_BROADCAST, network.broadcast_address.packed)
        self._request(_NEWADDR, _CREATE | _REPLACE, body)

    def delete_address(self, name: str, ip: str, prefix: int) -> None:
        """Take an address away, and with it the route to its network."""
        self._request(_DELADDR, 0, self._address(name, ip, prefix))

    def add_route(self, name: str, gateway: str | None = None, network: str = "0.0.0.0/0") -> None:
        """The way to `network`: through a link, by way of a gateway if there is one."""
        where = ipaddress.ip_network(network)
        scope = _UNIVERSE if gateway else _LINK
        body = struct.pack(
            "8BI", socket.AF_INET, where.prefixlen, 0, 0, _MAIN_TABLE, _STATIC, scope, _UNICAST, 0
        )
        body += _attribute(_DESTINATION, where.network_address.packed)
        body += _attribute(_OUT, struct.pack("I", self.index(name)))
        if gateway:
            body += _attribute(_GATEWAY, socket.inet_aton(gateway))
        self._request(_NEWROUTE, _CREATE | _REPLACE, body)

    def index(self, name: str) -> int:
        """The number of a link. Raises OSError when there is none of that name."""
        answer = self._request(_GETLINK, 0, _link() + _text(_NAME, name))
        return struct.unpack_from("i", answer, 4)[0]

    def _address(self, name: str, ip: str, prefix: int) -> bytes:
        head = struct.pack("4BI", socket.AF_INET, prefix, 0, 0, self.index(name))
        return head + _attribute(_LOCAL, socket.inet_aton(ip))

    def _request(self, kind: int, flags: int, body: bytes) -> bytes:
        """Send one request; returns the body of the answer, if it has one beside the
        acknowledgement.
        """
        self._sequence += 1
        head = struct.pack(
            "IHHII", 16 + len(body), kind, _REQUEST | _ACK | flags, self._sequence, 0
        )
        self._socket.send(head + body)
        answer = b""
        while True:
            data = self._socket.recv(_LONGEST)
            while data:
                size, kind, _, sequence = struct.unpack_from("IHHI", data)
                message, data = data[16:size], data[(size + 3) & ~3 :]
                if sequence != self._sequence:
                    continue
                if kind != _ERROR:
                    answer = message
                    continue
                number = -struct.unpack_from("i", message)[0]
                if number:
                    raise OSError(number, os.strerror(number))
                return answer


def _link(
    index: int = 0, flags: int = 0, change: int = 0, family: int = socket.AF_UNSPEC
) -> bytes:
    return struct.pack("BxHiII", family, 0, index, flags, change)


def _text(kind: int, text: str) -> bytes:
    return _attribute(kind, text.encode() + b"\0")


def _attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)
