"""Files over HTTP: compressed ones, types, conditions, ranges, and the pages of variables."""

import gzip

import pytest

from host_tests.board import web

pytestmark = [pytest.mark.needs("wifi"), pytest.mark.whole_heap]

TEXT = b"0123456789" * 300
PAGE = b"<!doctype html><p>Hello</p>"


def create(console, name, content, options=""):
    console.ok(f'file_create {options} "{name}" {len(content)}', content)


def test_files(board):
    console, address = web.serving(board)
    packed = gzip.compress(PAGE)
    create(console, "webapp/page.html.gz", packed)
    create(console, "index.html", b"plain")
    create(console, "index.html.gz", packed)
    create(console, "no page.htm", b"nothing here")
    create(console, "data", TEXT)
    create(console, "both.txt", TEXT)
    create(console, "empty.css", b"")
    with web.connection(address) as client:
        # The form that the client takes; one that is there alone goes to everybody.
        for path, accepts, zipped, content in (
            ("/", "gzip, deflate", True, packed),
            ("/index.html", "br, gzip", True, packed),
            ("/", "identity", False, b"plain"),
            ("/webapp/page.html", "gzip", True, packed),
            ("/webapp/page.html", "identity", True, packed),
            ("/webapp%2Fpage.html", "gzip", True, packed),
        ):
            status, fields, body = web.get(client, path, **{"Accept-Encoding": accepts})
            assert (status, body) == (200, content)
            assert fields["Content-Type"] == "text/html; charset=utf-8"
            assert fields["Content-Encoding"] == ("gzip" if zipped else None)
            assert fields["Vary"] == "Accept-Encoding"
        for path, kind, content in (
            ("/data", "application/octet-stream", TEXT),
            ("/both.txt?version=1", "text/plain; charset=utf-8", TEXT),
            ("/webapp/page.html.gz", "application/gzip", packed),
            ("/empty.css", "text/css; charset=utf-8", b""),
        ):
            status, fields, body = web.get(client, path)
            assert (status, body) == (200, content)
            assert fields["Content-Type"] == kind
            assert fields["Content-Encoding"] is None
            client.request("HEAD", path)
            answer = client.getresponse()
            assert answer.read() == b""
            assert {**answer.headers} == {**fields}
        conditions(client)
        # What is not there, and what is no file of the user's.
        assert web.get(client, "/nothing")[0] == 404
        console.ok('set http.server.notfound_filename "no page.htm"')
        console.ok("set http.server.root_filename data")
        for path in ("/nothing", "/../settings", "/%2e%2e/settings", "/%ff", "/main.py"):
            status, fields, body = web.get(client, path)
            assert (status, body) == (404, b"nothing here")
            assert fields["ETag"] is None
        assert web.get(client, "/")[2] == TEXT
        # Keys are not to be had.
        console.ok("set network.tls.server_key both.txt")
        assert web.get(client, "/both.txt")[0] == 404


def conditions(client):
    tag = web.get(client, "/both.txt")[1]["ETag"]
    assert tag != web.get(client, "/empty.css")[1]["ETag"]
    for given in (tag, f'"x", {tag}', "*", f"W/{tag}"):
        status, fields, body = web.get(client, "/both.txt", **{"If-None-Match": given})
        assert (status, fields["ETag"], body) == (304, tag, b"")
    assert web.get(client, "/both.txt", **{"If-None-Match": '"x"'})[0] == 200
    size = len(TEXT)
    for asked, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=10-", 10, size),
        ("bytes=-5", size - 5, size),
        ("bytes=1023-2050", 1023, 2051),
        ("bytes=2000-9999", 2000, size),
    ):
        status, fields, body = web.get(client, "/both.txt", Range=asked)
        assert (status, body) == (206, TEXT[start:end])
        assert fields["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
        assert web.get(client, "/both.txt", Range=asked, **{"If-Range": tag})[0] == 206
        assert web.get(client, "/both.txt", Range=asked, **{"If-Range": '"x"'})[0] == 200
    status, fields, body = web.get(client, "/both.txt", Range="bytes=5000-")
    assert (status, fields["Content-Range"], body) == (416, f"bytes */{size}", b"")
