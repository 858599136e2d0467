"""The HTTP server over TLS, by clients that are not ours; two at a time, and what becomes of the
others. One board serves the whole file; what a chip's heap has room for is in test_tls_memory.py.
"""

import concurrent.futures
import contextlib
import http.client
import json
import re
import socket
import subprocess
import time

import pytest
from websockets.sync.client import connect

from airwire.client import Module, PortError
from host_tests.board import live, peers, tls_peers, web
from host_tests.board.http_board import shared
from host_tests.board.test_http_server import SSID
from host_tests.board.test_http_stream import taken
from host_tests.board.test_tls_server import NO_CLIENTS, STATES, attempt, begin, closed
from host_tests.board.tls_peers import (
    BOARD,
    HOST,
    calling,
    client_context,
    equip,
    files,
    issued,
    openssl,
    put,
    root,
)

pytestmark = [pytest.mark.needs("wifi", "uart1"), pytest.mark.sampled(7)]

LIST = "! # Type  Info"
HEAP = "320K"  # code of many commands, streams and files stays in RAM, or leaves pieces there
STALL_MS = 1000  # a handshake's time-out, where it is to come


@pytest.fixture(scope="module")
def board(request, interpreters, flash_image):
    yield from shared(request, interpreters, flash_image, HEAP)


def started(board):
    """(console, address) of a board that has joined, and serves over TLS from here on."""
    console = board.uart1
    board.configure(console, system_print__level=2, ntp_enabled=0, time_rtc=int(time.time()))
    address = console.ok("get network.ip")
    equip(console, issued(BOARD, address))
    board.configure(
        console,
        http_server_port=web.PORT,
        http_server_hosts=BOARD,
        http_server_tls__enabled=1,
        http_server_enabled=1,
    )
    assert console.log("HTTP") == web.LISTENING
    return console, address


@pytest.fixture(scope="module")
def served(board):
    return started(board)


@pytest.fixture
def console(board, served):
    """What a test sets is as it was for the next."""
    console, _ = served
    yield console
    console.ok("close all")
    board.configure(
        console,
        http_server_cors__origin="",
        http_server_tls__cert="",
        http_server_tls__key="",
        network_tls_handshake__timeout=10_000,
        network_tls_server__ca="",
    )


@pytest.fixture
def address(served):
    return served[1]


def connection(address, context=None):
    """A client that keeps its connection, and verifies the board by its address."""
    context = context or client_context()
    client = http.client.HTTPSConnection(address, web.PORT, timeout=peers.WAIT, context=context)
    return contextlib.closing(client)


def works(address):
    with connection(address) as client:
        assert web.command(client, "get wlan.ssid")["response"] == SSID


def failure(console):
    """(code, state) of the handshake that has failed."""
    line = console.log("handshake")
    found = re.fullmatch(r"Error with TLS handshake: (\d+) \(state: (\d+), code: -\d+\)", line)
    assert found, line
    return int(found[1]), int(found[2])


def curl(address, folder, name=BOARD, trusted="one"):
    (folder / "roots.pem").write_bytes(root(trusted))
    command = ["curl", "-sS", "--cacert", str(folder / "roots.pem")]
    command += ["--connect-to", f"{name}:{web.PORT}:{address}:{web.PORT}"]
    url = f"https://{name}:{web.PORT}/command/get%20wlan.ssid"
    return subprocess.run([*command, url], capture_output=True, timeout=peers.WAIT)


NO_CERTIFICATE = 60  # curl's code where it does not believe the server


def test_curl(console, address, tmp_path):
    for name in (BOARD, address):
        done = curl(address, tmp_path, name)
        assert json.loads(done.stdout)["response"] == SSID, done.stderr
    for wrong, words in (
        ({"name": "other.airwire"}, b"subject name"),
        ({"trusted": "two"}, b"certificate"),
    ):
        done = curl(address, tmp_path, **wrong)
        assert done.returncode == NO_CERTIFICATE and words in done.stderr, done.stderr
        assert not done.stdout
    assert failure(console)[0] in (5001, 5018)  # curl looks at the name after the handshake


def test_openssl(address, tmp_path):
    request = b"GET /command/get%%20wlan.ssid HTTP/1.1\r\nHost: %s\r\n" % BOARD.encode()
    request += b"Connection: close\r\n\r\n"
    options = ("-ign_eof",)
    done = openssl((address, web.PORT), request, *options, folder=tmp_path)
    assert done.stdout.startswith(b"HTTP/1.1 200 OK\r\n"), done.stderr
    assert done.stdout.endswith(b'"response":"airwire-wpa2\\r\\n"}')


def test_requests_and_files(console, address, rng):
    """Many on one connection; a long body; a file in more records than a client takes at once."""
    content = rng.randbytes(100_000)
    put(console, "big.bin", content)
    with connection(address) as client:
        for _ in range(5):
            assert web.command(client, "get wlan.ssid")["response"] == SSID
        sock = client.sock
        status, body = web.post(client, {"command": "fcr notes 3000", "data": "x" * 3000})
        assert (status, json.loads(body)["response"]) == (200, "Success\r\n")
        assert web.get(client, "/notes")[2] == b"x" * 3000
        assert "wlan.ssid" in web.command(client, "help all")["response"]  # in chunks
        assert web.get(client, "/big.bin", Range="bytes=70000-70009")[2] == content[70000:70010]
        assert client.sock is sock
    with slow(address) as raw:
        raw.sendall(b"GET /big.bin HTTP/1.1\r\nHost: %s\r\n\r\n" % BOARD.encode() * 2)
        works(address)  # the board waits for the other
        said = b""
        while said.count(content) < 2:
            said += raw.recv(3000)
    for name in ("server.key", "server.pem"):
        with connection(address) as client:
            assert web.get(client, f"/{name}")[0] == 404
    for name in ("big.bin", "notes"):
        console.ok(f"file_delete {name}")


@contextlib.contextmanager
def slow(address):
    """A client with a small window."""
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(peers.WAIT)
        raw.connect((address, web.PORT))
        with client_context().wrap_socket(raw, server_hostname=BOARD) as connection:
            yield connection


def web_socket(address):
    return connect(
        f"wss://{address}:{web.PORT}/stream",
        ssl=client_context(),
        open_timeout=peers.WAIT,
        max_size=None,
    )


def test_web_socket(console, address, rng):
    """One at a time, and requests beside it."""
    blob = rng.randbytes(20_000)
    with web_socket(address) as client:
        console.log("Opened: 0]")
        port = client.socket.getsockname()[1]
        assert console.ok("list").split("\r\n")[1] == (
            f"# 0 WEBS  {address}:{web.PORT} 127.0.0.1:{port}"
        )
        client.send([blob[:10], blob[10:9000], blob[9000:]])  # records of all sizes
        assert taken(console, 0, len(blob)) == blob
        assert client.ping().wait(peers.WAIT)
        for size in (1, 125, 126, 1024):
            console.ok(f"write 0 {size}", blob[:size])
            assert client.recv(timeout=peers.WAIT) == blob[:size]
        console.ok("write 0 9000", blob[:9000])
        got = b""
        while len(got) < 9000:
            got += client.recv(timeout=peers.WAIT)
        assert got == blob[:9000]
        with connection(address) as other:
            assert web.command(other, "poll 0")["response"] == "0\r\n"
            fields = {"Upgrade": "websocket", "Connection": "Upgrade"}
            fields |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "A" * 22 + "=="}
            status, _, body = web.get(other, "/stream", **fields)
            assert (status, body) == (503, b"No free stream\r\n")
        works(address)
        client.send(b"last")
    assert taken(console, 0, 4) == b"last"
    assert console.ok("list") == LIST
    with connection(address) as client:
        client.request("POST", "/stream", blob[:5000])
        console.log("Opened: 0]")
        assert taken(console, 0, 5000) == blob[:5000]
        assert client.getresponse().status == 200
    assert console.ok("list") == LIST


def test_streams_from_before_tls(board, console, address):
    """They take no place from those who come over TLS."""
    board.configure(console, http_server_tls__enabled=0)
    assert console.log("HTTP") == web.LISTENING
    with contextlib.ExitStack() as clients:
        for handle in range(2):
            clients.enter_context(connect(f"ws://{address}:{web.PORT}/stream", proxy=None))
            console.log(f"Opened: {handle}]")
        board.configure(console, http_server_tls__enabled=1)
        assert console.log("HTTP") == web.LISTENING
        works(address)
        with web_socket(address):
            console.log("Opened: 2]")
            works(address)
    console.ok("close all")


def test_more_clients_than_places(console, address):
    """Two are served; the next ones wait until the idle ones have gone, and none is refused."""
    with connection(address) as one, connection(address) as two:
        for client in (one, two):
            assert web.command(client, "get wlan.ssid")["response"] == SSID
        works(address)  # and one or both of the others have gone
    # A command is not ended.
    with connection(address) as long:
        long.request("GET", "/command/mdns_discover")  # takes two seconds
        for _ in range(3):
            works(address)
        assert b"! 0 services" in long.getresponse().read()
    with concurrent.futures.ThreadPoolExecutor(6) as crowd:
        for done in [crowd.submit(works, address) for _ in range(12)]:
            done.result()


def test_clients_that_stall(board, console, address):
    """At each message: others are served meanwhile; then the time is over."""
    board.configure(console, network_tls_handshake__timeout=STALL_MS)
    for records, state in enumerate(STATES):
        stalled, _ = begin((address, web.PORT), records)
        with stalled:
            works(address)
            if records:
                assert failure(console) == (5031, state)
                assert closed(stalled)
        if not records:
            assert failure(console) == (5020, 0)  # when it has gone
    board.configure(console, network_tls_handshake__timeout=60_000)
    with contextlib.ExitStack() as stack:
        for records in (1, 2, 0, 1, 0):
            stack.enter_context(begin_only(address, records))
        works(address)  # who stalls goes when others wait


def begin_only(address, records):
    """A client that stalls, and need not be answered before."""
    raw = socket.create_connection((address, web.PORT), peers.WAIT)
    if records:
        client = tls_peers.Records(client_context())
        raw.sendall(client.flight()[0])
    return raw


def test_who_is_no_client(console, address):
    """Each fails in its way, and another client does not notice."""
    with connection(address) as client:
        for name, (client_of, code, state) in NO_CLIENTS.items():
            client_of((address, web.PORT))
            found = failure(console)
            assert found[0] in code and state in (None, found[1]), (name, found)
        assert web.command(client, "get wlan.ssid")["response"] == SSID


def test_certificates(board, console, address, tmp_path):
    """Those of the server before those of all; each from the next connection on."""
    found = []

    def shown():
        with calling((address, web.PORT)) as client:
            found.append(client.getpeercert(True))
        return found[-1]

    assert shown() == issued(BOARD, address).der
    own = issued(BOARD, address, "own.airwire", kind="rsa", chain=True)
    put(console, "own.pem", own.chain_pem + own.key_pem)
    console.ok("set http.server.tls_cert own.pem")
    assert shown() == own.der
    with connection(address) as client:
        assert web.get(client, "/own.pem")[0] == 404
    assert "own.pem" in console.ok("get network.tls.expiry")
    other = issued(BOARD, address, "dct.airwire")
    for what, data in (("cert", other.pem), ("key", other.key_pem)):
        console.ok(f"cert_load web {what} {len(data)}", data)
    console.ok("set http.server.tls_cert dct:web")
    assert shown() == other.der
    put(console, "one.key", own.key_pem)
    console.ok("set http.server.tls_key one.key")
    attempt((address, web.PORT))
    assert failure(console)[0] in (5001, 5018)  # the client finds that it is another one's
    # Clients, too, where network.tls.server_ca says whom to believe.
    board.configure(console, http_server_tls__cert="", http_server_tls__key="")
    put(console, "clients.pem", root("clients"))
    console.ok("set network.tls.server_ca clients.pem")
    works_with = client_context(own=files(issued("anna", by="clients"), tmp_path))
    with connection(address, works_with) as client:
        assert web.command(client, "get wlan.ssid")["response"] == SSID
    attempt((address, web.PORT))
    assert failure(console)[0] == 5012
    board.configure(console, network_tls_server__ca="", http_server_tls__cert="nothing.pem")
    attempt((address, web.PORT))
    assert console.log("nothing") == "File not found: nothing.pem"


def test_pages_of_others(console, address):
    """The module's own origin is that of https."""
    own = f"https://{address}:{web.PORT}"
    with connection(address) as client:
        for origin, status in (
            (own, 200),
            (own.replace("https", "http"), 403),
            (f"https://{address}", 403),
            ("https://evil.test", 403),
        ):
            for name in ("Origin", "Referer"):
                found = web.get(client, "/command/version", **{name: origin})
                assert found[0] == status, (name, origin)
    console.ok("set http.server.cors_origin https://app.test")
    with connection(address) as client:
        status, fields, _ = web.get(client, "/command/version", Origin="https://app.test")
        assert (status, fields["Access-Control-Allow-Origin"]) == (200, "https://app.test")
        assert web.get(client, "/command/version", Origin=own.replace("https", "http"))[0] == 403


def test_it_follows_its_variables(board, console, address):
    """TLS off and on, by REST itself; the port of https where none was chosen; what is missing."""
    with connection(address) as client:
        assert web.command(client, "set http.server.tls_enabled 0")["code"] == 0
    assert console.log("HTTP") == web.LISTENING
    with web.connection(address) as client:
        origin = f"http://{address}:{web.PORT}"
        assert web.get(client, "/command/version", Origin=origin)[0] == 200
        console.ok('set network.tls.server_cert ""')
        assert web.command(client, "set http.server.tls_enabled 1")["code"] == 0
    words = "HTTP server: No certificate for a server: network.tls.server_cert"
    assert console.log("HTTP") == words
    assert console.log("HTTP") == web.LISTENING
    console.ok("set network.tls.server_cert server.pem")
    works(address)
    console.ok("set http.server.port 80")
    assert console.log("HTTP") == "HTTP server listening on port: 443"
    shift = board.board.status()["port_shift"]
    context = client_context()
    client = http.client.HTTPSConnection(address, 443 + shift, timeout=9, context=context)
    with contextlib.closing(client):
        assert web.command(client, "get http.server.port")["response"] == "80\r\n"
    console.ok(f"set http.server.port {web.PORT}")
    assert console.log("HTTP") == web.LISTENING


def test_nothing_is_left(console, address, counts):
    """Memory and sockets are what they were after handshakes, those that fail among them."""
    times = counts(2, 25)

    def often():
        for _ in range(times):
            works(address)
            attempt((address, web.PORT), client_context("nobody"))
            failure(console)
            for records in range(1, len(STATES)):
                begin((address, web.PORT), records)[0].close()
                failure(console)
            NO_CLIENTS["plain text"][0]((address, web.PORT))
            failure(console)

    assert live.left_by(console, often) <= live.SLACK
    with peers.Peer() as peer:
        for _ in range(8):
            console.ok(f"tcp_client {HOST} {peer.port}")
        console.ok("close all")


def test_the_client(address, tmp_path):
    """airwire.client over https, which verifies."""
    (tmp_path / "root.pem").write_bytes(root())
    (tmp_path / "other.pem").write_bytes(root("two"))
    url = f"https://{address}:{web.PORT}"
    with Module(url, ca_file=tmp_path / "root.pem") as module:
        module.create_file("small", bytes(range(256)) * 8)
        assert module.read_file("small") == bytes(range(256)) * 8
        module.delete_file("small")
    for options in ({}, {"ca_file": tmp_path / "other.pem"}):
        with pytest.raises(PortError, match="certificate"):
            Module(url, **options)
    with pytest.raises(PortError, match="nothing.pem"):
        Module(url, ca_file=tmp_path / "nothing.pem")
