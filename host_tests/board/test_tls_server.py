"""The TLS server by command: whom it takes for a client, what becomes of the others, and that one
harms none of the rest.
"""

import contextlib
import re
import ssl
import time

import pytest

from host_tests.board.console import PATIENCE
from host_tests.board.stream_wire import exactly
from host_tests.board.test_tcp_server import HEAD, refused
from host_tests.board.tls_peers import (
    BOARD,
    calling,
    equip,
    issued,
)

pytestmark = pytest.mark.needs("wifi")

PORT = 3000
# Of a handshake that is not finished: short, as what is tested is that it does not come.
WAIT_MS = 1000
RECORD = 16_384  # the largest there is


def serving(board, identity=None, print_level=2, line="tls_server start", **variables):
    """(console, address): a board that has joined, with a certificate, and serves."""
    console = board.machine(print_level)
    board.join(console)
    console.ok("set time.rtc 1790000000")
    equip(console, identity or issued(BOARD))
    board.configure(console, **variables)
    reply = console.run(line)
    assert reply.code == 0, reply
    return console, (console.ok("get network.ip"), PORT)


def opened(console):
    """The handle of the stream that has been opened."""
    return int(re.search(r"Opened: (\d)\]$", console.log("Opened"))[1])


def talk(console, handle, connection, rng, size=1000):
    """Data go both ways, and arrive as they are."""
    data = rng.randbytes(size)
    connection.sendall(data)
    got = b""
    while len(got) < size:
        console.polled(handle, 1)
        got += console.run(f"read {handle} 4096").text
    assert got == data
    console.ok(f"write {handle} {size}", data)
    assert exactly(connection, size) == data


def none_left(console):
    """Wait until no client is there any more."""
    end = time.monotonic() + PATIENCE
    while console.ok("list") != HEAD:
        assert time.monotonic() < end, console.ok("list")


def test_clients_are_streams(board, rng):
    """Verified by the client, each with a handle; a record of the largest size; the end."""
    console, address = serving(board)
    with calling(address) as one, calling(address) as two:
        handles = [opened(console) for _ in range(2)]
        assert handles == [0, 1]
        rows = [
            "# {} TLSS  {}:{} {}:{}".format(i, *address, *c.getsockname())
            for i, c in enumerate((one, two))
        ]
        assert console.ok("list").split("\r\n") == [HEAD, *rows]
        for handle, connection in zip(handles, (one, two), strict=True):
            assert connection.version() == "TLSv1.2"
            talk(console, handle, connection, rng)
        talk(console, 0, one, rng, RECORD)
        one.close()
        assert console.log("Closed").endswith("Closed: 0]")
        console.ok("close 1")
        with contextlib.suppress(ssl.SSLEOFError):  # MicroPython's TLS says no good-bye
            assert two.recv(1) == b""
    assert console.ok("tls_server stop") == "Success"
    assert refused(address)
