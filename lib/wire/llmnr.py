# Link-Local Multicast Name Resolution (RFC 4795), by which Windows asks for names without a dot:
# the responder. The reply is written over the query, in the receive buffer, and goes to the asker
# alone; what is not ours is silence. That the name is ours alone is settled by mDNS beforehand.

import struct

from . import const, dns

PORT = 5355
GROUP = "224.0.0.252"
# The largest query that is ours, and the reply to it, are well below.
BUFFER_SIZE = dns.MAX_MESSAGE

# 2.8: the default, seconds.
_TTL = const(30)

# Response, operation, C(onflict) and TC: with any of these set it is no query that has an answer.
_NOT_A_QUERY = const(0xFE)
_RESPONSE = const(0x80)
_A = const(1)
_PTR = const(12)
_ANY = const(255)
_CLASS_IN = const(1)
_RECORD_FIXED = const(10)


class Responder:
    """Answers for `name` and `name.local` (dotted bytes) with the 4 bytes `address`, and for the
    address with the name. Raises ValueError for what is no name or no address.
    """

    def __init__(self, name, address):
        if len(address) != 4:
            raise ValueError("an IPv4 address has 4 bytes")
        self._name = dns.encode_name(name)
        self._long = dns.encode_name(name + b".local")
        reverse = b"%d.%d.%d.%d.in-addr.arpa" % (address[3], address[2], address[1], address[0])
        self._reverse = dns.encode_name(reverse)
        self._address = bytes(address)

    def process(self, buf, length, address):
        """Read the `length` bytes in `buf` that came from `address`, (host, port). Returns the
        size of the reply to it, which is in `buf` now, or 0: none.
        """
        # 2.1.1: one question and nothing else; additional records (EDNS) are passed over.
        if length < dns.HEADER_SIZE or buf[2] & _NOT_A_QUERY or dns.u16(buf, 4) != 1:
            return 0
        if dns.u16(buf, 6) or dns.u16(buf, 8):
            return 0
        try:
            end = dns.skip_name(buf, length, dns.HEADER_SIZE) + 4
            if end > length or dns.u16(buf, end - 2) != _CLASS_IN:
                return 0
            if self._is(buf, length, self._reverse):
                data = self._name
                kind = _PTR
            elif self._is(buf, length, self._name) or self._is(buf, length, self._long):
                data = self._address
                kind = _A
            else:
                return 0
        except dns.Malformed:
            return 0
        asked = dns.u16(buf, end - 4)
        buf[2] = _RESPONSE
        buf[3] = buf[10] = buf[11] = 0
        if asked != kind and asked != _ANY:
            return end  # 2.1.1: the name is ours, and has no such record
        start = end + 2 + _RECORD_FIXED
        if start + len(data) > len(buf):
            return 0
        buf[7] = 1
        struct.pack_into(
            ">HHHIH", buf, end, 0xC000 | dns.HEADER_SIZE, kind, _CLASS_IN, _TTL, len(data)
        )
        buf[start : start + len(data)] = data
        return start + len(data)

    def _is(self, buf, length, name):
        return dns.same_name(buf, length, dns.HEADER_SIZE, name, len(name), 0)
