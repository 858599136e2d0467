"""A DHCP client's packets on the wire of one link, before it has an address: the packets of the
kernel's own UDP would need one. IPv4 and UDP headers, a filter, nothing of DHCP itself.
"""

import contextlib
import ctypes
import socket
import struct

from airwire.lan.dhcp import CLIENT_PORT, SERVER_PORT

_IPV4 = 0x0800
_EVERYBODY = b"\xff" * 6
_SO_ATTACH_FILTER = 26
_LONGEST = 2048
# Classic BPF on the IP packet: UDP, no fragment, to the client's port; the firmware's traffic must
# not wake us.
_FILTER = (
    (0x30, 0, 0, 9), (0x15, 0, 6, socket.IPPROTO_UDP), (0x28, 0, 0, 6), (0x45, 4, 0, 0x1FFF),
    (0xB1, 0, 0, 0), (0x48, 0, 0, 2), (0x15, 0, 1, CLIENT_PORT), (0x06, 0, 0, 0xFFFF),
    (0x06, 0, 0, 0),
)  # fmt: skip


class Wire:
    """The link `name` of the network namespace in which it is made. Raises OSError."""

    def __init__(self, name: str) -> None:
        self._name = name
        code = b"".join(struct.pack("HBBI", *line) for line in _FILTER)
        self._code = ctypes.create_string_buffer(code)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        program = struct.pack("HL", len(_FILTER), ctypes.addressof(self._code))
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
        self.socket.setblocking(False)
        self.socket.bind((name, _IPV4))

    def close(self) -> None:
        """Hear no more."""
        self.socket.close()

    def broadcast(self, payload: bytes) -> None:
        """Send to every server. A link without carrier loses it, as the air does."""
        udp = struct.pack("!4H", CLIENT_PORT, SERVER_PORT, 8 + len(payload), 0) + payload
        head = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0,
            bytes(4), b"\xff" * 4,
        )  # fmt: skip
        head = head[:10] + struct.pack("!H", _checksum(head)) + head[12:]
        with contextlib.suppress(OSError):
            self.socket.sendto(head + udp, (self._name, _IPV4, 0, 0, _EVERYBODY))

    def send(self, payload: bytes, ip: str, server: str) -> None:
        """Send to one server, from the address that we have; lost where there is no way."""
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        ):
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sender.bind((ip, CLIENT_PORT))
            sender.sendto(payload, (server, SERVER_PORT))

    def receive(self) -> bytes:
        """The payload of one packet; empty when there is none."""
        try:
            packet = self.socket.recv(_LONGEST)
        except OSError:
            return b""
        size = struct.unpack_from("!H", packet, 2)[0]
        return packet[(packet[0] & 15) * 4 + 8 : size]


def _checksum(head: bytes) -> int:
    total = sum(struct.unpack(f"!{len(head) // 2}H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
