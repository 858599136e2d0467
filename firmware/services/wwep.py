# The WWEP client (exercises 01, 02, 03 and 06): a button flips the LED and its state is written to
# a WWEP server. A second button does the same over TLS.
#
# Each press is one write on a connection of its own, answered before the next one goes out;
# presses meanwhile wait in a short queue. What the server answered is said in words; nothing that
# it does stops the service.
import asyncio
import sys

from machine import Pin
from micropython import const

from firmware import board, forget
from firmware.console import log
from firmware.services.button import Button
from firmware.store import variables

_QUEUE = const(8)  # presses that wait: more than a person makes while one write times out
_OPEN = b"wwep.button_gpio"
_SECURE = b"wwep.secure.button_gpio"


def create(device):
    """The service, on the parts of the device."""
    return Wwep(device)


class Wwep:
    def __init__(self, device):
        self._device = device
        self._queue = []
        self._wake = asyncio.Event()
        self._lit = 0
        led = variables.get(b"wwep.led_gpio")
        self._led = None
        self._buttons = []
        try:
            if led >= 0:
                board.claim(led, b"wwep.led_gpio")
                self._led = Pin(led, Pin.OUT, value=0)
            for name, press in ((_OPEN, self._press), (_SECURE, self._press_secure)):
                gpio = variables.get(name)
                if gpio >= 0:
                    board.claim(gpio, name)
                    self._buttons.append(Button(gpio, press))
        except:
            self.stop()
            raise

    def stop(self):
        """Give the pins back."""
        for button in self._buttons:
            button.stop()
        for owner in (b"wwep.led_gpio", _OPEN, _SECURE):
            board.release(owner)

    def _press_secure(self):
        self._press(True)

    def _press(self, secure=False):
        if len(self._queue) >= _QUEUE:
            log.line(log.STATUS, b"WWEP: press ignored, %d writes are waiting" % _QUEUE)
            return
        self._lit ^= 1
        if self._led:
            self._led.value(self._lit)
        self._queue.append((self._lit, secure))
        self._wake.set()

    async def run(self):
        """Service: watches the buttons and writes, until cancelled."""
        watches = [asyncio.create_task(button.run()) for button in self._buttons]
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    await self._write(*self._queue.pop(0))
        finally:
            for watch in watches:
                watch.cancel()
            self.stop()

    async def _write(self, value, secure):
        try:
            from . import wwep_write

            await wwep_write.write(self._device, value, secure)
        except MemoryError:
            log.line(log.STATUS, b"WWEP: out of memory")
        finally:
            wwep_write = None  # 5 KB that waiting for a press does without
            forget("firmware.services.wwep_write")
            forget("firmware.net.connecting")
            if "firmware.services.wwep_guest" not in sys.modules:
                forget("wire.wwep")
