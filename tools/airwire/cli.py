"""The command `airwire`: collects the sub-commands; turns a UserError into a line and a code.

No sub-command lives here. Each module of COMMANDS has `register(subparsers)`, which adds its own
and sets `run=function(args) -> int`; modules that are costly to import are imported inside those
functions.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

from airwire import project, signals
from airwire.errors import UserError

COMMANDS = (
    "airwire.image.cli",
    "airwire.flashing",
    "airwire.release",
    "airwire.deploying",
    "airwire.monitor",
    "airwire.board.cli",
    "airwire.lan.cli",
    "airwire.client.cli",
    "airwire.client.selftest",
    "airwire.wwep.cli",
    "airwire.cert.cli",
    "airwire.dct.cli",
    "airwire.openapi.cli",
    "airwire.run",
)

# What a shell reports for a program ended by Ctrl-C: 128 + SIGINT.
INTERRUPTED = 130
# The same for one whose output nobody reads any more: 128 + SIGPIPE.
CUT_SHORT = 141


class _Parser(argparse.ArgumentParser):
    """Words too many are told by the command that got them, with its own usage: argparse hands
    them up to the top. Its sub-commands are of this class too.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        found, extra = super().parse_known_args(args, namespace)
        if extra:
            self.error(f"unrecognized arguments: {' '.join(extra)}")
        return found, extra


def parser() -> argparse.ArgumentParser:
    """The whole command line, every sub-command registered."""
    top = _Parser(prog="airwire", description="Tools of the Airwire firmware.")
    top.add_argument("--version", action="version", version=f"airwire {project.version()}")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(name).register(subparsers)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code; 2 for bad input, as argparse's own errors."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal's encoding lacks is shown as on stderr.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with signals.ended_in_order():
            args = parser().parse_args(argv)
            code = args.run(args)
            sys.stdout.flush()
            return code
    except UserError as error:
        print(f"airwire: {error.message}", file=sys.stderr)
        return error.code
    except BrokenPipeError:
        # Who read our output has seen enough, such as head. What is left of it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CUT_SHORT
    except KeyboardInterrupt:
        return INTERRUPTED
