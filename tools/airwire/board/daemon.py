"""How a background process of ours is started, asked and awaited: a board's supervisor, a LAN's
keeper. Knows neither.

Such a process reads its settings as JSON from standard input, tells `pid N`, then `ready` or
`error TEXT`, and serves a control socket (control.ControlServer).
"""

import json
import os
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from airwire.board import paths
from airwire.errors import UserError


def start(
    module: str,
    settings: dict[str, Any],
    log: BinaryIO,
    timeout: float,
    before: Callable[[], None] | None = None,
) -> list[str]:
    """Run a module in the background, its errors going to `log`; returns what it told, up to
    `timeout` seconds of silence. `before` is called in the new process.
    """
    starter = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,
        preexec_fn=before,
    )
    with starter:
        starter.stdin.write(json.dumps(settings).encode())
        starter.stdin.close()
        lines, ended = _read_lines(starter.stdout.fileno(), timeout)
        if not lines and not ended:  # it would start when nobody waits any more
            starter.kill()
            return [f"error no sign of its program after {timeout:.0f} s"]
        return lines


def connect(path: Path) -> socket.socket:
    """A connection to the control socket `path`. Raises FileNotFoundError or ConnectionError when
    nobody serves it, and UserError when its folder cannot be read.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with paths.socket_address(path) as address:
            connection.connect(address)
    except (FileNotFoundError, ConnectionError):
        connection.close()
        raise
    except OSError as error:  # its home is a file, or somebody else's
        connection.close()
        raise UserError(f"{path.parent}: {error.strerror}") from None
    return connection


def exchange(connection: socket.socket, request: dict[str, Any], timeout: float, who: str) -> Any:
    """One request to `who` and its result. Raises UserError with the error that it replies, and
    ConnectionError when it ends.
    """
    connection.settimeout(timeout)
    connection.sendall(json.dumps(request).encode() + b"\n")
    try:
        line = connection.makefile("rb").readline()
    except TimeoutError:
        raise UserError(f"{who} does not answer {request['op']}") from None
    if not line:
        raise ConnectionResetError
    reply = json.loads(line)
    if not reply["ok"]:
        raise UserError(reply["error"])
    return reply["result"]


def peer(connection: socket.socket) -> int:
    """The pid of the process that listens on the other end, as it is here."""
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return struct.unpack("3i", credentials)[0]


def await_end(pid: int, timeout: float) -> bool:
    """Whether the process has ended within `timeout` seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return await_all([handle], timeout)
    finally:
        os.close(handle)


def await_all(handles: list[int], timeout: float) -> bool:
    """Whether the processes of these pidfds have ended, each within `timeout` seconds."""
    for handle in handles:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if not poll.poll(timeout * 1000):
            return False
    return True


def _read_lines(fd: int, timeout: float) -> tuple[list[str], bool]:
    """Lines from a pipe until its end, or `timeout` seconds of silence; whether it has ended."""
    data = b""
    ended = False
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while poll.poll(timeout * 1000):
        piece = os.read(fd, 4096)
        if not piece:
            ended = True
            break
        data += piece
    return data.decode().splitlines(), ended
