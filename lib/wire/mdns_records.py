# The records of the Multicast DNS responder: their names, which of them a question or an answer of
# somebody else is about, when each was last multicast, and messages made of them. When to say what
# is mdns.py's business.
#
# Records are numbered. 0 to 2 are the host's: its address, what it has (NSEC) and its name by
# address. Five follow for each service: its type among all types, its instance among those of the
# type, where it is (SRV), its TXT, and what the instance has (NSEC). Sets of them are bits.

import struct

from . import const, dns

# Names, by number: of each service its type and its instance follow.
HOST = const(0)
_ENUMERATION = const(1)
_REVERSE = const(2)
_NOBODY = const(255)  # in place of a number

_HOST_RECORDS = const(3)
_SERVICE_RECORDS = const(5)
# So many have their records in a small int of 30 bits.
MAX_SERVICES = 5

_A = const(1)
_PTR = const(12)
_TXT = const(16)
_SRV = const(33)
_NSEC = const(47)
_ANY = const(255)
# What an address brings along: that there is no other kind (NSEC). What brings the address along.
_WITH_A = const(2)
_WITH_HOST = const(3)
_HOST_MASK = const(7)
# From a service's PTR to its SRV and TXT.
_WITH_PTR = const(6)

# NSEC's list of types (RFC 4034 4.1.2), window and size before it.
_HAS_A = b"\0\1\x40"
_HAS_SRV = b"\0\5\0\0\x80\0\x40"

# RFC 6762 10: what has no host's name in it is good for 75 minutes.
_LONG_TTL = const(4500)
# TXT strings have a byte for their size, and all of them must fit into one message with the rest.
_MAX_STRING = const(255)
_MAX_TXT = const(800)
_FLAGS = const(0x8400)
_CLASS_IN = const(1)
_FLUSH = const(0x8000)
_RECORD_FIXED = const(10)
# Of a message that nobody has said yet. Times wrap as in mdns.py.
_NEVER = const(-1)
_MASK = const(0x3FFFFFFF)


class Records:
    def __init__(self, name, services, ttl):
        if len(services) > MAX_SERVICES:
            raise ValueError("too many services")
        if not 0 <= ttl <= dns.MAX_TTL:
            raise ValueError("time to live out of range")
        self._bases = [name]  # what the user called them, by number; b"" is no one's to rename
        self._counts = [1]  # how often they were
        self._names = [b"", dns.encode_name(b"_services._dns-sd._udp.local"), b""]
        self._parents = bytearray((_NOBODY, _NOBODY, _NOBODY))  # an instance's type
        owners = bytearray((HOST, HOST, _REVERSE))
        kinds = bytearray((_A, _NSEC, _PTR))
        targets = bytearray((_NOBODY, HOST, HOST))  # the name within the data
        self._heads = [b"", b"", b""]  # the data before it
        self.all = _HOST_MASK
        for service, instance, port, strings in services:
            kind = dns.encode_name(service + b".local")
            new = kind not in self._names
            if new:
                self._add(kind, b"", _NOBODY)
            kind = self._names.index(kind)
            if not 0 < len(instance) <= dns.MAX_LABEL:
                raise ValueError("instance empty or too long")
            own = self._add(b"", instance, kind)
            first = len(owners)
            owners.extend(bytes((_ENUMERATION, kind, own, own, own)))
            kinds.extend(bytes((_PTR, _PTR, _SRV, _TXT, _NSEC)))
            targets.extend(bytes((kind, own, HOST, _NOBODY, own)))
            srv = struct.pack(">HHH", 0, 0, port)
            self._heads.extend((b"", b"", srv, _txt(strings), b""))
            self.all |= (31 if new else 30) << first
        self._owners = owners
        self._kinds = kinds
        self._targets = targets
        self._ttl = ttl
        self._sent = [_NEVER] * len(owners)
        self._at = bytearray(2 * len(self._names))  # where in the message each name is
        self.written = 0  # of the last message
        self.shared = 0  # those that others may have besides
        for record in range(len(owners)):
            if kinds[record] == _PTR:
                self.shared |= 1 << record
        for number in range(len(self._names)):
            if self._unique(number):
                self._name(number)

    def _add(self, name, base, parent):
        self._names.append(name)
        while len(self._bases) < len(self._names) - 1:
            self._bases.append(b"")
            self._counts.append(1)
        self._bases.append(base)
        self._counts.append(1)
        self._parents.append(parent)
        return len(self._names) - 1

    def locate(self, address):
        """Set the 4 bytes of the host's address."""
        if len(address) != 4:
            raise ValueError("an IPv4 address has 4 bytes")
        self._heads[0] = bytes(address)
        name = b"%d.%d.%d.%d.in-addr.arpa" % (address[3], address[2], address[1], address[0])
        self._names[_REVERSE] = dns.encode_name(name)

    # Names

    def _unique(self, number):
        return number == HOST or self._parents[number] != _NOBODY

    def name(self, number):
        """The name that the user gave, and behind it how many times it was taken."""
        base = self._bases[number]
        count = self._counts[number]
        if count < 2:
            return base
        end = b"-%d" % count
        # A label that would be too long loses its last characters, whole ones.
        over = len(base) - base.rfind(b".") - 1 if number == HOST else len(base)
        over += len(end) - dns.MAX_LABEL
        if over > 0:
            keep = len(base) - over
            while base[keep] & 0xC0 == 0x80:
                keep -= 1
            base = base[:keep]
        return base + end

    def rename(self, number):
        """Go on to the next name."""
        self._counts[number] += 1
        self._name(number)

    def _name(self, number):
        name = self.name(number)
        if number == HOST:
            name = dns.encode_name(name + b".local")
        else:
            name = bytes((len(name),)) + name + self._names[self._parents[number]]
            if name in self._names:
                raise ValueError("two services of one name")
        if len(name) > dns.MAX_NAME + 2:
            raise ValueError("name too long")
        self._names[number] = name

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
        """The records of the name with this number that answer a question for `kind`."""
        found = 0
        lacks = 0
        for record in range(len(self._owners)):
            if self._owners[record] == name:
                if self._kinds[record] == kind:
                    found |= 1 << record
                elif self._kinds[record] == _NSEC:
                    lacks = 1 << record
                elif kind == _ANY:
                    found |= 1 << record
        return (found or lacks) & self.all

    def found(self, name, buf, length, data, strong):
        """The records of this name that are the one whose data is there; if `strong`, only with at
        least half of their time left, if not, only with less.
        """
        ttl = dns.ttl_at(buf, data - 6)
        found = 0
        for record in range(len(self._owners)):
            if (
                self._owners[record] == name
                and (2 * ttl >= self._time(record)) == strong
                and self._equals(record, buf, length, data)
            ):
                found |= 1 << record
        return found & self.all

    def rival(self, name, buf, length, data, probing):
        """Whether the record there says that somebody else has this name."""
        kind = dns.u16(buf, data - _RECORD_FIXED)
        if (
            not self._unique(name)
            or kind == _NSEC
            or buf[data - 7] != _CLASS_IN
            or not dns.ttl_at(buf, data - 6)  # a goodbye
        ):
            return False
        rival = probing  # then whatever there is
        for record in range(len(self._owners)):
            if self._owners[record] == name and self._kinds[record] == kind:
                rival = not self._equals(record, buf, length, data)
        return rival

    def _equals(self, record, buf, length, data):
        if dns.u16(buf, data - _RECORD_FIXED) != self._kinds[record]:
            return False
        size = dns.u16(buf, data - 2)
        head = self._heads[record]
        if size < len(head):
            return False
        for byte in head:
            if buf[data] != byte:
                return False
            data += 1
        target = self._targets[record]
        if target == _NOBODY:
            return size == len(head)
        name = self._names[target]
        return dns.same_name(buf, length, data, name, len(name), 0)

    def comparable(self, buf, length, data):
        """The record there as RFC 6762 8.2 compares it: class, type, data without pointers."""
        kind = dns.u16(buf, data - _RECORD_FIXED)
        rest = bytes(buf[data : data + dns.u16(buf, data - 2)])
        head = 6 if kind == _SRV else 0
        if kind == _PTR or kind == _SRV and len(rest) > head:
            rest = rest[:head] + dns.expand_name(buf, length, data + head)
        return dns.u16(buf, data - 8) & ~_FLUSH, kind, rest

    def proposed(self, name):
        """What a probe says of the name, in the same way, in order; empty if it is not probed."""
        found = []
        if self._unique(name):
            for record in range(len(self._owners)):
                if self._owners[record] == name and self._kinds[record] != _NSEC:
                    data = self._heads[record]
                    if self._targets[record] != _NOBODY:
                        data += self._names[self._targets[record]]
                    found.append((_CLASS_IN, self._kinds[record], data))
        return sorted(found)

    # Times

    def forget(self):
        """Nothing has been multicast."""
        for record in range(len(self._sent)):
            self._sent[record] = _NEVER

    def sent_within(self, span, now):
        """The records that were multicast less than `span` milliseconds ago."""
        found = 0
        for record in range(len(self._sent)):
            if self._sent[record] != _NEVER and (now - self._sent[record] & _MASK) < span:
                found |= 1 << record
        return found

    def recent(self, now):
        """The records that were multicast in the last quarter of their time."""
        found = 0
        for record in range(len(self._sent)):
            if self._sent[record] != _NEVER:
                if (now - self._sent[record] & _MASK) < 250 * self._time(record):
                    found |= 1 << record
        return found

    def shortest(self, mask, span, now):
        """Milliseconds until the first record of `mask` was multicast `span` ago; all were in it."""
        least = span
        for record in range(len(self._sent)):
            if mask >> record & 1:
                least = min(least, span - (now - self._sent[record] & _MASK))
        return least

    def _time(self, record):
        if self._kinds[record] == _TXT or self._kinds[record] == _PTR and record != _REVERSE:
            return _LONG_TTL
        return self._ttl

    # Messages. Each returns its size; `written` are the records in it.

    def probe(self, buf):
        """A question for each name that is to be ours alone, and what it is to have."""
        position = self._begin()
        count = 0
        for number in range(len(self._names)):
            if self._unique(number):
                position = self._put_name(buf, position, number)
                # The answer goes to us alone.
                struct.pack_into(">HH", buf, position, _ANY, _FLUSH | _CLASS_IN)
                position += 4
                count += 1
        plan = self.all & ~self.shared
        for record in range(len(self._owners)):
            if self._kinds[record] == _NSEC:
                plan &= ~(1 << record)
        position = self._put(buf, position, plan, dns.MAX_TTL, 0)
        struct.pack_into(">HHHHHH", buf, 0, 0, 0, count, 0, self._count, 0)
        return position

    def reply(self, buf, questions, mask, most):
        """The answer to one asker, with no time above `most`. To an ordinary resolver its header
        and questions, which end at `questions`, are said again; to others, 0, they are not.
        """
        position = self._begin()
        if questions:
            position = questions
        else:
            buf[0] = buf[1] = buf[4] = buf[5] = 0
        flush = 0 if questions else _FLUSH
        position = self._put(buf, position, mask, most, flush)
        answers = self._count
        position = self._put(buf, position, self._extra(mask), most, flush)
        struct.pack_into(">H", buf, 2, _FLAGS)
        struct.pack_into(">HHH", buf, 6, answers, 0, self._count - answers)
        return position

    def message(self, buf, mask, now, span, most):
        """A multicast of as many of these records as fit, and of what goes with them and was not
        sent within `span` milliseconds. They count as sent `now`.
        """
        position = self._begin()
        position = self._put(buf, position, mask, most, _FLUSH)
        answers = self._count
        if most and self.written == mask:
            extra = self._extra(mask) & ~self.sent_within(span, now)
            position = self._put(buf, position, extra, most, _FLUSH)
        struct.pack_into(">HHHHHH", buf, 0, 0, _FLAGS, 0, answers, 0, self._count - answers)
        for record in range(len(self._sent)):
            if self.written >> record & 1:
                self._sent[record] = now & _MASK
        return position

    def _extra(self, mask):
        # RFC 6762 6.1, RFC 6763 12: what an asker would ask for next.
        extra = _WITH_A if mask & 1 else 0
        for record in range(_HOST_RECORDS, len(self._owners)):
            if mask >> record & 1:
                if self._owners[record] == _ENUMERATION or self._kinds[record] in (_TXT, _NSEC):
                    continue
                extra |= _WITH_HOST
                if self._kinds[record] == _PTR:
                    extra |= _WITH_PTR << record
        return extra & ~mask

    def _begin(self):
        for i in range(len(self._at)):
            self._at[i] = 0
        self.written = 0
        self._count = 0
        return dns.HEADER_SIZE

    def _put(self, buf, position, mask, most, flush):
        # Write these records from there on, as many as fit.
        for record in range(len(self._owners)):
            if mask >> record & 1:
                target = self._targets[record]
                head = self._heads[record]
                name = self._names[self._owners[record]]
                need = len(name) + _RECORD_FIXED + len(head)
                if target != _NOBODY:
                    need += len(self._names[target]) + len(_HAS_SRV)
                if position + need > len(buf):
                    break
                position = self._put_record(buf, position, record, most, flush)
                self.written |= 1 << record
                self._count += 1
        return position

    def _put_record(self, buf, position, record, most, flush):
        owner = self._owners[record]
        position = self._put_name(buf, position, owner)
        if not self._unique(owner):
            flush = 0
        kind = self._kinds[record]
        ttl = min(self._time(record), most)
        struct.pack_into(">HHI", buf, position, kind, flush | _CLASS_IN, ttl)
        data = position + _RECORD_FIXED
        head = self._heads[record]
        position = data + len(head)
        buf[data:position] = head
        target = self._targets[record]
        if target != _NOBODY:
            if kind == _SRV and not flush:
                # 18.14: resolvers of old read no pointer here. A probe's may do without it, too.
                name = self._names[target]
                buf[position : position + len(name)] = name
                position += len(name)
            else:
                position = self._put_name(buf, position, target)
        if kind == _NSEC:
            has = _HAS_A if owner == HOST else _HAS_SRV
            buf[position : position + len(has)] = has
            position += len(has)
        struct.pack_into(">H", buf, data - 2, position - data)
        return position

    def _put_name(self, buf, position, number):
        at = dns.u16(self._at, 2 * number)
        if at:
            struct.pack_into(">H", buf, position, 0xC000 | at)
            return position + 2
        struct.pack_into(">H", self._at, 2 * number, position)
        name = self._names[number]
        if self._parents[number] == _NOBODY:
            buf[position : position + len(name)] = name
            return position + len(name)
        label = 1 + name[0]
        buf[position : position + label] = name[:label]
        return self._put_name(buf, position + label, self._parents[number])


def _txt(strings):
    # RFC 6763 6.1: none at all is one empty string.
    data = bytearray()
    for string in strings:
        if len(string) > _MAX_STRING:
            raise ValueError("TXT string too long")
        data.append(len(string))
        data.extend(string)
    if len(data) > _MAX_TXT:
        raise ValueError("TXT too long")
    return bytes(data) or b"\0"
