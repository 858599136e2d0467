"""Arguments that commands share: converters of numbers and paths, with errors in words; ports and
rates.
"""

import argparse
import functools
from collections.abc import Callable
from pathlib import Path

from airwire.errors import UserError

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


def path(text: str) -> Path:
    """A converter that takes what a system can look for; whether it is there is told later."""
    if "\0" in text:
        raise UserError(f"{text!r}: a file's name has no zero byte")
    return Path(text)


def paths_told(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """A command of which an OSError that names a path is the user's matter: too long a name, a
    folder that is a file or that others may not look into, links in a circle. Everything that
    touches a path may raise one, even a look whether it is there.
    """

    @functools.wraps(run)
    def command(args: argparse.Namespace) -> int:
        try:
            return run(args)
        except OSError as error:
            if error.filename is None:
                raise
            raise UserError(f"{error.filename}: {error.strerror}") from None

    return command


def board_port(parser: argparse.ArgumentParser) -> None:
    """--port: a board on USB, found by airwire.ports where it is not given."""
    parser.add_argument(
        "--port",
        help="serial port of the board, /dev/ttyUSB0 for example, a URL of pyserial, or "
        "board:NAME; else the one board on USB",
    )


def module_port(parser: argparse.ArgumentParser) -> None:
    """PORT: a module that is spoken to in the command language."""
    parser.add_argument(
        "port",
        metavar="PORT",
        help="serial port, a URL of pyserial, or board:NAME[/uart1] for a virtual board",
    )


def baud(parser: argparse.ArgumentParser, default: int = 115_200) -> None:
    """--baud: the rate of the port."""
    parser.add_argument("--baud", type=whole(1, MAX_BAUD), default=default, help="(%(default)s)")
