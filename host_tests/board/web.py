"""The HTTP server of a board, and requests to it."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from host_tests.board import peers
from host_tests.board.backends import Backend
from host_tests.board.console import PATIENCE, Console

PORT = 8080
# Bytes that leave the heap at least when nobody has called for a while.
RESTS = 8192
LISTENING = f"HTTP server listening on port: {PORT}"


def serving(board: Backend, **variables: object) -> tuple[Console, str]:
    """(console, address) of a board that has joined and serves."""
    console = board.machine(print_level=2)
    board.join(console)
    board.configure(console, http_server_port=PORT, **variables, http_server_enabled=1)
    assert console.log("HTTP") == LISTENING
    return console, console.ok("get network.ip")


@contextmanager
def connection(address: str) -> Iterator[http.client.HTTPConnection]:
    """A client that keeps its connection."""
    client = http.client.HTTPConnection(address, PORT, timeout=peers.WAIT)
    try:
        yield client
    finally:
        client.close()


def call(address: str) -> socket.socket:
    """A connection for whoever writes requests himself."""
    raw = socket.create_connection((address, PORT), peers.WAIT)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return raw


def get(client: http.client.HTTPConnection, path: str, **fields: str):
    """(status, fields, body) of a GET."""
    client.request("GET", path, headers=fields)
    answer = client.getresponse()
    return answer.status, answer.headers, answer.read()


def command(client: http.client.HTTPConnection, line: str) -> dict:
    """What a command's line is answered, by GET."""
    path = "/command/" + "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in line)
    status, fields, body = get(client, path)
    assert status == 200
    assert fields["Content-Type"] == "application/json"
    return json.loads(body)


def post(client: http.client.HTTPConnection, message: object, **fields: str) -> tuple[int, bytes]:
    """(status, body) of POST /command with this as JSON, or these bytes."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    client.request("POST", "/command", body, headers=fields)
    answer = client.getresponse()
    return answer.status, answer.read()


def used(console: Console) -> int:
    """Bytes of the board's heap in use, with the same four command files loaded each time."""
    for line in ("ls", "stream_list", "gpio_get 4"):
        console.run(line)
    return int(console.ok("get system.memory.used"))


def rested(console: Console, ask: Callable[[], object]) -> int:
    """What of the heap is in use behind `ask`, a client's, when nobody had called for a while:
    then what serves clients leaves the memory, and the next one finds all command files gone.
    """
    busy = used(console)
    end = time.monotonic() + PATIENCE
    while used(console) > busy - RESTS:
        assert time.monotonic() < end
        time.sleep(0.2)
    ask()
    return used(console)
