# The DNS server of the soft-AP (RFC 1035): it knows one address, the module's, under the names
# that it was given, or in setup under every name. The reply is written over the question, in the
# receive buffer. It never looks anything up, so whatever is not its own is refused.

import struct

from . import const, dns

# What a question of the largest name and our record take; the buffer for process() must have them.
BUFFER_SIZE = dns.MAX_MESSAGE

# Seconds. Short, since after setup the same names lead elsewhere.
_TTL = const(60)

# Replies to ports below this one would go to servers of small services (echo, chargen, time),
# which answer them in turn.
_LEAST_PORT = const(53)

_RESPONSE = const(0x80)
_OPCODE = const(0x78)
_AUTHORITATIVE = const(0x04)
_RECURSION_DESIRED = const(0x01)
# There is no recursion, but there are stub resolvers that take an answer only with this bit.
_RECURSION_AVAILABLE = const(0x80)
_NO_ERROR = const(0)
_FORMAT_ERROR = const(1)
_NX_DOMAIN = const(3)
_NOT_IMPLEMENTED = const(4)
_REFUSED = const(5)

_TYPE_A = const(1)
_TYPE_ANY = const(255)
_CLASS_IN = const(1)
# Types of questions that are no questions (RFC 6895): TKEY, TSIG and the transfers of zones.
_META_LEAST = const(249)
_META_LAST = const(254)
_TYPE_OPT = const(41)

_ANSWER_SIZE = const(16)

# Names that even a server for every name does not have: what ends so belongs to the link, to the
# host itself or to nobody (RFC 6761, 6762, 7686, 9476) ...
_NEVER_ENDS = (
    b"\x05local\0",
    b"\x09localhost\0",
    b"\x04arpa\0",
    b"\x05onion\0",
    b"\x07invalid\0",
    # ... a browser that finds this one goes past us, by DNS over HTTPS ...
    b"\x13use-application-dns\x03net\0",
)
# ... and who has this one is asked by browsers how to reach everything else.
_NEVER_BEGINS = b"\x04wpad"


class Server:
    """Answers `names` (dotted bytes) with the 4 bytes `address`; with `every`, all others too, but
    for those that nobody may have. Raises ValueError for what is no name or no address.
    """

    def __init__(self, names, address, every=False, ttl=_TTL):
        if len(address) != 4:
            raise ValueError("an IPv4 address has 4 bytes")
        self._names = [dns.encode_name(name) for name in names]
        self._every = every
        self._tail = struct.pack(">HHHIH", 0xC00C, _TYPE_A, _CLASS_IN, ttl, 4) + address

    def process(self, buf, length, address):
        """Read the `length` bytes in `buf` that came from `address`, (host, port). Returns the
        size of the reply to it, which is in `buf` now, or 0: none.
        """
        if length < dns.HEADER_SIZE or buf[2] & _RESPONSE or address[1] < _LEAST_PORT:
            return 0
        if buf[2] & _OPCODE:
            return _reply(buf, dns.HEADER_SIZE, _NOT_IMPLEMENTED)
        end = _question_end(buf, length)
        if not end:
            return _reply(buf, dns.HEADER_SIZE, _FORMAT_ERROR)
        kind = dns.u16(buf, end - 4)
        if (
            dns.u16(buf, end - 2) != _CLASS_IN
            or _META_LEAST <= kind <= _META_LAST
            or kind == _TYPE_OPT
        ):
            return _reply(buf, end, _REFUSED)
        code = self._code(buf, length)
        if code != _NO_ERROR or kind not in (_TYPE_A, _TYPE_ANY):
            return _reply(buf, end, code)
        if end + _ANSWER_SIZE > len(buf):
            return 0
        _reply(buf, end, code)
        buf[7] = 1
        buf[end : end + _ANSWER_SIZE] = self._tail
        return end + _ANSWER_SIZE

    def _code(self, buf, length):
        # What there is to say about the name in the question.
        for name in self._names:
            if dns.same_name(buf, length, dns.HEADER_SIZE, name, len(name), 0):
                return _NO_ERROR
        if not self._every:
            return _REFUSED
        position = dns.HEADER_SIZE
        if _at(buf, position, _NEVER_BEGINS):
            return _NX_DOMAIN
        while buf[position]:
            for name in _NEVER_ENDS:
                if _at(buf, position, name):
                    return _NX_DOMAIN
            position += 1 + buf[position]
        return _NO_ERROR


def _question_end(buf, length):
    # Where the one question ends, or 0 if it is not one. There is nothing yet that a pointer in it
    # could lead to.
    if dns.u16(buf, 4) != 1:
        return 0
    position = dns.HEADER_SIZE
    while position < length:
        size = buf[position]
        position += 1 + size
        if size == 0:
            if position + 4 > length:
                break
            return position + 4
        if size > dns.MAX_LABEL or position - dns.HEADER_SIZE > dns.MAX_NAME + 1:
            break
    return 0


def _at(buf, position, name):
    # Whether the lower case `name` is at `position`. All lengths in it are below 0x20.
    for byte in name:
        found = buf[position]
        if found != byte and found | 0x20 != byte:
            return False
        position += 1
    return True


def _reply(buf, end, code):
    # Make the query a reply that has nothing behind `end`.
    buf[2] = _RESPONSE | buf[2] & (_OPCODE | _RECURSION_DESIRED)
    if code in (_NO_ERROR, _NX_DOMAIN):
        buf[2] |= _AUTHORITATIVE
    buf[3] = _RECURSION_AVAILABLE | code
    for position in range(4 if end == dns.HEADER_SIZE else 6, dns.HEADER_SIZE):
        buf[position] = 0
    return end
