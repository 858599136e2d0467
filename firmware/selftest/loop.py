# The loop: how late a task comes to its turn.
import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

_TURNS = const(50)
_TICK_MS = const(10)
# UART1's receive buffer has room for as much at line rate: what comes to it is lost from there on.
# The longest flash write, a change of the whole DCT, stays below it.
_MOST_MS = const(500)


async def run(session, name):
    """The latest of some turns."""
    worst = 0
    for _ in range(_TURNS):
        due = ticks_add(ticks_ms(), _TICK_MS)
        await asyncio.sleep_ms(_TICK_MS)
        worst = max(worst, ticks_diff(ticks_ms(), due))
    return worst < _MOST_MS, worst, b"ms", b"late at most, in %d turns" % _TURNS
