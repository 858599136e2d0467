"""Certificates and keys on the device: into the DCT and out of it by command, the three places
that a variable can name, and what the log says of those that end.
"""

import datetime
import re
import time

import pytest
from cryptography.hazmat.primitives import serialization

from airwire.image import layout
from airwire.wire import dct
from host_tests.board import certificates
from host_tests.board.console import PATIENCE
from host_tests.board.tls_peers import put

HEAD = "!  # Kind  Where     Expiry                Reference  Subject"
END = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
BEGIN = datetime.datetime(2029, 12, 1, tzinfo=datetime.UTC)
NOW, DAYS = certificates.NOW, certificates.DAY
STAMP = "2030-01-02T03:04:05Z"
DAY = 86_400
DATA_TIMEOUT = 11  # seconds, and one more
CHAIN_ORDER = b"The chain is not in order"
MISMATCH = b"The key does not match the certificate"


def identity(name, issuer=None, **made):
    made = {"end": END, "number": name, **made}
    return certificates.make(name, issuer, **made)


@pytest.fixture(scope="module")
def root():
    return identity("Some CA", ca=True)


@pytest.fixture(scope="module")
def leaf(root):
    return identity("me", identity("Between", root, ca=True))


def load(console, name, kind, data):
    return console.run(f"cert_load {name} {kind} {len(data)}", data)


def rows(console):
    """cert_list without its head, spaces made one."""
    lines = console.ok("cert_list").split("\r\n")
    assert lines[0] == HEAD
    return [re.sub(" +", " ", line) for line in lines[1:]]


def crlf(data):
    return data.replace(b"\n", b"\r\n")


def stored(board):
    """(name, kind) -> data of the identities in the flash."""
    flash = board.board.flash.read_bytes()[layout.DCT.offset :]
    copies = []
    for start in (0, dct.COPY):
        try:
            copies.append(dct.decode(flash[start : start + dct.COPY]))
        except dct.DctError:
            continue
    copies.sort(key=lambda copy: copy[0])
    entries = copies[-1][1]
    return {(name, kind): data for section, name, kind, data in entries if section == dct.IDENTITY}


def test_nothing_of_a_key_is_echoed(board, leaf):
    """Where a person's console shows all that comes; and it does so again afterwards."""
    console = board.host
    console.sync()
    console.send(b"cert_load web key %d\r\n" % len(leaf.key_pem) + leaf.key_pem)
    shown = console.until(b"Identity loaded")
    console.send(b"cert_load web nothing %d\r\n" % len(leaf.key_pem) + leaf.key_pem)
    shown += console.until(b"Invalid argument")
    assert not [i for i in range(len(leaf.key_pem) - 8) if leaf.key_pem[i : i + 8] in shown]
    console.send(b"get wl j r\r\n")
    assert console.until(b"3\r\n").endswith(b"get wl j r\r\n3\r\n")


def unseen(console, key, shown):
    """What was shown has nothing of the key, no line of it was a command, and the next one is."""
    shown += console.until(b"\r\n> ")
    assert not [i for i in range(len(key) - 8) if key[i : i + 8] in shown], shown
    assert b"nknown" not in shown
    console.send(b"get wl j r\r\n")
    assert console.until(b"3\r\n").endswith(b"get wl j r\r\n3\r\n")
    console.until(b"> ")


def test_nothing_behind_a_refusal_is_echoed(board, leaf):
    """Nor carried out, of a key that is sent with a wrong size."""
    key = leaf.key_pem + b"set wlan.join.retries 5\r\n"
    console = board.host
    console.sync()
    for words in ("0", "9999999999", "many", f"{len(key)} more", len(key) // 3):
        command = f"cert_load web key {words}\r\n".encode()
        console.send(command + key)
        unseen(console, key, console.until(command))


@pytest.mark.long
def test_a_key_that_is_pasted_late(board, leaf):
    """When the time for data is over: it is not shown either."""
    console = board.host
    console.sync()
    command = b"cert_load web key %d\r\n" % (len(leaf.key_pem) + 1)
    console.send(command)
    shown = console.until(command) + console.quiet(DATA_TIMEOUT)
    assert shown == command
    console.send(leaf.key_pem)
    unseen(console, leaf.key_pem, shown)


@pytest.mark.needs("flash")
def test_into_the_dct_and_out_of_it(board, root, leaf):
    console = board.machine(print_level=2)
    assert rows(console) == []
    for kind, data in (("cert", crlf(leaf.chain_pem)), ("key", leaf.key_pem), ("ca", root.der)):
        reply = load(console, "web", kind, b"# a comment\n" * (data[:1] == b"-") + data)
        assert (reply.code, reply.text, reply.logs) == (0, b"Success", [b"Identity loaded"])
    alone = identity("Alone")
    both = b"".join(i.pem for i in (root, alone)) + leaf.key_pem
    assert load(console, "roots", "ca", both).code == 0  # the key is not meant
    assert load(console, "other", "cert", leaf.der).code == 0
    reply = load(console, "other", "cert", crlf(leaf.pem))
    assert (reply.code, reply.logs) == (0, [b"Identity is there already"])
    assert rows(console) == [
        f"# 0 cert dct {STAMP} dct:other me",
        f"# 1 ca dct {STAMP} dct:roots Some CA",
        f"# 2 ca dct {STAMP} dct:roots Alone",
        f"# 3 cert dct {STAMP} dct:web me",
        f"# 4 cert dct {STAMP} dct:web Between",
        "# 5 key dct - dct:web EC 256",
        f"# 6 ca dct {STAMP} dct:web Some CA",
    ]
    reply = console.run("cert_delete web key")
    assert (reply.code, reply.logs) == (0, [b"Identity deleted"])
    for words in ("web key", "nobody", "nobody ca"):
        reply = console.run(f"cert_delete {words}")
        assert (reply.code, reply.text) == (1, b"Identity not found")
    console.ok("cert_delete roots")
    board.reset()
    console = board.machine()
    assert [row.split()[5:] for row in rows(console)] == [
        ["dct:other", "me"],
        ["dct:web", "me"],
        ["dct:web", "Between"],
        ["dct:web", "Some", "CA"],
    ]
    assert stored(board) == {
        (b"other", dct.CERTIFICATE): leaf.der,
        (b"web", dct.CERTIFICATE): leaf.chain_pem,
        (b"web", dct.ROOTS): root.der,
    }


def test_keys_of_all_kinds(board):
    """What openssl and others write: SEC1, PKCS#1 and PKCS#8, DER and PEM."""
    console = board.machine()
    forms = serialization.PrivateFormat
    for kind in ("ec", "rsa"):
        one = identity(f"one of {kind}", kind=kind)
        console.ok(f"cert_load {kind} cert {len(one.der)}", one.der)
        for form in (forms.PKCS8, forms.TraditionalOpenSSL):
            for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
                data = one.key.private_bytes(encoding, form, serialization.NoEncryption())
                parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                parameters += b"-----END EC PARAMETERS-----\n"
                if encoding is serialization.Encoding.PEM:
                    data = parameters + data
                assert load(console, kind, "key", data).code == 0, (kind, form, encoding)
    kinds = [row.split()[-2:] for row in rows(console) if " key " in row]
    assert kinds == [["EC", "256"], ["RSA", "2048"]]


def mistakes(root, leaf):
    """(kind, data, literal reply) of what is refused."""
    other = identity("other")
    under = identity("under", leaf)
    ago = identity("ago", begin=NOW - 9 * DAYS, end=NOW - DAYS)
    yet = identity("yet", begin=BEGIN)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public = leaf.key.public_key().public_bytes(serialization.Encoding.PEM, spki)
    secret = serialization.BestAvailableEncryption(b"secret")
    pem, forms = serialization.Encoding.PEM, serialization.PrivateFormat
    ed = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20" + bytes(32)
    yield "cert", b"nothing", b"No certificate"
    yield "cert", leaf.key_pem, b"No certificate"
    yield "cert", public, b"No certificate"
    yield "key", leaf.pem, b"No private key"
    yield "ca", leaf.key_pem, b"No certificate"
    yield "cert", leaf.pem[:-30], b"END is missing"
    yield "cert", leaf.pem.replace(b"END CERT", b"END CART"), b"END is of another kind"
    yield "cert", leaf.pem.replace(b"MII", b"M!I", 1), b"Bad base64"
    yield "key", leaf.key.private_bytes(pem, forms.PKCS8, secret), b"The key is encrypted"
    old = leaf.key.private_bytes(pem, forms.TraditionalOpenSSL, secret)
    yield "key", old, b"The key is encrypted"
    yield (
        "key",
        identity("p", number="q").key.private_bytes(
            serialization.Encoding.DER, forms.PKCS8, secret
        ),
        b"No certificate or key: the key is encrypted",
    )
    yield "cert", leaf.der[:-1], b"Cut off"
    yield "cert", leaf.der + b"\0", b"Cut off"
    yield "cert", leaf.key_der, b"No certificate or key: not as expected"
    yield "key", leaf.der, b"No certificate or key: the key is encrypted"
    yield "key", ed, b"A key is of EC or RSA"
    yield "cert", leaf.pem + root.pem, CHAIN_ORDER
    yield "cert", leaf.chain_pem[len(leaf.pem) :] + leaf.pem, CHAIN_ORDER
    yield "cert", under.pem + leaf.pem, b"Certificate is no authority: me"
    yield "ca", leaf.der, b"Certificate is no authority: me"
    yield "ca", root.pem + under.pem, b"Certificate is no authority: under"
    for kind in ("cert", "ca"):
        yield kind, ago.pem, b"Certificate has expired: ago"
        yield kind, yet.pem, b"Certificate is not valid before 2029-12-01T00:00:00Z: yet"
    damaged = bytearray(leaf.der)
    damaged[leaf.der.index(b"\x2a\x86\x48\xce\x3d\x04\x03\x02") + 3] ^= 1  # who knows this one?
    yield "cert", bytes(damaged), b"TLS cannot use the certificate"
    yield "key", other.key_pem, MISMATCH
    yield "cert", other.pem, MISMATCH
    yield "cert", leaf.pem + other.key_pem, MISMATCH
    yield "cert", identity("r", kind="rsa").pem, MISMATCH


@pytest.mark.needs("flash")
def test_what_is_refused_changes_nothing(board, root, leaf):
    console = board.machine()
    console.ok(f"cert_load web cert {len(leaf.der)}", leaf.der)
    console.ok(f"cert_load web key {len(leaf.key_der)}", leaf.key_der)
    # Without the time no date is wrong.
    assert load(console, "old", "ca", identity("ago", end=NOW - DAYS / 2).pem).code == 0
    console.ok("cert_delete old")
    console.ok(f"set time.rtc {int(NOW.timestamp())}")
    before = rows(console)
    for kind, data, text in mistakes(root, leaf):
        reply = load(console, "web", kind, data)
        assert (reply.code, reply.text) == (1, text), (kind, data)
    for words, code, text in (
        ("web", 4, b"Too few arguments"),
        ("web cert", 4, b"Too few arguments"),
        ("web cert -f", 4, b"Too few arguments"),
        ("web cert 1 2", 5, b"Too many arguments"),
        ("web cert -x file", 6, b"Unknown option"),
        ("web cert many", 7, b"Invalid argument"),
        ("web cert 0", 9, b"Bounds error"),
        ("web what -f file", 7, b"Invalid argument"),
        ("web cert -f file", 1, b"File not found"),
    ):
        reply = console.run(f"cert_load {words}")
        assert (reply.code, reply.text) == (code, text), words
    # Data that were announced never become commands.
    for words, code in (
        ("web what", 7),
        ('"with space" cert', 7),
        (f"{'x' * 33} cert", 7),
        ('"" cert', 7),
    ):
        assert console.run(f"cert_load {words} 9", b"reboot\r\n\r").code == code, words
    reply = load(console, "web", "cert", b"reboot\r\n" * 3000)
    assert (reply.code, reply.text) == (9, b"Bounds error")
    assert console.run("cert_delete web what").code == 7
    assert rows(console) == before
    assert stored(board) == {
        (b"web", dct.CERTIFICATE): leaf.der,
        (b"web", dct.KEY): leaf.key_der,
    }


@pytest.mark.needs("flash")
def test_another_pair_at_once_and_from_a_file(board, leaf):
    console = board.machine(print_level=2)
    console.ok(f"cert_load web cert {len(leaf.der)}", leaf.der)
    console.ok(f"cert_load web key {len(leaf.key_der)}", leaf.key_der)
    other = identity("other")
    put(console, "123", crlf(other.key_pem + other.pem))
    reply = console.run("cert_load web cert -f 123")
    assert (reply.code, reply.logs[-1]) == (0, b"Identity loaded")
    assert rows(console) == [f"# 0 cert dct {STAMP} dct:web other", "# 1 key dct - dct:web EC 256"]
    console.ok("cert_load web ca -f 123")
    console.ok("file_delete 123")  # nobody holds it
    assert stored(board)[b"web", dct.KEY] == other.key_der


def test_files_in_the_list(board, leaf):
    console = board.machine()
    damaged = leaf.pem.replace(b"MII", b"M!I", 1)
    for name, data in (
        ("a.pem", crlf(leaf.chain_pem + leaf.key_pem)),
        ("b.der", leaf.der),
        ("c.key", leaf.key_der),
        ("d.CRT", damaged),
        ("notes.txt", leaf.pem),
    ):
        put(console, name, data)
    console.ok("set network.tls.ca_cert notes.txt")
    console.ok("set network.tls.server_ca missing.pem")
    console.ok("set network.tls.server_key py:no.such")
    assert rows(console) == [
        f"# 0 cert file {STAMP} a.pem me",
        f"# 1 cert file {STAMP} a.pem Between",
        "# 2 key file - a.pem EC 256",
        f"# 3 cert file {STAMP} b.der me",
        "# 4 key file - c.key EC 256",
        "# 5 cert file - d.CRT bad base64",
        f"# 6 cert file {STAMP} notes.txt me",
        "# 7 cert resource - missing.pem File not found: missing.pem",
        "# 8 cert module - py:no.such Not found: py:no.such",
    ]


@pytest.mark.long
def test_no_memory(board, leaf):
    """What does not fit into memory is refused, its data taken, and nothing changed."""
    console = board.machine()
    console.ok(f"cert_load web cert {len(leaf.der)}", leaf.der)
    before = rows(console)
    board.join(console)
    services = ("mdns.enabled", "remote_terminal.enabled", "wwep.enabled")
    for name in services:
        console.ok(f"set {name} 1")
    replies = [load(console, "web", "ca", b"reboot\r\n" * 2048) for _ in range(3)]
    replies += [console.run("cert_list"), load(console, "web", "cert", leaf.chain_pem)]
    texts = [reply.text for reply in replies if reply.code]
    assert set(texts) <= {b"Out of memory", b"No certificate"}
    assert b"Out of memory" in texts or board.arch != "i386"
    deadline = time.monotonic() + PATIENCE  # services end when it is their turn
    for line in (*[f"set {name} 0" for name in services], "cert_list"):
        while (reply := console.run(line)).code:
            assert reply.text == b"Out of memory" and time.monotonic() < deadline, (line, reply)
    assert [console.ok(f"get {name}") for name in services] == ["0"] * len(services)
    if replies[-1].code:
        assert rows(console) == before
    while (reply := load(console, "web", "cert", leaf.chain_pem)).code:  # they take it with them
        assert reply.text == b"Out of memory" and time.monotonic() < deadline
    assert rows(console) == [*before, f"# 1 cert dct {STAMP} dct:web Between"]
