"""Requests and frames with random damage against a board: none crashes it, and each has the status
that it deserves.
"""

import contextlib
import socket
from collections import Counter
from itertools import pairwise

import http_messages as messages
import pytest

from host_tests.board import peers, web
from host_tests.board.watched import watched
from host_tests.conftest import runnable
from wire import http

HEAD = 1280  # as http_connection.py
# What a request with a good head may come to. A stream has no answer when its body turns out to be
# none.
STATUSES = {101, 200, 204, 206, 304, 400, 404, 405, 411, 413, 416, 417, 426}
STREAMS = {0}
# Bytes by which the heap in use may have grown in the calmest of the rounds, and in all of them.
# What a seldom request needs first, in whichever round, has its names in MicroPython's table from
# then on: once. What leaks grows in each.
ROUNDS = 3
MOST_GROWN = 512
LEARNING = 8192
QUIET_SECONDS = 0.3  # of a client that has become a stream, after which the host closes that

UPGRADE = (
    b"GET /stream HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    b"\x82\x85\x01\x02\x03\x04hello\x01\x83\x00\x00\x00\x00abc\x80\x81\x00\x00\x00\x00d"
    b"\x89\x80\x00\x00\x00\x00\x88\x82\x00\x00\x00\x00\x03\xe8"
)
JSON = b'{"flags": 4, "command": "file_create f 3", "data": "AAEC"}'
COMMAND = b"POST /command HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s" % (len(JSON), JSON)
GOOD = (*messages.REQUESTS, UPGRADE, COMMAND)


def judge(data):
    """The status that the head of these bytes deserves, 0 for none; None: it is a good one."""
    request = http.Request(HEAD)
    request.begin(bytearray(data), 0)
    try:
        return None if request.read(len(data)) else 0
    except http.RemoteError as error:
        return error.status


def first(console, address, data, pieces):
    """The status of the first answer to what is all that a client says; 0: it has none."""
    said = b""
    with web.call(address) as raw:
        with contextlib.suppress(ConnectionError):  # it was refused before its end
            start = 0
            for end in pieces:
                raw.sendall(data[start:end])
                start = end
            raw.shutdown(socket.SHUT_WR)
        raw.settimeout(QUIET_SECONDS)
        for _ in range(int(peers.WAIT / QUIET_SECONDS)):
            try:
                piece = raw.recv(4096)
            except TimeoutError:
                console.ok("stream_close all")
                continue
            except ConnectionResetError:  # there was more behind a request that closes
                break
            if not piece:
                break
            said += piece
        else:
            raise AssertionError(f"no end of the answer to {data!r}")
    while said.startswith(b"HTTP/1.1 100 "):
        said = said.partition(b"\r\n\r\n")[2]
    if not said:
        return 0
    version, status, _ = said.split(b" ", 2)
    assert version == b"HTTP/1.1", said
    assert status != b"503" or b"Retry-After: " in said or said.endswith(b"No free stream\r\n")
    return int(status)


@pytest.fixture
def server(flash_image, interpreters):
    """A board with more memory than a chip, where no lack of it is an answer. It neither crashes
    nor has a fault.
    """
    runnable("amd64", interpreters)
    with watched(flash_image, "amd64") as board:
        yield board


def test_damaged(server, rng, counts, figure):
    console, address = web.serving(server, http_server_hosts="*")
    console.ok("set system.print_level 0")

    def all_good():
        for data in GOOD:
            assert first(console, address, data, [len(data)]) in STATUSES, data

    def ask(times):
        found = {}
        for _ in range(times):
            data = messages.mutated(rng, GOOD)
            status = first(console, address, data, messages.cuts(rng, len(data)))
            deserved = judge(data)
            if deserved is None:
                good = status in STATUSES or b"/stream" in data and status in STREAMS
                assert good, (status, data)
            else:
                assert status == deserved, data
            found[status] = found.get(status, 0) + 1
        console.ok("stream_close all")
        return found

    all_good()
    ask(counts(0, 1000))
    web.rested(console, all_good)
    used = [web.rested(console, all_good)]
    found = Counter()
    for _ in range(ROUNDS):
        found.update(ask(counts(40, 700)))
        used.append(web.rested(console, all_good))
    grown = [after - before for before, after in pairwise(used)]
    figure(f"{found.total()} requests, {dict(sorted(found.items()))}, heap {grown} bytes")
    assert min(grown) <= counts(LEARNING, MOST_GROWN) and sum(grown) <= LEARNING
    assert console.ok("faults_print") == "! 0 faults"
