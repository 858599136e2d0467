"""TLS clients by command against servers of others, openssl and Python's ssl: whom the board
believes, what it says where it does not, and that nothing of a handshake is left.

One board serves the whole file. Each case gives it what it trusts, has it call, and compares.
"""

import contextlib
import queue
import re
import socket
import ssl
import subprocess
import time

import pytest

from host_tests.board import certificates, live, peers, tls_peers
from host_tests.board.backends import Virtual
from host_tests.board.certificates import CLIENT, DAY, NOW, SERVER
from host_tests.board.console import PATIENCE
from host_tests.board.tls_peers import HOST, authority, issued, put
from host_tests.conftest import runnable

pytestmark = pytest.mark.needs("wifi", "air", "uart1")

# Of a peer that says nothing: the shortest that can be set.
SHORT_MS = 1000
# While a handshake waits, a command on the other port is answered within this.
ANSWER_SECONDS = 0.1
# What a loaded machine adds to an answer now and then: one of so many is in time.
TRIES = 20

RECORD = 16_384  # the largest there is
VERIFY_FAILED = -9984  # MBEDTLS_ERR_X509_CERT_VERIFY_FAILED


def error(code: int, state: int, number: int) -> bytes:
    return b"Error with TLS handshake: %d (state: %d, code: %d)" % (code, state, number)


# The server's certificate is refused when it has come, which is state 3.
def refused(code: int) -> bytes:
    return error(code, 3, VERIFY_FAILED)


@pytest.fixture(scope="module")
def board(request, interpreters, flash_image):
    """A board that has joined, its clock set; nothing of it crashes or fails in the file."""
    if request.param == "bench":
        # Justified: whose names and times a server's certificate has is this machine's.
        pytest.skip("the peers of this file are reached by a virtual board's names")
    runnable(request.param, interpreters)
    board = Virtual(flash_image, request.param, whole_heap=True)
    try:
        console = board.machine(4)
        board.join(console)
        board.configure(console, ntp_enabled=0, time_rtc=int(time.time()))
        for name in ("one", "two"):
            put(console, f"{name}.pem", tls_peers.root(name))
        yield board
        panics, log = board.panics(), board.log()
        board.down()
        faults = board.files().get("faults", b"")
    finally:
        board.down()
        board.remove()
    assert not panics, log
    assert not faults, faults.decode()


@pytest.fixture
def console(board):
    """The host's port; what a test sets of network.tls.* is as it was for the next."""
    console = board.uart1
    console.ok("set network.tls.ca_cert one.pem")
    yield console
    console.ok("close all")
    for name in ("client_cert", "client_key", "ciphers"):
        console.ok(f'set network.tls.{name} ""')
    console.ok("set network.tls.verify 1")
    console.ok("set network.tls.handshake_timeout 10000")


class Server:
    """What a peers.Peer serves over TLS: the context, and what became of each connection: a dict
    of what the server knows of its client, or the error.
    """

    def __init__(self, context: ssl.SSLContext, talk=None) -> None:
        self.context = context
        self.outcomes: queue.Queue = queue.Queue()
        self.names: queue.Queue = queue.Queue()
        context.sni_callback = lambda connection, name, _: self.names.put(name)
        self._talk = talk or peers.echo

    def __call__(self, connection: socket.socket, peer: peers.Peer) -> None:
        """Serves as peers' behaviours do. By memory BIOs: where the handshake fails, the other
        side can read why, as the connection stays until it closes it.
        """
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(into, out, server_side=True)
        try:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    connection.sendall(out.read())
                    data = connection.recv(65536)
                    into.write(data) if data else into.write_eof()
        except ssl.SSLError as failed:
            self.outcomes.put(failed.reason)
            connection.sendall(out.read())
            peers.hold(connection, peer)
            return
        self.outcomes.put((tls.version(), tls.cipher()[0], tls.getpeercert()))
        connection.sendall(out.read())
        self._talk(Plain(connection, tls, into, out), peer)


class Plain:
    """What is under TLS, as a behaviour of peers uses a socket."""

    def __init__(self, connection, tls, into, out) -> None:
        self._connection, self._tls, self._in, self._out = connection, tls, into, out

    def recv(self, count: int) -> bytes:
        while True:
            try:
                return self._tls.read(count)
            except ssl.SSLWantReadError:
                data = self._connection.recv(65536)
                if not data:
                    return b""
                self._in.write(data)

    def sendall(self, data: bytes) -> None:
        self._tls.write(data)
        self._connection.sendall(self._out.read())


def call(console, port, host=HOST, ca=""):
    """The reply to tls_client, and its log lines without times."""
    reply = console.run(f"tls_client {host} {port} {ca}".rstrip())
    return reply, [re.sub(rb"^\[[^]]* \| [\d:]+ ?", b"[", line) for line in reply.logs]


def talk(console, handle, data=b"all the same\r\n"):
    """Data go to the peer and come back."""
    assert console.ok(f"write {handle} {len(data)}", data) == "Success"
    got = b""
    while len(got) < len(data):
        console.polled(handle, 1)
        got += console.run(f"read {handle} 4096").text
    assert got == data


def opens(console, port, **options):
    """A call succeeds, and data go both ways; the handle."""
    reply, logs = call(console, port, **options)
    assert reply.code == 0, logs
    talk(console, int(reply.text))
    return int(reply.text)


def fails(console, port, line, **options):
    """A call fails with this line, and the log shows nothing but the steps before it."""
    console.ok("close all")
    reply, logs = call(console, port, **options)
    assert (reply.code, reply.text) == (1, b"Command failed"), logs
    assert logs[-2:] == [line, b"[Open failed]"] and logs[2] == b"Starting TLS"
    assert console.ok("list") == "! # Type  Info"


def context(identity, folder, **options):
    """A server's context with this identity."""
    made = tls_peers.server_context(identity, folder, **options)
    made.options |= ssl.OP_NO_TICKET  # the messages of a handshake are the same each time
    return made


# --- whom it believes


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("chain", [False, True], ids=["", "chain"])
def test_python(console, peer, tmp_path, kind, chain):
    """A server with an EC or RSA key, below the trusted certificate or two below."""
    server = Server(context(issued(HOST, kind=kind, chain=chain), tmp_path))
    peer.serve = server
    reply, logs = call(console, peer.port)
    handle = int(reply.text)
    assert logs == [
        b"[Opening: %s:%d]" % (HOST.encode(), peer.port),
        b"Connecting (tls): %s:%d" % (HOST.encode(), peer.port),
        b"Starting TLS",
        b"[Opened: 0]",
    ]
    talk(console, handle)
    version, suite, _ = server.outcomes.get(timeout=peers.WAIT)
    assert version == "TLSv1.2"  # though the peer knows more
    assert suite.startswith("ECDHE-RSA" if kind == "rsa" else "ECDHE-ECDSA")
    assert server.names.get(timeout=peers.WAIT) == HOST
    listed = console.ok("list").split("\r\n")[1]
    assert re.fullmatch(rf"# {handle} TLSC  {HOST}:{peer.port} \(\d+\)", listed)
    assert console.ok(f"close {handle}") == "Success"


@contextlib.contextmanager
def openssl(identity, folder, *options):
    """`openssl s_server` that sends each line back reversed; its port."""
    certificate, key = tls_peers.files(identity, folder)
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-rev", "-no_ticket"]
    command += ["-cert", str(certificate), "-cert_chain", str(certificate), "-key", str(key)]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    ) as server:
        try:
            port = None
            while not port:
                line = server.stdout.readline()
                assert line, "openssl has ended"
                port = re.match(rb"ACCEPT .*:(\d+)", line)
            yield int(port[1])
        finally:
            server.kill()


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_openssl(console, tmp_path, kind):
    with openssl(issued(HOST, kind=kind, chain=True), tmp_path) as port:
        reply, logs = call(console, port)
        assert reply.code == 0, logs
        console.ok(f"write {reply.text.decode()} 7", b"abcdef\n")
        console.polled(reply.text.decode(), 1)
        assert console.ok(f"read {reply.text.decode()} 100") == "fedcba\n"


def test_an_intermediate_alone_is_trusted(console, peer, tmp_path):
    """What is above it is not needed, here or there."""
    identity = issued(HOST, chain=True)
    below = identity.above[0].public_bytes(certificates.serialization.Encoding.PEM)
    put(console, "below.pem", below)
    peer.serve = Server(context(identity, tmp_path))
    opens(console, peer.port, ca="below.pem")


def test_a_self_signed_certificate_is_its_own_root(console, peer, tmp_path):
    identity = certificates.make(HOST, names=(HOST,), number="own")
    peer.serve = Server(context(identity, tmp_path))
    put(console, "own.der", identity.der)
    console.ok(f"close {opens(console, peer.port, ca='own.der')}")
    fails(console, peer.port, refused(5035))  # and believed by nobody else


def test_a_bundle_of_roots(console, peer, tmp_path):
    put(console, "both.pem", tls_peers.root("two") + tls_peers.root("one"))
    peer.serve = Server(context(issued(HOST), tmp_path))
    opens(console, peer.port, ca="both.pem")


def test_an_address_as_the_name(console, peer, tmp_path):
    peer.serve = Server(context(issued("127.0.0.1"), tmp_path))
    opens(console, peer.port, host="127.0.0.1")


def test_client_certificate(console, peer, tmp_path):
    """A chain as the client's, and the server knows its root alone."""
    own = issued("client.airwire", by="two", chain=True)
    server = Server(context(issued(HOST), tmp_path, clients="two"))
    peer.serve = server
    put(console, "own.pem", own.chain_pem)
    put(console, "own.key", own.key_pem)
    put(console, "own2.pem", own.chain_pem + own.key_pem)
    for certificate, key in (("own.pem", "own.key"), ("own2.pem", '""')):
        console.ok(f"set network.tls.client_cert {certificate}")
        console.ok(f"set network.tls.client_key {key}")
        handle = opens(console, peer.port)
        _, _, seen = server.outcomes.get(timeout=peers.WAIT)
        assert seen["subject"] == ((("commonName", "client.airwire"),),)
        console.ok(f"close {handle}")


def test_verification_is_switched_off_aloud(console, peer, tmp_path):
    peer.serve = Server(context(issued(HOST, by="two"), tmp_path))
    fails(console, peer.port, refused(5035))
    console.ok("set network.tls.verify 0")
    reply, logs = call(console, peer.port)
    assert reply.code == 0
    assert b"The server is not verified (network.tls.verify)" in logs
    talk(console, 0)


# --- whom it does not believe


def leaf(name=HOST, **options):
    return certificates.make(name, authority(), names=(name,), number="leaf", **options)


@pytest.mark.parametrize(
    "make, code",
    [
        (lambda: leaf("other.airwire"), 5037),
        (lambda: leaf(begin=NOW - 9 * DAY, end=NOW - DAY), 5036),
        (lambda: leaf(begin=NOW + DAY), 5036),
        (lambda: issued(HOST, by="two"), 5035),
        (lambda: leaf("other.airwire", begin=NOW - 9 * DAY, end=NOW - DAY), 5036),
    ],
    ids=["name", "expired", "future", "authority", "name and expired"],
)
def test_refused_certificates(console, peer, tmp_path, make, code):
    server = Server(context(make(), tmp_path))
    peer.serve = server
    fails(console, peer.port, refused(code))
    # The server is told why, by an alert.
    assert server.outcomes.get(timeout=peers.WAIT) != "UNEXPECTED_EOF_WHILE_READING"


def test_the_use_of_a_certificate(console, peer, tmp_path):
    peer.serve = Server(context(leaf(usage=(CLIENT,)), tmp_path))
    fails(console, peer.port, error(5019, 3, -31232))
    peer.serve = Server(context(leaf(usage=(SERVER,)), tmp_path))
    opens(console, peer.port)


def test_without_roots(console, peer, tmp_path):
    peer.serve = Server(context(issued(HOST), tmp_path))
    console.ok('set network.tls.ca_cert ""')
    fails(console, peer.port, error(5016, 3, -30336))
    fails(console, peer.port, b"File not found: nowhere.pem", ca="nowhere.pem")
    put(console, "nothing.der", b"\x30\x03abc")
    fails(console, peer.port, error(5033, 0, -10240), ca="nothing.der")


def test_no_client_certificate(console, peer, tmp_path):
    """The server asks for one; or the client has one that the server does not believe."""
    server = Server(context(issued(HOST), tmp_path, clients="two"))
    peer.serve = server
    alert = error(5018, 11, -30592)
    fails(console, peer.port, alert)
    assert server.outcomes.get(timeout=peers.WAIT) == "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    own = issued("client.airwire")
    put(console, "own.pem", own.chain_pem + own.key_pem)
    console.ok("set network.tls.client_cert own.pem")
    fails(console, peer.port, alert)
    assert server.outcomes.get(timeout=peers.WAIT) == "CERTIFICATE_VERIFY_FAILED"


def test_a_key_of_another_certificate(console, peer, tmp_path):
    server = Server(context(issued(HOST), tmp_path, clients="two"))
    peer.serve = server
    put(console, "own.pem", issued("client.airwire", by="two").chain_pem)
    put(console, "other.key", issued(HOST, by="two").key_pem)
    console.ok("set network.tls.client_cert own.pem")
    console.ok("set network.tls.client_key other.key")
    reply, logs = call(console, peer.port)
    assert reply.code == 1 and logs[-2].startswith(b"Error with TLS handshake: 50"), logs


@pytest.mark.parametrize("suites", ["DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_no_shared_suite(console, peer, tmp_path, suites):
    made = context(issued(HOST), tmp_path)
    made.set_ciphers(suites)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    peer.serve = Server(made)
    fails(console, peer.port, error(5018, 1, -30592))


def test_another_version(console, peer, tmp_path):
    made = context(issued(HOST), tmp_path)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    peer.serve = Server(made)
    fails(console, peer.port, error(5018, 1, -30592))


def test_chosen_suites(console, peer, tmp_path):
    server = Server(context(issued(HOST), tmp_path))
    peer.serve = server
    names = "TLS-RSA-WITH-AES-128-CBC-SHA, TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256"
    console.ok(f'set network.tls.ciphers "{names}"')
    opens(console, peer.port)
    assert server.outcomes.get(timeout=peers.WAIT)[1] == "ECDHE-ECDSA-AES128-GCM-SHA256"
    console.ok("set network.tls.ciphers TLS-NULL-WITH-NONSENSE")
    fails(console, peer.port, error(5009, 0, -24192))


# --- peers that are none


def test_plain_text(console, peer):
    peer.serve = peers.say(b"220 mail.example ESMTP\r\n")
    fails(console, peer.port, error(5007, 1, -29184))


def test_closes_at_once(console, peer):
    peer.serve = peers.say(b"")
    fails(console, peer.port, error(5020, 1, -29312))


def test_resets(console, peer):
    peer.serve = peers.reset
    fails(console, peer.port, error(5001, 1, -104))


def records(data: bytes) -> list[bytes]:
    """TLS records, of which the last may lack something."""
    found = []
    while data:
        size = 5 + int.from_bytes(data[3:5], "big")
        found.append(data[:size])
        data = data[size:]
    return found


class Middle:
    """Serves as Server does; what it sends passes through `change(records) -> pieces`, of which
    each is a segment, and after `most` records it is silent, or closes.
    """

    def __init__(self, context, change=None, most=None, close=False) -> None:
        self._server = Server(context)
        self._change = change or (lambda found: found)
        self._left = most
        self._close = close

    def __call__(self, connection, peer):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        with contextlib.suppress(Cut):
            self._server(self, peer)
            return
        if not self._close:
            peers.hold(connection, peer)
        connection.shutdown(socket.SHUT_WR)
        peers.hold(connection, peer)

    def recv(self, count):
        return self._connection.recv(count)

    def sendall(self, data):
        if self._left is None:
            for piece in self._change(records(data)):
                self._connection.sendall(piece)
            return
        found = records(data)
        self._connection.sendall(b"".join(found[: self._left]))
        if len(found) > self._left:
            raise Cut
        self._left -= len(found)


class Cut(Exception):
    """No more of the server's records are let through."""


# The last message seen, by how many records of the server have come: after its four the client
# sends all of its own up to its Finished (11).
AFTER = (1, 2, 3, 4, 11, 12)


@pytest.mark.parametrize("count", range(len(AFTER)))
def test_closes_at_each_message(console, peer, tmp_path, count):
    made = context(issued(HOST), tmp_path)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    peer.serve = Middle(made, most=count, close=True)
    fails(console, peer.port, error(5020, AFTER[count], -29312))


@pytest.mark.parametrize("count", range(len(AFTER)))
def test_stalls_at_each_message(board, console, peer, tmp_path, count):
    """Meanwhile the other port answers as ever; the time is over in time."""
    made = context(issued(HOST), tmp_path)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    peer.serve = Middle(made, most=count)
    console.ok(f"set network.tls.handshake_timeout {SHORT_MS}")
    other = board.uart0.machine()
    begun = time.monotonic()
    console.send(f"tls_client {HOST} {peer.port}\r\n".encode())
    console.log("Starting TLS")
    shortest = PATIENCE
    for _ in range(TRIES):
        asked = time.monotonic()
        other.ok("get network.ip")
        shortest = min(shortest, time.monotonic() - asked)
    assert shortest < ANSWER_SECONDS
    reply = console.reply()
    assert SHORT_MS / 1000 < time.monotonic() - begun < SHORT_MS / 1000 + 2
    assert reply.code == 1
    assert reply.logs[0] == error(5031, AFTER[count], -26624)


def split(found):
    """Each record of the handshake as many of 50 bytes."""
    for record in found:
        if record[0] != 22 or len(record) < 60:
            yield record
            continue
        body = record[5:]
        for at in range(0, len(body), 50):
            piece = body[at : at + 50]
            yield record[:3] + len(piece).to_bytes(2, "big") + piece


def joined(found):
    """The messages of the handshake in one record."""
    first = [r for r in found if r[0] == 22]
    body = b"".join(r[5:] for r in first)
    if len(first) < 2 or first != found:
        return found
    return [first[0][:3] + len(body).to_bytes(2, "big") + body]


def dripped(found):
    data = b"".join(found)
    return [data[i : i + 1] for i in range(len(data))]


@pytest.mark.parametrize("change", [split, joined, dripped], ids=lambda f: f.__name__)
def test_fragments(console, peer, tmp_path, change):
    made = context(issued(HOST, chain=True), tmp_path)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    peer.serve = Middle(made, change)
    opens(console, peer.port)


# --- data


def test_large_records(console, peer, tmp_path, rng):
    """Records of 16 KB are read in pieces: what TLS has of one is seen though the socket is
    silent.
    """
    data = rng.randbytes(RECORD)

    def serve(connection, peer):
        connection.recv(1)
        connection.sendall(data)
        peers.hold(connection, peer)

    peer.serve = Server(context(issued(HOST), tmp_path), serve)
    reply, logs = call(console, peer.port)
    assert reply.code == 0, logs
    assert console.ok("poll 0") == "0"
    console.ok("write 0 1", b"x")
    got = b""
    for size in (1, 500, 512, 513, 1460, 4096, 4096, 4096, 4096):
        if len(got) < RECORD:
            console.polled(0, 1)
            got += console.run(f"read 0 {size}").text
    while len(got) < RECORD:
        console.polled(0, 1)
        got += console.run("read 0 1000").text
    assert got == data
    assert console.ok("poll 0") == "0"


def test_the_end(console, peer, tmp_path):
    """With a good-bye and without one: what was sent before it is read first."""
    for farewell in (True, False):

        def serve(connection, peer, farewell=farewell):
            connection.sendall(b"last words")
            if farewell:
                with contextlib.suppress(ssl.SSLError):
                    connection._tls.unwrap()
                connection._connection.sendall(connection._out.read())

        peer.serve = Server(context(issued(HOST), tmp_path), serve)
        reply, logs = call(console, peer.port)
        assert reply.code == 0, logs
        console.polled(0, 1)
        assert console.ok("read 0 100") == "last words"
        console.polled("all", "")  # it has closed by itself


# --- nothing is left


def no_root(console, peer, tmp_path):
    peer.serve = Server(context(issued(HOST, by="two"), tmp_path))
    return lambda: fails(console, peer.port, refused(5035))


def plain_text(console, peer, tmp_path):
    peer.serve = peers.say(b"220 mail.example ESMTP\r\n")
    return lambda: fails(console, peer.port, error(5007, 1, -29184))


def alert(console, peer, tmp_path):
    peer.serve = Server(context(issued(HOST), tmp_path, clients="two"))
    return lambda: fails(console, peer.port, error(5018, 11, -30592))


def close(console, peer, tmp_path):
    peer.serve = peers.say(b"")
    return lambda: fails(console, peer.port, error(5020, 1, -29312))


def missing(console, peer, tmp_path):
    peer.serve = peers.say(b"")
    return lambda: fails(console, peer.port, b"File not found: no.pem", ca="no.pem")


def good(console, peer, tmp_path):
    peer.serve = Server(context(issued(HOST), tmp_path))

    def use():
        opens(console, peer.port)
        console.ok("close 0")

    return use


def test_nothing_is_left(console, peer, tmp_path, counts):
    """Ten sockets, 95 KB for TLS, the heap: many handshakes, and all is as before."""

    def each():
        for _ in range(counts(2, 200 // live.ROUNDS)):
            for kind in (good, no_root, plain_text, alert, close, missing):
                kind(console, peer, tmp_path)()

    assert live.left_by(console, each) <= live.SLACK
