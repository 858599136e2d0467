# A push button to ground: contact bounce removed, one call per press.
import asyncio

from machine import Pin
from micropython import const

# Contacts of tactile switches bounce for up to 10 ms; a finger holds for 50 ms at the least.
_STABLE_MS = const(20)


class Button:
    """Calls `pressed()` once for each press, after the contacts have been still for 20 ms."""

    def __init__(self, gpio, pressed):
        self._pin = Pin(gpio, Pin.IN, Pin.PULL_UP)
        self._pressed = pressed
        self._edge = asyncio.ThreadSafeFlag()
        # edges down since the button was last seen released: a short press is over before we look
        self._falls = 0
        self._pin.irq(self._changed, Pin.IRQ_FALLING | Pin.IRQ_RISING)

    def _changed(self, pin):
        self._edge.set()

    async def run(self):
        """Service: watches the button until cancelled."""
        down = False
        try:
            while True:
                await self._edge.wait()
                if not down:
                    # An edge from rest can only be the start of a press, even if it is over by
                    # now.
                    down = True
                    self._pressed()
                await self._still()
                down = not self._pin.value()
        finally:
            self._pin.irq(None)

    async def _still(self):
        # Return when there was no edge for _STABLE_MS.
        while True:
            try:
                await asyncio.wait_for_ms(self._edge.wait(), _STABLE_MS)
            except asyncio.TimeoutError:
                return
