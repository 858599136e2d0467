"""What `airwire dct add` refuses, before anything is written, and what it takes."""

import re

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from airwire.wire import dct
from host_tests.tools.cert_command import Command, openssl
from host_tests.tools.odd_certs import CLIENT, MAIL, SERVER, Made, chain_of_three, ec_key


@pytest.fixture
def table(tmp_path, monkeypatch, capfd):
    """The command, in a folder with an empty table t.dct."""
    monkeypatch.chdir(tmp_path)
    command = Command("dct", capfd)
    command("new", "t.dct")
    return command


@pytest.fixture
def refused(table, tmp_path):
    """refused(cert=..., key=..., ca=...): what is said; nothing has been written."""

    def add(*more, **files):
        words = []
        for option, data in files.items():
            (tmp_path / option).write_bytes(data)
            words += [f"--{option}", option]
        before = (tmp_path / "t.dct").read_bytes()
        said = table.refused("add", "t.dct", "x", *words, *more)
        assert (tmp_path / "t.dct").read_bytes() == before
        return said

    return add


def pem(*made):
    return b"".join(each.pem for each in made)


def accepted(table, tmp_path, *more, **files):
    for option, data in files.items():
        (tmp_path / option).write_bytes(data)
    words = [word for option in files for word in (f"--{option}", option)]
    return table("add", "t.dct", "x", *words, "--force", *more)


# Key and certificate


def test_a_key_of_another_certificate(refused):
    _, middle, leaf = chain_of_three()
    for key in (ec_key(), rsa.generate_private_key(65537, 2048)):
        said = refused(cert=pem(leaf, middle), key=Made("y", key=key).key_pem)
        assert said == "key is not the key of certificate 1 (leaf) in cert"


@pytest.mark.parametrize(
    "key, said",
    [
        (lambda: ed25519.Ed25519PrivateKey.generate(), "the boards have no Ed25519: use EC P-256"),
        (lambda: ec_key(ec.SECP256K1), "the boards have no curve secp256k1: use P-256"),
        (lambda: rsa.generate_private_key(65537, 1024), "RSA 1024: the boards take 2048 to 4096"),
    ],
)
def test_kinds_of_keys(refused, key, said):
    made = Made("x", key=key())
    assert refused(key=made.key_pem).startswith(f"key: {said}")
    assert refused(cert=made.pem).startswith(f"cert: certificate 1 (x): {said}"[:34])
    assert refused(ca=made.pem).startswith(f"ca: x: {said}")


def test_a_key_alone_must_fit_what_is_stored(table, tmp_path, refused):
    first, second = Made("a"), Made("b")
    accepted(table, tmp_path, cert=first.pem)
    assert refused(key=second.key_pem) == "key is not the key of certificate 1 (a) in x (cert)"
    accepted(table, tmp_path, key=first.key_pem)
    said = refused("--force", cert=second.pem)
    assert said == "x (key) is not the key of certificate 1 (b) in cert"
    accepted(table, tmp_path, cert=second.pem, key=second.key_pem)


def test_an_encrypted_key(table, tmp_path, refused):
    made = Made("x")
    forms = made.key_forms(b"word")
    assert refused(cert=made.pem, key=forms["encrypted"]) == (
        "key needs a password: give --password-file FILE"
    )
    (tmp_path / "p").write_text("word")
    (tmp_path / "q").write_text("other")
    said = refused("--password-file", "q", cert=made.pem, key=forms["encrypted"])
    assert said == "key: not the password of this key"
    accepted(table, tmp_path, "--password-file", "p", cert=made.pem, key=forms["encrypted"])
    _, entries = dct.decode((tmp_path / "t.dct").read_bytes()[dct.COPY :])
    assert (dct.IDENTITY, b"x", dct.KEY, forms["der"]) in entries


# Chains


@pytest.mark.parametrize("with_key", [True, False])
def test_a_chain_in_the_wrong_order(refused, with_key):
    root, middle, leaf = chain_of_three()
    key = {"key": leaf.key_pem} if with_key else {}
    said = refused(cert=pem(middle, leaf), **key)
    assert said == "cert: wrong order; the right one, its own first: 2 (leaf), 1 (Middle)"
    said = refused(cert=pem(leaf, root, middle), **key)
    assert (
        said == "cert: wrong order; the right one, its own first: 1 (leaf), 3 (Middle), 2 (Root)"
    )


def test_a_chain_with_a_gap_or_a_stranger(refused):
    root, middle, leaf = chain_of_three()
    said = refused(cert=pem(leaf, root), key=leaf.key_pem)
    assert said == (
        "cert: certificate 2 (Root) is not in the chain above certificate 1 (leaf): leave it out,"
        " or add who signed certificate 1 (leaf)"
    )
    # The right name, but another key.
    said = refused(cert=pem(leaf, Made("Middle", root, ca=True)), key=leaf.key_pem)
    assert said.startswith("cert: certificate 2 (Middle) is not in the chain above certificate 1")
    said = refused(cert=pem(leaf, middle, Made("other")), key=leaf.key_pem)
    assert said.startswith("cert: certificate 3 (other) is not in the chain above certificate 1")
    said = refused(cert=pem(leaf, leaf), key=leaf.key_pem)
    assert said.startswith("cert: certificate 2 (leaf) is not in the chain above")


def test_those_above_must_be_authorities(refused):
    root = Made("Root", ca=True)
    for middle, why in (
        (Made("Middle", root, ca=False), "(basic constraints: not a CA)"),
        (Made("Middle", root), "(basic constraints: not a CA)"),
        (
            Made("Middle", root, ca=True, usages=["digital_signature"]),
            "(key usage: keyCertSign is missing)",
        ),
    ):
        leaf = Made("leaf", middle)
        said = refused(cert=pem(leaf, middle), key=leaf.key_pem)
        assert said == f"cert: certificate 2 (Middle) is no authority {why}"


def test_path_lengths(table, tmp_path, refused):
    root = Made("Root", ca=True)
    upper = Made("Upper", root, ca=True, path_length=0)
    lower = Made("Lower", upper, ca=True)
    leaf = Made("leaf", lower)
    said = refused(cert=pem(leaf, lower, upper), key=leaf.key_pem)
    assert said == "cert: certificate 3 (Upper) allows 0 authorities below it"
    good = Made("leaf", upper)
    accepted(table, tmp_path, cert=pem(good, upper), key=good.key_pem)


def test_weak_hashes(table, tmp_path, refused):
    root, middle, leaf = chain_of_three()
    for name, made in (("root", root), ("middle", middle), ("leaf", leaf)):
        (tmp_path / f"{name}.pem").write_bytes(made.pem)
        (tmp_path / f"{name}.key").write_bytes(made.key_pem)
    openssl("req -new -key leaf.key -subj /CN=leaf -out leaf.csr")
    openssl(
        "x509 -req -in leaf.csr -sha1 -CA middle.pem -CAkey middle.key -set_serial 7 -out old.pem"
    )
    old = (tmp_path / "old.pem").read_bytes()
    for cert in (old, old + middle.pem):
        said = refused(cert=cert, key=leaf.key_pem)
        assert said == (
            "cert: certificate 1 (leaf) is signed with SHA1, which boards refuse: renew it"
        )
    # Nobody looks at a root's own signature.
    openssl("x509 -in root.pem -sha1 -signkey root.key -out old.pem")
    accepted(table, tmp_path, ca=(tmp_path / "old.pem").read_bytes())


def test_a_root_at_the_end_is_noted(table, tmp_path):
    root, middle, leaf = chain_of_three()
    said = accepted(table, tmp_path, cert=pem(leaf, middle, root), key=leaf.key_pem)
    note = "note: cert: the root at its end is of no use there: who verifies has it\n"
    assert said.startswith(note)
    assert note not in accepted(table, tmp_path, cert=pem(leaf, middle), key=leaf.key_pem)


def test_a_chain_that_a_chip_cannot_send(table, tmp_path, refused):
    root, middle, leaf = chain_of_three()
    padding = [f"{number:060}.x" for number in range(60)]
    large = Made("large", middle, padding=padding)
    said = refused(cert=pem(large, middle), key=large.key_pem)
    size = 7 + 3 + len(large.der) + 3 + len(middle.der)
    assert size > 4096
    assert said == (
        f"cert: the chain makes a message of {size} bytes, and a chip sends 4096: leave out the"
        " root, or use EC keys"
    )
    for count in range(60):  # the largest that fits
        less = Made("large", middle, padding=padding[count:], key=large.key)
        if 7 + 3 + len(less.der) + 3 + len(middle.der) <= 4096:
            break
    accepted(table, tmp_path, cert=pem(less, middle), key=large.key_pem)


# Usage


@pytest.mark.parametrize(
    "settings, why",
    [
        ({"purposes": [MAIL]}, "is neither for a server nor for a client (extended key usage)"),
        ({"usages": ["key_agreement"]}, "is not for TLS: its key usage lacks digitalSignature"),
        ({"usages": ["key_encipherment"]}, "is not for TLS: its key usage lacks digitalSignature"),
        ({"usages": ["digital_signature"]}, ""),
        ({"purposes": [SERVER]}, ""),
        ({"purposes": [CLIENT, MAIL]}, ""),
    ],
)
def test_usage(table, tmp_path, refused, settings, why):
    made = Made("x", **settings)
    if why:
        said = refused(cert=made.pem, key=made.key_pem)
        assert said == f"cert: certificate 1 (x) {why}"
    else:
        accepted(table, tmp_path, cert=made.pem, key=made.key_pem)


def test_usage_of_rsa(table, tmp_path, refused):
    key = rsa.generate_private_key(65537, 2048)
    bad = Made("x", key=key, usages=["data_encipherment"])
    assert refused(cert=bad.pem, key=bad.key_pem) == (
        "cert: certificate 1 (x) is not for TLS: its key usage has neither digitalSignature nor"
        " keyEncipherment"
    )
    good = Made("x", key=key, usages=["key_encipherment"])
    accepted(table, tmp_path, cert=good.pem, key=good.key_pem)


# Roots


def test_roots(table, tmp_path, refused):
    root, middle, leaf = chain_of_three()
    assert refused(ca=leaf.pem) == "ca: leaf is no authority (basic constraints: not a CA)"
    for roots in ((root,), (middle,), (root, middle), (Made("alone", ca=False),)):
        accepted(table, tmp_path, ca=pem(*roots))
        _, _, entries = dct.current((tmp_path / "t.dct").read_bytes())
        assert entries == [(dct.IDENTITY, b"x", dct.ROOTS, b"".join(r.der for r in roots))]


# Dates


@pytest.mark.parametrize("which", ["leaf", "above", "ca"])
@pytest.mark.parametrize("days", [(-9, -1), (2, 9)])
def test_dates(table, tmp_path, refused, which, days):
    root = Made("Root", ca=True, **({"days": days} if which == "ca" else {}))
    middle = Made("Middle", root, ca=True, **({"days": days} if which == "above" else {}))
    leaf = Made("leaf", middle, **({"days": days} if which == "leaf" else {}))
    files = {"cert": pem(leaf, middle), "key": leaf.key_pem, "ca": root.pem}
    what = {"leaf": "cert: leaf", "above": "cert: Middle", "ca": "ca: Root"}[which]
    why = "has expired on" if days[1] < 0 else "is not valid before"
    said = refused(**files)
    assert re.fullmatch(
        rf"{what} {why} \d{{4}}-\d\d-\d\d.*: renew it \(--allow-expired takes it as it is\)", said
    )
    said = accepted(table, tmp_path, "--allow-expired", **files)
    assert said.startswith(f"note: {what} {why} ")


def test_a_certificate_that_ends_soon_is_noted(table, tmp_path):
    made = Made("x", days=(-1, 20))
    said = accepted(table, tmp_path, cert=made.pem, key=made.key_pem)
    assert re.match(r"note: cert: x ends on \d{4}-\d\d-\d\d, in 19 days\n", said)
    made = Made("x", days=(-1, 2))
    said = accepted(table, tmp_path, "--force", cert=made.pem, key=made.key_pem)
    assert re.match(r"note: cert: x ends on \d{4}-\d\d-\d\d, in 1 day\n", said)
    made = Made("x", days=(-1, 40))
    assert "note" not in accepted(table, tmp_path, cert=made.pem, key=made.key_pem)


# Files, names, sizes


def test_files_that_hold_something_else(refused):
    made = Made("x")
    assert refused(cert=made.key_pem) == "cert: no certificate in it"
    assert refused(key=made.pem) == "key: no private key in it"
    assert refused(ca=b"hello") == "ca: no certificate in it"
    assert refused(cert=made.der[:-1]) == "cert: a certificate in it is damaged"
    assert refused() == "nothing to add: --cert FILE, --key FILE, --ca FILE"


@pytest.mark.parametrize("name", ["", "a b", "x" * 33, "\u00e4", "a\n"])
def test_names(table, name):
    said = table.refused("add", "t.dct", name, "--cert", "none")
    assert said == (f"bad name {name!r} of an identity: 1 to 32 characters of ASCII, no spaces")


def test_a_table_that_is_full(table, tmp_path, refused):
    made = Made("x", ca=True, padding=[f"{number:060}.x" for number in range(40)])
    (tmp_path / "ca").write_bytes(made.pem)
    while True:
        number = len(dct.current((tmp_path / "t.dct").read_bytes())[2])
        code, _, err = table.run("add", "t.dct", f"n{number}", "--ca", "ca")
        if code:
            break
    size = sum(5 + len(f"n{n}") + len(made.der) for n in range(number + 1))
    assert err == f"airwire: it does not fit: {size} bytes of 32744\n"
    assert size - len(made.der) < 32744 < size


# Made by others


def test_what_openssl_and_trustme_make(table, tmp_path):
    words = "req -x509 -newkey rsa:2048 -nodes -keyout o.key -out o.pem -days 99 -subj /CN=o"
    openssl(words)
    table("add", "t.dct", "o", "--cert", "o.pem", "--key", "o.key", "--ca", "o.pem")
    openssl("x509", "-in", "o.pem", "-outform", "DER", "-out", "o.der")
    openssl("pkey", "-in", "o.key", "-outform", "DER", "-out", "k.der")
    table("add", "t.dct", "d", "--cert", "o.der", "--key", "k.der", "--ca", "o.der")
    authority = trustme.CA()
    server = authority.create_child_ca().issue_cert("s.local")
    authority.cert_pem.write_to_path("ca.pem")
    server.private_key_and_cert_chain_pem.write_to_path("all.pem")  # key and chain in one
    table("add", "t.dct", "t", "--cert", "all.pem", "--key", "all.pem", "--ca", "ca.pem")
    entries = {entry[:3]: entry[3] for entry in dct.current((tmp_path / "t.dct").read_bytes())[2]}
    for kind in (dct.CERTIFICATE, dct.KEY, dct.ROOTS):
        same = entries[dct.IDENTITY, b"o", kind] == entries[dct.IDENTITY, b"d", kind]
        assert same
    assert entries[dct.IDENTITY, b"o", dct.CERTIFICATE] == (tmp_path / "o.der").read_bytes()
    assert entries[dct.IDENTITY, b"t", dct.CERTIFICATE] == b"".join(
        each.bytes() for each in server.cert_chain_pems
    )
    assert "t.dct: 9 entries" in table("verify", "t.dct")
