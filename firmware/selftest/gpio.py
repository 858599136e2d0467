# Two GPIOs that a jumper joins: each drives the other to both levels, as far as it can drive.
import asyncio

from machine import Pin
from micropython import const

from firmware import board, gpio
from firmware.console import errors
from firmware.console.errors import CommandError

_OWNER = b"selftest"
_SETTLE_MS = const(2)  # a meter of wire, and the capacity of two pads, take microseconds


def pair(text):
    """The two GPIOs of `12-14`, which nobody uses. Raises CommandError."""
    a, dash, b = text.partition(b"-")
    a, b = gpio.number(a), gpio.number(b)
    if a == b:
        raise CommandError(errors.BAD_ARGUMENT, b"GPIO %d twice" % a)
    for number in (a, b):
        gpio.check(number)
        holder = board.owner(number)
        if holder:
            raise gpio.taken(number, holder)
    if not (board.is_gpio(a, True) or board.is_gpio(b, True)):
        gpio.check(a, b"output")
    return a, b


async def run(session, name):
    """Both levels both ways. A pull in the other direction tells a wire from a pad that floats."""
    a, b = pair(name)
    levels = 0
    try:
        for number in (a, b):
            board.claim(number, _OWNER)
            Pin(number, Pin.IN, None)
        for output, other in ((a, b), (b, a)):
            if not board.is_gpio(output, True):
                continue
            for level in (0, 1):
                if board.is_gpio(other, True):
                    Pin(other, Pin.IN, Pin.PULL_DOWN if level else Pin.PULL_UP)
                out = Pin(output, Pin.OUT, None, value=level)
                await asyncio.sleep_ms(_SETTLE_MS)
                if Pin(other).value() != level:
                    words = b"GPIO %d does not follow GPIO %d to %d" % (other, output, level)
                    return False, levels, b"", words
                levels += 1
            out.init(Pin.IN, None)
    finally:
        for number in (a, b):
            if board.owner(number) == _OWNER:  # memory may run out before it is
                board.free(number)
    return True, levels, b"", b"levels passed on"
