# The names by which Windows finds a host without mDNS: LLMNR and NetBIOS. Whether the name is ours
# is settled before (mdns.py). This file opens their ports, and is forgotten; what comes there is
# name_heard.py's business.
from firmware.console import log
from firmware.net import sockets
from firmware.net.subnet import packed
from firmware.net.udp_port import Port

from .name_heard import Codec

_LLMNR = 5355
_NETBIOS = 137
_GROUP = b"224.0.0.252"
_LONGEST = 15  # characters of a name in NetBIOS, with .local
_LOCAL = b".local"
_ANY = b"ckaaaaaaaaaaaaaa"  # in NetBIOS the name of everybody


def serve(name, net, mac):
    """Answer for `name` and its address on the link `net` (a Subnet): the open ports."""
    address = packed(net.address)
    ports = []
    label = name.split(b".")[0].lower()
    label = bytes((len(label),)) + label
    if _open(ports, b"LLMNR", _LLMNR, Codec("llmnr", (label,), (name, address)), net):
        ports[0].join(_GROUP)
    if len(name) + len(_LOCAL) > _LONGEST:
        log.line(
            log.STATUS,
            b"NetBIOS is off: %s.local has more than %d characters" % (name, _LONGEST),
        )
    else:
        codec = Codec("netbios", (_encoded(name), _ANY), (name, address, mac))
        _open(ports, b"NetBIOS", _NETBIOS, codec, net)
    return ports


def _encoded(name):
    # As in a query of NetBIOS (RFC 1001 14.1), but in lower case.
    letters = bytearray()
    for c in name.upper():
        letters.append(0x61 + (c >> 4))
        letters.append(0x61 + (c & 15))
    return bytes(letters)


def _open(ports, what, number, codec, net):
    try:
        port = Port(number, codec.process)
    except OSError as e:
        log.line(log.STATUS, b"%s: %s" % (what, sockets.reason(e)))
        return False
    port.net = net
    ports.append(port)
    return True
