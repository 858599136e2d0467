"""`airwire selftest`: has a module test itself; a row for each part, or JSON for programs."""

import argparse
import json
from dataclasses import asdict

from airwire import arguments
from airwire.client.errors import ClientError
from airwire.errors import UserError


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add `selftest`."""
    command = subparsers.add_parser(
        "selftest",
        help="have a module test itself",
        description="Have a module test itself: flash, files, DCT, memory, loop and Wi-Fi, or the "
        "parts that are named. The exit code is 1 when one of them fails.",
    )
    arguments.module_port(command)
    command.add_argument(
        "part",
        nargs="*",
        help="flash, files, dct, ram, loop, wifi; uart with a jumper between TX and RX of UART1; "
        "12-14 with one between two GPIOs",
    )
    arguments.baud(command)
    command.add_argument("--rtscts", action="store_true", help="RTS and CTS are wired and in use")
    command.add_argument("--json", action="store_true", help="for programs")
    command.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    # pyserial is loaded only when a port is meant: `airwire --help` stays quick.
    from airwire.client.module import Module

    try:
        with Module(args.port, args.baud, args.rtscts, restore=True) as module:
            parts = module.selftest(*args.part)
    except ClientError as error:
        raise UserError(str(error)) from None
    if args.json:
        print(json.dumps([asdict(part) for part in parts], indent=2))
    else:
        for part in parts:
            figure = "" if part.figure is None else f"{part.figure} {part.unit or ''}"
            print(f"{part.part:8} {part.result}  {figure:12} {part.text}")
    return int(any(part.result == "fail" for part in parts))
