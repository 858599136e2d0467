"""The places that variables of TLS can name, in handshakes; and what the log says of certificates
that end.
"""

import datetime
import time

import pytest
from cryptography.hazmat.primitives import serialization

from airwire.image import build
from host_tests.board import certificates, peers, tls_peers
from host_tests.board.console import PATIENCE
from host_tests.board.test_certificates import END, STAMP, crlf, identity, load
from host_tests.board.tls_peers import put
from host_tests.board.watched import watched

DAY = 86_400


@pytest.fixture(scope="module")
def root():
    return identity("Some CA", ca=True)


@pytest.fixture(scope="module")
def leaf(root):
    return identity("me", identity("Between", root, ca=True))


def test_the_variables(board):
    console = board.machine()
    for name in ("ca_cert", "client_cert", "client_key", "server_cert", "server_key", "server_ca"):
        name = f"network.tls.{name}"
        assert console.ok(f"get {name}") == ""
        for value in (
            *("dct:me", "dct:~!", f"dct:{'x' * 32}", "py:certs.ME", "py:a.b_1._C", "certs.pem"),
            *("web/ca.pem", "x" * 64, "py", "dct"),
        ):
            console.ok(f"set {name} {value}")
            assert console.ok(f"get {name}") == value
        for value in (
            *("dct:", f"dct:{'x' * 33}", '"dct:a b"', "dct:\\x80", "py:", "py:certs", "py:.a"),
            *("py:a.", "py:a..b", "py:1a.b", "py:a-b.c", f"py:a.{'x' * 130}", "x" * 65, "a\\nb"),
            *("a\\x7f", "\\xff"),
        ):
            reply = console.run(f"set {name} {value}")
            assert (reply.code, reply.text) == (7, b"Invalid argument"), value
        assert console.ok(f"get {name}") == "dct"
        console.ok(f'set {name} ""')
    for name, default, good, bad in (
        ("verify", "1", "0", "2"),
        ("handshake_timeout", "10000", "60000", "999"),
        ("version", "12", "12", "13"),
        ("ciphers", "", "TLS-A,TLS-B", "x" * 401),
    ):
        assert console.ok(f"get network.tls.{name}") == default
        console.ok(f"set network.tls.{name} {good}")
        assert console.ok(f"get network.tls.{name}") == good
        assert console.run(f"set network.tls.{name} {bad}").code == 7
    assert console.run("set network.tls.expiry 1").text == b"Read only"
    assert "tls.expiry" not in console.ok("get network")
    assert "network.tls.verify: 0" in console.ok("get network.tls")
    assert console.ok("get ne t x") == "!  # Expiry               Certificate"


def test_expiry(board, root, leaf):
    console = board.machine(print_level=2)
    console.ok(f"cert_load web cert {len(leaf.der)}", leaf.der)
    console.ok(f"cert_load web key {len(leaf.key_der)}", leaf.key_der)
    put(console, "root.pem", root.pem)
    put(console, "unused.pem", root.pem)
    console.ok("set network.tls.ca_cert root.pem")
    assert console.ok("get network.tls.expiry").split("\r\n") == [
        "!  # Expiry               Certificate",
        f"#  0 {STAMP} dct:web (me)",
        f"#  1 {STAMP} root.pem (Some CA)",
    ]
    end = int(END.timestamp())
    both = ("dct:web (me)", "root.pem (Some CA)")
    for seconds, words in (
        (end - 31 * DAY, None),
        (end - 30 * DAY + 10, b"Certificate expires in 29 days: %s"),
        (end - 30 * DAY + 20, None),  # once a day
        (end - DAY - 1, b"Certificate expires in 1 day: %s"),
        (end - 1, b"Certificate expires in 0 days: %s"),
        (end + DAY, b"Certificate has expired: %s"),
        (end + DAY + 9, None),
    ):
        reply = console.run(f"set time.rtc {seconds}")
        expected = [words % ref.encode() for ref in both] if words else []
        assert (reply.code, reply.logs) == (0, expected), seconds
    # One that is new is looked at again.
    console.ok(f"set time.rtc {end - 5 * DAY}")
    console.logs.clear()
    assert console.run(f"set time.rtc {end - 5 * DAY}").logs == []


@pytest.fixture
def equipped(tmp_path):
    """A board whose image has resources: a module of certificates, and a file."""
    own = tls_peers.issued(tls_peers.BOARD, "127.0.0.1")
    (tmp_path / "certs.py").write_text(
        f"OWN_DER = {own.der!r}\nOWN_PEM = {own.pem.decode()!r}\n"
        f"KEY_DER = {own.key_der!r}\nKEY_PEM = {own.key_pem!r}\nNUMBER = 5\n"
        f"ROOT = {tls_peers.authority().der!r}\n"
    )
    (tmp_path / "broken.py").write_text("this is no Python\n")
    (tmp_path / "shipped.pem").write_bytes(own.chain_pem + own.key_pem)
    path = tmp_path / "flash.bin"
    names = ("certs.py", "broken.py", "shipped.pem")
    path.write_bytes(build.build_image(resource_files=[tmp_path / name for name in names]))
    with watched(path, "i386", whole_heap=True) as board:
        yield board, own


_LEFT = b"""
import sys, firmware.store as s
print([m for m in sys.modules if m in (
 'certs', 'wire.pem', 'wire.x509', 'wire.dct', 'firmware.store.dct', 'firmware.store.expiry',
 'firmware.store.identities', 'firmware.store.identity_rows', 'firmware.store.identity_check')])
"""


def test_each_method_in_a_handshake(equipped):
    """And the next handshake has what is set, or replaced, in the meantime; nothing is left."""
    board, own = equipped
    console = board.machine(print_level=2)
    board.join(console)
    console.ok(f"set time.rtc {int(certificates.NOW.timestamp())}")
    put(console, "own.pem", crlf(own.pem))
    put(console, "own.der", own.der)
    put(console, "key.pem", crlf(own.key_pem))
    put(console, "key.der", own.key_der)
    put(console, "all.pem", own.key_pem + own.chain_pem)
    console.ok("cert_load me cert -f all.pem")
    address = (console.ok("get network.ip"), 3000)
    console.ok("set network.tls.server_cert dct:me")
    console.ok("tls_server start")

    def served():
        with tls_peers.calling(address) as connection:
            return connection.getpeercert(True)

    for certificate, key in (
        ("dct:me", ""),
        ("own.pem", "key.pem"),
        ("own.der", "key.der"),
        ("all.pem", ""),
        ("shipped.pem", ""),
        ("py:certs.OWN_DER", "py:certs.KEY_DER"),
        ("py:certs.OWN_PEM", "py:certs.KEY_PEM"),
        ("dct:me", "py:certs.KEY_PEM"),
    ):
        console.ok(f"set network.tls.server_cert {certificate}")
        console.ok(f'set network.tls.server_key "{key}"')
        assert served() == own.der, (certificate, key)
    console.ok("set network.tls.server_cert dct:me")
    console.ok('set network.tls.server_key ""')
    new = tls_peers.issued(tls_peers.BOARD, chain=True)
    reply = load(console, "me", "cert", new.chain_pem + new.key_pem)
    assert reply.code == 0, reply
    assert served() == new.der
    console.run("cert_list")
    console.run("get network.tls.expiry")
    console.ok("tls_server stop")
    for ref, text in (
        ("dct:nobody", "No certificate in the DCT: nobody"),
        ("nothing.pem", "File not found: nothing.pem"),
        ("py:certs.MISSING", "Not found: py:certs.MISSING"),
        ("py:certs.NUMBER", "Not found: py:certs.NUMBER"),
        ("py:missing.OWN", "Not found: py:missing.OWN"),
        ("py:broken.OWN", "Not found: py:broken.OWN"),
        ("key.pem", "In key.pem: no certificate"),
    ):
        console.ok(f"set network.tls.server_cert {ref}")
        reply = console.run("tls_server start")
        assert (reply.code, reply.text.decode()) == (1, text)
    console.ok("set network.tls.server_cert own.pem")
    reply = console.run("tls_server start")
    assert (reply.code, reply.text) == (1, b"In own.pem: no private key")
    usb = board.uart0
    usb.send(b"\x03")
    usb.until(b">>> ")
    usb.send(_LEFT.strip().replace(b"\n p", b" p").replace(b"\n", b"\r\n") + b"\r\n\r\n")
    usb.until(b"])\r\n")
    assert b"[]\r\n" in usb.until(b">>> ")


def test_each_method_for_roots(equipped, peer, tmp_path):
    """Bundles too, of which the second one is it."""
    board, _ = equipped
    context = tls_peers.server_context(tls_peers.issued(tls_peers.HOST, chain=True), tmp_path)

    def serve(connection, peer):
        with context.wrap_socket(connection, server_side=True) as tls:
            peers.echo(tls, peer)

    peer.serve = serve
    console = board.machine(print_level=2)
    board.join(console)
    console.ok(f"set time.rtc {int(certificates.NOW.timestamp())}")
    pair = tls_peers.authority("two"), tls_peers.authority()
    between = tls_peers.issued(tls_peers.HOST, chain=True).above[0]
    pem = b"".join(b"# one\n" + one.pem for one in pair)
    put(console, "bundle.pem", crlf(pem))
    put(console, "bundle.der", b"".join(one.der for one in pair))
    put(console, "between.pem", between.public_bytes(serialization.Encoding.PEM))
    put(console, "bad.pem", pem.replace(b"MII", b"M!I", 2)[:-40])
    console.ok("cert_load ca ca -f bundle.pem")
    console.ok("cert_load alone cert -f between.pem")
    for ref in (
        *("dct:ca", "dct:alone", "bundle.pem", "bundle.der", "between.pem", "py:certs.ROOT"),
    ):
        console.ok(f"set network.tls.ca_cert {ref}")
        reply = console.run(f"tls_client {tls_peers.HOST} {peer.port}")
        assert reply.code == 0, (ref, reply)
        console.ok(f"stream_close {reply.text.decode()}")
    for ref, text in (
        ("dct:nobody", b"No certificate in the DCT: nobody"),
        ("bad.pem", b"In bad.pem: bad base64"),
        ("shipped", b"File not found: shipped"),
    ):
        reply = console.run(f"tls_client {tls_peers.HOST} {peer.port} {ref}")
        assert reply.code == 1 and text in reply.logs, (ref, reply)


@pytest.mark.whole_heap
def test_a_warning_when_it_is_used(board):
    soon = certificates.NOW + datetime.timedelta(days=4, hours=1)
    own = certificates.make("soon", names=(tls_peers.BOARD,), end=soon)
    console = board.machine(print_level=2)
    board.join(console)
    console.ok(f"set time.rtc {int(certificates.NOW.timestamp())}")
    tls_peers.equip(console, own)
    console.ok("tls_server start")
    console.logs.clear()
    context = tls_peers.client_context()
    context.load_verify_locations(cadata=own.pem.decode())
    address = (console.ok("get network.ip"), 3000)
    logs = []
    for _ in range(2):
        with tls_peers.calling(address, context):
            pass
        end = time.monotonic() + PATIENCE
        while not any(b"Closed" in line for line in logs):
            assert time.monotonic() < end, logs
            logs += console.run("list").logs
        logs = [line for line in logs if b"Closed" not in line]
    assert logs.count(b"Certificate expires in 4 days: server.pem (soon)") == 1
