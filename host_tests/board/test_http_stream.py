"""/stream: a WebSocket and the body of a POST as streams of the host's, by a client that is not
ours.
"""

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from host_tests.board import peers, web

pytestmark = [pytest.mark.needs("wifi", "led"), pytest.mark.whole_heap]


def taken(console, handle, size):
    """So many bytes of a stream."""
    data = b""
    while len(data) < size:
        console.polled(handle, 1)
        data += console.run(f"stream_read {handle} 1000").text
    return data


def test_a_web_socket(board, rng):
    console, address = web.serving(board, http_server_connected__gpio=22)
    with connect(f"ws://{address}:{web.PORT}/stream", open_timeout=peers.WAIT) as client:
        console.log("[Opened: 0]")
        port = client.socket.getsockname()[1]
        assert console.ok("stream_list").split("\r\n")[1] == (
            f"# 0 WEBS  {address}:{web.PORT} 127.0.0.1:{port}"
        )
        board.board.wait_pin(22, 1)
        client.send("I am a teapot.")
        assert taken(console, 0, 14) == b"I am a teapot."
        blob = rng.randbytes(5000)
        client.send([blob[:10], blob[10:3000], blob[3000:]])  # one message in three frames
        assert taken(console, 0, len(blob)) == blob
        assert client.ping().wait(peers.WAIT)
        for size in (1, 125, 126, 1024):
            assert console.run(f"stream_write 0 {size}", blob[:size]).code == 0
            assert client.recv(timeout=peers.WAIT) == blob[:size]
        # The next requests have their places meanwhile, and what was sent is read after the end.
        with web.connection(address) as other:
            assert web.command(other, "stream_poll 0")["response"] == "0\r\n"
        client.send(b"last")
    assert taken(console, 0, 4) == b"last"
    assert console.ok("stream_list") == "! # Type  Info"
    board.board.wait_pin(22, 0)
    with connect(f"ws://{address}:{web.PORT}/stream", open_timeout=peers.WAIT) as client:
        console.log("[Opened: 0]")
        console.ok("stream_close 0")
        with pytest.raises(ConnectionClosed) as ended:
            client.recv(timeout=peers.WAIT)
        assert ended.value.rcvd.code == 1000


def test_the_body_of_a_post(board, rng):
    console, address = web.serving(board, http_server_cors__origin="http://app.test")
    blob = rng.randbytes(7000)
    with web.connection(address) as client:
        pieces = iter([blob[:3000], blob[3000:]])
        origin = {"Origin": "http://app.test"}
        client.request("POST", "/stream", pieces, origin, encode_chunked=True)
        console.log("[Opened: 0]")
        assert taken(console, 0, len(blob)) == blob
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == "http://app.test"
    with web.connection(address) as client:
        client.request("POST", "/stream", b"abc")
        console.log("[Opened: 0]")
        assert console.run("stream_write 0 1", b"a").code == 1
        console.ok("stream_close 0")
        assert client.getresponse().status == 200
    with web.connection(address) as client:
        assert web.get(client, "/stream")[0] == 426
        fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        assert web.get(client, "/stream", **fields, **{"Sec-WebSocket-Key": "short"})[0] == 400
    with web.connection(address) as client:
        client._http_vsn, client._http_vsn_str = 10, "HTTP/1.0"
        fields["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
        assert web.get(client, "/stream", Host=address, **fields)[0] == 426
