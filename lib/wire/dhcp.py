# A DHCP server without its socket and its clock (RFC 2131, 2132): a client's message is read in
# the receive buffer, and the reply is written over it. No offset is believed that was not checked
# against the datagram's end.
#
# The network is the module's own soft-AP, so the server is the only one there and knows it: who
# asks for an address that it cannot have is told so (NAK) and not left to time out, and who asks
# again for one that is still free gets it, also after the lease was forgotten. There are no relay
# agents; a message that came through one is dropped.
#
# A client is known by its client identifier, or else by its hardware address; the table keeps the
# CRC-32 of either. A hardware address counts as the identifier that most clients make of it (the
# type before it), so a client may say it the one way today and the other way tomorrow.

import struct
from array import array
from binascii import crc32

from . import const

# RFC 2131 2: with the headers of IP and UDP 576, which is what every client must take. A client
# may send more only to a server that has said so.
MAX_MESSAGE = 548
# A lease ends some day; and the end of one that begins within 34 years of the clock's zero is
# still a small int.
MAX_SECONDS = 30 * 86400
BROADCAST = b"\xff\xff\xff\xff"

# For so long an offer is kept for who got it. Clients ask within a second, and once more after up
# to 64 (RFC 2131 4.1).
_OFFER_SECONDS = const(70)
# For so long an address is left alone that a client has found in use. What uses it has probably
# been given it by hand, and stays about as long as a visitor does.
_DECLINED_SECONDS = const(600)

# Offsets in a message.
_HOPS = const(3)
_SECS = const(8)
_CIADDR = const(12)
_YIADDR = const(16)
_SIADDR = const(20)
_GIADDR = const(24)
_CHADDR = const(28)
_CHADDR_END = const(34)
_SNAME = const(44)
_FILE = const(108)
_COOKIE = const(236)
_OPTIONS = const(240)
# Shorter ones BOOTP did not have (RFC 951), and there are clients that do not take them.
_LEAST_REPLY = const(300)

_PAD = const(0)
_REQUESTED_ADDRESS = const(50)
_OVERLOAD = const(52)
_MESSAGE_TYPE = const(53)
_SERVER_ID = const(54)
_CLIENT_ID = const(61)
_END = const(255)

_DISCOVER = const(1)
_OFFER = const(2)
_REQUEST = const(3)
_DECLINE = const(4)
_ACK = const(5)
_NAK = const(6)
_RELEASE = const(7)
_INFORM = const(8)

# The table has a record for each address of the pool, in their order: the client's key (4 bytes),
# its hardware address (6), the state. Beside it is the time until which each holds; after that the
# address is free, and its last client gets it again unless another one needs it.
_RECORD = const(11)
_HARDWARE = const(4)
_STATE = const(10)
_FREE = const(0)
_OFFERED = const(1)
_BOUND = const(2)
_DECLINED = const(3)

# What is saved: the pool's first address, then for each lease its place in the pool, the key and
# the hardware address. No times: see load().
_SAVED_HEAD = const(4)
_SAVED = const(11)

_MAGIC = b"\x63\x82\x53\x63"
# What stands before an Ethernet address in the identifier that is made of it.
_ETHERNET = crc32(b"\x01")


class Server:
    """Leases the addresses of a pool. Attributes for all to see: `to`, where the last reply goes
    (4 bytes; port 68); `changed`, whether save() would give something new; `dropped`, how
    many messages were none of this network's DHCP; `exhausted`, how often no address was left.
    """

    def __init__(
        self, address, mask, first, count, seconds, router=b"", dns=b"", domain=b"", portal=b""
    ):
        """`address`, `mask` and `first` are 4 bytes: the module's own, the network's mask, the
        first of the `count` addresses of the pool. A lease holds for `seconds`. What clients are
        told of besides: `router` and `dns` (4 bytes each), the `domain` (text), the URI of the
        captive `portal`'s API (RFC 8910); an empty one they are not told.

        Raises ValueError if that is no network, or does not fit into a message.
        """
        last = first[3] + count - 1
        if count < 1 or last > 254 or first[3] < 1 or not 0 < seconds <= MAX_SECONDS:
            raise ValueError("DHCP pool or lease time out of range")
        if address[:3] == first[:3] and first[3] <= address[3] <= last:
            raise ValueError("own address in the DHCP pool")
        self._address = address
        self._mask = mask
        if not (self._near(first, 0) and self._near(first[:3] + bytes((last,)), 0)):
            raise ValueError("DHCP pool outside the network")
        self._first = first
        self._seconds = seconds
        self._identity = b"\x35\x01\x00\x36\x04" + address
        self._times = struct.pack(
            ">HIHIHI", 0x3304, seconds, 0x3A04, seconds // 2, 0x3B04, seconds * 7 // 8
        )
        told = b"\x01\x04" + mask
        for code, value in ((3, router), (6, dns), (15, domain), (114, portal)):
            if value:
                told += bytes((code, len(value))) + value
        self._told = told + b"\xff"
        if _OPTIONS + len(self._identity) + len(self._times) + len(self._told) > MAX_MESSAGE:
            raise ValueError("DHCP options too long")
        self._table = bytearray(count * _RECORD)
        self._until = array("I", (0,) * count)
        self._zeros = bytes(64)
        self._key = bytearray(4)
        self._kind = self._overload = 0
        self._asked = self._server = 0  # where the option's value is, 0 without it
        self.to = BROADCAST
        self.changed = False
        self.dropped = 0
        self.exhausted = 0

    def process(self, buf, length, address, now):
        """Read the first `length` bytes of `buf`, a bytearray of MAX_MESSAGE bytes or more, and
        write the reply over them. Returns the reply's length, 0 if there is none.

        `to` says where it goes. `address`, the sender's, is taken as all such servers take it; the
        message has what counts. `now` is the time in seconds, of a clock that never goes back.
        Before the reply goes out the leases should be saved if they have `changed`.

        Raises ValueError if the buffer is too small.
        """
        if not length <= len(buf) >= MAX_MESSAGE:
            raise ValueError("DHCP buffer too small")
        self.to = BROADCAST
        kind = self._kind = 0
        if self._read(buf, length):
            kind = self._kind
        if kind == _DISCOVER:
            place = self._choose(buf, now)
            if place < 0:
                self.exhausted += 1
                return 0
            if not self._leased(place, now):
                self._put(buf, place, _OFFERED, now + _OFFER_SECONDS)
            return self._reply(buf, _OFFER, place)
        ours = not self._server or self._same(buf, self._server, self._address)
        if kind == _REQUEST:
            # Renewing and rebinding, a client says the address that it has; selecting and after a
            # restart, the one that it wants.
            wanted = self._asked if self._same(buf, _CIADDR, self._zeros) else _CIADDR
            if wanted:
                return self._request(buf, wanted, now) if ours else self._withdraw(now)
        elif kind == _DECLINE or kind == _RELEASE:
            wanted = self._asked if kind == _DECLINE else _CIADDR
            if wanted:
                if ours:
                    self._give_up(kind, self._place(buf, wanted), now)
                return 0
        elif kind == _INFORM:
            if not self._same(buf, _CIADDR, self._zeros):
                if not self._near(buf, _CIADDR):
                    return 0  # nobody has this module write to another network
                self.to = bytes(buf[_CIADDR:_YIADDR])
            return self._reply(buf, _ACK, -1)
        self.dropped += 1
        return 0

    def leases(self, now):
        """Yield (address, hardware address, seconds left) of each lease: 4 bytes, 6 bytes, int."""
        first = self._first
        for place in range(len(self._until)):
            if self._leased(place, now):
                at = place * _RECORD
                address = bytes((first[0], first[1], first[2], first[3] + place))
                hardware = bytes(self._table[at + _HARDWARE : at + _STATE])
                yield address, hardware, self._until[place] - now

    def save(self, now):
        """Return the leases for load(), and take them for saved."""
        saved = bytearray(self._first)
        for place in range(len(self._until)):
            if self._leased(place, now):
                at = place * _RECORD
                saved.append(place)
                saved.extend(self._table[at : at + _STATE])
        self.changed = False
        return bytes(saved)

    def load(self, saved, now):
        """Take up the leases that save() returned; those of another pool are left out.

        Each counts from now on: nobody knows how long the module was without power, and a client
        may have renewed since. Better that an address lies idle than that two use it; and a
        renewal is nothing that must be saved.
        """
        if saved[:_SAVED_HEAD] != self._first:
            return
        for i in range(_SAVED_HEAD, len(saved) - _SAVED + 1, _SAVED):
            place = saved[i]
            if place < len(self._until):
                at = place * _RECORD
                self._table[at : at + _STATE] = saved[i + 1 : i + _SAVED]
                self._table[at + _STATE] = _BOUND
                self._until[place] = now + self._seconds

    def held(self):
        """What take_up() gives to another server of the same pool, in this run: the leases with
        their times, and what was offered.
        """
        return self._table, self._until

    def take_up(self, held):
        """Go on with what held() has returned."""
        self._table, self._until = held

    # Reading

    def _read(self, buf, length):
        # Whether this is a whole request of a client in this network: then the message type is in
        # _kind, the client's key in _key, and where the options are that matter.
        self._overload = self._asked = self._server = 0
        # A request (1) over Ethernet (1) with addresses of 6 bytes.
        if length <= _OPTIONS or buf[0] != 1 or buf[1] != 1 or buf[2] != 6:
            return False
        if not (self._same(buf, _COOKIE, _MAGIC) and self._same(buf, _GIADDR, self._zeros)):
            return False
        view = memoryview(buf)
        self._identify(crc32(view[_CHADDR:_CHADDR_END], _ETHERNET))
        # RFC 2132 9.3: options go on in these fields if the first ones say so.
        return (
            self._walk(view, _OPTIONS, length)
            and (not self._overload & 1 or self._walk(view, _FILE, _COOKIE))
            and (not self._overload & 2 or self._walk(view, _SNAME, _FILE))
        )

    def _identify(self, key):
        struct.pack_into(">I", self._key, 0, key)

    def _walk(self, buf, at, end):
        # Reads options. False if one is cut off, or has not the size that it must have.
        while at < end:
            code = buf[at]
            at += 1
            if code == _PAD:
                continue
            if code == _END:
                break
            if at == end:
                return False
            size = buf[at]
            at += 1
            if at + size > end:
                return False
            if code == _MESSAGE_TYPE or code == _OVERLOAD:
                if size != 1:
                    return False
                if code == _OVERLOAD:
                    self._overload = buf[at]
                else:
                    self._kind = buf[at]
            elif code == _REQUESTED_ADDRESS or code == _SERVER_ID:
                if size != 4:
                    return False
                if code == _SERVER_ID:
                    self._server = at
                else:
                    self._asked = at
            elif code == _CLIENT_ID:
                if size < 2:
                    return False
                self._identify(crc32(buf[at : at + size]))
            at += size
        return True

    def _same(self, buf, at, address):
        return (
            buf[at] == address[0]
            and buf[at + 1] == address[1]
            and buf[at + 2] == address[2]
            and buf[at + 3] == address[3]
        )

    def _near(self, buf, at):
        # Whether the address there is one of the network's.
        for i in range(4):
            if (buf[at + i] ^ self._address[i]) & self._mask[i]:
                return False
        return True

    # The table

    def _place(self, buf, at):
        # The place of the address there, -1 if the pool has it not.
        first = self._first
        if buf[at] == first[0] and buf[at + 1] == first[1] and buf[at + 2] == first[2]:
            place = buf[at + 3] - first[3]
            if 0 <= place < len(self._until):
                return place
        return -1

    def _find(self):
        # The client's place, or -1.
        table = self._table
        at = table.find(self._key)
        while at >= 0:
            if at % _RECORD == 0 and _FREE < table[at + _STATE] < _DECLINED:
                return at // _RECORD
            at = table.find(self._key, at + 1)
        return -1

    def _leased(self, place, now):
        return self._table[place * _RECORD + _STATE] == _BOUND and self._until[place] > now

    def _put(self, buf, place, state, until):
        at = place * _RECORD
        self._table[at : at + _HARDWARE] = self._key
        self._table[at + _HARDWARE : at + _STATE] = buf[_CHADDR:_CHADDR_END]
        self._table[at + _STATE] = state
        self._until[place] = until

    def _choose(self, buf, now):
        # RFC 2131 4.3.1: the client's own address, or the one that it asks for, or that which
        # nobody has had for longest. -1 if all are taken.
        untils = self._until
        best = self._find()
        if best < 0 and self._asked:
            best = self._place(buf, self._asked)
            if best >= 0 and untils[best] > now:
                best = -1
        if best >= 0:
            return best
        oldest = now + 1
        for place in range(len(untils)):
            if untils[place] < oldest:
                best = place
                oldest = untils[place]
        return best

    # What clients want

    def _request(self, buf, wanted, now):
        place = self._place(buf, wanted)
        mine = self._find()
        if place != mine:
            if place < 0 or self._until[place] > now or (mine >= 0 and self._until[mine] > now):
                place = -1
            elif mine >= 0:
                self._table[mine * _RECORD + _STATE] = _FREE
        if place < 0:
            return self._reply(buf, _NAK, -1)
        if not self._leased(place, now):
            self.changed = True
        self._put(buf, place, _BOUND, now + self._seconds)
        if wanted == _CIADDR:
            self.to = bytes(buf[_CIADDR:_YIADDR])
        return self._reply(buf, _ACK, place)

    def _withdraw(self, now):
        # The client has taken another server's offer.
        place = self._find()
        if place >= 0 and self._table[place * _RECORD + _STATE] == _OFFERED:
            self._until[place] = now
        return 0

    def _give_up(self, kind, place, now):
        # Only who has the address can: otherwise one client could take the leases of all.
        if place < 0 or place != self._find():
            return
        if self._leased(place, now):
            self.changed = True
        if kind == _RELEASE:
            self._until[place] = now
        else:
            self._table[place * _RECORD + _STATE] = _DECLINED
            self._until[place] = now + _DECLINED_SECONDS

    def _reply(self, buf, kind, place):
        # Writes the reply, with the address at `place` and the times of its lease, or without
        # them (-1). What is not written here stays as the client sent it (RFC 2131 4.3.1).
        zeros = self._zeros
        buf[0] = 2
        buf[_HOPS] = buf[_SECS] = buf[_SECS + 1] = 0
        if kind != _ACK:
            struct.pack_into(">I", buf, _CIADDR, 0)
        struct.pack_into(">II", buf, _YIADDR, 0, 0)
        if place >= 0:
            buf[_YIADDR:_SIADDR] = self._first
            buf[_YIADDR + 3] += place
        buf[_SNAME:_FILE] = zeros
        buf[_FILE : _FILE + 64] = zeros
        buf[_FILE + 64 : _COOKIE] = zeros
        end = self._add(buf, _OPTIONS, self._identity)
        buf[_OPTIONS + 2] = kind
        if place >= 0:
            end = self._add(buf, end, self._times)
        if kind != _NAK:
            end = self._add(buf, end, self._told)
        else:
            buf[end] = _END
            end += 1
        if end < _LEAST_REPLY:
            buf[end : end + 64] = zeros
            end = _LEAST_REPLY
        return end

    def _add(self, buf, at, options):
        end = at + len(options)
        buf[at:end] = options
        return end
