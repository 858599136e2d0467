# Services on the link, by mDNS: one round of questions for their types, where they are not known,
# and one for the services, from a port of its own (RFC 6762 5.1).
import asyncio
import errno
import random
import socket

from micropython import const

from wire import mdns_browse

from . import sockets
from .subnet import Subnet

_LINK = ("224.0.0.251", 5353)
# RFC 6762 6: whoever has records that others have as well waits up to 120 ms; some take longer.
_ROUND_MS = const(1000)
_LONGEST = const(1472)


async def browse(station, kinds):
    """The services of these types (dotted bytes, with .local), or of all that there are, as
    mdns_browse.Browser.services() gives them. Raises OSError.
    """
    ident = random.getrandbits(16)
    browser = mdns_browse.Browser(ident)
    net = Subnet(station.address(0), station.address(1))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    async def hear():
        while True:
            await sockets.readable(sock)
            try:
                data, peer = sock.recvfrom(_LONGEST)
            except OSError as e:
                if e.errno == errno.EAGAIN:
                    continue
                raise
            if peer[1] == _LINK[1] and net.has(peer[0]):
                browser.feed(data, len(data))

    async def ask(names):
        for name in names:
            try:
                sock.sendto(mdns_browse.question(ident, name), _LINK)
            except ValueError:
                pass  # somebody's type that is no name
        try:
            await asyncio.wait_for_ms(hear(), _ROUND_MS)
        except asyncio.TimeoutError:
            pass

    try:
        sock.setblocking(False)
        if not kinds:
            await ask((mdns_browse.TYPES,))
            kinds = browser.types
        if kinds:
            await ask(kinds)
    finally:
        sock.close()
    return browser.services()
