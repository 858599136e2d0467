"""The control socket of a board: one JSON object per line in, one per line out. Knows lines, not
what they ask for.

A request is {"op": NAME, ...}; the reply {"ok": true, "result": ...} or {"ok": false, "error":
TEXT}. A request may take long (a wait, a held button): others are served meanwhile on their own
connections.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from airwire.board.paths import socket_address
from airwire.errors import UserError

# The longest request is an access point with all its names: 64 names of 253 bytes.
MAX_LINE = 65_536
# Tests wait on several conditions at once; more than this is a program that leaks connections.
_MAX_CLIENTS = 64

Handler = Callable[[dict[str, Any]], Awaitable[Any]]


class ControlServer:
    """Serves `handler` on a Unix socket. UserError from the handler becomes the error text of the
    reply.
    """

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path, self._handler = path, handler
        self._clients: set[asyncio.Task] = set()

    async def start(self) -> None:
        """Bind and listen; only the owner may connect."""
        self._path.unlink(missing_ok=True)
        with socket_address(self._path) as address:
            self._server = await asyncio.start_unix_server(self._serve, address, limit=MAX_LINE)
        os.chmod(self._path, 0o600)

    async def stop(self) -> None:
        """No more requests. Waits for the replies that are on their way, not for conditions."""
        self._server.close()
        self._path.unlink(missing_ok=True)
        current = asyncio.current_task()
        tasks = [task for task in self._clients if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._clients.add(task)
        try:
            if len(self._clients) > _MAX_CLIENTS:
                await self._reply(writer, error=f"more than {_MAX_CLIENTS} connections")
                return
            while line := await reader.readline():
                await self._request(line, writer)
        except ValueError:
            await self._reply(writer, error=f"request longer than {MAX_LINE} bytes")
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._clients.discard(task)
            writer.close()

    async def _request(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise UserError("a request is a JSON object")
            result = await self._handler(request)
        except json.JSONDecodeError as error:
            await self._reply(writer, error=f"not JSON: {error}")
        except UserError as error:
            await self._reply(writer, error=error.message)
        else:
            await self._reply(writer, result=result)

    async def _reply(
        self, writer: asyncio.StreamWriter, result: Any = None, error: str = ""
    ) -> None:
        reply = {"ok": False, "error": error} if error else {"ok": True, "result": result}
        writer.write(json.dumps(reply).encode() + b"\n")
        await writer.drain()
