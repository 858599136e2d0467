# Factory reset: button 0, held for ten seconds while the firmware runs, brings the factory
# settings back. The LED tells: it blinks slowly from the third second on, fast from the eighth; a
# release before the end changes nothing.
#
# The level is looked at now and then, so the button may serve presses to another part at the same
# time. A GPIO 0 that is no button, because gpio_dir or a status has it, resets nothing.
import asyncio

from machine import Pin
from micropython import const

from firmware import board
from firmware.console import log

_IDLE_MS = const(500)  # between two looks at a button that is up
_STEP_MS = const(100)  # while it is held
_SLOW = const(30)  # steps held
_FAST = const(80)
_RESET = const(100)

_BUTTON_OWNER = b"wwep.button_gpio"
# Who may have the LED that blinks.
_LED_OWNERS = (None, b"wwep.led_gpio")


def create(device):
    """The service, on the parts of the device."""
    return ResetButton(device)


class ResetButton:
    def __init__(self, device):
        self._device = device
        self._pin = None  # the button's, while it is nobody else's

    async def run(self):
        """Service: watches the button until cancelled."""
        while True:
            await asyncio.sleep_ms(_IDLE_MS)
            if self._held() and await self._hold():
                log.event(b"Factory reset")
                self._device.factory_reset()
                return

    def _held(self):
        owner = board.owner(board.BUTTON_0)
        if owner == _BUTTON_OWNER:
            self._pin = None
            return not Pin(board.BUTTON_0).value()
        if owner is not None:
            self._pin = None
            return False
        if self._pin is None:  # also after somebody else gave it back
            self._pin = Pin(board.BUTTON_0, Pin.IN, Pin.PULL_UP)
        return not self._pin.value()

    async def _hold(self):
        # True when the button was held to the end.
        owner = board.owner(board.LED)
        led = None
        lit = 0
        steps = _IDLE_MS // _STEP_MS // 2  # it went down between two looks
        while steps < _RESET and self._held():
            if steps == _SLOW and owner in _LED_OWNERS and board.is_gpio(board.LED, True):
                led = Pin(board.LED)
                lit = led.value() if owner else 0
                led.init(Pin.OUT, value=lit)
            if led and (steps >= _FAST or steps % 5 == 0):
                led.value(not led.value())
            steps += 1
            await asyncio.sleep_ms(_STEP_MS)
        if led:
            if owner:
                led.value(lit)
            else:
                led.init(0)  # neither input nor output
        return steps >= _RESET
