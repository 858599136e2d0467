"""The mDNS responder that stock MicroPython starts at the station's first address: it owns UDP
5353 unless the firmware was there before, and answers `<hostname>.local`. It does no more than
that.
"""

import asyncio
import contextlib
import socket
import struct

_PORT, _GROUP = 5353, "224.0.0.251"
_HEADER = struct.Struct(">6H")
_RESPONSE, _AUTHORITATIVE = 0x8000, 0x0400
_A, _ANY, _IN, _FLUSH, _UNICAST = 1, 255, 1, 0x8000, 0x8000
# RFC 6762, 10 and 6.7: of a host's address, and for those who do not speak mDNS.
_TTL, _LEGACY_TTL = 120, 10
_LONGEST = 9000


class Responder:
    """Of one board; runs in its network namespace."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._socket: socket.socket | None = None

    def start(self, hostname: bytes, ip: str) -> None:
        """Take the port, if it is free, and answer for that name."""
        self.stop()
        self._name, self._ip = hostname.lower() + b".local", socket.inet_aton(ip)
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            taken.bind(("", _PORT))
            group = socket.inet_aton(_GROUP) + self._ip
            taken.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
            taken.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, self._ip)
            taken.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        except OSError:  # the firmware has it: as on the chip, nobody is told
            taken.close()
            return
        taken.setblocking(False)
        self._socket = taken
        self._loop.add_reader(taken, self._hear)

    def stop(self) -> None:
        """Give the port back."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _hear(self) -> None:
        with contextlib.suppress(OSError):  # nothing to read, or nobody to answer
            query, sender = self._socket.recvfrom(_LONGEST)
            reply = answer(query, self._name, self._ip, sender[1] != _PORT)
            if reply is not None:
                data, everybody = reply
                self._socket.sendto(data, (_GROUP, _PORT) if everybody else sender)


def answer(query: bytes, name: bytes, ip: bytes, legacy: bool) -> tuple[bytes, bool] | None:
    """What to send for a query whose first question asks for the name's address, and whether to
    everybody; None for all else. legacy: the query came from an ordinary resolver.
    """
    question = b"".join(bytes((len(part),)) + part for part in name.split(b".")) + b"\0"
    end = _HEADER.size + len(question)
    if len(query) < end + 4 or query[_HEADER.size : end].lower() != question:
        return None
    ident, flags, questions, *_ = _HEADER.unpack_from(query)
    kind, group = struct.unpack_from(">2H", query, end)
    if flags & _RESPONSE or not questions or kind not in (_A, _ANY):
        return None
    head = _RESPONSE | _AUTHORITATIVE
    if legacy:
        asked = question + struct.pack(">2H", kind, _IN)
        record = asked + question + struct.pack(">2HLH", _A, _IN, _LEGACY_TTL, 4) + ip
        return _HEADER.pack(ident, head, 1, 1, 0, 0) + record, False
    record = question + struct.pack(">2HLH", _A, _IN | _FLUSH, _TTL, 4) + ip
    return _HEADER.pack(0, head, 0, 1, 0, 0) + record, not group & _UNICAST
