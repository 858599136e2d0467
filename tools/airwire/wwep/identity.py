"""The identity of a secure WWEP server: a certificate and its key, and who must sign clients'.

`make` writes one for a class, with an authority of its own for the boards to trust: EC P-256,
which costs a chip the least. Keys are written for their owner alone, and never shown.
"""

import datetime
import ipaddress
import os
import socket
import ssl
from collections.abc import Iterable
from pathlib import Path

from airwire.errors import UserError

AUTHORITY = "ca.pem"
CERTIFICATE = "server.pem"
KEY = "server.key"

# What boards call this computer: the class's name, and what the virtual board's DNS serves.
USUAL_NAMES = ("wwep.ww101.cypress.com", "host.airwire", "localhost", "127.0.0.1")

LIFE = datetime.timedelta(days=365)
# A board's clock may be behind.
BEFORE = datetime.timedelta(days=1)


def make(folder: Path, names: Iterable[str] = ()) -> bool:
    """An authority and a server's certificate and key in `folder`, as PEM; `names` are the
    server's besides the usual ones, addresses included. What is there already is kept: False.
    Raises OSError, and UserError where only a part is there.
    """
    found = [(folder / name).exists() for name in (AUTHORITY, CERTIFICATE, KEY)]
    if all(found):
        return False
    if any(found):
        raise UserError(f"{folder}: holds a part of an identity; name an empty folder")
    # Costs 100 ms, and only this needs it.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def alternative(name: str) -> x509.GeneralName:
        try:
            return x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            return x509.DNSName(name)

    now = datetime.datetime.now(datetime.UTC)

    def usage(**set_bits: bool) -> x509.KeyUsage:
        bits = dict.fromkeys(
            (
                *("digital_signature", "content_commitment", "key_encipherment"),
                *("data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"),
                *("encipher_only", "decipher_only"),
            ),
            False,
        )
        return x509.KeyUsage(**(bits | set_bits))

    def certificate(subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BEFORE)
            .not_valid_after(now + LIFE)
        )

    authority = named("WWEP class authority")
    authority_key = ec.generate_private_key(ec.SECP256R1())
    own = (
        certificate(authority, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    all_names = dict.fromkeys((*USUAL_NAMES, *names))
    server = (
        certificate(named("WWEP server"), key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([alternative(name) for name in all_names]), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(os.open(folder / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
    (folder / CERTIFICATE).write_bytes(server.public_bytes(pem))
    (folder / AUTHORITY).write_bytes(own.public_bytes(pem))
    return True


def own_names(host: str) -> list[str]:
    """What this computer is called besides, where the server listens on `host`."""
    names = [name for name in (socket.gethostname(),) if name.isascii()]
    if host not in ("", "0.0.0.0", "::"):
        names.append(host)
        return names
    # The address that others in the network see; nothing is sent.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            names.append(probe.getsockname()[0])
        except OSError:
            pass  # no network
    return names


def context(certificate: Path, key: Path, authority: Path | None = None) -> ssl.SSLContext:
    """Of a server: TLS 1.2 or newer; with `authority`, clients must show a certificate that it has
    signed. Files of PEM. Raises UserError.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        made.load_cert_chain(certificate, key, _no_password)
    except ssl.SSLError as error:
        reason = (error.reason or "not a certificate and its key").lower().replace("_", " ")
        raise UserError(f"{certificate}, {key}: {reason}") from None
    except OSError as error:
        raise UserError(f"{_missing(certificate, key)}: {error.strerror}") from None
    except _Encrypted:
        raise UserError(f"{key}: is encrypted; the server needs it plain") from None
    if authority is not None:
        made.verify_mode = ssl.CERT_REQUIRED
        try:
            made.load_verify_locations(authority)
        except ssl.SSLError:
            raise UserError(f"{authority}: no certificate in PEM") from None
        except OSError as error:
            raise UserError(f"{authority}: {error.strerror}") from None
    return made


class _Encrypted(Exception):
    """The key wants a password; nobody is at the terminal to be asked."""


def _no_password() -> str:
    raise _Encrypted


def _missing(*paths: Path) -> Path:
    return next((path for path in paths if not path.is_file()), paths[0])
