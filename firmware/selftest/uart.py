# UART1 with a jumper from its TX to its RX. Its console hears and says nothing meanwhile, and what
# a host sends to it is lost.
import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from firmware import board
from firmware.console import errors, log
from firmware.console.errors import CommandError

_SIZE = const(64)
_LOOK_MS = const(2)
_SLACK_MS = const(500)  # beyond the time that the line takes: the loop may be held by others


def console(session):
    """The session of UART1's console, which is not this one. Raises CommandError."""
    port = session.device.ports[board.UART_HOST]
    if session.port is port:
        raise CommandError(errors.FAILED, b"UART1 is where this command came from")
    for other in log.sessions:
        if other.port is port and not other.running:
            return other
    raise CommandError(errors.FAILED, b"UART1 is busy")


class _Deaf:
    # In the place of UART1's port: its session hears nothing, and waits with what it has to say.
    columns = 0
    overruns = 0
    small = False

    def __init__(self, port):
        self._port = port
        self.over = asyncio.Event()

    def readinto(self, buf):
        return 0

    async def readable(self):
        await self.over.wait()

    def offer(self, data):
        return False

    async def write(self, data):
        await self.over.wait()
        await self._port.write(data)

    def raw(self, on):
        pass


async def run(session, name):
    """A pattern goes out and comes back."""
    owner = console(session)
    port = owner.port
    deaf = _Deaf(port)
    # Five bits each: any format of uart.* has them.
    pattern = bytes([i * 11 & 31 for i in range(_SIZE)])
    owner.port = deaf
    try:
        got = await _echo(port, pattern)
    finally:
        owner.port = port
        deaf.over.set()
    if got == pattern:
        return True, _SIZE, b"B", b"came back at %d bytes a second" % port.rate
    return False, len(got), b"B", b"came back, not the %d that were sent" % _SIZE


async def _echo(port, pattern):
    # What comes in the time that the pattern takes.
    buf = bytearray(_SIZE)
    got = bytearray()
    end = ticks_add(ticks_ms(), (port.buffer + _SIZE) * 1000 // port.rate + _SLACK_MS)
    sent = late = False
    while not late and got != pattern:
        await asyncio.sleep_ms(_LOOK_MS)
        late = ticks_diff(end, ticks_ms()) <= 0
        # What was written before, and comes back as well, is not the pattern.
        n = port.readinto(buf)
        if n and sent:
            got.extend(memoryview(buf)[:n])
            if len(got) > _SIZE:
                got = got[-_SIZE:]
        if not sent and not n and port.room() >= port.buffer:
            sent = port.offer(pattern)
            end = ticks_add(ticks_ms(), _SIZE * 1000 // port.rate + _SLACK_MS)
    return got
