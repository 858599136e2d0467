"""What wire.x509 says of certificates and keys that the library `cryptography` has made, against
what that library says itself.
"""

import ast
import datetime
import random
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from host_tests.conftest import LIB

HERE = "host_tests/wire/x509_driver.py"
_PRIVATE = serialization.PrivateFormat
_PUBLIC = serialization.PublicFormat


def keys():
    yield from (ec.generate_private_key(c()) for c in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1))
    yield from (rsa.generate_private_key(65537, bits) for bits in (1024, 2048))


def name(text):
    pairs = [(NameOID.COUNTRY_NAME, "CH"), (NameOID.ORGANIZATION_NAME, "Maker")]
    pairs += [(NameOID.COMMON_NAME, text)] if text else []
    return x509.Name([x509.NameAttribute(*pair) for pair in pairs])


def certificate(rng, key, number):
    common = rng.choice(["", f"module-{number}.example", "Ünïcode Ω"])
    issuer = rng.choice([common, "Some CA"])
    first = datetime.datetime(
        rng.randrange(1951, 2100), rng.randrange(1, 13), rng.randrange(1, 29)
    )
    last = first + datetime.timedelta(rng.randrange(1, 20_000), rng.randrange(86_400))
    made = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(rng.getrandbits(158) + 1)
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(x509.BasicConstraints(ca=rng.random() < 0.5, path_length=None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    if rng.random() < 0.7:
        names = x509.SubjectAlternativeName([x509.DNSName(f"alt-{number}.example")])
        made = made.add_extension(names, not common)
    if rng.random() < 0.5:
        others = ("digital_signature", "content_commitment", "key_encipherment", "crl_sign")
        usage = {name: rng.random() < 0.5 for name in (*others, "key_cert_sign")}
        unset = ("data_encipherment", "key_agreement", "encipher_only", "decipher_only")
        made = made.add_extension(x509.KeyUsage(**usage, **dict.fromkeys(unset, False)), True)
    return made.sign(key, hashes.SHA256())


def public(key):
    """Kind, bits, and the public part as a certificate has it."""
    if isinstance(key, rsa.RSAPublicKey):
        n = key.public_numbers().n
        return [b"RSA", key.key_size, n.to_bytes((n.bit_length() + 7) // 8, "big")]
    point = key.public_bytes(serialization.Encoding.X962, _PUBLIC.UncompressedPoint)
    return [b"EC", key.key_size, point]


def authority(made):
    if not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        return False
    try:
        return made.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def described(made):
    common = made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    subject = common[0].value if common else ""
    if not common:
        try:
            names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            subject = names.get_values_for_type(x509.DNSName)[0]
        except x509.ExtensionNotFound:
            pass
    times = [made.not_valid_before_utc, made.not_valid_after_utc]
    return [
        subject.encode(),
        made.subject == made.issuer,
        authority(made),
        int(times[1].timestamp()),
        *(time.strftime("%Y-%m-%dT%H:%M:%SZ").encode() for time in times),
        *public(made.public_key()),
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory, counts, seed):
    """Files with what the library says of each."""
    rng = random.Random(seed)
    folder = tmp_path_factory.mktemp("x509")
    found = {}
    pool = list(keys())
    for number in range(counts(30, 500)):
        one = certificate(rng, rng.choice(pool), number)
        path = folder / f"{number:03}.crt"
        path.write_bytes(one.public_bytes(serialization.Encoding.DER))
        found[path] = described(one)
    forms = {"pkcs8": _PRIVATE.PKCS8, "own": _PRIVATE.TraditionalOpenSSL}
    for number, key in enumerate(pool):
        for word, form in forms.items():
            path = folder / f"{number}-{word}.key"
            path.write_bytes(
                key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
            )
            found[path] = public(key.public_key())
    return found


def check(made, output):
    lines = output.splitlines()
    assert len(lines) == len(made)
    for (path, expected), line in zip(made.items(), lines, strict=True):
        assert ast.literal_eval(line) == expected, path.name


def test_here(made):
    done = subprocess.run(
        [sys.executable, HERE, *made], env={"PYTHONPATH": LIB}, capture_output=True, text=True
    )
    assert not done.stderr
    check(made, done.stdout)


def test_on_micropython(made, micropython):
    done = micropython(HERE, *made)
    assert not done.stderr
    check(made, done.stdout)
