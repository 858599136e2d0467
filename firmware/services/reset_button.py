# Factory reset: button 0, held for ten seconds while the firmware runs, brings the factory
# settings back. The LED tells: it blinks slowly from the third second on, fast from the eighth; a
# release before the end changes nothing.
#
# Loaded when the button was found down (device.py looks now and then). Only the level is looked
# at, so the button may serve presses to another part at the same time.
import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from machine import Pin
from micropython import const

from firmware import board
from firmware.console import log

_STEP_MS = const(100)
_UNSEEN_MS = const(250)  # for which it was down already when it was found, on average
_SLOW_MS = const(3000)
_FAST_MS = const(8000)
_RESET_MS = const(10_000)

# Who may have the LED that blinks.
_LED_OWNERS = (None, b"wwep.led_gpio")


async def hold(device):
    """Service: ends when the button was released; after ten seconds with a factory reset."""
    owner = board.owner(board.LED)
    led = None
    lit = 0
    steps = 0
    begun = ticks_add(ticks_ms(), -_UNSEEN_MS)
    try:
        while board.button_down():
            held = ticks_diff(ticks_ms(), begun)
            if held >= _RESET_MS:
                log.event(b"Factory reset")
                device.factory_reset()
                return
            if held >= _SLOW_MS and led is None and owner in _LED_OWNERS:
                led = Pin(board.LED)
                lit = led.value() if owner else 0
                led.init(Pin.OUT, value=lit)
                if not owner:
                    board.claim(board.LED, b"factory reset button")
            if led and (held >= _FAST_MS or steps % 5 == 0):
                led.value(not led.value())
            steps += 1
            await asyncio.sleep_ms(_STEP_MS)
    finally:
        if led and owner:
            led.value(lit)
        elif led:
            board.free(board.LED)
