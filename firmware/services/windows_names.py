# The names by which Windows finds a host without mDNS: LLMNR and NetBIOS. Whether the name is ours
# is settled before (mdns.py).
from firmware.console import log
from firmware.net import sockets
from firmware.net.subnet import packed
from firmware.net.udp_port import Port
from wire import llmnr, netbios

_GROUP = llmnr.GROUP.encode()
_NETBIOS = 15  # characters of a name, with .local


def serve(name, net, mac):
    """Answer for `name` and its address on the link `net` (a Subnet): the open ports."""
    address = packed(net.address)
    ports = []
    if _open(ports, b"LLMNR", llmnr, llmnr.Responder(name, address), net):
        ports[0].join(_GROUP)
    if len(name) + len(netbios.LOCAL) > _NETBIOS:
        log.line(
            log.STATUS,
            b"NetBIOS is off: %s.local has more than %d characters" % (name, _NETBIOS),
        )
    else:
        _open(ports, b"NetBIOS", netbios, netbios.Responder(name, address, mac), net)
    return ports


def _open(ports, what, protocol, responder, net):
    try:
        port = Port(protocol.PORT, bytearray(protocol.BUFFER_SIZE), responder.process)
    except OSError as e:
        log.line(log.STATUS, b"%s: %s" % (what, sockets.reason(e)))
        return False
    port.net = net
    ports.append(port)
    return True
