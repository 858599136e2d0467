# The records of the Multicast DNS responder: their names, which of them a question or an answer of
# somebody else is about, when each was last multicast, and messages made of them. When to say
# what is mdns.py's business.
#
# Records are rows, (owner's number, type, time to live, data up to a name, that name's number).
# The first three are the host's: its address, what it has (NSEC) and its name by address. Each
# service has its instance among those of its type (PTR), where it is (SRV), its TXT and what the
# instance has (NSEC); each type its place among all types. Sets of records are bits of an int.

import struct

from . import const, dns

# Numbers of names; of each service the instance follows, before it its type unless it was there.
HOST = 0
_ENUMERATION = const(1)
_REVERSE = const(2)
_NONE = const(-1)  # in place of a number

# So many have their records in a small int of 30 bits.
MAX_SERVICES = 5

_A = const(1)
_PTR = const(12)
_TXT = const(16)
_SRV = const(33)
_NSEC = const(47)
_ANY = const(255)

# What comes along (RFC 6762 6.1, RFC 6763 12), by the bits: with the address that there is no
# other one; with what leads to the host, the address; with a PTR, the two rows after it.
_ADDRESS = const(1)
_LACKS = const(2)
_NEXT_TWO = const(6)

# NSEC's list of types (RFC 4034 4.1.2), window and size before it.
_HAS_A = b"\0\1\x40"
_HAS_SRV = b"\0\5\0\0\x80\0\x40"

# RFC 6762 10: what has no host's name in it is good for 75 minutes.
_LONG_TTL = const(4500)
# Names to which a number can be added, however often that must be. RFC 6763 7 allows types of 21.
_MAX_HOST = const(240)
_MAX_TYPE = const(64)
# All strings of a TXT must fit into one message with the rest.
_MAX_TXT = const(800)
_FLAGS = const(0x8400)
_CLASS_IN = const(1)
_FLUSH = const(0x8000)
_RECORD_FIXED = const(10)
# Times wrap as in mdns.py.
_MASK = const(0x3FFFFFFF)


class Records:
    def __init__(self, name, services, ttl):
        if len(services) > MAX_SERVICES or len(name) > _MAX_HOST or not 0 < ttl <= dns.MAX_TTL:
            raise ValueError("services, name or time to live out of range")
        # By number: the name, the type of an instance (or 0), what the user called it (None: no
        # name of ours alone), and how often it was taken.
        self._names = []
        self._parents = []
        self._bases = []
        self._taken = []
        self._add(None, 0, name)
        self._add(dns.encode_name(b"_services._dns-sd._udp.local"), 0, None)
        self._add(b"\0", 0, None)
        rows = [(HOST, _A, ttl, b"", _NONE), (HOST, _NSEC, ttl, b"", HOST)]
        rows.append((_REVERSE, _PTR, ttl, b"", HOST))
        for service, instance, port, strings in services:
            if len(service) > _MAX_TYPE:
                raise ValueError("service type too long")
            service = dns.encode_name(service + b".local")
            new = service not in self._names
            kind = self._add(service, 0, None) if new else self._names.index(service)
            own = self._add(None, kind, instance)
            rows.append((kind, _PTR, _LONG_TTL, b"", own))
            rows.append((own, _SRV, ttl, struct.pack(">HHH", 0, 0, port), HOST))
            rows.append((own, _TXT, _LONG_TTL, _txt(strings), _NONE))
            rows.append((own, _NSEC, ttl, b"", own))
            if new:
                rows.append((_ENUMERATION, _PTR, _LONG_TTL, b"", kind))
        self.rows = rows
        self.all = (1 << len(rows)) - 1
        # What others may have besides us, and what we may have only when nobody objects.
        self.shared = self._of_kinds((_PTR,))
        self._proposed = self._of_kinds((_A, _SRV, _TXT))
        self._at = bytearray(2 * len(self._names))  # where in the message each name is
        self._count = 0  # records in it
        self.written = 0  # which ones
        self.forget()

    def _add(self, wire, parent, base):
        number = len(self._names)
        self._names.append(wire)
        self._parents.append(parent)
        self._bases.append(base)
        self._taken.append(0)
        if base is not None:
            self.rename(number)
        return number

    def _of_kinds(self, kinds):
        found = 0
        for i in range(len(self.rows)):
            if self.rows[i][1] in kinds:
                found |= 1 << i
        return found

    def locate(self, address):
        """Set the 4 bytes of the host's address."""
        if len(address) != 4:
            raise ValueError("an IPv4 address has 4 bytes")
        self.rows[0] = (HOST, _A, self.rows[0][2], bytes(address), _NONE)
        name = b"%d.%d.%d.%d.in-addr.arpa" % (address[3], address[2], address[1], address[0])
        self._names[_REVERSE] = dns.encode_name(name)

    def heads(self):
        """The beginning of each of our names, in lower case: a label, of an address four."""
        found = [name[: name[0] + 1].lower() for name in self._names]
        found[_REVERSE] = self._names[_REVERSE][: -len(b"\x07in-addr\x04arpa\0")]
        return found

    # Names

    def name(self, number):
        """What the user called it, with a number behind it if that was taken."""
        base = self._bases[number]
        if self._taken[number] < 2:
            return base
        end = b"-%d" % self._taken[number]
        # A label that would be too long loses its last characters, whole ones.
        label = base if number else base[base.rfind(b".") + 1 :]
        keep = len(base)
        if len(label) + len(end) > dns.MAX_LABEL:
            keep -= len(label) + len(end) - dns.MAX_LABEL
            while base[keep] & 0xC0 == 0x80:
                keep -= 1
        return base[:keep] + end

    def rename(self, number):
        """Go on to the next name that we have not got ourselves."""
        wire = None
        while wire is None or wire in self._names:
            self._taken[number] += 1
            name = self.name(number)
            if number == HOST:
                wire = dns.encode_name(name + b".local")
            else:
                if not 0 < len(name) <= dns.MAX_LABEL:
                    raise ValueError("instance empty or too long")
                wire = bytes((len(name),)) + name + self._names[self._parents[number]]
        self._names[number] = wire

    def owner(self, buf, length, position):
        """The number of our name that is at `position`, or -1."""
        first = dns.first_label(buf, length, position, position)
        size = buf[first]
        number = 0
        for name in self._names:
            if name[0] == size and dns.same_name(buf, length, first, name, len(name), 0):
                return number
            number += 1
        return -1

    # What others ask and say

    def asked(self, name, kind):
        """The records of this name that answer a question for `kind`."""
        found = lacks = 0
        bit = 1
        for owner, own, _, _, _ in self.rows:
            if owner == name:
                if own == kind or kind == _ANY and own != _NSEC:
                    found |= bit
                elif own == _NSEC:
                    lacks = bit
            bit <<= 1
        return found or lacks

    def same(self, name, buf, length, data):
        """The number of the record of this name that has the data there, or -1."""
        number = 0
        for row in self.rows:
            if row[0] == name and row[1] == dns.u16(buf, data - _RECORD_FIXED):
                if self._has(row, buf, length, data):
                    return number
            number += 1
        return -1

    def _has(self, row, buf, length, data):
        head = row[3]
        size = dns.u16(buf, data - 2)
        if size < len(head):
            return False
        for byte in head:
            if buf[data] != byte:
                return False
            data += 1
        if row[4] < 0:
            return size == len(head)
        name = self._names[row[4]]
        return dns.same_name(buf, length, data, name, len(name), 0)

    def rival(self, name, buf, data, probing):
        """Whether a record of this name that is not ours has it for somebody else."""
        kind = dns.u16(buf, data - _RECORD_FIXED)
        return (
            self._bases[name] is not None
            and buf[data - 7] == _CLASS_IN
            and dns.ttl_at(buf, data - 6) > 0  # else a goodbye
            and (probing or self.asked(name, kind) & self._proposed)
        )

    def comparable(self, buf, length, data):
        """The record there as RFC 6762 8.2 compares it: class, type, data without pointers."""
        kind = dns.u16(buf, data - _RECORD_FIXED)
        rest = bytes(buf[data : data + dns.u16(buf, data - 2)])
        if kind == _SRV and len(rest) > 6:
            rest = rest[:6] + dns.expand_name(buf, length, data + 6)
        return dns.u16(buf, data - 8) & ~_FLUSH, kind, rest

    def compared(self, name):
        """What a probe says of this name, in the same form and in order."""
        found = []
        for i in range(len(self.rows)):
            owner, kind, _, data, target = self.rows[i]
            if owner == name and self._proposed >> i & 1:
                found.append(
                    (_CLASS_IN, kind, data + (self._names[target] if target >= 0 else b""))
                )
        return sorted(found)

    # Times

    def forget(self):
        """Nothing has been multicast."""
        self._sent = [-1] * len(self.rows)

    def mark(self, now):
        """What was written is multicast now."""
        for i in range(len(self._sent)):
            if self.written >> i & 1:
                self._sent[i] = now & _MASK

    def sent(self, now, span):
        """What was multicast less than `span` milliseconds ago, or with 0 in the last quarter of
        its time.
        """
        found = 0
        for i in range(len(self._sent)):
            sent = self._sent[i]
            if sent >= 0 and (now - sent & _MASK) < (span or 250 * self.rows[i][2]):
                found |= 1 << i
        return found

    # Messages, whose size is returned

    def probe(self, buf):
        """A question for each name that is to be ours alone, and what it is to have."""
        position = self._begin()
        count = 0
        for number in range(len(self._names)):
            if self._bases[number] is not None:
                position = self._put_name(buf, position, number)
                # The answer may go to us alone.
                struct.pack_into(">HH", buf, position, _ANY, _FLUSH | _CLASS_IN)
                position += 4
                count += 1
        position = self._put(buf, position, self._proposed, dns.MAX_TTL, 0)
        struct.pack_into(">HHHHHH", buf, 0, 0, 0, count, 0, self._count, 0)
        return position

    def answer(self, buf, questions, mask, without, most):
        """As many of these records as fit and what comes along, but for those `without`, with no
        time above `most`. For an ordinary resolver its questions, which end at `questions`, stay.
        """
        position = self._begin()
        flush = _FLUSH
        if questions:
            position = questions
            flush = 0
        else:
            struct.pack_into(">HHH", buf, 0, 0, 0, 0)
        position = self._put(buf, position, mask, most, flush)
        answers = self._count
        extra = _LACKS if mask & _ADDRESS else 0
        for i in range(_REVERSE, len(self.rows)):
            if mask >> i & 1:
                owner, kind, _, _, target = self.rows[i]
                if target == HOST or kind == _PTR and owner != _ENUMERATION:
                    extra |= _ADDRESS | _LACKS
                    if target != HOST:
                        extra |= _NEXT_TWO << i
        position = self._put(buf, position, extra & ~mask & ~without, most, flush)
        struct.pack_into(">H", buf, 2, _FLAGS)
        struct.pack_into(">HHH", buf, 6, answers, 0, self._count - answers)
        return position

    def _begin(self):
        for i in range(len(self._at)):
            self._at[i] = 0
        self.written = self._count = 0
        return dns.HEADER_SIZE

    def _put(self, buf, position, mask, most, flush):
        # Write these records from there on, as many as fit.
        bit = 1
        for owner, kind, ttl, head, target in self.rows:
            if mask & bit:
                need = len(self._names[owner]) + _RECORD_FIXED + len(head)
                if target >= 0:
                    need += len(self._names[target]) + len(_HAS_SRV)
                if position + need > len(buf):
                    break
                self.written |= bit
                self._count += 1
                position = self._put_name(buf, position, owner)
                if kind == _PTR:
                    mine = _CLASS_IN
                else:
                    mine = _CLASS_IN | flush
                struct.pack_into(">HHI", buf, position, kind, mine, min(ttl, most))
                position += _RECORD_FIXED
                start = position
                position = _copy(buf, position, head)
                if kind == _SRV and not flush:
                    # 18.14: ordinary resolvers read no pointer here. A probe does without it, too.
                    position = _copy(buf, position, self._names[target])
                elif target >= 0:
                    position = self._put_name(buf, position, target)
                if kind == _NSEC:
                    position = _copy(buf, position, _HAS_SRV if owner else _HAS_A)
                struct.pack_into(">H", buf, start - 2, position - start)
            bit <<= 1
        return position

    def _put_name(self, buf, position, number):
        at = dns.u16(self._at, 2 * number)
        if at:
            struct.pack_into(">H", buf, position, 0xC000 | at)
            return position + 2
        struct.pack_into(">H", self._at, 2 * number, position)
        name = self._names[number]
        parent = self._parents[number]
        if parent:
            position = _copy(buf, position, name[: 1 + name[0]])
            return self._put_name(buf, position, parent)
        return _copy(buf, position, name)


def _copy(buf, position, data):
    end = position + len(data)
    buf[position:end] = data
    return end


def _txt(strings):
    # RFC 6763 6.1: none at all is one empty string. bytes() refuses what is longer than 255.
    data = b"".join([bytes((len(string),)) + string for string in strings]) or b"\0"
    if len(data) > _MAX_TXT:
        raise ValueError("TXT too long")
    return data
