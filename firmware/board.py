# The board: the only file with pin numbers, UART ids and partition names, and the register of who
# uses which GPIO. Numbers are those of an ESP32-DevKitC; GPIO numbers in the command language are
# the ESP32's own.
from machine import Pin
from micropython import const

from firmware.version import BUILD

NAME = b"ESP32-DevKitC"
_CHIP = b"ESP32"

BUTTON_0 = const(0)  # BOOT button to ground
BUTTON_1 = const(4)  # a push button to ground
LED = const(2)  # on-board LED, active high

UART_HOST = const(1)  # the host MCU's UART
UART_TX = const(17)
UART_RX = const(16)
UART_RTS = const(14)
UART_CTS = const(15)

UART0_RING = const(260)  # fixed by MicroPython's stdin ring: what one wake can find at most

GPIOS = const(40)  # their numbers are below this
_OUTPUT_GPIOS = const(0x0EEFF03F)  # bits of 0-5, 12-19, 21-23, 25-27: they can drive a level
_DISABLED = const(0)  # a mode of pins that has no name in machine.Pin
DAC_GPIOS = (25, 26)


class Line:
    """The settings of a UART, here the factory's: baud, data, parity, stop and flow as
    machine.UART has them, rate in bytes a second, rxbuf and txbuf in bytes. Others are in
    store/lines.py.
    """

    baud = 115200
    data = 8
    parity = None
    stop = 1
    flow = False
    rate = 11520
    rxbuf = 5760
    txbuf = 1024


# GPIO number -> name of the part that uses it: a variable's, or what the pin is for. What the
# board itself uses for ever is in _fixed().
_owners = {}


class GpioInUse(Exception):
    """A GPIO has one owner; args are (number, owner's name)."""


def banner():
    """Name, version, build date, chip and board, as `version` prints them."""
    return b"%s for %s, Board:%s" % (BUILD, _CHIP, NAME)


def is_gpio(number, output=False):
    """True where the ESP32 has this GPIO and it is free of the flash chip (6-11)."""
    if 34 <= number <= 39:
        return not output
    return 0 <= number <= 33 and bool(_OUTPUT_GPIOS >> number & 1 or number in (32, 33))


def claim(number, owner, before=None):
    """Register `owner` (bytes) for a GPIO, in the place of its owner `before`; raises GpioInUse
    when another part holds it.
    """
    holder = _fixed(number) or _owners.get(number)
    if holder is not None and holder != owner and holder != before:
        raise GpioInUse(number, holder)
    _owners[number] = owner


def free(number):
    """Give back one GPIO; its pad is then neither input nor output."""
    if _owners.pop(number, None):
        Pin(number, _DISABLED, None)


def release(owner):
    """Give back every GPIO of `owner`."""
    for number in [n for n in _owners if _owners[n] == owner]:
        free(number)


def owner(number):
    """Name of the part that holds a GPIO, or None."""
    return _fixed(number) or _owners.get(number)


def button_down():
    """True while button 0 is pressed; never while its GPIO is something else than a button."""
    owner = _owners.get(BUTTON_0)
    if owner is None:
        # It may have been something else before.
        return not Pin(BUTTON_0, Pin.IN, Pin.PULL_UP).value()
    return owner[-12:] == b".button_gpio" and not Pin(BUTTON_0).value()


def _fixed(number):
    if number == 1:
        return b"UART0 TX"
    if number == 3:
        return b"UART0 RX"
    if number == UART_TX:
        return b"UART1 TX"
    if number == UART_RX:
        return b"UART1 RX"
    return b"SPI flash" if 6 <= number <= 11 else None
