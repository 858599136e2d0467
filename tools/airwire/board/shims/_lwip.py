# Addresses and errors of socket.py: between lwIP's as the firmware sees them and Linux' as the
# host has them. Holds the rewriting of addresses and ports, the errno mapping, and the blocking
# name lookup of lwIP. In LAN mode the addresses are the board's own, and only errors differ.

import _board
from micropython import const

_PRIVILEGED = const(1024)
_EHOSTUNREACH = const(118)
_NONAME = const(-2)
_EAI_FAIL = const(-202)
_DNS_PORT = const(53)
_MDNS_MS = const(5000)  # MDNS_QUERY_TIMEOUT_MS
_DNS_WAITS = (1000, 1000, 2000, 3000)  # lwIP: DNS_MAX_RETRIES 4, the wait grows

# Linux to what lwIP reports on newlib. lwIP has no ECONNREFUSED (a refused connection is reset:
# ERR_RST) and no EPIPE (writing to a connection that is gone is ERR_CONN).
_ERRNOS = {
    32: 128,  # EPIPE: ENOTCONN
    90: 122,  # EMSGSIZE
    98: 112,  # EADDRINUSE
    99: 125,  # EADDRNOTAVAIL
    100: 118,  # ENETDOWN: no route
    101: 118,  # ENETUNREACH
    103: 113,  # ECONNABORTED
    106: 127,  # EISCONN
    107: 128,  # ENOTCONN
    110: 116,  # ETIMEDOUT
    111: 104,  # ECONNREFUSED: ECONNRESET
    113: 118,  # EHOSTUNREACH
    114: 120,  # EALREADY
    115: 119,  # EINPROGRESS
}


def error(er):
    """The OSError that the chip would raise for one of Linux."""
    return OSError(_ERRNOS.get(er.errno, er.errno))


def shifted(port):
    """The host's port for a port of the board."""
    return port + _board.config["port_shift"] if 0 < port < _PRIVILEGED else port


def _quad(host):
    # The four bytes of a dotted address, or None.
    parts = host.split(".")
    if len(parts) != 4:
        return None
    try:
        return bytes([int(part) for part in parts])
    except ValueError:
        return None


# In LAN mode the board has interfaces and routes of its own, and nothing is rewritten.
_lan = _board.config["ip"] == "0.0.0.0"

_last = None  # the last address packed: datagrams go to the same one again and again
_packed = None


def pack(address, resolving=True):
    """The host's sockaddr of a (host, port) of the firmware. resolving: names are looked up (bind,
    connect)."""
    global _last, _packed
    if address == _last:
        return _packed
    host, port = address
    ip = _quad(resolve(host) if resolving else host)
    if ip is None:
        raise ValueError("invalid arguments")
    if not _lan:
        if ip == b"\0\0\0\0" or ip == b"\xc0\xa8\x04\x01":  # any, and the soft-AP's own
            ip = _quad(_board.config["ip"])
        elif ip == b"\xff\xff\xff\xff":
            ip = b"\x7f\xff\xff\xff"
    port = shifted(int(port))
    where = bytearray(16)
    where[0] = 2  # AF_INET
    where[2] = port >> 8
    where[3] = port & 255
    where[4:8] = ip
    if _quad(host):  # a name may move
        _last = (host, address[1])
        _packed = where
    return where


def unpack(where):
    """The (ip, port) tuple of a sockaddr of the host."""
    port = where[2] << 8 | where[3]
    shift = _board.config["port_shift"]
    if shift and 0 < port - shift < _PRIVILEGED:
        port -= shift
    return ("%d.%d.%d.%d" % tuple(where[4:8]), port)


def route(where):
    """Raises EHOSTUNREACH when there is no way to a sockaddr: the station has no address, or it is
    not on the loopback, the only network of the plain mode. None: to a peer found already.
    In LAN mode the host knows the way to any other."""
    _board.serve()
    if _lan and where:
        return
    joined = _board.station[3] != b"-" or _board.station[1] == b"1" and _static()
    if not joined or (where and where[4] != 127 and not 224 <= where[4] < 240):
        raise OSError(_EHOSTUNREACH)


def fixed(ip):
    """Whether this is an address that the firmware has given an interface, and the host has not:
    in the plain mode those of the board are one on the loopback."""
    import network

    return not _lan and network.WLAN(network.STA_IF).ifconfig()[0] == ip


def _static():
    import network

    return network.WLAN(network.STA_IF).isconnected()


def resolve(host):
    """The dotted address of host. Blocks as lwIP does, for up to 7 s, and 5 s more for .local
    names."""
    if not host:
        return "0.0.0.0"
    if _quad(host):
        return host
    import network

    server = network.dns_server()
    if host.endswith(".local") and server:
        _blocked(_board.wait, _MDNS_MS)  # nobody answers mDNS on the loopback
    if not server:
        raise OSError(_EAI_FAIL)
    return _blocked(_ask, host, server)


def _blocked(call, *args):
    # The port lets other threads run meanwhile, but no Python of this one.
    _board.hold(True)
    try:
        return call(*args)
    finally:
        _board.hold(False)


def _ask(host, server):
    import uos
    import usocket

    query = bytearray(uos.urandom(2)) + b"\x01\0\0\x01\0\0\0\0\0\0"
    for label in host.split("."):
        query += bytes([len(label)]) + label.encode()
    query += b"\0\0\x01\0\x01"
    s = usocket.socket(2, 2)
    try:
        s.bind(pack((_board.config["ip"], 0)))
        s.connect(pack((server, _DNS_PORT)))
        p = _board.poller()
        p.register(s, _board.IN)
        for ms in _DNS_WAITS:
            answer = None
            try:
                s.send(query)
                if _board.wait_on(p, ms):
                    answer = s.recv(512)
            except OSError:  # nobody there
                _board.wait(ms)
            if answer and answer[:2] == query[:2]:
                return _address_in(answer)
    finally:
        s.close()
    raise OSError(_EAI_FAIL)


def _address_in(answer):
    # The first A record of a DNS answer.
    at = _skip_name(answer, 12) + 4
    for _ in range(answer[6] << 8 | answer[7]):
        at = _skip_name(answer, at)
        kind = answer[at] << 8 | answer[at + 1]
        size = answer[at + 8] << 8 | answer[at + 9]
        at += 10
        if kind == 1 and size == 4:
            return "%d.%d.%d.%d" % tuple(answer[at : at + 4])
        at += size
    raise OSError(_NONAME)


def _skip_name(packet, at):
    while packet[at]:
        if packet[at] >= 0xC0:
            return at + 2
        at += packet[at] + 1
    return at + 1
