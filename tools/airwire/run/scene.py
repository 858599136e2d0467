"""What the command sets up: the image, the WWEP server and the board; and how the board joins.

Everything lives in one temporary directory and ends with the context, or where the process is
killed, with the board's supervisor, so that any number of these
commands may run at once and none leaves anything. It shows nothing itself: `tell` gets a word and
a line for each step.
"""

import asyncio
import errno
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airwire import project
from airwire.board import config as configuration
from airwire.board.client import Board
from airwire.board.config import AccessPoint
from airwire.errors import UserError
from airwire.image import build
from airwire.run.console import Console
from airwire.wire import quoting, wwep
from airwire.wwep.server import Transaction, WwepServer

NAME = "run"
HOST = "127.0.0.1"

# A boot takes half a second, a reply milliseconds; these are for a machine that is very busy.
BOOT_SECONDS = 30.0
_REPLY_SECONDS = 15.0
# One join with its three attempts and their time-outs (10 s each, and 10 s for DHCP).
_JOIN_SECONDS = 75.0

_GOOD_REPLIES = (b"Set OK", b"Success")

# An event and the prompt after it; other lines may be between the two.
_READY = rb"Ready\]\r\n(?s:.*?)> "
_JOINED = rb"(Associated|Join failed)\]\r\n(?s:.*?)> "

Tell = Callable[[str, str], None]


@dataclass
class Scene:
    """The board, the AIRWIRE_HOME that it lives in, the server that it writes to, and the access
    point that it joins.
    """

    board: Board
    home: Path
    server: WwepServer
    network: AccessPoint


@asynccontextmanager
async def stage(
    config: Path | None, tell: Tell, on_transaction: Callable[[Transaction], None]
) -> AsyncIterator[Scene]:
    """Image built, server listening, board up with fresh flash. Raises UserError.

    config: the board's TOML file. The board is not below AIRWIRE_HOME: it is this command's own.
    """
    network = choose(config)
    image = await _whole(build.build_image, project.ROOT)
    tell("image", f"built from {project.ROOT}")
    with tempfile.TemporaryDirectory(prefix="airwire-run-") as home:
        board = Board(NAME, home)
        board.directory.mkdir(parents=True)
        board.flash.write_bytes(image)
        async with _serving(on_transaction) as server:
            taken = f" ({wwep.OPEN_PORT} is taken)" if server.port != wwep.OPEN_PORT else ""
            tell("server", f"WWEP on {HOST} port {server.port}{taken}")
            try:
                await _whole(Board.up, NAME, config=config, home=home, owned=True)
                tell("board", "up, with fresh flash and factory settings")
                yield Scene(board, Path(home), server, network)
            finally:
                board.down()


def choose(config: Path | None) -> AccessPoint:
    """The access point to join: the first one with a password, else the first. Raises UserError
    when the file is bad, or has none.
    """
    points = configuration.load(config).air.access_points
    if not points:
        raise UserError(f"{config}: no access point to join")
    return next((point for point in points if point.password), points[0])


async def provision(scene: Scene, console: Console) -> None:
    """Set the board up over its console, as a person would, and wait until it has joined. Raises
    UserError when it does not do as it is told, or cannot join.
    """
    settings = [
        b"wlan.ssid " + quoting.quote(scene.network.ssid.encode()),
        b"wlan.auto_join.enabled 1",
        b"wwep.enabled 1",
    ]
    if scene.network.password:
        settings.insert(1, b"wlan.passkey " + quoting.quote(scene.network.password.encode()))
    if scene.server.port != wwep.OPEN_PORT:
        settings.append(b"wwep.port %d" % scene.server.port)
    try:
        await console.expect(_READY, 0, BOOT_SECONDS)
        for line in (*(b"set " + setting for setting in settings), b"save"):
            reply = await _command(console, line)
            if reply not in _GOOD_REPLIES:
                raise UserError(f"the board answered `{_text(line)}` with: {_text(reply)}", code=1)
        since = console.position
        console.write(b"reboot\r")
        end = await console.expect(_JOINED, since, _JOIN_SECONDS)
    except TimeoutError:
        raise UserError("the board does not answer on its console", code=1) from None
    if end[1] != b"Associated":
        found = await console.expect(rb"Join failed: ([^\r\n]+)|Join failed\]", since, 0)
        why = f": {_text(found[1])}" if found[1] else ""
        raise UserError(f"the board did not join {scene.network.ssid}{why}", code=1)


async def _command(console: Console, line: bytes) -> bytes:
    """Type a line at the prompt; returns the reply, which must be one line."""
    since = console.position
    console.write(line + b"\r")
    return (await console.expect(rb"\n([^\r\n]*)\r\n> ", since, _REPLY_SECONDS))[1]


@asynccontextmanager
async def _serving(on_transaction: Callable[[Transaction], None]) -> AsyncIterator[WwepServer]:
    """A server on the port that WWEP has, or where another one holds it, on a free one."""
    server = WwepServer(HOST, on_transaction=on_transaction)
    try:
        try:
            await server.start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            server.port = 0
            await server.start()
    except OSError as error:
        raise UserError(f"no WWEP server on {HOST}: {error.strerror}", code=1) from None
    try:
        yield server
    finally:
        await server.close()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


async def _whole(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Call it in a thread, to its end: who cancels waits for it, and then cleans up after it."""
    thread = asyncio.ensure_future(asyncio.to_thread(function, *arguments, **keywords))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        await asyncio.wait({thread})
        thread.exception()  # seen: it must not be reported as forgotten
        raise
