"""`airwire cert new-...` and `self-signed`: what they make, as openssl sees it, and refuse."""

import socket
import ssl
import threading

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from host_tests.tools.cert_command import Command, mode, openssl, secrets_of, verifies
from host_tests.tools.odd_certs import Made


@pytest.fixture
def cert(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    return Command("cert", capfd)


def text(path):
    return openssl("x509", "-in", path, "-noout", "-text")


def test_a_root_an_intermediate_a_server_a_client(cert, tmp_path):
    said = cert("new-ca", "ca", "--name", "Lab root")
    assert said.startswith("ca.pem: CA Lab root, EC P-256\n  until ")
    assert said.endswith("ca.key: its key; keep it to yourself\n")
    cert("new-ca", "lab", "--under", "ca")
    cert("new-ca", "shop", "--under", "lab.pem")  # with or without the suffix
    cert("new-server", "board", "--ca", "shop", "--dns", "board.local", "--ip", "192.168.4.1")
    cert("new-client", "phone", "--ca", "lab")
    assert verifies("board.pem", "ca.pem", "sslserver", "-verify_hostname", "board.local")
    assert verifies("board.pem", "ca.pem", "sslserver", "-verify_ip", "192.168.4.1")
    assert not verifies("board.pem", "ca.pem", "sslserver", "-verify_hostname", "other.local")
    assert not verifies("board.pem", "ca.pem", "sslclient")
    assert verifies("phone.pem", "ca.pem", "sslclient")
    assert not verifies("phone.pem", "ca.pem", "sslserver")
    # An intermediate alone is enough of a root.
    assert verifies("board.pem", "shop.pem", "sslserver", "-partial_chain")
    # Leaf first, the root left out.
    for name, count in (("board", 3), ("phone", 2), ("shop", 2), ("lab", 1), ("ca", 1)):
        assert (tmp_path / f"{name}.pem").read_text().count("BEGIN CERTIFICATE") == count
        assert mode(tmp_path / f"{name}.key") == "600"
        assert mode(tmp_path / f"{name}.pem") == "644"


def test_ec_is_usual_and_rsa_there(cert):
    cert("new-ca", "ca", "--rsa", "2048")
    cert("new-server", "a", "--ca", "ca", "--dns", "a")
    cert("new-server", "b", "--ca", "ca", "--dns", "b", "--rsa", "3072")
    assert "ASN1 OID: prime256v1" in text("a.pem") and "Digital Signature\n" in text("a.pem")
    assert "Public-Key: (3072 bit)" in text("b.pem")
    assert "Digital Signature, Key Encipherment\n" in text("b.pem")
    assert verifies("b.pem", "ca.pem", "sslserver")
    code, _, err = cert.run("new-ca", "x", "--rsa", "1024")
    assert code == 2 and "choose from 2048, 3072, 4096" in err


def test_names_and_days(cert):
    cert("new-ca", "ca", "--days", "10")
    cert(
        "new-server",
        "s",
        "--ca",
        "ca",
        "--dns",
        "*.lab",
        "--dns",
        "lab",
        "--ip",
        "::1",
        "--days",
        "3",
    )
    shown = openssl("x509", "-in", "s.pem", "-noout", "-ext", "subjectAltName")
    assert "DNS:*.lab, DNS:lab, IP Address:0:0:0:0:0:0:0:1" in shown
    openssl("x509", "-in", "s.pem", "-noout", "-checkend", str(3 * 86400 - 3600))
    openssl("x509", "-in", "s.pem", "-noout", "-checkend", str(3 * 86400 + 60), fails=True)
    # Nothing outlives who signed it: by default it ends with it, asked for it is refused.
    cert("new-client", "c", "--ca", "ca")
    openssl("x509", "-in", "c.pem", "-noout", "-checkend", str(10 * 86400 + 60), fails=True)
    said = cert.refused("new-client", "d", "--ca", "ca", "--days", "11")
    assert said == "ca.pem ends before that, in 9 days"


def test_a_server_that_is_a_client_too(cert):
    cert("new-ca", "ca")
    cert("new-server", "both", "--ca", "ca", "--dns", "x", "--client")
    assert verifies("both.pem", "ca.pem", "sslserver")
    assert verifies("both.pem", "ca.pem", "sslclient")


def test_self_signed_is_its_own_root_in_a_handshake(cert):
    cert("self-signed", "me", "--dns", "me.local")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain("me.pem", "me.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with (
                listener.accept()[0] as plain,
                serving.wrap_socket(plain, server_side=True) as tls,
            ):
                tls.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        asking = ssl.create_default_context(cafile="me.pem")
        with (
            socket.create_connection(listener.getsockname()) as plain,
            asking.wrap_socket(plain, server_hostname="me.local") as tls,
        ):
            tls.send(b"x")
        thread.join()


def test_authorities_made_by_others(cert, tmp_path):
    other = trustme.CA()
    other.cert_pem.write_to_path("other.pem")
    other.private_key_pem.write_to_path("secret.pem")
    cert("new-server", "s", "--ca", "other.pem", "--ca-key", "secret.pem", "--dns", "s")
    assert verifies("s.pem", "other.pem", "sslserver")


def test_encrypted_keys(cert, tmp_path, monkeypatch):
    (tmp_path / "pass").write_text("a secret\nnot this\n")
    cert("new-ca", "ca", "--encrypt", "--password-file", "pass")
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in (tmp_path / "ca.key").read_bytes()
    openssl("pkey", "-in", "ca.key", "-passin", "pass:a secret", "-noout")
    cert("new-client", "c", "--ca", "ca", "--ca-password-file", "pass")
    assert verifies("c.pem", "ca.pem", "sslclient")
    said = cert.refused("new-client", "d", "--ca", "ca")
    assert said == "ca.key needs a password: give --ca-password-file FILE"
    (tmp_path / "wrong").write_text("not it\n")
    said = cert.refused("new-client", "d", "--ca", "ca", "--ca-password-file", "wrong")
    assert said == "ca.key: not the password of this key"
    (tmp_path / "empty").write_text("")
    said = cert.refused("new-client", "d", "--ca", "ca", "--ca-password-file", "empty")
    assert said == "empty: the first line is empty: no password"
    # At a terminal it is asked for, twice where it is new.
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda text: asked.append(text) or "a secret")
    cert("new-client", "d", "--ca", "ca", "--encrypt")
    assert asked == ["Password of ca.key: ", "Password of d.key: ", "Once more: "]
    answers = iter(["one", "two"])
    monkeypatch.setattr("getpass.getpass", lambda text: next(answers))
    assert cert.refused("new-ca", "e", "--encrypt") == "e.key: the two passwords differ"
    monkeypatch.setattr("getpass.getpass", lambda text: "")
    assert cert.refused("new-ca", "e", "--encrypt") == "e.key: an empty password"
    assert not list(tmp_path.glob("e.*"))


def test_nothing_is_replaced_unasked(cert, tmp_path):
    cert("new-ca", "ca")
    before = (tmp_path / "ca.pem").read_bytes()
    assert cert.refused("new-ca", "ca") == "ca.pem is there already: --force replaces it"
    (tmp_path / "ca.pem").rename("other.pem")
    assert cert.refused("new-ca", "ca") == "ca.key is there already: --force replaces it"
    assert not (tmp_path / "ca.pem").exists()
    cert("new-ca", "ca", "--force")
    assert (tmp_path / "ca.pem").read_bytes() != before
    (tmp_path / "x.pem").mkdir()
    assert cert.refused("new-ca", "x", "--force") == "x.pem is a directory"


def test_renewing_keeps_the_key(cert, tmp_path):
    cert("new-ca", "ca")
    cert("new-client", "c", "--ca", "ca", "--days", "3")
    before = (tmp_path / "c.key").read_bytes()
    public = openssl("x509 -in c.pem -noout -pubkey")
    said = cert("new-client", "c", "--ca", "ca", "--key", "c.key", "--force")
    assert said.startswith("c.pem: client c, EC P-256\n  until ") and "c.key" not in said
    assert (tmp_path / "c.key").read_bytes() == before
    assert openssl("x509 -in c.pem -noout -pubkey") == public
    openssl("x509 -in c.pem -noout -checkend", 4 * 86400)


def test_a_replaced_key_stays_private(cert, tmp_path):
    (tmp_path / "ca.key").write_text("")
    (tmp_path / "ca.key").chmod(0o644)
    cert("new-ca", "ca", "--force")
    assert mode(tmp_path / "ca.key") == "600"


@pytest.mark.parametrize(
    "words, said",
    [
        ("new-server s --ca ca", "what do clients call it? --dns NAME or --ip ADDRESS"),
        ("self-signed s", "what do clients call it? --dns NAME or --ip ADDRESS"),
        ("new-server s --ca ca --dns a..b", "--dns a..b: not a host name"),
        ("new-server s --ca ca --dns http://x", "--dns http://x: not a host name"),
        (
            "new-server s --ca ca --dns 10.0.0.1",
            "--dns 10.0.0.1: not a host name: addresses are given with --ip",
        ),
        ("new-server s --ca ca --ip lab", "--ip lab: not an address"),
        (
            "new-server s --ca none --dns x",
            "no authority none.pem: `airwire cert new-ca` makes one",
        ),
        (
            "new-client s --ca leaf",
            "leaf.pem is no authority: make one with `airwire cert new-ca`",
        ),
        ("new-ca s --under leaf", "leaf.pem is no authority: make one with `airwire cert new-ca`"),
        ("new-client s --ca old", "old.pem has expired: make a new one"),
        (
            "new-client s --ca ca --ca-key leaf.key",
            "ca.pem: the key is not that of the certificate",
        ),
        ("new-client s --ca ca --ca-key none", "none: No such file or directory"),
        ("new-client s --ca ca --ca-key ca.pem", "ca.pem: no private key in it"),
        ("new-ca s --under short", "short.pem may sign no authorities: its path length is 0"),
        ("new-ca s --ca-key ca.key", "--ca-key and --ca-password-file are for --under"),
        ("new-ca s --password-file ca.pem", "--password-file is for --encrypt and --key"),
        ("new-ca s --name " + "x" * 65, f"bad name '{'x' * 65}': 1 to 64 printable characters"),
        ("new-ca s --key none", "none: No such file or directory"),
        ("new-ca s --key ed.key", "ed.key: the boards take keys of EC and RSA only"),
        (
            "new-ca s --key ca.key --rsa 2048",
            "--key takes the key as it is: no --encrypt, no --rsa",
        ),
        ("new-ca ca --key ca.key", "ca.pem is there already: --force replaces it"),
        ("new-ca no/s", "cannot write no/s.key: No such file or directory"),
    ],
)
def test_mistakes(cert, tmp_path, words, said):
    cert("new-ca", "ca")
    cert("new-client", "leaf", "--ca", "ca")
    for name, made in (
        ("old", Made("Old", ca=True, days=(-9, -1))),
        ("short", Made("Short", ca=True, path_length=0)),
        ("ed", Made("ed", key=ed25519.Ed25519PrivateKey.generate())),
    ):
        (tmp_path / f"{name}.pem").write_bytes(made.pem)
        (tmp_path / f"{name}.key").write_bytes(made.key_pem)
    before = sorted(tmp_path.iterdir())
    assert cert.refused(*words.split()) == said
    assert sorted(tmp_path.iterdir()) == before


def test_days_are_bounded(cert):
    for days in ("0", "-1", "36501", "x"):
        code, _, err = cert.run("new-ca", "ca", f"--days={days}")
        assert code == 2 and "is not a whole number from 1 to 36500" in err


def test_no_key_is_ever_printed(cert, tmp_path):
    cert("new-ca", "ca")
    cert("new-ca", "mid", "--under", "ca", "--rsa", "2048")
    cert("new-server", "s", "--ca", "mid", "--dns", "s")
    cert("self-signed", "me", "--dns", "me")
    for name in ("ca", "mid", "s", "me"):
        cert("to-der", f"{name}.key", "-o", f"{name}.key.der")
        cert("to-pem", f"{name}.key.der", "-o", f"{name}.again.key")
        cert("to-python", f"{name}.key", "-o", f"{name}_key.py")
        cert.refused("to-python", f"{name}.key")
        cert("show", f"{name}.key", f"{name}.pem", f"{name}.key.der")
        cert("show", "--json", f"{name}.key")
        (tmp_path / "cut.key").write_bytes((tmp_path / f"{name}.key").read_bytes()[:-40])
        cert.refused("to-der", "cut.key")
        (tmp_path / "bad.key").write_bytes(
            (tmp_path / f"{name}.key").read_bytes().replace(b"M", b"N", 1)
        )
        cert.run("to-der", "bad.key", "--force")
    for name in ("ca", "mid", "s", "me"):
        key = load_pem_private_key((tmp_path / f"{name}.key").read_bytes(), None)
        for secret in secrets_of(key):
            assert secret not in cert.said
        # The test would see one.
        assert any(
            s in (tmp_path / f"{name}.key").read_text().replace("\n", "") for s in secrets_of(key)
        )
