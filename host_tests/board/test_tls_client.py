"""TLS clients by command against servers of others, openssl and Python's ssl: whom the board
believes, what it says where it does not, and that nothing of a handshake is left.

One board serves the whole file. Each case gives it what it trusts, has it call, and compares.
"""

import contextlib
import re
import ssl
import subprocess

import pytest

from host_tests.board import certificates, peers, tls_peers
from host_tests.board.certificates import CLIENT, DAY, NOW, SERVER
from host_tests.board.tls_peers import HOST, authority, issued, put
from host_tests.board.tls_servers import (
    Server,
    call,
    context,
    error,
    fails,
    opens,
    refused,
    restored,
    talk,
    trusting,
)

pytestmark = [pytest.mark.needs("wifi", "air", "uart1"), pytest.mark.sampled(14)]


@pytest.fixture(scope="module")
def board(request, interpreters, flash_image):
    yield from trusting(request, interpreters, flash_image)


@pytest.fixture
def console(board):
    yield from restored(board)


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
    for ref, line in (
        ("nowhere.pem", b"File not found: nowhere.pem"),
        ("dct:nobody", b"No certificate in the DCT: nobody"),
    ):  # before anything is connected
        reply, logs = call(console, peer.port, ca=ref)
        assert (reply.code, logs[1:]) == (1, [line, b"[Open failed]"]), logs
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
    for name in (b"TLS-NULL-WITH-NONSENSE", b"\xff\xfe"):
        console.ok(b"set network.tls.ciphers " + name)
        fails(console, peer.port, error(5009, 0, -24192))


def test_the_list_of_suites(console):
    lines = console.ok("tls_ciphers").split("\r\n")
    assert lines[0] == "! # Exchange    Encryption   Hash   Name"
    assert (
        "#  0 ECDHE-ECDSA AES-256-GCM  SHA384 TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384" in lines[1]
    )
    for i, line in enumerate(lines[1:]):
        number, exchange, encryption, hashed, name = line[1:].split()
        assert int(number) == i
        assert name.startswith(f"TLS-{exchange}-WITH-{encryption}")
        assert hashed in ("SHA", "SHA256", "SHA384")
        assert "TLS1-3" not in name
        console.ok(f"set network.tls.ciphers {name}")
