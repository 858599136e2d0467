# What a start does to have the module set up: the command of setup.gpio.cmd where a button is
# held, else that of setup.auto.cmd where there is no network to join. Imported at the start, where
# one of the variables is set; nothing of it stays in RAM.
import asyncio

from machine import Pin
from micropython import const

from firmware import board, forget
from firmware.console import log
from firmware.store import variables

_HOLD_MS = const(3000)
_STEP_MS = const(50)

_GPIO = b"setup.gpio.control_gpio"


def start(device):
    """Look at the button for as long as it is held."""

    async def run():
        try:
            name = b"setup.gpio.cmd"
            if not await _held():
                name = b"setup.auto.cmd"
                if variables.get(b"wlan.ssid"):
                    return
            line = variables.get(name)
            if line:
                await _execute(device, name, line)
        finally:
            forget(__name__)

    device.start("setup", run)


async def _held():
    gpio = variables.get(_GPIO)
    if gpio < 0:
        return False
    # Like button 0 it may serve another part as a button.
    owner = board.owner(gpio)
    if owner is None:
        pin = Pin(gpio, Pin.IN, Pin.PULL_UP)
    elif owner[-12:] == b".button_gpio":
        pin = Pin(gpio)
    else:
        log.line(log.STATUS, b"%s: GPIO %d is used by %s" % (_GPIO, gpio, owner))
        return False
    for _ in range(_HOLD_MS // _STEP_MS):
        if pin.value():
            return False
        await asyncio.sleep_ms(_STEP_MS)
    return True


async def _execute(device, name, line):
    session = device.service("rest_session").RestSession(device)
    forget("firmware.services.rest_session")
    session.begin(b"", 0, 0)
    code, text = await session.execute(line)
    session.running = False
    if code:
        log.line(log.STATUS, b"%s: %s" % (name, bytes(text)))
