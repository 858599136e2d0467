# ICMP (RFC 792): the echo request that `ping` sends, and what may come back to it, as a raw socket
# gives it: with the IP header in front.

import struct

from . import const

_IP_MIN = const(20)
_ICMP = const(1)  # the protocol's number in the IP header
_HEADER = const(8)
_ECHO_REPLY = const(0)
_UNREACHABLE = const(3)
_ECHO = const(8)
_EXPIRED = const(11)

REPLY = "reply"
UNREACHABLE = "unreachable"
EXPIRED = "expired"


def checksum(data):
    """The Internet checksum (RFC 1071) of bytes; 0 over what has its own in it."""
    total = 0
    for i in range(0, len(data) - 1, 2):
        total += data[i] << 8 | data[i + 1]
        if total > 0xFFFF:
            total -= 0xFFFF
    if len(data) & 1:
        total += data[-1] << 8
        if total > 0xFFFF:
            total -= 0xFFFF
    return total ^ 0xFFFF


def echo(ident, number, payload=b""):
    """An echo request."""
    message = bytearray(_HEADER + len(payload))
    message[_HEADER:] = payload
    struct.pack_into(">BBHHH", message, 0, _ECHO, 0, 0, ident, number)
    struct.pack_into(">H", message, 2, checksum(message))
    return message


def parse(packet, ident):
    """What an IP packet (bytes) says to the requests of `ident`: (REPLY, number) of one, or
    (UNREACHABLE or EXPIRED, number) of one that a router could not deliver. None for all else.
    """
    at = _payload(packet)
    if at is None or len(packet) < at + _HEADER or checksum(packet[at:]):
        return None
    kind = packet[at]
    if kind == _ECHO_REPLY:
        return _mine(packet, at, ident, REPLY)
    if kind != _UNREACHABLE and kind != _EXPIRED:
        return None
    # Behind the header is the beginning of the packet that was not delivered: ours?
    inner = packet[at + _HEADER :]
    at = _payload(inner)
    if at is None or len(inner) < at + _HEADER or inner[at] != _ECHO:
        return None
    return _mine(inner, at, ident, UNREACHABLE if kind == _UNREACHABLE else EXPIRED)


def _payload(packet):
    # Where the ICMP message begins, None in another packet.
    if len(packet) < _IP_MIN or packet[0] >> 4 != 4 or packet[9] != _ICMP:
        return None
    at = (packet[0] & 15) * 4
    return at if at >= _IP_MIN else None


def _mine(packet, at, ident, what):
    its, number = struct.unpack_from(">HH", packet, at + 4)
    return (what, number) if its == ident else None
