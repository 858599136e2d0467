# Names to IPv4 addresses by DNS over UDP, without blocking the loop (the built-in getaddrinfo
# blocks for seconds).
import asyncio
import errno
import random
import socket

from wire import dns

from . import sockets
from .sockets import LookupFailed, is_address

_PORT = 53


async def _ask(sock, server, name, timeout_ms):
    # One question and its answer: list of addresses, or None when none came in time. Raises
    # DnsError.
    number = random.getrandbits(16)
    sock.sendto(dns.build_query(number, name), (server, _PORT))
    buf = bytearray(dns.MAX_MESSAGE)

    async def answer():
        while True:
            await sockets.readable(sock)
            try:
                data, peer = sock.recvfrom(dns.MAX_MESSAGE)
            except OSError as e:
                if e.errno == errno.EAGAIN:
                    continue
                raise
            if peer[0] != server:
                continue  # not the server that was asked
            buf[: len(data)] = data
            result = dns.parse_answer(buf, len(data), number, name)
            if result is not None:
                return result

    try:
        return await asyncio.wait_for_ms(answer(), timeout_ms)
    except asyncio.TimeoutError:
        return None


async def resolve(host, server, timeout_ms, retries):
    """Dotted text (str) of the first address of `host` (bytes). `server` is a dotted str. Raises
    LookupFailed, OSError.
    """
    if is_address(host):
        return host.decode()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        for _ in range(retries + 1):
            try:
                found = await _ask(sock, server, host, timeout_ms)
            except dns.NameNotFound:
                raise LookupFailed(b"name not found")
            except dns.DnsError:
                raise LookupFailed(b"server failure")
            except ValueError:
                raise LookupFailed(b"not a name")
            if found:
                return "%d.%d.%d.%d" % tuple(found[0][0])
        raise LookupFailed(b"no answer from the name server")
    finally:
        sock.close()
