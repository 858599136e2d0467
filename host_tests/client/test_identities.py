"""The methods of a module for TLS: certificates and keys, connections, and a server."""

import contextlib
import socket
import ssl
import threading
import time

import pytest

from airwire.client import CommandFailed, Module
from host_tests.board.tls_peers import (
    BOARD,
    HOST,
    authority,
    calling,
    client_context,
    issued,
    root,
    server_context,
)
from host_tests.client.conftest import PATIENCE

HEAP = "208K"  # the chip's, and what the virtual board's own modules take


@pytest.fixture(autouse=True)
def started(board):
    """Each test has all of the module's memory."""
    with Module("board:client/uart1") as module:
        module.reboot()


@pytest.fixture
def equipped(joined):
    """A module in the network that knows the time, with the identity `web`."""
    module = joined
    identity = issued(BOARD)
    module.set("time.rtc", int(time.time()))
    module.load_identity("web", "ca", root())
    module.load_identity("web", "cert", identity.chain_pem)
    module.load_identity("web", "key", identity.key_der)
    module.set("network.tls.server_cert", "dct:web")
    module.set("network.tls.ca_cert", "dct:web")
    return module


def test_identities(equipped):
    module = equipped
    identity = issued(BOARD)
    rows = {row.kind: row for row in module.certificates() if row.reference == "dct:web"}
    assert set(rows) == {"cert", "key", "ca"}
    assert rows["cert"].place == "dct" and rows["key"].expires is None
    assert rows["cert"].expires == identity.certificate.not_valid_after_utc.replace(microsecond=0)
    assert rows["ca"].expires == authority().certificate.not_valid_after_utc
    module.create_file("own.pem", identity.chain_pem + identity.key_pem)
    module.load_identity("other", "cert", file="own.pem")
    with pytest.raises(CommandFailed):
        module.load_identity("other", "key", issued("somebody.else").key_der)
    with pytest.raises(CommandFailed):
        module.load_identity("other", "cert", b"no certificate")
    module.delete_identity("other")
    with pytest.raises(CommandFailed):
        module.delete_identity("other")
    module.delete_identity("web", "key")
    rows = [row.kind for row in module.certificates() if row.reference == "dct:web"]
    assert sorted(rows) == ["ca", "cert"]
    for wrong in ({}, {"data": b"x", "file": "y"}, {"data": b""}, {"data": b"x" * 16_385}):
        with pytest.raises(ValueError):
            module.load_identity("web", "cert", **wrong)


def test_a_client(equipped, listener, tmp_path):
    context = server_context(issued(HOST), tmp_path)
    port = listener.getsockname()[1]

    peers = []

    def answer():
        connection, _ = listener.accept()
        with contextlib.suppress(ssl.SSLError):
            peers.append(context.wrap_socket(connection, server_side=True))

    def opened(**options):
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            return equipped.tls_client(HOST, port, read_timeout=PATIENCE, **options)
        finally:
            thread.join()

    with opened() as stream, peers.pop() as peer:
        peer.sendall(b"question\n")
        assert stream.readline() == b"question\n"
        stream.write(b"answer")
        assert peer.recv(100) == b"answer"
    equipped.create_file("other.pem", root("nobody"))
    with pytest.raises(CommandFailed):
        opened(ca_cert="other.pem")


def test_a_server(equipped):
    module = equipped
    address = module.get("network.ip")
    with module.tls_server(4443) as server, calling((address, 4443), client_context()) as peer:
        stream = server.accept(PATIENCE, read_timeout=PATIENCE)
        assert module.streams()[0].type == "TLSS"
        peer.sendall(b"question\n")
        assert stream.readline() == b"question\n"
        stream.write(b"answer")
        assert peer.recv(100) == b"answer"
        with pytest.raises(CommandFailed, match="running on port 4443"):
            module.tls_server()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, 4443), PATIENCE)
    module.set("network.tls.server_cert", "dct:nothing")
    with pytest.raises(CommandFailed, match="No certificate in the DCT: nothing"):
        module.tls_server()
