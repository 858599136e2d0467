# The types of values that few variables have, imported at the first use of one:
#     a  IPv4 address, with `host` or `own` one that a host can have
#     m  MAC address
#     n  only the one VALUE that is true   r  baud rate
#     d  direction of a GPIO, with level   p  patterns of an indicator, for each of so many states
#     z  time zone                         w  GPIO that wakes the chip
#     y  where a certificate or a key is
from micropython import const

from .variables import integer

_RATES = (
    b"|300|600|1200|2400|4800|9600|14400|19200|28800|38400|56000|57600|115200|128000|153600"
    b"|230400|256000|460800|921600|"
)
_SLOWEST = const(100)  # below it the ESP32's divider ends
_FASTEST = const(5_000_000)  # what its UART can do at most

_DIRECTIONS = {
    b"none": b"none",
    b"-1": b"none",
    b"in": b"input_highz",
    b"input": b"input_highz",
    b"input_highz": b"input_highz",
    b"ipu": b"input_pull_up",
    b"input_pull_up": b"input_pull_up",
    b"ipd": b"input_pull_down",
    b"input_pull_down": b"input_pull_down",
    b"out": b"output",
    b"output": b"output",
    b"ood": b"output_open_drain",
    b"output_open_drain": b"output_open_drain",
    b"output_open_drain_pull_up": b"output_open_drain_pull_up",
}
_PATTERNS = (b"static_off", b"static_on", b"slow_blink", b"medium_blink", b"fast_blink")

_LETTERS = b"abcdefghijklmnopqrstuvwxyz_"
_DIGITS = b"0123456789"
_LONGEST_NAME = const(32)  # in the DCT
_LONGEST_FILE = const(64)  # files.MAX_NAME
_LONGEST_PATH = const(128)  # what a settings file has room for many times

# Bits of the GPIOs that the RTC watches: 0, 2, 4, 12-15, 25-27, 32-39.
_WAKERS = const(0xFF0E00F015)


def direction(text):
    """The full name of a GPIO's direction, from any of its names. Raises ValueError."""
    name = _DIRECTIONS.get(text.replace(b" ", b"_"))
    if name is None:
        raise ValueError
    return name


def parse(kind, text):
    """What variables.parse() says, for the types above."""
    return _PARSERS[kind[1]](text, kind)


def _address(text, kind):
    parts = text.split(b".")
    if len(parts) != 4:
        raise ValueError
    numbers = [integer(p, 0, 255) for p in parts]
    # Neither "this network", nor many at once, nor (but where all of the network is the loopback,
    # as the virtual board's is) the host itself: RFC 6890, 5771.
    if kind[2:] and not 0 < numbers[0] < 224 and (kind[2:] == b"host" or any(numbers)):
        raise ValueError
    if kind[2:] == b"host" and numbers[0] == 127:
        raise ValueError
    return b"%d.%d.%d.%d" % tuple(numbers)


def _mac(text, kind):
    digits = text.replace(b":", b"").upper()
    if len(digits) != 12 or digits.strip(b"0123456789ABCDEF"):
        raise ValueError
    return b":".join([digits[i : i + 2] for i in range(0, 12, 2)])


def _only(text, kind):
    value = kind[2:]
    if text != value and (value, text) not in (
        (b"0", b"off"),
        (b"0", b"false"),
        (b"1", b"on"),
        (b"1", b"true"),
    ):
        raise ValueError
    return value


def _rate(text, kind):
    text, _, raw = text.partition(b" ")
    if raw not in (b"", b"raw"):
        raise ValueError
    rate = integer(text, _SLOWEST, _FASTEST)
    if not raw and b"|%d|" % rate not in _RATES:
        raise ValueError
    return rate


def _direction(text, kind):
    # `output 1`: a direction that drives may be followed by the level that it starts with.
    words = text.split(b" ")
    level = words.pop() if words[-1] in (b"0", b"1") else b""
    name = direction(b" ".join(words))
    if name[:1] != b"o":
        if level:
            raise ValueError
        return name
    return b"%s %s" % (name, level or b"0")


def _patterns(text, kind):
    names = text.split(b"|")
    if len(names) != int(kind[2:]) or [n for n in names if n not in _PATTERNS]:
        raise ValueError
    return bytes(text)


def _zone(text, kind):
    hours, colon, minutes = text.lstrip(b"+-").partition(b":")
    if len(text) - len(text.lstrip(b"+-")) > 1 or (colon and minutes != b"30"):
        raise ValueError
    hours = integer(hours, 0, 12)
    sign = b"-" if text[:1] == b"-" and (hours or colon) else b""
    return b"%s%d%s%s" % (sign, hours, colon, minutes)


def _waker(text, kind):
    if text == b"none":
        return b"none"
    low = b"_low" if text.endswith(b"_low") else b""
    name = text[: len(text) - len(low)]
    number = integer(name[4:], 0, 39) if name[:4] == b"gpio" else -1
    if number < 0 or not _WAKERS >> number & 1:
        raise ValueError
    return b"gpio%d%s" % (number, low)


def _identity(text, kind):
    # What it may look like; whether it is there shows when it is used (identities.py).
    if text[:4] == b"dct:":
        name = text[4:]
        if not 1 <= len(name) <= _LONGEST_NAME or not 32 < min(name) or max(name) > 126:
            raise ValueError
    elif text[:3] == b"py:":
        parts = text[3:].split(b".")
        for part in parts:
            if not part or part[0] in _DIGITS or part.lower().strip(_LETTERS + _DIGITS):
                raise ValueError
        if len(parts) < 2 or len(text) > _LONGEST_PATH:
            raise ValueError
    elif text:
        if len(text) > _LONGEST_FILE or min(text) < 32 or 127 in text:
            raise ValueError
        text.decode()  # UnicodeError is a ValueError
    return bytes(text)


_PARSERS = {
    97: _address,
    109: _mac,
    110: _only,
    114: _rate,
    100: _direction,
    112: _patterns,
    122: _zone,
    119: _waker,
    121: _identity,
}
