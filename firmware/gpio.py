# The GPIOs that the command language itself uses: directions and initial values. Its analog ones,
# whose objects are kept here, are in commands/analog.py.
#
# What belongs to another part is refused with that part's name. Who has which GPIO is in the
# register of board.py alone: the name there, `GPIO output` or `PWM 1000 Hz 50 %`, is all that is
# kept of a GPIO, but for the objects that hold a peripheral. Imported at the first use.
from machine import Pin

from firmware import board
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.store import variables

# Direction -> mode and pull.
_MODES = {
    b"input_highz": (Pin.IN, None),
    b"input_pull_up": (Pin.IN, Pin.PULL_UP),
    b"input_pull_down": (Pin.IN, Pin.PULL_DOWN),
    b"output": (Pin.OUT, None),
    b"output_open_drain": (Pin.OPEN_DRAIN, None),
    b"output_open_drain_pull_up": (Pin.OPEN_DRAIN, Pin.PULL_UP),
}

parts = {}  # GPIO -> its machine.PWM or DAC


def number(text):
    """The GPIO that a number or an alias means. Raises CommandError."""
    try:
        gpio = variables.gpio(text)
    except ValueError:
        gpio = -1
    if gpio < 0:
        raise CommandError(errors.BAD_ARGUMENT, b"No such GPIO")
    return gpio


def parse(text):
    """(direction, level) of `output 1`-like text. Raises CommandError."""
    from firmware.store import kinds

    try:
        name, _, level = kinds.parse(b"wd", text).partition(b" ")
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT, b"Unknown direction")
    return name, int(level or b"0")


def ours(gpio):
    """True where the command language has a GPIO."""
    return (board.owner(gpio) or b"")[:3] in (b"GPI", b"PWM", b"DAC")


def check(gpio, direction=b"none"):
    """Raises CommandError where the command language may not give a GPIO that direction."""
    holder = board.owner(gpio)
    if holder and not ours(gpio):
        raise taken(gpio, holder)
    _check_pad(gpio, direction)
    if holder == b"DAC" and direction != b"DAC":
        # MicroPython has no way to end a DAC.
        raise CommandError(errors.FAILED, b"GPIO %d stays a DAC until the next reboot" % gpio)


def _check_pad(gpio, direction):
    # What the chip cannot do.
    if not board.is_gpio(gpio, direction[:1] == b"o"):
        words = b"GPIO %d can only be an input" if board.is_gpio(gpio) else b"There is no GPIO %d"
        raise CommandError(errors.BAD_ARGUMENT, words % gpio)
    if not board.is_gpio(gpio, True) and direction[:10] == b"input_pull":
        raise CommandError(errors.BAD_ARGUMENT, b"GPIO %d has no pull resistors" % gpio)


def set_direction(gpio, direction, level=0):
    """Give a GPIO a direction; `none` gives it back. Raises CommandError."""
    check(gpio, direction)
    stop(gpio)
    if direction == b"none":
        board.free(gpio)
        return
    mode, pull = _MODES[direction]
    if direction[:1] == b"o":
        Pin(gpio, mode, pull, value=level)
    else:
        Pin(gpio, mode, pull)
    board.claim(gpio, b"GPIO " + direction, board.owner(gpio))


def drives(gpio):
    """True where the command language has a GPIO as an output."""
    return (board.owner(gpio) or b"").startswith(b"GPIO output")


def reads(gpio):
    """True where it has a GPIO with a direction."""
    return (board.owner(gpio) or b"").startswith(b"GPIO ")


def pin(gpio, output=False):
    """The Pin of a GPIO with a direction, or of an output. Raises CommandError."""
    check(gpio, board.owner(gpio) or b"none")
    if not reads(gpio):
        raise CommandError(errors.FAILED, b"GPIO %d has no direction: see gpio_dir" % gpio)
    if output and not drives(gpio):
        raise CommandError(errors.FAILED, b"GPIO %d is an input" % gpio)
    return Pin(gpio)


def start(log):
    """Give the GPIOs the directions of gpio.init; what cannot be is logged."""
    for gpio, text in _of(b"gpio.init "):
        try:
            set_direction(gpio, *parse(text))
        except CommandError as e:
            log.line(log.STATUS, b"gpio.init %d: %s" % (gpio, e.text))


def changed(name, index):
    """A variable gpio.* was set, or all of its items (None): raises CommandError where the values
    cannot be.
    """
    if name == b"gpio.init":
        # Others than the one that was set may have lost their GPIO since.
        for gpio, text in _of(b"gpio.init "):
            if index is None or gpio == int(index):
                try:
                    check(gpio, parse(text)[0])
                except CommandError as e:  # for a value, it is one that cannot be
                    raise CommandError(errors.BAD_ARGUMENT, e.text)
    elif name == b"gpio.sleep":
        for gpio, state in _of(b"gpio.sleep "):
            holder = board.owner(gpio)
            if holder and holder[:5] == b"UART0":
                raise CommandError(errors.BAD_ARGUMENT, taken(gpio, holder).text)
            _check_pad(gpio, state)
    elif name == b"gpio.alias":
        aliases = [alias for _, alias in _of(b"gpio.alias ")]
        for alias in aliases:
            if aliases.count(alias) > 1:
                raise CommandError(errors.BAD_ARGUMENT, b"Another GPIO has this alias")
            # Not to be taken for a number, and fit to stand in parentheses in gpio.usage.
            if alias.lstrip(b"-").isdigit() or [c for c in alias if c < 32 or c in b"()"]:
                raise CommandError(errors.BAD_ARGUMENT)


def _of(prefix):
    # (GPIO, value) of an indexed variable, where it differs from the default, by number.
    n = len(prefix)
    keys = [key for key in variables.values if key.startswith(prefix)]
    return sorted([(int(key[n:]), variables.values[key]) for key in keys])


def stop(gpio):
    """End what the command language does with a GPIO, before another use; a DAC never ends."""
    part = parts.pop(gpio, None)
    if part:
        part.deinit()


def taken(gpio, holder):
    """The CommandError of a GPIO that somebody has."""
    return CommandError(errors.FAILED, b"GPIO %d is used by %s" % (gpio, holder))
