"""REST on the wire: commands by path and in JSON, and what they answer."""

import base64
import json

import pytest

from host_tests.board import web

pytestmark = [pytest.mark.needs("wifi"), pytest.mark.whole_heap]


def test_a_command(board):
    console, address = web.serving(board)
    with web.connection(address) as client:
        assert web.command(client, "get wlan.ssid") == {
            "id": 1,
            "code": 0,
            "flags": 0,
            "response": "airwire-wpa2\r\n",
        }
        assert web.command(client, "nonsense") == {
            "id": 2,
            "code": 3,
            "flags": 0,
            "response": "Unknown command\r\n",
        }
        whole = console.ok("get all")
        assert len(whole) > 4096
        message = {"flags": 7, "command": base64.b64encode(b"get all\r\n").decode(), "data": ""}
        status, body = web.post(client, message)
        assert status == 200
        answer = json.loads(body)
        assert answer["flags"] == 2
        found = base64.b64decode(answer["response"]).decode().split("\r\n")
        rows = zip(found, [*whole.split("\r\n"), ""], strict=True)
        assert sum(a != b for a, b in rows) <= 5  # times and memory
