# Reachability by command: ping.
import asyncio
import errno
import random
import socket
import time

from micropython import const

from firmware import forget
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.net import sockets
from firmware.net.station import JoinError
from wire import icmp

_REQUESTS = const(3)  # one may be lost in the air
_WAIT_MS = const(1000)  # between them, and after the last
_IPPROTO_ICMP = const(1)  # MicroPython has no name for it
_TO_ALL = (13, 22)  # EACCES, or lwIP's EINVAL: a broadcast address
_PAYLOAD = b"abcdefghijklmnopqrstuvwabcdefghi"  # 32 bytes, as other pings have
_MAX_PACKET = const(128)  # the reply has 60, with options of IP 100; more is cut, and not ours


@command(b"ping", b"ping", 1, 2)
async def ping(session, args):
    """ping -g | <host>
    Print how long a host, or with -g the gateway, takes to answer an echo request; the network is
    brought up first if need be. Fails after three requests without an answer, a second each.
    """
    gateway = args[0] == b"-g"
    if args[0][:1] == b"-" and not gateway:
        raise CommandError(errors.UNKNOWN_OPTION)
    if len(args) > 1:
        raise CommandError(errors.TOO_MANY)
    device = session.device
    try:
        await device.station.up()
        if gateway:
            ip = device.station.address(2).decode()
            if ip == "0.0.0.0":
                raise CommandError(errors.FAILED, b"There is no gateway")
        else:
            ip = await device.resolve(args[0])
        return await _ping(ip)
    except (OSError, JoinError, sockets.LookupFailed) as e:
        words = sockets.reason(e)
        if isinstance(e, OSError) and e.errno in _TO_ALL:
            words = b"Not the address of one host"
        raise CommandError(errors.FAILED, words)
    finally:
        forget("wire.icmp")


async def _ping(ip):
    # The response. Raises OSError, CommandError.
    ident = random.getrandbits(16)
    sent = []  # when each request was
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, _IPPROTO_ICMP)
    try:
        sock.setblocking(False)
        for number in range(_REQUESTS):
            sent.append(time.ticks_ms())
            sock.sendto(icmp.echo(ident, number, _PAYLOAD), (ip, 0))
            try:
                ms = await asyncio.wait_for_ms(_answer(sock, ip, ident, sent), _WAIT_MS)
                return b"Ping reply in %dms" % ms
            except asyncio.TimeoutError:
                pass
    finally:
        sock.close()
    raise CommandError(errors.FAILED, b"No reply")


async def _answer(sock, ip, ident, sent):
    # Milliseconds that the reply to one of the requests took. A raw socket hears all that ICMP
    # says to the module.
    while True:
        await sockets.readable(sock)
        try:
            packet, peer = sock.recvfrom(_MAX_PACKET)
        except OSError as e:
            if e.errno == errno.EAGAIN:
                continue
            raise
        found = icmp.parse(packet, ident)
        if not found or found[1] >= len(sent):
            continue
        if found[0] != icmp.REPLY:
            raise CommandError(errors.FAILED, b"Host unreachable, says %s" % peer[0].encode())
        if peer[0] == ip:
            return time.ticks_diff(time.ticks_ms(), sent[found[1]])
