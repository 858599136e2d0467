# The Multicast DNS responder (RFC 6762) and its services (RFC 6763): which of our records are
# asked for, who may have them when, and what to do about another who claims our names. It sends
# nothing and reads no clock: process() is given what came, and may leave a reply to its sender;
# poll() gives what is to be multicast now. What the records are is in mdns_records.
#
# Times are milliseconds of any clock that counts up and wraps at a power of two of 2**30 or more
# (time.ticks_ms does). Both write into the caller's buffer, which may be the receive buffer, and
# neither allocates but where names collide. Sets of records are bits of a small int.

from . import const, dns
from .mdns_records import HOST, Records

PORT = 5353
GROUP = "224.0.0.251"
# A message of one Ethernet frame, which is what others send. A smaller buffer works for fewer
# services.
BUFFER_SIZE = 1472

# The least clock wraps here.
_MASK = const(0x3FFFFFFF)
_SIGN = const(0x20000000)

# RFC 6762 8.1: three probes 250 ms apart, begun at random within as much; 8.2: who loses against
# another that probes tries again after a second.
_PROBE_GAP = const(250)
_LOST_PAUSE = const(1000)
# 8.1: after fifteen conflicts within ten seconds, five seconds before each further attempt.
_CONFLICTS = const(15)
_CONFLICT_SPAN = const(10_000)
_CONFLICT_PAUSE = const(5000)
# 6: no record is multicast twice within a second, or 250 ms when somebody probes for it; 8.3: two
# announcements are as far apart.
_GAP = const(1000)
# When what was too early for that is tried again.
_RETRY = const(50)
# 6: records that others may have as well are delayed by 20 to 120 ms; 7.2: by 400 to 500 ms when
# the asker has yet to say what he knows.
_SHARED_DELAY = const(20)
_MORE_DELAY = const(400)
_DELAY_SPAN = const(100)
# 6.7: an ordinary resolver may keep what we say for ten seconds: it hears no goodbye.
_LEGACY_TTL = const(10)

# What is next: 1 to 3 are the probes, 4 and 5 the announcements. Up to the first of these the
# names are not ours yet.
_STOPPED = const(0)
_FIRST_PROBE = const(1)
_ANNOUNCE = const(4)
_RUNNING = const(6)
_LEAVING = const(7)

_RESPONSE = const(0x80)
_OPCODE = const(0x78)
_TRUNCATED = const(0x02)
_RCODE = const(0x0F)
_UNICAST = const(0x8000)
_CLASS = const(0x7FFF)
_CLASS_IN = const(1)
_CLASS_ANY = const(255)
_RECORD_FIXED = const(10)


def awake(held):
    """The Responder whose held() has returned that."""
    responder = _filled(Responder, held[0])
    responder._records = _filled(Records, held[1])
    return responder


def _filled(kind, attributes):
    new = object.__new__(kind)
    for name in attributes:
        setattr(new, name, attributes[name])
    return new


class Responder:
    """`name` (bytes, dots allowed) and `.local` is the host; `services` are tuples of a type
    (b"_http._tcp"), an instance (its name for people), a port and the TXT strings (b"key=value").

    `ttl` is the seconds for which others may keep what has the host's name in it. Raises
    ValueError for what cannot be sent.
    """

    def __init__(self, name, services=(), ttl=120):
        self._records = Records(name, services, ttl)
        self._seed = 0
        self._phase = _STOPPED
        self._reset()

    def heads(self):
        """Parts of our names: a datagram that has none of them, once its letters are lower case,
        is none of our business.
        """
        return self._records.heads()

    def held(self):
        """All that this holds, for awake(): its code need not be in memory until then."""
        own = dict(self.__dict__)
        own["_records"] = None  # an object has its code in memory
        return own, dict(self._records.__dict__)

    @property
    def name(self):
        """The name under which the host is found, or tries to be: after a conflict, `name-2`."""
        return self._records.name(HOST)

    @property
    def established(self):
        """Whether the names are ours: nobody objected to the probes."""
        return _ANNOUNCE < self._phase <= _RUNNING

    def start(self, address, now, seed):
        """Begin to probe for our names at the 4 bytes `address`; also when it has changed. `seed`
        should differ from board to board.
        """
        self._records.locate(address)
        self._seed = seed & 0xFFFF
        self._conflicts = 0
        self._probe(now, self._random(_PROBE_GAP))

    def stop(self, now):
        """Give the names up: poll() gives the goodbyes until it gives nothing more."""
        said = self._phase > _ANNOUNCE
        self._reset()
        self._phase = _LEAVING if said else _STOPPED
        if said:
            self._pending = self._records.all
            self._due = now & _MASK

    def wait(self, now):
        """Milliseconds until poll() has something to do; None if nothing but process() can change
        that.
        """
        least = None
        if _STOPPED < self._phase < _RUNNING:
            least = _until(self._at, now)
        if self._pending:
            left = _until(self._due, now)
            if least is None or left < least:
                least = left
        if self._later:
            left = _until(self._later_due, now)
            if least is None or left < least:
                least = left
        return least

    def poll(self, now, buf):
        """The size of the message in `buf` that is to be multicast now, or 0. Ask again at once
        after one: there may be more.
        """
        phase = self._phase
        if _STOPPED < phase < _RUNNING and not _until(self._at, now):
            self._phase = phase + 1
            if phase < _ANNOUNCE:
                self._at = now + _PROBE_GAP & _MASK
                return self._records.probe(buf)
            self._at = now + _GAP & _MASK
            self._pending = self._records.all
            self._due = now & _MASK
        if self._later and not _until(self._later_due, now):
            self._ask(self._later, self._later_due)
            self._later = 0
        if not self._pending or _until(self._due, now):
            return 0
        return self._multicast(now, buf)

    def process(self, buf, length, address, now):
        """Read the `length` bytes in `buf` that came from `address`, (host, port). Returns the
        size of the reply to it alone, which is in `buf` now, or 0: none.
        """
        # 18.3, 18.11: others are silently ignored.
        if length < dns.HEADER_SIZE or buf[2] & _OPCODE or buf[3] & _RCODE:
            return 0
        if not _STOPPED < self._phase < _LEAVING:
            return 0
        try:
            if not buf[2] & _RESPONSE:
                return self._query(buf, length, address, now)
            if address[1] == PORT:  # 6: others come from somewhere else
                self._response(buf, length, now)
        except dns.Malformed:
            pass
        return 0

    # Questions

    def _query(self, buf, length, address, now):
        records = self._records
        position = dns.HEADER_SIZE
        single = group = 0
        alone = True  # whether nobody but us can have the answers
        for _ in range(dns.u16(buf, 4)):
            after = dns.skip_name(buf, length, position)
            if after + 4 > length:
                return 0
            asked = 0
            kind = dns.u16(buf, after + 2)
            name = records.owner(buf, length, position)
            if name >= 0 and kind & _CLASS in (_CLASS_IN, _CLASS_ANY):
                asked = records.asked(name, dns.u16(buf, after))
            if not asked or asked & records.shared:
                alone = False
            if kind & _UNICAST:
                single |= asked
            else:
                group |= asked
            position = after + 4
        if self._phase <= _ANNOUNCE:
            if single | group and dns.u16(buf, 8):
                self._tie(buf, length, position, now)
            return 0
        wanted = single | group
        if not wanted and (dns.u16(buf, 4) or not self._later):
            return 0
        known = self._known(buf, length, position) if dns.u16(buf, 6) else 0
        if not dns.u16(buf, 4):
            # 7.2: more of what an asker knows.
            if self._asker == address[0]:
                self._later &= ~known
            return 0
        wanted &= ~known
        if address[1] != PORT:
            # An ordinary resolver, which asks one question (RFC 9619). Of several, those that are
            # not ours have not been looked at, and would be said again as they are.
            if not wanted or dns.u16(buf, 4) != 1:
                return 0
            return records.answer(buf, position, wanted, 0, _LEGACY_TTL)
        if buf[2] & _TRUNCATED:
            if self._later:
                self._ask(self._later, now)
            self._later = wanted
            self._later_due = now + _MORE_DELAY + self._random(_DELAY_SPAN) & _MASK
            self._asker = address[0]
            return 0
        if dns.u16(buf, 8):
            # Somebody probes for a name of ours, and must hear of us in time: as all others do,
            # since several programs may share his port.
            self._gap = _PROBE_GAP
            single = 0
        # 5.4: to the asker alone what all have heard in the last quarter of its time.
        single &= wanted & ~group & records.sent(now, 0)
        group = wanted & ~single
        if group:
            delay = 0 if alone else _SHARED_DELAY + self._random(_DELAY_SPAN)
            self._ask(group, now + delay)
        return records.answer(buf, 0, single, 0, dns.MAX_TTL) if single else 0

    def _known(self, buf, length, position):
        # 7.1: which of our records are in the answer section at `position`, with at least half of
        # their time left.
        records = self._records
        known = 0
        for _ in range(dns.u16(buf, 6)):
            data = _data(buf, length, position)
            name = records.owner(buf, length, position)
            if name >= 0:
                number = records.same(name, buf, length, data)
                if number >= 0 and 2 * dns.ttl_at(buf, data - 6) >= records.rows[number][2]:
                    known |= 1 << number
            position = data + dns.u16(buf, data - 2)
        return known

    def _ask(self, mask, due):
        # Have these records multicast when it is `due`, or with what is due before.
        if not self._pending or _until(self._due, due):
            self._due = due & _MASK
        self._pending |= mask

    def _multicast(self, now, buf):
        records = self._records
        if self._phase == _LEAVING:
            size = records.answer(buf, 0, self._pending, records.all, 0)
        else:
            early = records.sent(now, self._gap)
            if not self._pending & ~early:
                self._due = now + _RETRY & _MASK
                return 0
            size = records.answer(buf, 0, self._pending & ~early, early, dns.MAX_TTL)
            records.mark(now)
        self._pending &= ~records.written
        if not self._pending:
            self._gap = _GAP
            if self._phase == _LEAVING:
                self._phase = _STOPPED
        return size

    # Others with our names

    def _response(self, buf, length, now):
        # 9: what others say about our names.
        records = self._records
        position = dns.HEADER_SIZE
        for _ in range(dns.u16(buf, 4)):
            position = dns.skip_name(buf, length, position) + 4
        probing = self._phase <= _ANNOUNCE
        for _ in range(dns.u16(buf, 6) + dns.u16(buf, 8) + dns.u16(buf, 10)):
            data = _data(buf, length, position)
            name = records.owner(buf, length, position)
            if name >= 0:
                number = records.same(name, buf, length, data)
                if number < 0:
                    if records.rival(name, buf, data, probing):
                        self._conflict(name, probing, now)
                        return
                elif not probing and 2 * dns.ttl_at(buf, data - 6) < records.rows[number][2]:
                    # 6.6: ours, but with a time that would have it forgotten: said again.
                    self._ask(1 << number, now)
            position = data + dns.u16(buf, data - 2)

    def _conflict(self, name, probing, now):
        if not self._conflicts or now - self._conflicted & _MASK > _CONFLICT_SPAN:
            self._conflicts = 0
            self._conflicted = now & _MASK
        self._conflicts += 1
        # 9: who has a name already defends it by probing again; only who is told then gives way.
        if probing:
            self._records.rename(name)
        many = self._conflicts >= _CONFLICTS
        self._probe(now, _CONFLICT_PAUSE if many else self._random(_PROBE_GAP))

    def _tie(self, buf, length, position, now):
        # 8.2: somebody probes for a name of ours at the same time. Whose records come later in
        # order, class and type before data, has it.
        records = self._records
        theirs = {}
        for i in range(dns.u16(buf, 6) + dns.u16(buf, 8)):
            data = _data(buf, length, position)
            name = records.owner(buf, length, position)
            if i >= dns.u16(buf, 6) and name >= 0:
                theirs.setdefault(name, []).append(records.comparable(buf, length, data))
            position = data + dns.u16(buf, data - 2)
        for name in theirs:
            ours = records.compared(name)
            # What says nothing else than we do may be our own, as the link gives it back.
            other = [record for record in theirs[name] if record not in ours]
            if ours and other and ours < sorted(theirs[name]):
                self._probe(now, _LOST_PAUSE)
                return

    def _probe(self, now, delay):
        self._reset()
        self._phase = _FIRST_PROBE
        self._at = now + delay & _MASK

    def _reset(self):
        self._records.forget()
        self._pending = 0  # to be multicast when it is _due
        self._due = 0
        self._later = 0  # answers to _asker, who may know them already
        self._later_due = 0
        self._asker = None
        self._gap = _GAP
        self._at = 0  # when the next probe or announcement is due

    def _random(self, span):
        # All products are small ints.
        self._seed = (self._seed * 75 + 74) % 65537
        return self._seed * span >> 16


def _data(buf, length, position):
    # Where the data of the record at `position` is; all of it is within `length`.
    data = dns.skip_name(buf, length, position) + _RECORD_FIXED
    if data > length or data + dns.u16(buf, data - 2) > length:
        raise dns.Malformed("record cut off")
    return data


def _until(due, now):
    # Milliseconds until then, 0 if it was before.
    left = (due - now & _MASK ^ _SIGN) - _SIGN
    return left if left > 0 else 0
