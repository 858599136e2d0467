"""`airwire console`: a terminal on a module. Arguments only; console.py does the work."""

import argparse
import sys

from airwire import arguments
from airwire.client.errors import ClientError
from airwire.errors import UserError


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add `console`."""
    command = subparsers.add_parser(
        "console",
        help="a terminal on a module's serial port",
        description="Connect the terminal to a module: every key goes there, Ctrl-C and Tab "
        "included; Ctrl-] ends it. Where input or output is no terminal, lines are sent one by "
        "one, each as soon as the one before is answered.",
    )
    arguments.module_port(command)
    arguments.baud(command)
    command.add_argument("--rtscts", action="store_true", help="RTS and CTS are wired and in use")
    command.add_argument(
        "--wait",
        type=arguments.seconds,
        default=10.0,
        metavar="S",
        help="without a terminal: silence before a line counts as not answered (%(default)g)",
    )
    command.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    # pyserial is loaded only when a port is meant: `airwire --help` stays quick.
    from airwire.client import console
    from airwire.client.port import open_serial

    try:
        port = open_serial(args.port, args.baud, args.rtscts)
        try:
            if sys.stdin.isatty() and sys.stdout.isatty():
                print(f"airwire: {args.port}; Ctrl-] ends it", file=sys.stderr)
                console.interact(port, sys.stdin.fileno(), sys.stdout.fileno())
            else:
                console.converse(port, sys.stdin.buffer, sys.stdout.buffer, args.wait)
        finally:
            port.close()
    except ClientError as error:
        raise UserError(str(error)) from None
    return 0
