# The GPIOs that the command language itself uses: direction and level, PWM, ADC and DAC.
#
# What belongs to another part is refused with that part's name. Who has which GPIO is in the
# register of board.py alone: the name there, `GPIO output` or `PWM 1000 Hz 50 %`, is all that is
# kept of a GPIO, but for the objects that hold a peripheral. Imported at the first use.
import errno

from machine import ADC, DAC, PWM, Pin
from micropython import const

from firmware import board
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.store import kinds, variables

_DISABLED = const(0)  # a pin's mode without input and output, which has no name in machine.Pin
_FULL_DUTY = const(65535)
_FASTEST = const(40_000_000)  # PWM: half of the bus clock
_DAC_MAX = const(255)

# Direction -> mode and pull.
_MODES = {
    b"none": (_DISABLED, None),
    b"input_highz": (Pin.IN, None),
    b"input_pull_up": (Pin.IN, Pin.PULL_UP),
    b"input_pull_down": (Pin.IN, Pin.PULL_DOWN),
    b"output": (Pin.OUT, None),
    b"output_open_drain": (Pin.OPEN_DRAIN, None),
    b"output_open_drain_pull_up": (Pin.OPEN_DRAIN, Pin.PULL_UP),
}

_parts = {}  # GPIO -> its PWM or DAC


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
        raise _taken(gpio, holder)
    output = direction[:1] == b"o"
    if not board.is_gpio(gpio, output):
        words = b"GPIO %d can only be an input" if board.is_gpio(gpio) else b"There is no GPIO %d"
        raise CommandError(errors.BAD_ARGUMENT, words % gpio)
    if board.is_gpio(gpio) and not board.is_gpio(gpio, True) and direction[:10] == b"input_pull":
        raise CommandError(errors.BAD_ARGUMENT, b"GPIO %d has no pull resistors" % gpio)
    if holder == b"DAC" and direction != b"DAC":
        # MicroPython has no way to end a DAC.
        raise CommandError(errors.FAILED, b"GPIO %d stays a DAC until the next reboot" % gpio)


def set_direction(gpio, direction, level=0):
    """Give a GPIO a direction; `none` gives it back. Raises CommandError."""
    check(gpio, direction)
    _stop(gpio)
    mode, pull = _MODES[direction]
    if direction[:1] == b"o":
        Pin(gpio, mode, pull, value=level)
    else:
        Pin(gpio, mode, pull)
    if mode != _DISABLED:
        board.claim(gpio, b"GPIO " + direction)


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


def start_pwm(gpio, frequency, percent):
    """A GPIO that is high for `percent` of each period. Raises CommandError."""
    check(gpio, b"output")
    if not 1 <= frequency <= _FASTEST or not 0 <= percent <= 100:
        raise CommandError(errors.BOUNDS, b"1 to %d Hz, 0 to 100 percent" % _FASTEST)
    duty = percent * _FULL_DUTY // 100
    part = _parts.get(gpio)
    try:
        if part:
            part.init(freq=frequency, duty_u16=duty)
        else:
            part = PWM(Pin(gpio), freq=frequency, duty_u16=duty)
    except RuntimeError:
        raise CommandError(errors.FAILED, b"Too many PWM outputs or frequencies")
    board.free(gpio)
    _parts[gpio] = part
    board.claim(gpio, b"PWM %d Hz %d %%" % (frequency, percent))


def set_dac(gpio, level):
    """A GPIO with level/255 of the supply voltage on it. Raises CommandError."""
    check(gpio, b"DAC")
    if not 0 <= level <= _DAC_MAX:
        raise CommandError(errors.BOUNDS, b"The level is 0 to %d" % _DAC_MAX)
    if gpio not in board.DAC_GPIOS:
        raise CommandError(errors.BAD_ARGUMENT, b"GPIO %d has no DAC" % gpio)
    if board.owner(gpio) != b"DAC":
        _stop(gpio)
        _parts[gpio] = DAC(Pin(gpio))
        board.claim(gpio, b"DAC")
    _parts[gpio].write(level)


def sample(gpio):
    """Millivolts on a GPIO that nobody uses, or that is an input. Raises CommandError."""
    check(gpio)
    holder = board.owner(gpio)
    if holder and holder != b"GPIO input_highz":
        raise _taken(gpio, holder)
    try:
        return ADC(Pin(gpio), atten=ADC.ATTN_11DB).read_uv() // 1000
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT, b"GPIO %d has no ADC" % gpio)
    except OSError as e:
        if e.errno != errno.ETIMEDOUT:
            raise
        # The radio has the second ADC while it is on.
        raise CommandError(errors.FAILED, b"GPIO %d has no ADC while Wi-Fi is on" % gpio)
    finally:
        if holder:
            Pin(gpio, Pin.IN, None)


def usage():
    """The lines of gpio.usage."""
    lines = [b"!  # Description"]
    for gpio in range(40):
        holder = board.owner(gpio)
        if holder is None and gpio == board.BUTTON_0:
            holder = b"factory reset button"
        if holder:
            alias = variables.values.get(b"gpio.alias %d" % gpio)
            row = b"# %2d %s" % (gpio, holder)
            lines.append(b"%s (%s)" % (row, alias) if alias else row)
    return lines


def start(log):
    """Give the GPIOs the directions of gpio.init; what cannot be is logged."""
    for gpio, text in _of(b"gpio.init "):
        try:
            set_direction(gpio, *parse(text))
        except CommandError as e:
            log.line(log.STATUS, b"gpio.init %d: %s" % (gpio, e.text))


def changed(name):
    """A variable gpio.* was set: raises CommandError where the values cannot be."""
    if name == b"gpio.init":
        for gpio, text in _of(b"gpio.init "):
            check(gpio, parse(text)[0])
    elif name == b"gpio.alias":
        aliases = [alias for _, alias in _of(b"gpio.alias ")]
        for alias in aliases:
            if aliases.count(alias) > 1:
                raise CommandError(errors.BAD_ARGUMENT, b"Another GPIO has this alias")
            if not _is_word(alias):
                raise CommandError(
                    errors.BAD_ARGUMENT,
                    b"An alias has letters, digits, _ or -, and begins with a letter",
                )


def _is_word(text):
    plain = text.replace(b"_", b"a").replace(b"-", b"a")
    return text[:1].isalpha() and not [
        c for c in plain if not (48 <= c < 58 or bytes((c,)).isalpha())
    ]


def _of(prefix):
    # (GPIO, value) of an indexed variable, where it differs from the default, by number.
    n = len(prefix)
    keys = [key for key in variables.values if key.startswith(prefix)]
    return sorted([(int(key[n:]), variables.values[key]) for key in keys])


def _stop(gpio):
    # Before another use. A DAC does not come here.
    part = _parts.pop(gpio, None)
    if part:
        part.deinit()
    board.free(gpio)


def _taken(gpio, holder):
    return CommandError(errors.FAILED, b"GPIO %d is used by %s" % (gpio, holder))
