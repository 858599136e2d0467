"""`airwire wwep-server`: the server with its display, until Ctrl-C."""

import argparse
import errno
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airwire import arguments
from airwire.errors import UserError
from airwire.wire import wwep

if TYPE_CHECKING:
    import ssl


def register(subparsers: argparse._SubParsersAction) -> None:
    command = subparsers.add_parser(
        "wwep-server",
        help="serve WWEP, the protocol of the boards' button and LED",
        description="Serve WWEP: boards write and read registers. A terminal shows a live table, "
        "anything else gets a line for each message. With --tls it serves a secure port too, over "
        "the same registers. Ctrl-C ends it.",
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
        "--wait",
        type=arguments.seconds,
        metavar="SECONDS",
        help="for a message, from the connection on (0.1, as the class server)",
    )
    command.add_argument(
        "--db",
        metavar="FILE",
        type=Path,
        help="keep the registers in FILE (else they end with the server)",
    )
    secure = command.add_argument_group("the secure port")
    secure.add_argument(
        "--tls",
        action="store_true",
        help="serve TLS too; needs --cert and --key, or --make-identity",
    )
    secure.add_argument(
        "--tls-port",
        type=_port,
        default=wwep.SECURE_PORT,
        metavar="PORT",
        help="its port (%(default)s); 0 takes a free one",
    )
    secure.add_argument(
        "--cert",
        metavar="FILE",
        type=Path,
        help="the server's certificate in PEM, and the chain behind it",
    )
    secure.add_argument(
        "--key", metavar="FILE", type=Path, help="its private key in PEM, not encrypted"
    )
    secure.add_argument(
        "--make-identity",
        metavar="DIR",
        type=Path,
        help="use the identity in DIR, and make one where there is none: server.pem, server.key, "
        "and ca.pem, which boards are to trust",
    )
    secure.add_argument(
        "--name",
        action="append",
        default=[],
        help="a further name or address of this computer for the identity that is made",
    )
    secure.add_argument(
        "--client-ca",
        metavar="FILE",
        type=Path,
        help="serve only clients with a certificate that is signed by one of those in FILE (PEM)",
    )
    secure.add_argument(
        "--no-open", action="store_true", help="serve the secure port alone, not the open one"
    )
    command.set_defaults(run=run, tolerant=False)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"not a port of 0 to 65535: {text}")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C, SIGTERM or a hang-up. Returns 0."""
    import asyncio

    _check(args)

    return asyncio.run(_serve(args))


def _check(args: argparse.Namespace) -> None:
    """Raises UserError where the options of the secure port do not go together."""
    if not args.tls:
        options = ("cert", "key", "make_identity", "client_ca", "name", "no_open")
        for option in options:
            if getattr(args, option):
                raise UserError(f"--{option.replace('_', '-')} needs --tls")
    elif (args.cert is None) != (args.key is None):
        raise UserError("--cert and --key go together")
    elif (args.cert is None) == (args.make_identity is None):
        raise UserError("--tls needs --cert and --key, or --make-identity DIR")
    if args.name and args.make_identity is None:
        raise UserError("--name is for the identity that --make-identity makes")


def _identity(args: argparse.Namespace) -> tuple["ssl.SSLContext", str]:
    """The context of the secure port, and words about it. Raises UserError."""
    from airwire.wwep import identity

    certificate, key, made = args.cert, args.key, ""
    if args.make_identity is not None:
        folder = args.make_identity
        try:
            new = identity.make(folder, (*identity.own_names(args.host), *args.name))
        except OSError as error:
            raise UserError(f"{folder}: {error.strerror}") from None
        made = f", identity {'made ' if new else ''}in {folder}"
        certificate, key = folder / identity.CERTIFICATE, folder / identity.KEY
    return identity.context(certificate, key, args.client_ca), made


async def _serve(args: argparse.Namespace) -> int:
    import asyncio

    from airwire.wire import wwep_db
    from airwire.wwep import store, table
    from airwire.wwep.server import MESSAGE_WAIT, Transaction, WwepServer

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)

    tls, identity = _identity(args) if args.tls else (None, "")
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
    failed = False  # the display tells of a handshake

    def on_transaction(transaction: Transaction) -> None:
        nonlocal problem, failed
        display.transaction(transaction)
        found = None if keeper is None else keeper.problem
        if failed or found != problem:
            problem, failed = found, False
            display.note(f"not saved: {args.db}: {problem}" if problem else "")

    def on_failure(address: str, port: int, words: str) -> None:
        nonlocal failed
        if problem is None:
            failed = True
            display.note(f"{address} port {port}: no TLS: {words}")

    server = WwepServer(
        args.host,
        None if args.no_open else args.port,
        tls=tls,
        tls_port=args.tls_port,
        tolerant=args.tolerant,
        reasons=args.reasons,
        wait=args.wait or MESSAGE_WAIT,
        database=database,
        keeper=keeper,
        on_transaction=on_transaction,
        on_failure=on_failure,
    )
    try:
        await server.start()
    except OSError as error:
        option = "--tls-port" if server.failed == args.tls_port else "--port"
        hint = f" (another server? {option} N takes another)"
        hint = hint if error.errno == errno.EADDRINUSE else ""
        raise UserError(
            f"cannot listen on {args.host} port {server.failed}: {error.strerror}{hint}"
        ) from None
    kind = "tolerant" if args.tolerant else "strict"
    where = f", registers in {args.db}" if args.db else ""
    ports = [] if args.no_open else [f"port {server.port}"]
    if tls is not None:
        ports.append(f"TLS port {server.tls_port}")
    title = f"WWEP server on {args.host} {' and '.join(ports)}, {kind}{where}{identity}"
    display.start(title)
    await stop.wait()
    await server.close()
    display.finish(table.summary(server.count, server.accepted, len(database)))
    if keeper is not None and keeper.problem:
        raise UserError(f"the last registers are not saved: {args.db}: {keeper.problem}")
    if broken:
        raise UserError("the output was closed")
    return 0
