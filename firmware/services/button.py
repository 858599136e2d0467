# A push button to ground: contact bounce removed, one call per press.
import asyncio
from time import ticks_diff, ticks_ms

from machine import Pin
from micropython import const

# Contacts of tactile switches bounce for up to 10 ms; a finger holds for 50 ms at the least. What
# is shorter is noise on the wire.
_STABLE_MS = const(20)


class Button:
    """Calls `pressed()` once for each press, after the contacts have been still for 20 ms."""

    def __init__(self, gpio, pressed):
        self._pin = Pin(gpio, Pin.IN, Pin.PULL_UP)
        self._pressed = pressed
        self._edge = asyncio.ThreadSafeFlag()
        self._closed = ticks_ms()  # when the contact last closed
        self._held = False  # it opened again after having been closed for _STABLE_MS
        self._pin.irq(self._changed, Pin.IRQ_FALLING | Pin.IRQ_RISING)

    def _changed(self, pin):
        # Runs between any two bytecodes: knows of a press also while a task keeps run() waiting.
        if not pin.value():
            self._closed = ticks_ms()
        elif ticks_diff(ticks_ms(), self._closed) >= _STABLE_MS:
            self._held = True
        self._edge.set()

    async def run(self):
        """Service: watches the button until cancelled."""
        down = False
        while True:
            await self._edge.wait()
            await self._still()
            if down != (not self._pin.value()):
                down = not down
                if down:
                    self._pressed()
            elif self._held and not down:
                self._pressed()  # it came and went before it could be seen here
            self._held = False

    def stop(self):
        """Leave the pin alone from now on."""
        self._pin.irq(None)

    async def _still(self):
        # Return when there was no edge for _STABLE_MS.
        while True:
            try:
                await asyncio.wait_for_ms(self._edge.wait(), _STABLE_MS)
            except asyncio.TimeoutError:
                return
