"""The command itself: its arguments, its signals, and whether a person is at a terminal.

Whatever ends it (a key, a signal, an error) cancels the one task that does the work, whose
contexts take down what they have set up; nothing is left to an exit hook.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airwire.errors import UserError

if TYPE_CHECKING:
    import asyncio

# A person's Ctrl-C and Ctrl-\ before the console is there, `kill`, and the end of the terminal.
_ENDING = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)


def register(subparsers: Any) -> None:
    """Add the command `run`."""
    parser = subparsers.add_parser(
        "run",
        help="the firmware on a virtual board, joined, with its console in this terminal",
        description="Build the image, start a WWEP server and a virtual board, join an access "
        "point, and give you the board's console. Without a terminal: press the button once, "
        "print what happens, and end with 0 if the server accepted the write, else with 1.",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="F",
        help="TOML file of the board (see `airwire board example`); it joins the first of its "
        "access points that has a password, else the first",
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    import asyncio

    from airwire.run.scene import choose

    choose(args.config)  # a bad file is bad input, code 2; what fails later is not
    try:
        return asyncio.run(_main(args.config))
    except BrokenPipeError:
        # Python flushes its standard output once more at its end, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise UserError("the output was closed", code=1) from None


async def _main(config: Path | None) -> int:
    """Do the work until it is done or told to stop. Returns the exit code."""
    import asyncio

    loop = asyncio.get_running_loop()
    stop: asyncio.Future[int] = loop.create_future()
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a shell's background job
            # What a shell reports for a program that a signal has ended.
            loop.add_signal_handler(number, _settle, stop, 128 + number)
    # A bug in a callback would be printed into the picture, and the command would go on lame.
    loop.set_exception_handler(lambda _, context: _fail(stop, context))
    work = asyncio.create_task(_work(config))
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        work.cancel()
        await asyncio.wait({work})
    return work.result() if not work.cancelled() else stop.result()


async def _work(config: Path | None) -> int:
    from airwire.wwep.table import is_live

    if sys.stdin.isatty() and is_live(sys.stdout):
        from airwire.run.interactive import interact

        return await interact(config)

    from airwire.run.plain import press_once

    try:
        await press_once(config)
    except UserError as error:
        raise UserError(error.message, code=1) from None
    return 0


def _settle(stop: "asyncio.Future[int]", code: int) -> None:
    if not stop.done():
        stop.set_result(code)


def _fail(stop: "asyncio.Future[int]", context: dict[str, Any]) -> None:
    if not stop.done():
        stop.set_exception(context.get("exception") or RuntimeError(context["message"]))
