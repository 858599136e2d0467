"""`airwire cert to-der`, `to-pem`, `to-python`, `show`: against openssl and what it makes."""

import datetime
import json
import random
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from airwire.cert import describe, files
from airwire.errors import UserError
from host_tests.tools.cert_command import Command, fingerprint, mode, openssl
from host_tests.tools.odd_certs import MAIL, SERVER, Made, chain_of_three

DAY = 86_400


@pytest.fixture
def cert(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    return Command("cert", capfd)


@pytest.fixture
def openssl_made(tmp_path):
    """A certificate as the class makes it, with text around it and CR LF at the line ends."""
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout made.key"
    openssl(words, "-out", "made.pem", "-days", "30", "-subj", "/C=US/O=Class/CN=made")
    text = openssl("x509", "-in", "made.pem", "-text")
    (tmp_path / "crlf.pem").write_bytes(text.replace("\n", "\r\n").encode())


def test_certificates_there_and_back(cert, tmp_path, openssl_made):
    assert cert("to-der", "crlf.pem") == (
        f"crlf.der: certificate, DER, {(tmp_path / 'crlf.der').stat().st_size} bytes\n"
    )
    openssl("x509", "-inform", "DER", "-in", "crlf.der", "-out", "theirs.pem")
    cert("to-pem", "crlf.der", "--output", "again.pem")
    assert (tmp_path / "again.pem").read_bytes() == (tmp_path / "theirs.pem").read_bytes()
    assert (tmp_path / "again.pem").read_bytes() == (tmp_path / "made.pem").read_bytes()


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_keys_of_every_form(cert, tmp_path, kind):
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else None
    made = Made("x", key=key)
    (tmp_path / "pass").write_text("pass\r\n")
    results = set()
    for number, (name, data) in enumerate(made.key_forms(b"pass").items()):
        (tmp_path / f"{number}.key").write_bytes(data)
        cert("to-der", f"{number}.key", "--password-file", "pass")
        assert mode(tmp_path / f"{number}.der") == "600"
        results.add((tmp_path / f"{number}.der").read_bytes())
        shown = cert("show", f"{number}.key")
        named = "RSA 2048" if kind == "rsa" else "EC P-256"
        assert shown == f"{number}.key: private key {'(encrypted)' if 'enc' in name else named}\n"
        if "encrypted" in name:
            said = cert.refused("to-der", f"{number}.key", "--force")
            assert said == f"{number}.key needs a password: give --password-file FILE"
    assert results == {made.key_forms(b"pass")["der"]}
    cert("to-pem", "0.der", "-o", "again.key")
    assert (tmp_path / "again.key").read_bytes() == made.key_pem
    assert mode(tmp_path / "again.key") == "600"


def test_a_chain_stays_whole_or_is_taken_apart(cert, tmp_path):
    root, middle, leaf = chain_of_three()
    (tmp_path / "chain.pem").write_bytes(leaf.pem + b"between\n" + middle.pem)
    said = cert.refused("to-der", "chain.pem")
    assert said == (
        "chain.pem: 2 certificates, and a DER file holds one: --only N takes one of them;"
        " a chain stays PEM"
    )
    cert("to-der", "chain.pem", "--only", "2")
    assert (tmp_path / "chain.der").read_bytes() == middle.der
    assert cert.refused("to-der", "chain.pem", "--only", "3") == (
        "chain.pem: no certificate 3: there are 2"
    )
    (tmp_path / "roots.der").write_bytes(root.der + middle.der)  # as a DCT has them
    cert("to-pem", "roots.der")
    assert (tmp_path / "roots.pem").read_bytes() == root.pem + middle.pem


@pytest.mark.parametrize("what", ["der", "chain", "key"])
def test_a_module_of_python(cert, tmp_path, what):
    _, middle, leaf = chain_of_three()
    (tmp_path / "in.pem").write_bytes(
        {"der": leaf.pem, "chain": leaf.pem + middle.pem, "key": leaf.key_pem}[what]
    )
    wanted = {"der": leaf.der, "chain": leaf.pem + middle.pem}.get(what)
    wanted = wanted or leaf.key_forms(b"x")["der"]
    name = "KEY" if what == "key" else "CERTIFICATE"
    said = cert("to-python", "in.pem", "-o", "certs.py")
    assert said == f"certs.py: {name}, to be named as py:certs.{name}\n"
    assert mode(tmp_path / "certs.py") == ("600" if what == "key" else "644")
    if what != "key":
        assert cert("to-python", "in.pem") == (tmp_path / "certs.py").read_text()
        cert("to-python", "in.pem", "--name", "mine", "-o", "certs.py", "--force")
        name = "mine"
    script = f"import sys, certs; sys.stdout.buffer.write(certs.{name})"
    done = subprocess.run([sys.executable, "-B", "-c", script], cwd=tmp_path, capture_output=True)
    assert done.stdout == wanted


def test_micropython_reads_the_module(cert, tmp_path, micropython):
    _, middle, leaf = chain_of_three()
    (tmp_path / "in.pem").write_bytes(leaf.pem + middle.pem)
    cert("to-python", "in.pem", "-o", "chain.py")
    cert("to-python", "in.pem", "--only", "1", "-o", "single.py")
    (tmp_path / "look.py").write_text(
        "import chain, single, sys\n"
        "print(chain.CERTIFICATE.decode() + single.CERTIFICATE.hex(), end='')\n"
    )
    done = micropython("look.py", cwd=tmp_path, path=(tmp_path,))
    assert done.stdout == (leaf.pem + middle.pem).decode() + leaf.der.hex(), done.stderr


@pytest.mark.parametrize(
    "words, said",
    [
        ("to-der nothing", "nothing: No such file or directory"),
        ("to-der .", ".: Is a directory"),
        ("to-der text", "text: neither a certificate nor a private key"),
        ("to-pem empty", "empty: neither a certificate nor a private key"),
        ("to-pem cut.pem", "cut.pem: a certificate in it is damaged"),
        ("to-pem cut.der", "cut.der: a certificate in it is damaged"),
        ("to-der cut.key", "cut.key: the private key in it is damaged"),
        ("to-der bad.key", "bad.key: the private key in it is damaged, or of no known kind"),
        ("to-der two.key", "two.key: 2 private keys in it, one is wanted"),
        ("to-der large", "large: too large for certificates or a key: more than 1048576 bytes"),
        (
            "to-pem good.pem",
            "good.pem would replace what it is made from: --output FILE names another",
        ),
        ("to-der good.pem -o text", "text is there already: --force replaces it"),
        ("to-python good.pem --name a-b", "--name a-b: not a name in Python"),
        ("to-python good.pem --name class", "--name class: not a name in Python"),
        ("to-python good.key", "a key is not printed: --output FILE writes the module"),
        ("show text", "text: neither a certificate nor a private key"),
        ("show good.pem nothing", "nothing: No such file or directory"),
    ],
)
def test_mistakes(cert, tmp_path, words, said):
    made = Made("x")
    for name, data in {
        "text": b"hello",
        "empty": b"",
        "good.pem": made.pem,
        "good.key": made.key_pem,
        "cut.pem": made.pem[:-60] + b"\n-----END CERTIFICATE-----\n",
        "cut.der": made.der[:-1],
        "cut.key": made.key_pem[:-30],
        "bad.key": made.key_pem.replace(b"KEY-----\nM", b"KEY-----\nN"),
        "two.key": made.key_pem * 2,
        "large": b"x" * 1048577,
    }.items():
        (tmp_path / name).write_bytes(data)
    code, _, err = cert.run(*words.split())
    assert (code, err) == (2, f"airwire: {said}\n")


def test_show_says_what_openssl_says(cert, tmp_path, openssl_made):
    shown = cert("show", "crlf.pem", "made.key")
    assert shown.splitlines()[0] == "crlf.pem: 1 certificate"
    assert shown.splitlines()[-1] == "made.key: private key EC P-256"
    for line in (
        "1   subject  CN=made,O=Class,C=US",
        "    issuer   CN=made,O=Class,C=US (itself)",
        "    key      EC P-256",
        "    usage    CA",
        f"    SHA-256  {fingerprint('made.pem')}",
    ):
        assert line in shown.splitlines()
    assert " UTC, 29 days left" in shown
    report = json.loads(cert("show", "--json", "crlf.pem", "made.key"))
    (one,) = report["crlf.pem"]["certificates"]
    dates = openssl("x509", "-in", "made.pem", "-noout", "-dates", "-dateopt", "iso_8601")
    assert dates == f"notBefore={one['not_before']}Z\nnotAfter={one['not_after']}Z\n"
    serial = openssl("x509", "-in", "made.pem", "-noout", "-serial").strip()
    assert int(serial.partition("=")[2], 16) == int(one["serial"], 16)
    assert one["self_signed"] and one["names"] == [] and one["days_left"] == 29
    assert report["made.key"] == {"certificates": [], "keys": ["EC P-256"]}


@pytest.mark.parametrize(
    ("seconds", "days", "words"),
    [
        (2 * DAY, 2, "2 days left"),
        (2 * DAY - 1, 1, "1 day left"),
        (DAY - 1, 0, "0 days left"),
        (0, 0, "0 days left"),
        (-1, -1, "expired today"),
        (-DAY, -1, "expired today"),
        (-DAY - 1, -2, "expired 1 day ago"),
        (-2 * DAY - 1, -3, "expired 2 days ago"),
    ],
)
def test_days_are_rounded_down(cert, tmp_path, monkeypatch, seconds, days, words):
    """As the module does: see test_expiry in host_tests/board/test_identities.py."""
    made = Made("x")
    (tmp_path / "c").write_bytes(made.pem)
    now = made.cert.not_valid_after_utc - datetime.timedelta(seconds=seconds)
    monkeypatch.setattr("airwire.cert.describe.now", lambda: now)
    assert cert("show", "c").splitlines()[3].endswith(f" UTC, {words}")
    (one,) = json.loads(cert("show", "c", "--json"))["c"]["certificates"]
    assert one["days_left"] == days


def test_show_tells_dates_names_and_usage(cert, tmp_path):
    for name, made, lines in (
        ("old", Made("old", days=(-9, -2)), ["expired 2 days ago", "usage    any"]),
        ("early", Made("early", days=(2, 9)), ["not valid yet"]),
        ("mail", Made("mail", purposes=[MAIL]), ["usage    1.3.6.1.5.5.7.3.4"]),
        ("s", Made("s", purposes=[SERVER], names=["a", "b.c"]), ["names    a, b.c", "    server"]),
        ("ed", Made("ed", key=ed25519.Ed25519PrivateKey.generate()), ["Ed25519"]),
    ):
        (tmp_path / name).write_bytes(made.pem)
        shown = cert("show", name)
        for line in lines:
            assert line in shown, shown


def test_what_others_wrote_cannot_speak_to_the_terminal(cert, tmp_path):
    (tmp_path / "x").write_bytes(Made("\x1b]0;gotcha\x07\u202ename").pem)
    shown = cert("show", "x")
    assert "?]0;gotcha??name" in shown and "\x1b" not in shown and "\u202e" not in shown


def test_odd_certificates_are_shown_without_a_warning(tmp_path):
    """A country of one letter, which cryptography complains of on stderr."""
    odd = Made("x" * 5).der.replace(b"\x06\x03\x55\x04\x03", b"\x06\x03\x55\x04\x06")
    (tmp_path / "odd.der").write_bytes(odd)
    command = [sys.executable, "-m", "airwire", "cert", "show", tmp_path / "odd.der"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "subject  C=xxxxx\n" in done.stdout


@pytest.mark.filterwarnings("ignore")
def test_anything_is_shown_or_refused(counts):
    made = Made("x", ca=True, purposes=[SERVER], usages=["digital_signature"], names=["a"])
    chance = random.Random(5)
    shown = 0
    for _ in range(counts(2000, 50_000)):
        data = bytearray(made.der)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            shown += (
                len(
                    describe.table(
                        [describe.facts(c, "x") for c in files.try_certificates(bytes(data), "x")]
                    )
                )
                > 0
            )
        except UserError as error:
            assert error.message == "x: a certificate in it is damaged"
    assert shown
