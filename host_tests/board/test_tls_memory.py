"""What TLS takes of the memory: code only while it is used, none where it is not; and a heap, or
the chip's memory for connections, in which it has no room.
"""

import contextlib
import socket
from pathlib import Path

import pytest

from host_tests.board import peers, test_https, web
from host_tests.board.backends import WITH_TLS
from host_tests.board.conftest import LONG_ARCHES
from host_tests.board.scripted import flash_with
from host_tests.board.stream_wire import exactly
from host_tests.board.test_http_stream import taken
from host_tests.board.test_scarce import GIVING
from host_tests.board.test_tcp_server import ended
from host_tests.board.test_tls_server import left, opened, serving, talk
from host_tests.board.tls_peers import HOST, calling, issued, put, root, server_context
from host_tests.board.watched import watched

pytestmark = pytest.mark.needs("wifi")

SCRIPT = Path(__file__).parent / "device" / "modules.py"
# What a handshake needs, and a connection does not.
HANDSHAKE = (
    "firmware.net.tls",
    "firmware.net.tls_watch",
    "firmware.store.identities",
    "wire.pem",
    "wire.tls_errors",
    "wire.x509",
)
# And what a connection needs.
CONNECTION = (
    "firmware.net.tls_socket",
    "firmware.net.tls_stream",
    "firmware.services.tls_guest",
    "firmware.services.tls_server",
)
# Less than a handshake needs.
TOO_LITTLE = 12_000


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return flash_with(SCRIPT.read_bytes(), tmp_path_factory.mktemp("modules"))


@pytest.fixture
def asked(image):
    """A board that can be asked for its modules."""
    with watched(image, LONG_ARCHES[0], whole_heap=True) as board:
        yield board


def modules(console, names):
    loaded = console.ok("modules").split("\r\n")
    return [name for name in names if name in loaded]


def test_code_is_there_while_it_is_used(asked):
    """Nothing of it for a TCP server; of a TLS server what its connections need, while there are
    any; and nothing when it has stopped.
    """
    console, address = serving(asked, line="tcp_server start")
    with socket.create_connection(address, peers.WAIT) as connection:
        handle = opened(console)
        connection.sendall(b"x")
        console.polled(handle, 1)
        assert console.ok(f"read {handle} 1") == "x"
        assert modules(console, ("ssl", "wire.tls_errors", *HANDSHAKE, *CONNECTION)) == []
    console.ok("tcp_server stop")
    console.ok("tls_server start")
    assert modules(console, HANDSHAKE) == []
    for _ in range(2):
        with calling(address) as connection:
            console.ok(f"write {opened(console)} 1", b"x")
            assert exactly(connection, 1) == b"x"
            assert modules(console, HANDSHAKE) == []
            assert modules(console, CONNECTION) == list(CONNECTION)
        left(console)
        assert "firmware.services.tls_guest" not in console.ok("modules")
    console.ok("tls_server stop")
    ours = ("firmware.services.tcp_server", "firmware.services.serving")
    assert modules(console, (*HANDSHAKE, *CONNECTION[2:], *ours)) == []


def test_a_heap_without_room_for_a_handshake(asked, rng):
    """Who calls then is turned away, and who is there already notices nothing."""
    console, address = serving(asked)
    with calling(address) as one:
        handle = opened(console)
        console.ok(f"hog {TOO_LITTLE}")
        with pytest.raises(OSError), calling(address):
            pass
        assert console.log("server") == "TLS server: Out of memory"
        console.ok(f"write {handle} 5", b"still")
        assert exactly(one, 5) == b"still"
        console.ok("unhog")
        talk(console, handle, one, rng)
    left(console)
    with calling(address) as connection:
        talk(console, opened(console), connection, rng)
    for line in GIVING:
        assert console.run(line).code == 0, line


@pytest.fixture
def server(flash_image):
    with watched(flash_image, LONG_ARCHES[0], heap=WITH_TLS) as board:
        yield board


def test_a_web_server(server, rng):
    """Over TLS: two clients, or one beside a stream, and whatever the host asks meanwhile."""
    server.join(server.machine())
    console, address = test_https.started(server)
    lines = (*GIVING[:4], "get http.server.port", "version", "ls")

    def answered():
        for line in lines:
            assert console.run(line).code == 0, line

    with test_https.connection(address) as one, test_https.connection(address) as two:
        for _ in range(2):
            for client in (one, two):
                assert web.command(client, "get http.server.port")["code"] == 0
            answered()
    data = rng.randbytes(3000)
    with test_https.web_socket(address) as client:
        console.log("Opened: 0]")
        for _ in range(2):
            with test_https.connection(address) as other:
                assert web.command(other, "get http.server.port")["code"] == 0
                answered()
                client.send(data)
                assert taken(console, 0, len(data)) == data
                console.ok("write 0 1000", data[:1000])
                assert client.recv(timeout=peers.WAIT) == data[:1000]
    test_https.works(address)


@pytest.mark.whole_heap
def test_no_memory_for_a_further_connection(board, rng, tmp_path):
    """The chip has room for three connections with TLS: the fourth fails with the documented
    lines, and the others go on. What is closed makes room again.
    """
    console, address = serving(board, print_level=3)
    put(console, "roots.pem", root())
    console.ok("set network.tls.ca_cert roots.pem")
    context = server_context(issued(HOST), tmp_path)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((peers.ANY, 0)))
        listener.settimeout(peers.WAIT)
        line = f"tls_client {HOST} {listener.getsockname()[1]}".encode()

        def answered():
            console.send(line + b"\r\n")
            connection, _ = listener.accept()
            stack.callback(connection.close)
            return stack.enter_context(context.wrap_socket(connection, server_side=True))

        ends = {}
        for _ in range(2):
            connection = stack.enter_context(calling(address))
            ends[opened(console)] = connection
        connection = answered()
        ends[int(console.reply().text)] = connection
        console.send(line + b"\r\n")
        fourth, _ = listener.accept()
        reply = console.reply()
        assert (reply.code, reply.text) == (1, b"Command failed")
        told = [text.split(b": ", 1)[-1] if b"[" in text else text for text in reply.logs]
        assert told[-4:-1] == [
            b"Starting TLS",
            b"TLS malloc failed",
            b"Error with TLS handshake: 5035",
        ]
        assert reply.logs[-1].endswith(b"Open failed]")
        assert ended(fourth)
        fourth.close()
        for handle, connection in ends.items():
            talk(console, handle, connection, rng)
        ends.popitem()
        console.ok("close 2")
        connection = answered()
        ends[int(console.reply().text)] = connection
        for handle, connection in ends.items():
            talk(console, handle, connection, rng)
