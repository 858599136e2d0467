# NetBIOS names over UDP (RFC 1002): answers to broadcast queries for our name, and the list of our
# names for who asks our address for it (node status, as nmblookup -A does). The reply is written
# over the query, in the receive buffer; what is not ours is silence. We hold our names as a
# broadcast node does and register none.

import struct

from . import const

PORT = 137
# The reply to a node status with both names in it is the largest message: 56 bytes of header, name
# and fixed part, 1, 18 for each entry, 46 of statistics.
BUFFER_SIZE = 256

# Names are 16 bytes: 15, filled with spaces, and what kind of service has the name.
_SIZE = const(15)
_WORKSTATION = const(0x00)
_FILE_SERVER = const(0x20)
LOCAL = b".LOCAL"

_HEADER = const(12)
# The one form a query has: 32 letters for 16 bytes, and no scope. Type and class follow.
_LABEL = const(32)
_NAME_END = const(46)
_QUERY_SIZE = const(50)
_DATA = const(56)
# All but recursion and broadcast are 0 in a query (4.2.12). Our reply has authority, and of a name
# the bit of recursion (4.2.13, 4.2.18).
_NOT_A_QUERY = const(0xFE)
_NAME_REPLY = const(0x8500)
_STATUS_REPLY = const(0x8400)
_NB = const(0x0020)
_NBSTAT = const(0x0021)
_CLASS_IN = const(1)
# Seconds, the one of the RFC's examples: until we are asked again the address may have changed.
_TTL = const(300)
_ACTIVE = const(0x0400)
_STATISTICS = const(46)  # of which we know the first six: the hardware's address


class Responder:
    """Answers for `name` and `name.local` (bytes, letters in either case), with the 4 bytes
    `address`; `mac` is the 6 bytes of the hardware's. Raises ValueError for a name that is with
    `.local` longer than NetBIOS allows, 15 bytes.
    """

    def __init__(self, name, address, mac):
        if len(address) != 4 or len(mac) != 6:
            raise ValueError("an IPv4 address has 4 bytes, a MAC address 6")
        if not 0 < len(name) <= _SIZE - len(LOCAL):
            raise ValueError("name too long for NetBIOS")
        name = name.upper()
        self._names = _filled(name), _filled(name + LOCAL)
        self._address = bytes(address)
        self._mac = bytes(mac)

    def process(self, buf, length, address):
        """Read the `length` bytes in `buf` that came from `address`, (host, port). Returns the
        size of the reply to it, which is in `buf` now, or 0: none.
        """
        # One question; what follows it is passed over.
        if length < _QUERY_SIZE or len(buf) < BUFFER_SIZE or buf[2] & _NOT_A_QUERY:
            return 0
        if buf[4] or buf[5] != 1 or buf[_HEADER] != _LABEL or buf[_NAME_END - 1]:
            return 0
        if buf[46] or buf[48] or buf[49] != _CLASS_IN:
            return 0
        kind = buf[47]
        ours = _is(buf, self._names[0]) or _is(buf, self._names[1])
        if kind == _NB and ours:
            struct.pack_into(">HIHH", buf, 48, _CLASS_IN, _TTL, 6, 0)  # broadcast node, unique
            buf[_DATA + 2 : _DATA + 6] = self._address
            end = _DATA + 6
            flags = _NAME_REPLY
        elif kind == _NBSTAT and (ours or _any(buf)):
            end = self._status(buf)
            flags = _STATUS_REPLY
        else:
            return 0
        struct.pack_into(">HHHHH", buf, 2, flags, 0, 1, 0, 0)
        return end

    def _status(self, buf):
        end = _DATA
        buf[end] = 2 * len(self._names)
        end += 1
        for name in self._names:
            for suffix in (_WORKSTATION, _FILE_SERVER):
                buf[end : end + _SIZE] = name
                buf[end + _SIZE] = suffix
                struct.pack_into(">H", buf, end + _SIZE + 1, _ACTIVE)
                end += _SIZE + 3
        buf[end : end + 6] = self._mac
        for i in range(end + 6, end + _STATISTICS):
            buf[i] = 0
        end += _STATISTICS
        struct.pack_into(">HIH", buf, 48, _CLASS_IN, 0, end - _DATA)
        return end


def _filled(name):
    return name + b" " * (_SIZE - len(name))


def _byte(buf, i):
    # The i-th byte of the name in the query (RFC 1001 14.1), or -1.
    high = buf[_HEADER + 1 + 2 * i] - 0x41
    low = buf[_HEADER + 2 + 2 * i] - 0x41
    return high << 4 | low if 0 <= high <= 15 and 0 <= low <= 15 else -1


def _is(buf, name):
    for i in range(_SIZE):
        byte = _byte(buf, i)
        if 0x61 <= byte <= 0x7A:
            byte -= 0x20
        if byte != name[i]:
            return False
    return _byte(buf, _SIZE) in (_WORKSTATION, _FILE_SERVER)


def _any(buf):
    # 4.2.17: `*` and zeros is every node.
    if _byte(buf, 0) != 0x2A:
        return False
    for i in range(1, _SIZE + 1):
        if _byte(buf, i):
            return False
    return True
