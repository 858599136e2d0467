# GPIOs by command: direction and level. Who may use which is in firmware/gpio.py.
from micropython import const

from firmware import gpio
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command

_GPIOS = const(40)

# Digits of gpios_dir.
_DIGITS = (
    b"input_highz",
    b"input_pull_up",
    b"input_pull_down",
    b"output",
    b"output_open_drain",
    b"output_open_drain_pull_up",
    b"none",
)
_KEEP = b"-"  # in an array: leave this GPIO as it is


def _level(text):
    if text not in (b"0", b"1"):
        raise CommandError(errors.BAD_ARGUMENT)
    return int(text)


def _array(text, digits):
    # {GPIO: digit} of an array with one character for each GPIO, from 0 on.
    if len(text) > _GPIOS or text.strip(digits + _KEEP):
        raise CommandError(errors.BAD_ARGUMENT)
    return {i: text[i] - 48 for i in range(len(text)) if text[i] != _KEEP[0]}


@command(b"gpio_dir", b"gdi", 2, 7)
def gpio_dir(session, args):
    """gpio_dir <GPIO> <direction> [<level>]
    Give a GPIO a direction: in (input_highz), input pull up, input pull down, out (output), ood
    (output_open_drain), output open drain pull up; none (-1) gives it back. An output starts with
    the level 0 unless told.
    """
    gpio.set_direction(gpio.number(args[0]), *gpio.parse(b" ".join(args[1:])))


@command(b"gpio_get", b"gge", 1, 1)
def gpio_get(session, args):
    """gpio_get <GPIO>
    Print the level of a GPIO: 0 or 1.
    """
    return b"%d" % gpio.pin(gpio.number(args[0])).value()


@command(b"gpio_set", b"gse", 2, 2)
def gpio_set(session, args):
    """gpio_set <GPIO> <0 | 1>
    Set the level of an output.
    """
    level = _level(args[1])
    gpio.pin(gpio.number(args[0]), True).value(level)


@command(b"gpios_dir", b"gdis", 1, 1)
def gpios_dir(session, args):
    """gpios_dir <digits>
    Give all GPIOs directions, a character for each from GPIO 0 on: 0 input, 1 with pull-up, 2 with
    pull-down, 3 output, 4 open drain, 5 open drain with pull-up, 6 none, - as it is. When one
    cannot be, none changes.
    """
    digits = _array(args[0], b"0123456")
    # What is not the command language's is given back already.
    digits = {i: d for i, d in digits.items() if d != 6 or gpio.ours(i)}
    for i, digit in digits.items():
        gpio.check(i, _DIGITS[digit])
    for i, digit in digits.items():
        gpio.set_direction(i, _DIGITS[digit])


@command(b"gpios_get", b"gges")
def gpios_get(session, args):
    """gpios_get
    Print the levels of all GPIOs, a character for each from GPIO 0 on; 0 for those without a
    direction.
    """
    return b"".join(
        [b"1" if gpio.reads(i) and gpio.pin(i).value() else b"0" for i in range(_GPIOS)]
    )


@command(b"gpios_set", b"gses", 1, 2)
def gpios_set(session, args):
    """gpios_set <levels> [<mask>]
    Set the levels of all outputs, a character for each GPIO from 0 on: 0, 1, or - as it is. With a
    mask, only those with 1 there, which must be outputs: when one is not, none changes.
    """
    levels = _array(args[0], b"01")
    if len(args) > 1:
        mask = _array(args[1], b"01")
        levels = {i: level for i, level in levels.items() if mask.get(i)}
        pins = [(gpio.pin(i, True), level) for i, level in levels.items()]
    else:
        pins = [(gpio.pin(i), level) for i, level in levels.items() if gpio.drives(i)]
    for pin, level in pins:
        pin.value(level)
