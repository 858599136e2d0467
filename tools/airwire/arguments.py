"""Numbers on the command line: what argparse calls to convert a word, with an error in words."""

import argparse
from collections.abc import Callable

# The ESP32's UARTs go no faster.
MAX_BAUD = 5_000_000

_DAY = 86_400


def whole(low: int, high: int) -> Callable[[str], int]:
    """A converter that takes whole numbers from low to high."""

    def convert(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")

    return convert


def number(text: str) -> float:
    """A converter that takes any number; what it is for knows the bounds."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def seconds(text: str) -> float:
    """A converter that takes more than 0 seconds, up to a day."""
    value = number(text)
    if not 0 < value <= _DAY:
        raise argparse.ArgumentTypeError(f"{text!r} is not more than 0 and at most {_DAY} seconds")
    return value
