"""Certificates that a test makes, and TLS peers of the board that we did not write: Python's ssl
and openssl, and one whose records the test sends by itself.

The board's name in its certificates is BOARD, that of this machine `host.airwire`, the name by
which virtual boards reach it.
"""

import contextlib
import functools
import select
import socket
import ssl
import subprocess
import time

from host_tests.board import certificates, peers

BOARD = "board.airwire"
HOST = "host.airwire"


@functools.cache
def authority(name: str = "one") -> certificates.Identity:
    """A certificate authority; another one for each name."""
    return certificates.make(f"Authority {name}", ca=True, number=f"authority {name}")


@functools.cache
def issued(
    *names: str, by: str = "one", kind: str = "ec", chain: bool = False
) -> certificates.Identity:
    """The identity of these names, by an authority or, as a chain, by one below it."""
    issuer = authority(by)
    if chain:
        issuer = certificates.make(f"Below {by}", issuer, ca=True, number=f"below {by}")
    return certificates.make(names[0], issuer, kind=kind, names=names, number=f"leaf {names}")


def root(name: str = "one") -> bytes:
    """PEM of an authority's own certificate."""
    return authority(name).pem


def files(identity: certificates.Identity, folder, name: str = "own"):
    """(certificate, key) of an identity as files, for programs and for Python."""
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    for path, data in zip(paths, (identity.chain_pem, identity.key_pem), strict=True):
        path.write_bytes(data)
    return paths


def put(console, name: str, data: bytes) -> None:
    """Make a file on the board."""
    console.run(f"file_delete {name}")
    console.ok(f"file_create {name} {len(data)}", data)


def equip(console, identity: certificates.Identity, name: str = "server") -> None:
    """Give the board an identity as files, which its servers have from now on."""
    put(console, f"{name}.pem", identity.chain_pem)
    put(console, f"{name}.key", identity.key_pem)
    console.ok(f"set network.tls.server_cert {name}.pem")
    console.ok(f"set network.tls.server_key {name}.key")


def client_context(trusted: str = "one", own=None) -> ssl.SSLContext:
    """For a client that verifies the board; `own`: (certificate, key), files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=root(trusted).decode())
    if own:
        context.load_cert_chain(*own)
    return context


def server_context(identity: certificates.Identity, folder, clients: str = "") -> ssl.SSLContext:
    """For a server; `clients` is the authority by which its clients must have a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files(identity, folder, "far"))
    if clients:
        context.load_verify_locations(cadata=root(clients).decode())
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextlib.contextmanager
def calling(address, context=None, name=BOARD):
    """A TLS connection to a server of the board; the handshake is done."""
    context = context or client_context()
    with (
        socket.create_connection(address, peers.WAIT) as raw,
        context.wrap_socket(raw, server_hostname=name) as connection,
    ):
        yield connection


def openssl(address, sent: bytes, *options: str, folder) -> subprocess.CompletedProcess:
    """`openssl s_client`, verifying, which sends this and prints what it gets."""
    (folder / "root.pem").write_bytes(root())
    command = ["openssl", "s_client", "-connect", "{}:{}".format(*address), "-tls1_2"]
    command += ["-quiet", "-no_ign_eof"]
    command += ["-CAfile", str(folder / "root.pem"), "-verify_return_error"]
    command += ["-servername", BOARD, "-verify_hostname", BOARD, *options]
    return subprocess.run(command, input=sent, capture_output=True, timeout=peers.WAIT)


class Records:
    """A TLS client whose records the test sends: `flight()` gives the next ones of this side,
    `take()` has it read what the other side has sent.
    """

    def __init__(self, context: ssl.SSLContext, name: str = BOARD) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=name)
        self.done = False

    def flight(self) -> list[bytes]:
        """The records that are next, one by one."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
            self.done = True
        data = self._out.read()
        records = []
        while data:
            size = 5 + int.from_bytes(data[3:5], "big")
            records.append(data[:size])
            data = data[size:]
        return records

    def take(self, connection: socket.socket) -> None:
        data = connection.recv(65536)
        assert data, "the board has closed"
        self._in.write(data)


def exchange(connection: ssl.SSLSocket, data: bytes, size: int, seconds: float) -> bytes:
    """Send data, and meanwhile receive so many bytes. (No two threads may use one SSLSocket.)"""
    connection.setblocking(False)
    end = time.monotonic() + seconds
    sent, got = 0, b""
    while sent < len(data) or len(got) < size:
        assert time.monotonic() < end, f"{sent} bytes sent, {len(got)} received"
        reads, writes = [connection], []
        with contextlib.suppress(ssl.SSLWantReadError):
            if len(got) < size:
                piece = connection.recv(size - len(got))
                assert piece, f"the end came after {len(got)} bytes"
                got += piece
                continue
        if sent < len(data):
            try:
                sent += connection.send(data[sent : sent + 4096])
                continue
            except ssl.SSLWantWriteError:
                writes = [connection]
        select.select(reads, writes, [], 1)
    connection.setblocking(True)
    connection.settimeout(peers.WAIT)
    return got
