"""How often the HTTP server reads and writes, counted from outside as system calls: each time is a
segment, and a turn of the loop.
"""

import re
import time

import pytest

from host_tests.bench import http_server

VERSION = http_server.PLAIN % b"command/version"
PAGE = http_server.PLAIN % b"command/nothing"
REQUESTS = 10
# strace writes its last line when the server has ended.
PATIENCE_SECONDS = 30

ACCEPTED = re.compile(r"accept4?\(.* = (\d+)$")
MOVED = re.compile(r"(\w+)\((\d+), .* = (\d+)$")
READS, WRITES = {"read", "recvfrom"}, {"write", "sendto", "writev"}
CALLS = ("accept", "accept4", *sorted(READS | WRITES))


def traced(path):
    """What strace has written when it is done."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        text = path.read_text()
        if "+++" in text:
            return text.splitlines()
        time.sleep(0.01)
    raise AssertionError("strace is not done")


def counted(lines):
    """(reads, writes) that moved bytes on connections."""
    connections, reads, writes = set(), 0, 0
    for line in lines:
        if found := ACCEPTED.match(line):
            connections.add(found[1])
        elif (found := MOVED.match(line)) and found[2] in connections and int(found[3]):
            reads += found[1] in READS
            writes += found[1] in WRITES
    return reads, writes


@pytest.mark.parametrize(
    "request_",
    [http_server.BROWSER % b"keep-alive", VERSION, PAGE],
    ids=["browser", "version", "unknown"],
)
def test_a_request_below_a_segment(interpreters, tmp_path, request_):
    """Two reads at most, and one write."""
    trace = tmp_path / "calls"
    # It traces from beside: the server is the process that was started.
    strace = ("strace", "-D", "-q", "-s0", "-e", f"trace={','.join(CALLS)}", "-o", str(trace))
    secret = http_server.AUTHORIZATION in request_
    with http_server.serving("amd64", secret, *strace) as client:
        for _ in range(REQUESTS):
            client.ask(request_)
    reads, writes = counted(traced(trace))
    assert REQUESTS <= reads <= 2 * REQUESTS
    assert writes == REQUESTS


@pytest.mark.parametrize("case", http_server.CASES, ids=lambda case: case.name)
def test_what_is_measured_is_served(interpreters, case):
    """Time and again."""
    with http_server._client("amd64", case.request, http_server.SCRIPT) as (_, again):
        for _ in range(REQUESTS):
            again(case.request)
