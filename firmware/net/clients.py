# Opening TCP, TLS and UDP clients: the network is brought up, the name resolved, the connection
# made, the stream put into the table. Commands, stream mode and services open by this one way.
#
# Where the stack's last socket is that of a question for the time, which the firmware asks by
# itself, it is given up for the stream: the question is put again (services/ntp.py).
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
_ENFILE = const(23)  # no free socket; errno does not have it
_CLOSES_MS = const(1)  # a task that was cancelled closes its socket in the loop's next turn


class OpenFailed(Exception):
    """The log says why. args[0] is True where the network itself is down."""


async def open_client(device, log, get, kind, host, port, local=0, partner=None, ca=None):
    """Open a b"TCPC", b"TLSC" or b"UDPC" stream to `host` (bytes). `get` gives the value of a
    variable; `local` is the local port, 0 for any; `partner` as in streams.py; `ca` stands in for
    network.tls.ca_cert. Returns (handle, stream). Raises OpenFailed, streams.NoHandle.
    """
    table = device.streams
    handle = table.reserve()
    stream = None
    try:
        log.event(b"Opening: %s:%d" % (host, port))
        if kind == b"UDPC":
            stream = await _udp_client(device, log, get, host, port, local)
        else:
            secure = kind == b"TLSC"
            sock, info = await dial(
                device, log, get, host, port, local, secure, b"tls" if secure else None, ca
            )
            if secure:
                from .tls_stream import TlsStream as Stream
            else:
                from .tcp import TcpStream as Stream
            stream = Stream(kind, info, sock)
    except OpenFailed as e:
        log.event(b"Open failed")
        raise e
    finally:
        if stream is None:
            table.release(handle)
    stream.partner = partner
    table.put(handle, stream)
    return handle, stream


async def dial(device, log, get, host, port, local, secure, word, ca=None, ip=None):
    """A connection to `host`, over TLS where `secure`: (socket, what stream_list says of it).
    `word` is that of the log's line `Connecting (word)`, None for no such line; `ip` is the
    host's address where it is known, and the network up. Raises OpenFailed.
    """
    tls = None
    failures = (OSError, JoinError, sockets.LookupFailed)
    try:
        if secure:
            from . import tls

            failures += (tls.TlsFailed,)
            tls.check(get, ca)
        if ip is None:
            ip = await _address(device, host)
        if word:
            log.line(log.OPERATION, b"Connecting (%s): %s:%d" % (word, host, port))
        sock, info = await _connected(device, get, host, ip, port, local)
        if tls:
            sock = await tls.client(sock, host, get, ca, log, device)
        return sock, info
    except failures as e:
        raise _failed(log, e)
    finally:
        if tls:
            tls.drop()


async def _address(device, host):
    # The address of a host, with the network up.
    await device.station.up()
    if sockets.is_address(host):
        return host.decode()
    while True:
        try:
            return await device.resolve(host)
        except OSError as e:
            if not await _given_up(device, e):
                raise


async def _given_up(device, e):
    # Where it failed for want of a socket: whether there is one now.
    if e.errno != _ENFILE or not device.stop("ntp"):
        return False
    await asyncio.sleep_ms(_CLOSES_MS)
    return True


def _failed(log, e):
    log.line(log.STATUS, sockets.reason(e))
    return OpenFailed(isinstance(e, JoinError))


async def _udp_client(device, log, get, host, port, local):
    try:
        return await _udp(device, get, host, await _address(device, host), port, local)
    except (OSError, JoinError, sockets.LookupFailed) as e:
        raise _failed(log, e)


def _picked(local):
    return local or _FIRST_PORT + random.getrandbits(14) % _PORTS


def _info(host, port, local):
    return b"%s:%d (%d)" % (host, port, local)


async def _connected(device, get, host, ip, port, local):
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
            if await _given_up(device, e):
                continue
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
            if await _given_up(device, e):
                continue
            if e.errno != errno.EADDRINUSE or local or not misses:
                raise
        misses -= 1
