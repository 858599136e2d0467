# The names by which Windows finds a host without mDNS: LLMNR and NetBIOS. Whether the name is ours
# is settled before (mdns.py). The codecs are imported for a datagram that has the name in it.
import sys

from firmware import forget
from firmware.console import log
from firmware.net import sockets
from firmware.net.subnet import packed
from firmware.net.udp_port import Port

_LLMNR = 5355
_NETBIOS = 137
_GROUP = b"224.0.0.252"
_LONGEST = 15  # characters of a name in NetBIOS, with .local
_LOCAL = b".local"
_ANY = b"ckaaaaaaaaaaaaaa"  # in NetBIOS the name of everybody


def serve(name, net, mac, buf):
    """Answer for `name` and its address on the link `net` (a Subnet): the open ports. What comes
    is put into `buf`, as large as the largest datagram.
    """
    address = packed(net.address)
    ports = []
    label = name.split(b".")[0].lower()
    label = bytes((len(label),)) + label
    if _open(ports, b"LLMNR", _LLMNR, buf, _Codec("llmnr", (label,), (name, address)), net):
        ports[0].join(_GROUP)
    if len(name) + len(_LOCAL) > _LONGEST:
        log.line(
            log.STATUS,
            b"NetBIOS is off: %s.local has more than %d characters" % (name, _LONGEST),
        )
    else:
        codec = _Codec("netbios", (_encoded(name), _ANY), (name, address, mac))
        _open(ports, b"NetBIOS", _NETBIOS, buf, codec, net)
    return ports


def about(buf, length, parts):
    """Whether one of the parts is in the first `length` bytes of `buf`, letters in either case."""
    data = bytes(memoryview(buf)[:length]).lower()
    for part in parts:
        if data.find(part) >= 0:
            return True
    return False


def _encoded(name):
    # As in a query of NetBIOS (RFC 1001 14.1), but in lower case.
    letters = bytearray()
    for c in name.upper():
        letters.append(0x61 + (c >> 4))
        letters.append(0x61 + (c & 15))
    return bytes(letters)


class _Codec:
    # wire.<module>.Responder(*words), for datagrams with one of `parts` in them.
    def __init__(self, module, parts, words):
        self._module = module
        self._parts = parts
        self._words = words

    def process(self, buf, length, peer):
        if not about(buf, length, self._parts):
            return 0
        try:
            codec = __import__("wire." + self._module, None, None, ("Responder",))
            return codec.Responder(*self._words).process(buf, length, peer)
        finally:
            forget("wire." + self._module)
            if "wire.mdns" not in sys.modules and "wire.dns_server" not in sys.modules:
                forget("wire.dns")


def _open(ports, what, number, buf, codec, net):
    try:
        port = Port(number, buf, codec.process)
    except OSError as e:
        log.line(log.STATUS, b"%s: %s" % (what, sockets.reason(e)))
        return False
    port.net = net
    ports.append(port)
    return True
