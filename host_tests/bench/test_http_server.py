"""How often the HTTP server reads and writes: each time is a segment, and a turn of the loop."""

import re

import pytest

from host_tests.bench import http_server

CALLS = b"GET /command/calls HTTP/1.1\r\nHost: module\r\n" + http_server.AUTHORIZATION + b"\r\n"
VERSION = CALLS.replace(b"calls", b"version")


def told(client):
    found = re.search(rb'"response":"(\d+) (\d+)', client.ask(CALLS))
    return int(found[1]), int(found[2])


@pytest.mark.parametrize(
    "request_", [http_server.BROWSER % b"keep-alive", VERSION], ids=["browser", "version"]
)
def test_a_request_below_a_segment(interpreters, request_):
    """Two reads at most, and one write."""
    with http_server.serving("amd64", True, counted=True) as client:
        client.ask(request_)
        reads, writes = told(client)  # before its own answer
        again = told(client)
        own = again[0] - reads, again[1] - writes
        assert own == (1, 1)
        for _ in range(10):
            client.ask(request_)
        after = told(client)
        assert after[0] - again[0] - own[0] <= 2 * 10
        assert after[1] - again[1] - own[1] == 10
