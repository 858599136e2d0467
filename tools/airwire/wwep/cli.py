"""`airwire wwep-server`: the server with its display, until Ctrl-C."""

import argparse
import errno
import signal
import sys
from pathlib import Path

from airwire.errors import UserError
from airwire.wire import wwep


def register(subparsers: argparse._SubParsersAction) -> None:
    command = subparsers.add_parser(
        "wwep-server",
        help="serve WWEP, the protocol of the boards' button and LED",
        description="Serve WWEP: boards write and read registers. A terminal shows a live table, "
        "anything else gets a line for each message. Ctrl-C ends it.",
    )
    command.add_argument(
        "--port",
        type=_port,
        default=wwep.OPEN_PORT,
        help="TCP port (%(default)s); 0 takes a free one",
    )
    command.add_argument(
        "--host",
        default="0.0.0.0",
        help="address to listen on (%(default)s: all of this machine's)",
    )
    kind = command.add_mutually_exclusive_group()
    kind.add_argument(
        "--strict",
        dest="tolerant",
        action="store_false",
        help="take the class's messages alone, as the class server does (this is the default)",
    )
    kind.add_argument(
        "--tolerant",
        action="store_true",
        help="also take messages that end with a NUL and filler, up to 20 bytes (AWEP clients)",
    )
    command.add_argument(
        "--reasons", action="store_true", help="refuse with `X reason` instead of a bare `X`"
    )
    command.add_argument(
        "--db",
        metavar="FILE",
        type=Path,
        help="keep the registers in FILE (else they end with the server)",
    )
    command.set_defaults(run=run, tolerant=False)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"not a port of 0 to 65535: {text}")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C, SIGTERM or a hang-up. Returns 0."""
    import asyncio

    return asyncio.run(_serve(args))


async def _serve(args: argparse.Namespace) -> int:
    import asyncio

    from airwire.wire import wwep_db
    from airwire.wwep import store, table
    from airwire.wwep.server import Transaction, WwepServer

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)

    database, keeper = wwep_db.Database(), None
    if args.db is not None:
        try:
            database = store.load(args.db)
            store.save(
                args.db, database.items()
            )  # now is the time to learn that it cannot be written
        except store.DamagedFile as error:
            cure = "; restore a copy, or move it away to start with no registers"
            cure = cure if args.db.is_file() else ""
            raise UserError(f"{args.db}: {error}{cure}") from None
        except OSError as error:
            raise UserError(f"{args.db}: {error.strerror}") from None
        keeper = store.Keeper(args.db, database)

    broken = False

    def on_broken() -> None:
        nonlocal broken
        broken = True
        loop.call_soon_threadsafe(stop.set)

    display: table.Display
    if table.is_live(sys.stdout):
        display = live = table.LiveTable(sys.stdout, on_broken, database.items())
        loop.add_signal_handler(signal.SIGWINCH, live.touch)
    else:
        display = table.PlainLines(sys.stdout, on_broken)

    problem = None

    def on_transaction(transaction: Transaction) -> None:
        nonlocal problem
        display.transaction(transaction)
        if keeper is not None and keeper.problem != problem:
            problem = keeper.problem
            display.note(f"not saved: {args.db}: {problem}" if problem else "")

    server = WwepServer(
        args.host,
        args.port,
        tolerant=args.tolerant,
        reasons=args.reasons,
        database=database,
        keeper=keeper,
        on_transaction=on_transaction,
    )
    try:
        await server.start()
    except OSError as error:
        hint = " (another server? --port N takes another)"
        hint = hint if error.errno == errno.EADDRINUSE else ""
        raise UserError(
            f"cannot listen on {args.host} port {args.port}: {error.strerror}{hint}"
        ) from None
    kind = "tolerant" if args.tolerant else "strict"
    where = f", registers in {args.db}" if args.db else ""
    display.start(f"WWEP server on {args.host} port {server.port}, {kind}{where}")
    await stop.wait()
    await server.close()
    display.finish(table.summary(server.count, server.accepted, len(database)))
    if keeper is not None and keeper.problem:
        raise UserError(f"the last registers are not saved: {args.db}: {keeper.problem}")
    if broken:
        raise UserError("the output was closed")
    return 0
