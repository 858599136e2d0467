"""What the tests of the HTTP client share: a board for one file of tests, and the commands that it
is given.
"""

import re

import pytest

from host_tests.board.bench_file import REASONS
from host_tests.board.watched import watched
from host_tests.conftest import runnable

HOST = "host.airwire"


def shared(request, interpreters, flash_image, heap=None):
    """A board that has joined; nothing of it crashes or fails in the file. `heap`: for a file in
    which more is used than a chip has room for, one thing after the other.
    """
    if request.param == "bench":
        # Justified: the servers are reached by names that a virtual board's name server knows.
        pytest.skip(REASONS["names"])
    runnable(request.param, interpreters)
    with watched(flash_image, request.param, whole_heap=True, heap=heap) as board:
        console = board.machine(4)
        board.join(console)
        board.configure(console, ntp_enabled=0)  # its failures would stand between the log lines
        yield board


def restored(board):
    """The host's port; nothing of a test is open for the next."""
    console = board.uart1
    yield console
    console.ok("close all")
    console.ok("set http.client.timeout 30000")
    assert console.ok("list") == "! # Type  Info"


def called(console, line):
    """The reply to a command, and its log lines without times."""
    reply = console.run(line)
    return reply, [re.sub(rb"^\[[^]]* \| [\d:]+ ?", b"[", text) for text in reply.logs]


def url(server, path="/"):
    return f"{HOST}:{server.port}{path}"


def whole(console, handle, size=4096):
    """The body of an answer; the read of its end closes the stream."""
    body = b""
    while True:
        state = console.run(f"poll {handle}")
        if state.code:  # the last read was that of its last byte
            return body
        if state.text != b"0":
            reply = console.run(f"read {handle} {size}")
            assert reply.code == 0 and len(reply.text) <= size
            body += reply.text


def fails(console, line, *logs):
    reply, told = called(console, line)
    assert (reply.code, reply.text) == (1, b"Command failed"), (reply, told)
    assert told[-len(logs) :] == list(logs)
    assert console.ok("list") == "! # Type  Info"


def where(server):
    return b"%s:%d" % (HOST.encode(), server.port)
