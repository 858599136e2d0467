# GPIOs that show a state of the module: whether the network is up, whether a stream is open, and
# the LEDs of the indicators. Each belongs to a variable, and is claimed when that is set: a GPIO
# that something else has is refused then.
#
# Loaded only where one of these variables has a GPIO.
import asyncio
import time

from machine import Pin
from micropython import const

from firmware import board
from firmware.console import log
from firmware.services import indicators
from firmware.store import variables

# A state is shown this late at most; the step of the fastest blinking.
_STEP_MS = const(100)

# Variable, its index, owner's name in the register, level as function(device, step).
_ROWS = (
    (
        b"wlan.network.status_gpio",
        None,
        b"wlan.network.status_gpio",
        lambda device, step: device.station.state == 2,
    ),
    (b"system.oob.gpio", None, b"system.oob.gpio", lambda device, step: _open(device)),
    (b"system.indicator.gpio", b"wlan", b"system.indicator.wlan", indicators.wlan),
    (b"system.indicator.gpio", b"network", b"system.indicator.network", indicators.network),
    (b"system.indicator.gpio", b"softap", b"system.indicator.softap", indicators.softap),
)

pins = {}  # row -> (GPIO, Pin) where the variable has one


def _open(device):
    for _ in device.streams.open():
        return True
    return False


def switch(device, changed=None):
    """Follow the variables as follow() does; the service runs while there is something to show."""
    follow(changed)
    if not pins:
        device.stop("status pins")
    elif changed is None or len(pins) == 1:
        device.start("status pins", StatusPins(device).run)


def follow(changed=None):
    """Claim what a changed variable names, and give back what it named. At the start, for all
    variables: what is taken is logged. Raises GpioInUse, and nothing has changed.
    """
    for row in _ROWS:
        if changed is None or changed == row[0]:
            try:
                _follow(row)
            except board.GpioInUse as e:
                if changed:
                    raise
                log.line(log.STATUS, b"%s is off: GPIO %d is used by %s" % ((row[2],) + e.args))


def _follow(row):
    gpio = variables.get(row[0], row[1])
    old = pins.get(row, (-1, None))[0]
    if gpio == old:
        return
    if gpio >= 0:
        board.claim(gpio, row[2])
    if old >= 0:
        del pins[row]
        board.free(old)
    if gpio >= 0:
        pins[row] = (gpio, Pin(gpio, Pin.OUT, value=0))


class StatusPins:
    def __init__(self, device):
        self._device = device

    async def run(self):
        """Service: sets the levels until cancelled."""
        while True:
            now = time.ticks_ms()
            step = now // _STEP_MS
            for row in pins:
                pins[row][1].value(row[3](self._device, step))
            await asyncio.sleep_ms(_STEP_MS - now % _STEP_MS)
