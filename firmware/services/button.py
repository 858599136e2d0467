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
        self._contact = 1  # its level since _since: 0 is closed
        self._since = ticks_ms()
        self._still = 1  # the last level that was still
        self._presses = 0  # not yet told
        self._pin.irq(self._changed, Pin.IRQ_FALLING | Pin.IRQ_RISING)

    def _changed(self, pin):
        # Runs between any two bytecodes: knows of presses also while a task keeps run() waiting.
        self._look(pin.value())
        self._since = ticks_ms()
        self._edge.set()

    def _look(self, level):
        # The contact has had its level until now, and has this one from now on.
        if self._contact != self._still and ticks_diff(ticks_ms(), self._since) >= _STABLE_MS:
            self._still = self._contact
            if not self._still:
                self._presses += 1
        self._contact = level

    async def run(self):
        """Service: watches the button until cancelled."""
        while True:
            await self._edge.wait()
            while True:
                try:
                    await asyncio.wait_for_ms(self._edge.wait(), _STABLE_MS)
                except asyncio.TimeoutError:
                    self._look(self._pin.value())
                    if self._contact == self._still:
                        break
            while self._presses:
                self._presses -= 1
                self._pressed()

    def stop(self):
        """Leave the pin alone from now on."""
        self._pin.irq(None)
