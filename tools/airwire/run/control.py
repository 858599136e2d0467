"""The board's control socket from inside an event loop: one request, or a value as it changes.

`airwire.board.client.Board` does the same for programs that may block. What the operations mean is
the supervisor's matter.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from airwire.board import paths
from airwire.board.client import Board
from airwire.errors import UserError

# How long one request for a change waits before it is made again: the supervisor's longest.
_WAIT_SECONDS = 3600


async def ask(board: Board, operation: str, **arguments: Any) -> Any:
    """One request; returns its result. Raises UserError: the supervisor's own, or that it has
    gone.
    """
    async with _connected(board) as request:
        return await request(operation, **arguments)


async def watch(board: Board, key: str, changed: Callable[[Any], None]) -> None:
    """Call `changed` with the value of `key` (as in Board.wait) now and at each change, until
    cancelled. Raises UserError when the board has gone.
    """
    async with _connected(board) as request:
        # No level, counter or state is ever this text, so the first reply comes at once.
        value: Any = "unknown"
        while True:
            try:
                value = await request("wait", key=key, differs=value, timeout=_WAIT_SECONDS)
            except _Refused:
                continue  # nothing has changed for so long
            changed(value)


class _Refused(UserError):
    """The supervisor has answered with an error."""


@asynccontextmanager
async def _connected(board: Board) -> AsyncIterator[Callable[..., Any]]:
    gone = UserError(f"the board {board.name} was taken down", code=1)
    try:
        with paths.socket_address(board.directory / paths.CONTROL) as address:
            reader, writer = await asyncio.open_unix_connection(address)
    except OSError:
        raise gone from None

    async def request(operation: str, **arguments: Any) -> Any:
        try:
            writer.write(json.dumps({"op": operation, **arguments}).encode() + b"\n")
            line = await reader.readline()
        except OSError:
            line = b""
        if not line:
            raise gone
        reply = json.loads(line)
        if not reply["ok"]:
            raise _Refused(reply["error"])
        return reply["result"]

    try:
        yield request
    finally:
        writer.close()
