"""Making keys and certificates: authorities, servers, clients, self-signed ones. Values only:
files are files.py.
"""

import datetime
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from airwire.cert import describe
from airwire.errors import UserError

# A certificate is valid from a little before it was made: the clock of who checks may be behind.
_CLOCKS_DIFFER = datetime.timedelta(hours=1)
_COMMON_NAME_MAX = 64  # RFC 5280, ub-common-name
_HOST = re.compile(r"(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9-]{1,63}")

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


@dataclass(frozen=True)
class Authority:
    """Who signs: its key, and its certificates as in its file, its own first."""

    key: PrivateKeyTypes
    chain: Sequence[x509.Certificate]
    where: str  # its file, for messages

    @property
    def own(self) -> x509.Certificate:
        return self.chain[0]

    def below(self) -> list[x509.Certificate]:
        """What follows a certificate that it has signed, in a chain: a root is left out, since who
        verifies must have it already.
        """
        return [each for each in self.chain if not describe.is_self_signed(each)]

    def check(self) -> None:
        """Raise UserError where it cannot sign."""
        if self.key.public_key() != self.own.public_key():
            raise UserError(f"{self.where}: the key is not that of the certificate")
        if not describe.is_ca(self.own):
            raise UserError(f"{self.where} is no authority: make one with `airwire cert new-ca`")
        if describe.days_left(self.own) < 0:
            raise UserError(f"{self.where} has expired: make a new one")


def key(rsa_bits: int | None) -> PrivateKeyTypes:
    """A new key: EC P-256, which an ESP32 is quick with, unless bits of RSA are given."""
    if rsa_bits is None:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)


def check_key(private: PrivateKeyTypes, where: str) -> None:
    """Raise UserError for a key of a kind that is not made here."""
    if not isinstance(private, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise UserError(f"{where}: the boards take keys of EC and RSA only")


def common_name(text: str) -> str:
    """Checked: raises UserError for what cannot be the name in a certificate."""
    if not 0 < len(text) <= _COMMON_NAME_MAX or not text.isprintable():
        raise UserError(f"bad name {text!r}: 1 to {_COMMON_NAME_MAX} printable characters")
    return text


def alternative_names(dns: Sequence[str], addresses: Sequence[str]) -> list[x509.GeneralName]:
    """What a server is called by. Raises UserError."""
    names: list[x509.GeneralName] = []
    for text in dns:
        if not _HOST.fullmatch(text) or len(text) > 253 or text.replace(".", "").isdigit():
            cure = ": addresses are given with --ip" if text.replace(".", "").isdigit() else ""
            raise UserError(f"--dns {text}: not a host name{cure}")
        names.append(x509.DNSName(text))
    for text in addresses:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(text)))
        except ValueError:
            raise UserError(f"--ip {text}: not an address") from None
    return names


def authority(
    name: str, private: PrivateKeyTypes, days: int | None, under: Authority | None
) -> x509.Certificate:
    """A root, or an intermediate under another authority. Raises UserError."""
    if under is not None:
        room = _path_length(under.own)
        if room == 0:
            raise UserError(f"{under.where} may sign no authorities: its path length is 0")
    builder = _builder(name, private, days, _DAYS_CA, under)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    builder = builder.add_extension(_key_usage(sign_others=True), True)
    return _sign(builder, private, under)


def leaf(
    name: str,
    private: PrivateKeyTypes,
    days: int | None,
    names: Sequence[x509.GeneralName],
    purposes: Sequence[x509.ObjectIdentifier],
    issuer: Authority | None,
) -> x509.Certificate:
    """A certificate of a server or client; without an issuer it signs itself. Raises UserError."""
    builder = _builder(name, private, days, _DAYS_LEAF, issuer)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    builder = builder.add_extension(
        _key_usage(encipher=isinstance(private, rsa.RSAPrivateKey)), True
    )
    builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    return _sign(builder, private, issuer)


# Ten years for an authority, which is in the flash of many boards; two and a quarter for what it
# signs.
_DAYS_CA = 3650
_DAYS_LEAF = 825


def _builder(
    name: str, private: PrivateKeyTypes, days: int | None, usual: int, issuer: Authority | None
) -> x509.CertificateBuilder:
    start = describe.now().replace(microsecond=0)
    end = start + datetime.timedelta(days=usual if days is None else days)
    if issuer is not None:
        issuer.check()
        last = issuer.own.not_valid_after_utc
        if end > last:
            if days is not None:
                left = describe.days_left(issuer.own)
                raise UserError(f"{issuer.where} ends before that, in {describe.counted(left)}")
            end = last
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name(name))])
    public = private.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.own.subject if issuer else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - _CLOCKS_DIFFER)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    )
    if issuer is None:
        return builder
    return builder.add_extension(_authority_key(issuer.own), False)


def _authority_key(cert: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        known = cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(cert.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)


def _path_length(cert: x509.Certificate) -> int | None:
    return cert.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length


def _key_usage(sign_others: bool = False, encipher: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_others,
        content_commitment=False,
        key_encipherment=encipher,  # the key exchange RSA, which the boards have too
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_others,
        crl_sign=sign_others,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(
    builder: x509.CertificateBuilder, private: PrivateKeyTypes, issuer: Authority | None
) -> x509.Certificate:
    return builder.sign(issuer.key if issuer else private, hashes.SHA256())
