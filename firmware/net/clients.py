# Opening TCP, TLS and UDP clients: the network is brought up, the name resolved, the connection
# made, the stream put into the table. Commands, stream mode and services open by this one way.
import asyncio
import errno
import random

from micropython import const

from . import connecting, sockets
from .station import JoinError

# The stack picks a local port by itself but cannot tell it, and stream_list shows it: so it is
# picked here.
_FIRST_PORT = const(49152)  # RFC 6335: dynamic ports
_PORTS = const(16384)
_OTHER_PORTS = const(4)  # of 16,384 ports at most ten are ours: four misses in a row do not happen


class OpenFailed(Exception):
    """The log says why. args[0] is True where the network itself is down."""


async def open_client(device, log, get, kind, host, port, local=0, partner=None, ca=None):
    """Open a b"TCPC", b"TLSC" or b"UDPC" stream to `host` (bytes). `get` gives the value of a
    variable; `local` is the local port, 0 for any; `partner` as in streams.py; `ca` stands in for
    network.tls.ca_cert. Returns (handle, stream). Raises OpenFailed, streams.NoHandle.
    """
    table = device.streams
    handle = table.reserve()
    stream = tls = None
    failures = (OSError, JoinError, sockets.LookupFailed)
    try:
        if kind == b"TLSC":
            from . import tls

            failures += (tls.TlsFailed,)
        log.event(b"Opening: %s:%d" % (host, port))
        if tls:
            tls.check(get, ca)
        await device.station.up()
        ip = host.decode() if sockets.is_address(host) else await device.resolve(host)
        if kind == b"UDPC":
            stream = await _udp(device, get, host, ip, port, local)
        else:
            if tls:
                from .tls_stream import TlsStream as Stream

                log.line(log.OPERATION, b"Connecting (tls): %s:%d" % (host, port))
            else:
                from .tcp import TcpStream as Stream
            sock, info = await _connected(get, host, ip, port, local)
            if tls:
                sock = await tls.client(sock, host, get, ca, log, device)
            stream = Stream(kind, info, sock)
    except failures as e:
        log.line(log.STATUS, sockets.reason(e))
        log.event(b"Open failed")
        raise OpenFailed(isinstance(e, JoinError))
    finally:
        if stream is None:
            table.release(handle)
        if tls:
            tls.drop()
    stream.partner = partner
    table.put(handle, stream)
    return handle, stream


def _picked(local):
    return local or _FIRST_PORT + random.getrandbits(14) % _PORTS


def _info(host, port, local):
    return b"%s:%d (%d)" % (host, port, local)


async def _connected(get, host, ip, port, local):
    # -> a connected socket, and what stream_list says of it
    attempts = get(b"tcp.client.retries")
    misses = _OTHER_PORTS
    while True:
        used = _picked(local)
        try:
            sock = await connecting.connect(ip, port, get(b"tcp.client.connect_timeout"), used)
            return sock, _info(host, port, used)
        except OSError as e:
            if e.errno == errno.EADDRINUSE and not local and misses:
                misses -= 1
                continue  # somebody has the port that was picked: take another
            if not attempts:
                raise
        attempts -= 1
        await asyncio.sleep_ms(get(b"tcp.client.retry_period"))


async def _udp(device, get, host, ip, port, local):
    from .udp_stream import UdpStream

    netmask = device.station.address(1).decode()
    misses = _OTHER_PORTS
    while True:
        used = _picked(local)
        try:
            return UdpStream(_info(host, port, used), ip, port, used, netmask)
        except OSError as e:
            if e.errno != errno.EADDRINUSE or local or not misses:
                raise
        misses -= 1
