# DNS as a stub resolver needs it (RFC 1035): one question for the IPv4 addresses of a name, and
# the reading of what comes back. The answer is read in place in the receive buffer, and believed
# in nothing: every offset is checked against the datagram's length, every chain has an end.
# Time-outs, retries and the id are the caller's. What reads names here serves the responders
# beside it as well (mdns, llmnr, dns_server).

import struct

from . import const

HEADER_SIZE = 12
# RFC 1035 4.2.1: more than this does not come over UDP to one who has not offered EDNS.
MAX_MESSAGE = 512
MAX_LABEL = 63
# RFC 1035 allows 255 bytes on the wire; the dotted form lacks the first length and the final zero.
MAX_NAME = 253

# Aliases followed from the question to the address. Resolvers in use stop between 8 and 16; real
# chains have 1 to 4.
MAX_ALIASES = 8
# Addresses handed out. A client that has tried four hosts in vain reports the failure rather than
# go on.
MAX_ADDRESSES = 4
# An answer is believed for a day at most: a module runs for months and hosts move. (Also keeps the
# value a small int.)
MAX_TTL = 86400

_FLAG_RESPONSE = const(0x80)
_FLAGS_OPCODE = const(0x78)
_FLAG_TRUNCATED = const(0x02)
_RECURSION_DESIRED = const(0x0100)
_RCODE = const(0x0F)
_NO_ERROR = const(0)
_NX_DOMAIN = const(3)
_TYPE_A = const(1)
_TYPE_CNAME = const(5)
_CLASS_IN = const(1)
_POINTER = const(0xC0)
# Type, class, time to live and size of data, between a record's name and its data.
_RECORD_FIXED = const(10)


class DnsError(Exception):
    """The answer to our question is here and holds no address. The class tells why."""


class NameNotFound(DnsError):
    """There is no such name, or it has no IPv4 address."""


class Alias(DnsError):
    """The name stands for another one, whose addresses the answer does not have: ask for `name`,
    dotted bytes. `ttl` as for addresses.
    """

    def __init__(self, name, ttl):
        super().__init__(name, ttl)
        self.name = name
        self.ttl = ttl


class ServerFailure(DnsError):
    """The server would or could not answer; `rcode` is its reason (RFC 1035 4.1.1)."""

    def __init__(self, rcode):
        super().__init__(rcode)
        self.rcode = rcode


class Truncated(DnsError):
    """The answer did not fit into the datagram."""


class Malformed(DnsError):
    """The answer breaks the format; its argument says where."""


def build_query(ident, name, recursion=True):
    """Return the datagram that asks for the IPv4 addresses of `name`, of a server that asks others
    in turn, or with `recursion` False of the hosts of a link (RFC 6762 18.6).

    `name` is dotted bytes, a final dot is allowed; `ident` (0 to 65535) should be hard to guess.
    Raises ValueError if one of them cannot be sent.
    """
    if not 0 <= ident <= 0xFFFF:
        raise ValueError("DNS id out of range")
    flags = _RECURSION_DESIRED if recursion else 0
    head = struct.pack(">HHHHHH", ident, flags, 1, 0, 0, 0)
    return head + encode_name(name) + b"\x00\x01\x00\x01"  # type A, class IN


def parse_answer(buf, length, ident, name):
    """Read the first `length` bytes of `buf` as the answer to build_query(ident, name).

    Returns (addresses, ttl): one to MAX_ADDRESSES times 4 bytes, and the seconds (0 to MAX_TTL)
    for which they hold. Returns None if the datagram is not the answer to this question: wait on.
    Otherwise raises one of DnsError.
    """
    if length < HEADER_SIZE or u16(buf, 0) != ident:
        return None
    if buf[2] & (_FLAG_RESPONSE | _FLAGS_OPCODE) != _FLAG_RESPONSE:
        return None
    rcode = buf[3] & _RCODE
    questions = u16(buf, 4)
    if questions == 0 and rcode not in (_NO_ERROR, _NX_DOMAIN):
        raise ServerFailure(
            rcode
        )  # a server that did not understand the question does not repeat it
    question = encode_name(name)
    position = HEADER_SIZE + len(question)
    if questions != 1 or length < position + 4:
        return None
    # Lengths of labels are below "A", so that lower() changes letters only.
    if bytes(buf[HEADER_SIZE:position]).lower() != question.lower():
        return None
    if u16(buf, position) != _TYPE_A or u16(buf, position + 2) != _CLASS_IN:
        return None
    if rcode == _NX_DOMAIN:
        raise NameNotFound()
    if rcode != _NO_ERROR:
        raise ServerFailure(rcode)
    if buf[2] & _FLAG_TRUNCATED:
        raise Truncated()
    return _addresses(buf, length, position + 4)


def _addresses(buf, length, start):
    # Reads the answer section at `start`. An alias moves the target on; records may come in any
    # order, so the section is read again as long as that has happened and no address has been
    # seen.
    addresses = []
    ttl = MAX_TTL
    target = HEADER_SIZE  # where the name is written that the addresses must belong to
    aliases = 0
    moved = True
    while moved and not addresses:
        moved = False
        position = start
        for _ in range(u16(buf, 6)):
            owner = position
            fixed = skip_name(buf, length, position)
            data = fixed + _RECORD_FIXED
            if data > length:
                raise Malformed("record cut off")
            position = data + u16(buf, fixed + 8)
            if position > length:
                raise Malformed("data cut off")
            kind = u16(buf, fixed)
            if kind not in (_TYPE_A, _TYPE_CNAME) or u16(buf, fixed + 2) != _CLASS_IN:
                continue
            if not same_name(buf, length, owner, buf, length, target):
                continue
            ttl = min(ttl, ttl_at(buf, fixed + 4))
            if kind == _TYPE_A:
                if position != data + 4:
                    raise Malformed("address size")
                if len(addresses) < MAX_ADDRESSES:
                    addresses.append(bytes(buf[data:position]))
            else:
                if skip_name(buf, length, data) != position:
                    raise Malformed("alias size")
                aliases += 1
                if aliases > MAX_ALIASES:
                    raise Malformed("alias chain")
                target = data
                moved = True
    if not addresses:
        if aliases:
            raise Alias(dotted(expand_name(buf, length, target)), ttl)
        raise NameNotFound()
    return addresses, ttl


def encode_name(name):
    """Return the dotted `name` as it stands in a question; ValueError if it cannot."""
    if name.endswith(b"."):
        name = name[:-1]
    if len(name) > MAX_NAME:
        raise ValueError("name too long")
    wire = bytearray()
    for label in name.split(b"."):
        if not 0 < len(label) <= MAX_LABEL:
            raise ValueError("label empty or too long")
        wire.append(len(label))
        wire.extend(label)
    wire.append(0)
    return bytes(wire)


def dotted(wire):
    """The text of a name without pointers; dots in a label stay as they are."""
    labels = []
    position = 0
    while wire[position]:
        end = position + 1 + wire[position]
        labels.append(wire[position + 1 : end])
        position = end
    return b".".join(labels)


def u16(buf, position):
    """The two bytes at `position` as a number."""
    return buf[position] << 8 | buf[position + 1]


def ttl_at(buf, position):
    """The time to live at `position`, at most MAX_TTL."""
    # RFC 2181 8: with the highest bit set it counts as zero.
    high = u16(buf, position)
    if high & 0x8000:
        return 0
    if high > MAX_TTL >> 16:
        return MAX_TTL
    return min(high << 16 | u16(buf, position + 2), MAX_TTL)


def skip_name(buf, length, position):
    """The offset after the name at `position`, which a pointer or the root ends."""
    while position < length:
        size = buf[position]
        if size == 0:
            return position + 1
        if size >= _POINTER:
            return (
                position + 2
            )  # a record or another name is read after it, and checked against the length then
        if size > MAX_LABEL:
            break
        position += 1 + size
    raise Malformed("name")


def same_name(buf, length, one, other_buf, other_length, other):
    """Whether the name at `one` is the name at `other` of another buffer, or of the same one;
    letters in either case.
    """
    # A pointer must lead below where its name began, and below every pointer before it, so a chain
    # of them ends; so does a name, at the size that RFC 1035 allows.
    one_limit = one
    other_limit = other
    size_left = MAX_NAME + 2
    while True:
        label = first_label(buf, length, one, one_limit)
        if label != one:
            one = one_limit = label
        label = first_label(other_buf, other_length, other, other_limit)
        if label != other:
            other = other_limit = label
        if one == other and buf is other_buf:
            return True
        size = buf[one]
        if other_buf[other] != size:
            return False
        if size == 0:
            return True
        size_left -= 1 + size
        if size_left <= 0:
            raise Malformed("name too long")
        for i in range(1, size + 1):
            x = buf[one + i]
            y = other_buf[other + i]
            if x != y and (x ^ y != 0x20 or not 0x61 <= x | 0x20 <= 0x7A):
                return False
        one += 1 + size
        other += 1 + size


def expand_name(buf, length, position):
    """Return the name at `position` without pointers."""
    name = b""
    limit = position
    while True:
        label = first_label(buf, length, position, limit)
        if label != position:
            limit = label
        position = label + 1 + buf[label]
        name += bytes(buf[label:position])
        if position == label + 1:
            return name
        if len(name) > MAX_NAME + 1:
            raise Malformed("name too long")


def first_label(buf, length, position, limit):
    """The offset of the label at `position`, or of the one to which the pointer there leads, which
    must be below `limit`: where its name began, or the last pointer before this one led.
    """
    while position < length:
        size = buf[position]
        if size <= MAX_LABEL:
            if position + size >= length:
                break
            return position
        if size < _POINTER or position + 1 >= length:
            break
        position = (size ^ _POINTER) << 8 | buf[position + 1]
        if not HEADER_SIZE <= position < limit:
            break
        limit = position
    raise Malformed("name")
