# A connection that a GPIO opens and closes (ioconn.*): it is open while the GPIO is high, and
# another GPIO shows that it is. In stream mode the UART is bridged to it.
import asyncio

from machine import Pin
from micropython import const

from firmware import board, forget
from firmware.store import variables

# Contacts bounce and cables catch noise: a level counts when it has held this long.
_STABLE_MS = const(20)


class _IoConn:
    def __init__(self, device):
        self._device = device
        self._edge = asyncio.ThreadSafeFlag()
        self._dialling = None  # task
        self._dialler = None
        self._claimed = []
        try:
            self._control = self._pin(b"ioconn.control_gpio", Pin.IN, Pin.PULL_DOWN)
            self._status = self._pin(b"ioconn.status_gpio", Pin.OUT, value=0)
        except:
            self._release()
            raise

    def _pin(self, name, *how, **level):
        gpio = variables.get(name)
        if gpio < 0:
            return None
        board.claim(gpio, name)
        self._claimed.append(gpio)
        if how[0] == Pin.IN and gpio >= 34:  # these have no pull resistor
            how = how[:1]
        return Pin(gpio, *how, **level)

    def _release(self):
        for gpio in self._claimed:
            board.free(gpio)

    async def run(self):
        """Service: follows the GPIO until cancelled."""
        control = self._control
        was = 0
        try:
            if control is None:
                return
            control.irq(lambda pin: self._edge.set(), Pin.IRQ_RISING | Pin.IRQ_FALLING)
            while True:
                level = control.value()
                await asyncio.sleep_ms(_STABLE_MS)
                if level != control.value():
                    continue
                if level != was:
                    was = level
                    self._follow(level)
                if control.value() == level:
                    await self._edge.wait()
        finally:
            try:
                if control is not None:
                    control.irq(None)
                self._follow(0)
            finally:
                self._release()

    def _follow(self, level):
        if level:
            kind = variables.get(b"ioconn.protocol").upper() + b"C"  # TCPC, TLSC, UDPC
            from firmware.services.redial import FOR_EVER, Redial

            self._dialler = Redial(self._device, kind, b"ioconn.", lambda: FOR_EVER, True)
            self._dialler.on_change = self._status and self._status.value
            self._dialling = asyncio.create_task(self._dialler.keep())
        elif self._dialling:
            self._dialling.cancel()
            self._dialling = None
            if self._status:  # now: once it is given back it may be somebody else's
                self._dialler.on_change = None
                self._status.value(0)
            self._dialler.close()
            self._dialler = None
            forget("firmware.services.redial")


def create(device):
    return _IoConn(device)
