# Raw sockets of socket.py: lwIP's give whole IP packets of one protocol, as the host's do. Where
# the host lets nobody but root open those, ICMP goes through its ping sockets, if it has given
# them to us (net.ipv4.ping_group_range), and looks the same.
#
# lwIP drops in silence what ARP finds no way for; Linux tells itself by an ICMP message, which is
# not let through here.

import _board
import usocket
from micropython import const

_INET = const(2)
_DGRAM = const(2)
_RAW = const(3)
_ICMP = const(1)
_EPERM = const(1)
_UNREACHABLE = const(3)
_HEADER = const(20)


class Raw:
    def __init__(self, family, proto):
        self._ident = None  # of the last request, where the host gives them idents of its own
        try:
            s = usocket.socket(family, _RAW, proto)
        except OSError as er:
            if er.errno != _EPERM or family != _INET or proto != _ICMP:
                raise er
            s = usocket.socket(family, _DGRAM, proto)
            self._ident = b"\0\0"
        self._s = s
        self.bind = s.bind
        self.connect = s.connect
        self.fileno = s.fileno
        self.setblocking = s.setblocking
        self.setsockopt = s.setsockopt

    def sendto(self, data, where):
        if self._ident:
            self._ident = bytes(data[4:6])
        return self._s.sendto(data, where)

    def recv(self, n, flags=0):
        return self.recvfrom(n, flags)[0]

    def recvfrom(self, n, flags=0):
        while True:
            if self._ident:
                data, where = self._s.recvfrom(n, flags)
                return self._packet(data, where)[:n], where
            data, where = self._s.recvfrom(n, flags)
            if len(data) <= _HEADER or data[_HEADER] != _UNREACHABLE or not self._own(data):
                return data, where

    def _own(self, packet):
        ip = bytes([int(part) for part in _board.station[3].split(b".")])
        return packet[12:16] == ip

    def _packet(self, data, where):
        # As it came: with IP's header in front, and the ident that was sent.
        packet = bytearray(_HEADER + len(data))
        packet[0] = 0x45
        packet[8] = 64
        packet[9] = _ICMP
        packet[12:16] = where[4:8]
        packet[_HEADER:] = data
        packet[_HEADER + 4 : _HEADER + 6] = self._ident
        packet[_HEADER + 2 : _HEADER + 4] = b"\0\0"
        total = 0
        for i in range(_HEADER, len(packet)):
            total += packet[i] << (0 if i & 1 else 8)
        while total > 0xFFFF:
            total = (total & 0xFFFF) + (total >> 16)
        total ^= 0xFFFF
        packet[_HEADER + 2] = total >> 8
        packet[_HEADER + 3] = total & 255
        return bytes(packet)
