# The clock from the network (spec 13): one question to ntp.server, and the next one after
# ntp.interval. A server that says that it does not want to be asked is not asked (RFC 4330 8).
#
# A run is one question: between two of them nothing of this is in RAM but what it leaves with the
# device, the time of the next one (`ntp_due`, seconds of uptime) and `ntp_state`.
import asyncio
import errno
import os
import socket
from time import ticks_diff, ticks_us

from micropython import const

from firmware import clock, forget
from firmware.console import log
from firmware.net import sockets
from firmware.net.sockets import LookupFailed
from firmware.store import variables
from wire import ntp

_ANSWER_MS = const(3000)  # a satellite link takes one second there and back
# Without an answer the next question follows after this, doubled each time up to ntp.interval: RFC
# 4330 10 allows no less.
_AGAIN_S = const(15)
_SLOWEST = const(64)  # times ntp.interval, for a server that asks for fewer questions
_NEVER = const(0x3FFFFFFF)
# Times that cannot be true: before this was written, and what the clock cannot hold.
_EARLIEST = const(1_767_225_600)  # 2026
_LATEST = const(4_102_444_800)  # 2100
_MOVED_NS = const(1_000_000_000)  # a clock that was as wrong as that is worth a log line

_BUFFER = const(128)  # an answer, with an authenticator that we have not asked for
_COOKIE = const(8)


def create(device):
    """The service, on the parts of the device."""
    return Ntp(device)


class Ntp:
    def __init__(self, device):
        self._device = device
        self._server = variables.get(b"ntp.server")
        state = device.ntp_state
        if state is None or state[0] != self._server:
            state = (None, _AGAIN_S, 1, None)
        # Seconds after the next failure, factor of the interval, failure that was logged.
        _, self._again, self._slower, self._told = state

    async def run(self):
        """Service: asks once, and says when to ask again."""
        device = self._device
        device.ntp_due = _NEVER
        wait = _AGAIN_S  # where a stream needs its socket (net/clients.py)
        try:
            wait = await self._wait()
        finally:
            device.ntp_due = device.uptime() + wait
            device.ntp_state = (self._server, self._again, self._slower, self._told)
            forget("firmware.services.ntp")
            forget("wire.ntp")

    async def _wait(self):
        # Ask; seconds until the next question.
        if variables.get(b"ntp.interface") == b"softap":
            return _NEVER  # there is no other network behind it
        interval = variables.get(b"ntp.interval") * self._slower
        try:
            await self._ask()
            self._again = _AGAIN_S
            self._told = None
            return interval
        except ntp.KissOfDeath as e:
            code = e.args[0]
            self._fail(b"the server does not want to be asked: " + code)
            if code == b"DENY" or code == b"RSTR":
                return _NEVER  # until another one is set, or the next start
            self._slower = min(self._slower * 2, _SLOWEST)
            return interval * 2
        except (ntp.NtpError, LookupFailed) as e:
            self._fail(e.args[0])
        except OSError as e:
            self._fail(sockets.reason(e))
        except MemoryError:
            self._fail(b"out of memory")
        wait = self._again
        self._again = min(wait * 2, max(interval, _AGAIN_S))
        return wait

    def _fail(self, words):
        # The same failure again and again is told once; where nobody has set a server, and may not
        # care, only to developers.
        if words != self._told:
            self._told = words
            known = b"ntp.server" in variables.values
            log.line(log.STATUS if known else log.DETAIL, b"NTP: " + words)

    async def _ask(self):
        # Raises ntp.NtpError, LookupFailed, OSError.
        server = await self._device.resolve(self._server)
        cookie = os.urandom(_COOKIE)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            begun = ticks_us()
            sock.sendto(ntp.question(cookie), (server, ntp.PORT))
            try:
                found = await asyncio.wait_for_ms(_answer(sock, server, cookie), _ANSWER_MS)
            except asyncio.TimeoutError:
                raise ntp.NtpError(b"no answer")
            took = ticks_diff(ticks_us(), begun) * 1000
        finally:
            sock.close()
        now = ntp.now(found, took)
        if not _EARLIEST <= now // 1_000_000_000 < _LATEST:
            raise ntp.NtpError(b"its clock is wrong")
        first = clock.set_at is None
        moved = abs(now - clock.now())
        clock.put(now, self._device)
        if first or moved > _MOVED_NS:
            log.line(log.STATUS, b"Clock set by NTP from " + self._server)
        from firmware.store import expiry

        expiry.look(log, variables)


async def _answer(sock, server, cookie):
    # What the server says; datagrams of others, and those that answer no question of ours, are
    # passed over.
    buf = bytearray(_BUFFER)
    while True:
        await sockets.readable(sock)
        try:
            data, peer = sock.recvfrom(_BUFFER)
        except OSError as e:
            if e.errno == errno.EAGAIN:
                continue
            raise
        if peer[0] != server or peer[1] != ntp.PORT:
            continue
        buf[: len(data)] = data
        found = ntp.answer(buf, len(data), cookie)
        if found is not None:
            return found
