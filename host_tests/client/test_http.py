"""The methods of a module that ask web servers."""

import pytest

from airwire.client import CommandFailed
from airwire.wire.crc import crc16
from host_tests.board.http_peers import HttpServer, redirect

HEAP = "208K"  # the chip's, and what the virtual board's own modules take


def test_http(joined):
    with HttpServer() as server:
        server.answers |= {"/a": b"hello", "/b": redirect("/a"), "/up": b""}
        at = f"host.airwire:{server.port}"
        with joined.http_get(f"http://anna:secret@{at}/b", {"X-Y": "two words"}) as stream:
            assert joined.http_status(stream) == 200
            assert stream.read() == b"hello"
        asked = server.next()
        assert asked.headers["X-Y"] == "two words"
        assert asked.headers["Authorization"]
        assert joined.http_head(f"{at}/nowhere") == 404
        body = bytes(range(256)) * 20
        with joined.http_post(f"{at}/echo", body, "text/plain") as stream:
            assert stream.read() == body
        joined.http_download(f"{at}/a", crc=crc16(b"hello"))
        assert joined.read_file("a") == b"hello"
        with pytest.raises(CommandFailed):
            joined.http_download(f"{at}/a", "b", crc=0)
        joined.http_upload(f"{at}/up", "a")
        joined.delete_file("a")
        with pytest.raises(CommandFailed) as failed:
            joined.http_upload(f"anna:secret@{at}/nowhere", "a")
    assert "secret" not in str(failed.value) and "********@" in str(failed.value)
    with pytest.raises(CommandFailed):
        joined.http_get("host.airwire:1", {"X-Y": "z"})
    assert joined.streams() == []
