# Looking for services by mDNS (RFC 6763) from a port of one's own: the questions, and what their
# answers add up to. Everything in them is somebody else's word: offsets are checked, and there are
# bounds for what is kept. When to ask, and for how long, is the caller's.
import struct

from . import const, dns

TYPES = b"_services._dns-sd._udp.local"

# What is kept; more is passed over. A network of a hundred printers need not fit.
MAX_TYPES = 8
MAX_INSTANCES = 16
MAX_HOSTS = 16
# Bytes of one TXT that are kept.
MAX_TXT = 256

_ENUMERATION = dns.encode_name(TYPES)
_PTR = const(12)
_A = const(1)
_TXT = const(16)
_SRV = const(33)
_CLASS_IN = const(1)
_FLUSH = const(0x8000)
_RESPONSE = const(0x80)
_RECORD_FIXED = const(10)
_SRV_HEAD = const(6)


def question(ident, name):
    """The datagram that asks for all that `name` (dotted bytes) leads to."""
    head = struct.pack(">HHHHHH", ident, 0, 1, 0, 0, 0)
    return head + dns.encode_name(name) + b"\x00\x0c\x00\x01"  # type PTR, class IN


class Browser:
    """Answers to questions with the id `ident`. `types` are names as for question()."""

    def __init__(self, ident):
        self._ident = ident
        self.types = []
        self._instances = {}  # name: [type, (port, host) or None, TXT]
        self._hosts = {}  # name in lower case: address

    def feed(self, buf, length):
        """Take the `length` bytes in `buf`; what is no answer of mDNS is passed over."""
        if length < dns.HEADER_SIZE or dns.u16(buf, 0) != self._ident:
            return
        if not buf[2] & _RESPONSE:
            return
        try:
            self._read(buf, length)
        except dns.Malformed:
            pass

    def services(self):
        """The instances found, as (type, name, address or None, port, host, TXT strings)."""
        found = []
        for wire in self._instances:
            kind, place, txt = self._instances[wire]
            port, host = place or (0, b"")
            address = self._hosts.get(host.lower())
            name = wire[1 : 1 + wire[0]]
            host = dns.dotted(host) if host else b""
            found.append((kind, name, address, port, host, _strings(txt)))
        return sorted(found, key=lambda service: service[:2])

    def _read(self, buf, length):
        position = dns.HEADER_SIZE
        for _ in range(dns.u16(buf, 4)):
            position = dns.skip_name(buf, length, position) + 4
        # Instances come first whatever their place: the rest is about them.
        start = position
        count = dns.u16(buf, 6) + dns.u16(buf, 8) + dns.u16(buf, 10)
        for first in (True, False):
            position = start
            for _ in range(count):
                fixed = dns.skip_name(buf, length, position)
                data = fixed + _RECORD_FIXED
                if data > length or data + dns.u16(buf, fixed + 8) > length:
                    raise dns.Malformed("record cut off")
                kind = dns.u16(buf, fixed)
                good = dns.u16(buf, fixed + 2) & ~_FLUSH == _CLASS_IN
                if good and (kind == _PTR) == first and dns.ttl_at(buf, fixed + 4):
                    self._take(buf, length, position, kind, data)
                position = data + dns.u16(buf, fixed + 8)

    def _take(self, buf, length, owner, kind, data):
        size = dns.u16(buf, data - 2)
        name = dns.expand_name(buf, length, owner)
        if kind == _PTR:
            target = dns.expand_name(buf, length, data)
            if name.lower() == _ENUMERATION:
                found = dns.dotted(target)
                if found not in self.types and len(self.types) < MAX_TYPES:
                    self.types.append(found)
            elif target not in self._instances and len(self._instances) < MAX_INSTANCES:
                if target[:1] != b"\0" and target[1 + target[0] :].lower() == name.lower():
                    self._instances[target] = [dns.dotted(name), None, b""]
        elif kind == _A:
            if size == 4 and len(self._hosts) < MAX_HOSTS:
                self._hosts[name.lower()] = bytes(buf[data : data + 4])
        elif name in self._instances:
            if kind == _SRV and size > _SRV_HEAD:
                host = dns.expand_name(buf, length, data + _SRV_HEAD)
                self._instances[name][1] = (dns.u16(buf, data + 4), host)
            elif kind == _TXT:
                self._instances[name][2] = bytes(buf[data : data + min(size, MAX_TXT)])


def _strings(txt):
    found = []
    position = 0
    while position < len(txt):
        end = position + 1 + txt[position]
        if end > position + 1 and end <= len(txt):
            found.append(txt[position + 1 : end])
        position = end
    return found
