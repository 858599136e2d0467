# Names to IPv4 addresses by DNS over UDP, and for those below .local by mDNS first, without
# blocking the loop (the built-in getaddrinfo blocks for seconds).
#
# Each question has an id of its own and is believed only from where it was asked, so what comes
# late, or from somebody else, is passed over. There is no TCP: an answer that was cut off is
# refused.
import asyncio
import errno
import random
import socket

from micropython import const

from wire import dns

from . import dns_cache, sockets
from .sockets import LookupFailed, is_address
from .subnet import Subnet

_PORT = const(53)
# RFC 6762 5.1: a single question to all of the link from a port of its own, answered to that port.
_LINK = ("224.0.0.251", 5353)
# 6: an answer comes within 120 ms; 5.2: the second question follows after a second.
_LINK_TRIES = const(2)
_LINK_MS = const(1000)
_NONE = "0.0.0.0"
_IN_NAMES = b"abcdefghijklmnopqrstuvwxyz0123456789-_"


async def resolve(host, station, get, now):
    """Dotted text (str) of the first address of `host` (bytes). `get` gives the value of a
    variable, `now` is the uptime in seconds. Raises LookupFailed, OSError.
    """
    if is_address(host):
        return host.decode()
    name = host.lower()
    if name.endswith(b"."):
        name = name[:-1]
    if not _is_name(name):
        raise LookupFailed(b"not a name")
    servers = []
    for server in (station.name_server(), get(b"network.dns.secondary").decode()):
        if server != _NONE and server not in servers:
            servers.append(server)
    dns_cache.use((station.ssid, servers))
    address = dns_cache.get(name, now)
    if address is None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            found = None
            if name.endswith(b".local"):
                found = await _ask_link(sock, name, station)
            if found is None:
                found = await _ask_servers(sock, servers, name, get)
        except ValueError:
            raise LookupFailed(b"not a name")
        finally:
            sock.close()
        address = "%d.%d.%d.%d" % tuple(found[0][0])
        dns_cache.put(name, address, found[1], now)
    return address


def _is_name(name):
    # Whether a host can have it: labels of letters, digits and hyphens inside (RFC 1123 2.1), and
    # not numbers alone, which are a mistyped address. The underscore is none, but in use.
    digits = True
    for label in name.split(b"."):
        if not 0 < len(label) < 64 or label.strip(_IN_NAMES) or b"-" in (label[:1], label[-1:]):
            return False
        digits = digits and label.isdigit()
    return not digits and len(name) < 254


async def _ask_servers(sock, servers, name, get):
    # (addresses, seconds). A server that is silent is asked again after the others; one that
    # cannot say is not. That there is no such name any of them may say.
    timeout = get(b"network.dns.timeout")
    failure = LookupFailed(b"no name server")
    ttl = dns.MAX_TTL
    aliases = 0
    tries = get(b"network.dns.retries") + 1
    while tries and servers:
        tries -= 1
        for server in list(servers):
            try:
                found = await _ask(sock, (server, _PORT), name, timeout)
                if found:
                    return found[0], min(ttl, found[1])
                failure = LookupFailed(b"no answer from the name server")
                continue
            except dns.Alias as e:
                aliases += 1
                if aliases > dns.MAX_ALIASES:
                    raise LookupFailed(b"too many aliases")
                name = e.name
                ttl = min(ttl, e.ttl)
                tries = get(b"network.dns.retries") + 1
                break
            except dns.NameNotFound:
                raise LookupFailed(b"name not found")
            except dns.Truncated:
                failure = LookupFailed(b"the name server's answer is too long")
            except dns.DnsError:
                failure = LookupFailed(b"server failure")
            except OSError as e:
                failure = e
            servers = [other for other in servers if other != server]
    raise failure


async def _ask_link(sock, name, station):
    # The same of the hosts of the link; None when none of them has the name.
    net = Subnet(station.address(0), station.address(1))

    def near(peer):
        # RFC 6762 11: who is not on the link has no say, nor has who does not speak mDNS.
        return peer[1] == _LINK[1] and net.has(peer[0])

    try:
        for _ in range(_LINK_TRIES):
            try:
                found = await _ask(sock, _LINK, name, _LINK_MS, near)
            except dns.DnsError:
                continue
            if found:
                return found
    except OSError:
        pass  # no way to the link: the name servers may know it
    return None


async def _ask(sock, to, name, timeout_ms, trusted=None):
    # One question and its answer: (addresses, seconds), or None when none came in time. Raises
    # DnsError.
    number = random.getrandbits(16)
    sock.sendto(dns.build_query(number, name, trusted is None), to)

    async def answer():
        while True:
            await sockets.readable(sock)
            try:
                data, peer = sock.recvfrom(dns.MAX_MESSAGE)
            except OSError as e:
                if e.errno == errno.EAGAIN:
                    continue
                raise
            if trusted(peer) if trusted else peer == to:
                result = dns.parse_answer(data, len(data), number, name)
                if result is not None:
                    return result

    try:
        return await asyncio.wait_for_ms(answer(), timeout_ms)
    except asyncio.TimeoutError:
        return None
