# The WWEP client (exercises 01 and 02): a button flips the LED and its state is written to a WWEP
# server.
#
# Each press is one write on a connection of its own, answered before the next one goes out;
# presses meanwhile wait in a short queue. What the server answered is said in words; nothing that
# it does stops the service.
import asyncio

from machine import Pin
from micropython import const

from firmware import board, forget
from firmware.console import log
from firmware.services.button import Button
from firmware.store import variables

_QUEUE = const(8)  # presses that wait: more than a person makes while one write times out


def create(device):
    """The service, on the parts of the device."""
    return Wwep(device.station, device.resolve)


class Wwep:
    def __init__(self, station, resolve):
        self._station = station
        self._resolve = resolve
        self._queue = []
        self._wake = asyncio.Event()
        self._lit = 0
        button = variables.get(b"wwep.button_gpio")
        led = variables.get(b"wwep.led_gpio")
        self._led = None
        self._button = None
        try:
            if led >= 0:
                board.claim(led, b"wwep.led_gpio")
                self._led = Pin(led, Pin.OUT, value=0)
            if button >= 0:
                board.claim(button, b"wwep.button_gpio")
                self._button = Button(button, self._press)
        except:
            self.stop()
            raise

    def stop(self):
        """Give the pins back."""
        if self._button:
            self._button.stop()
        board.release(b"wwep.led_gpio")
        board.release(b"wwep.button_gpio")

    def _press(self):
        if len(self._queue) >= _QUEUE:
            log.line(log.STATUS, b"WWEP: press ignored, %d writes are waiting" % _QUEUE)
            return
        self._lit ^= 1
        if self._led:
            self._led.value(self._lit)
        self._queue.append(self._lit)
        self._wake.set()

    async def run(self):
        """Service: watches the button and writes, until cancelled."""
        watch = asyncio.create_task(self._button.run()) if self._button else None
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    await self._write(self._queue.pop(0))
        finally:
            if watch:
                watch.cancel()
            self.stop()

    async def _write(self, value):
        try:
            from . import wwep_write

            await wwep_write.write(self._station, self._resolve, value)
        except MemoryError:
            log.line(log.STATUS, b"WWEP: out of memory")
        finally:
            wwep_write = None  # 5 KB that waiting for a press does without
            forget("firmware.services.wwep_write")
            forget("firmware.net.connecting")
            forget("wire.wwep")
