"""Certificates with whatever a test wants to be wrong with them: the project's own commands make
none of these.
"""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
MAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION

USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def ec_key(curve=ec.SECP256R1):
    return ec.generate_private_key(curve())


class Made:
    """A certificate with its key; `issuer` is another of these."""

    def __init__(
        self,
        subject,
        issuer=None,
        *,
        key=None,
        ca=None,
        path_length=None,
        days=(-1, 365),
        purposes=(),
        usages=None,
        names=(),
        algorithm=None,
        padding=(),
    ):
        self.key = key or ec_key()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer.cert.subject if issuer else name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
        )
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca, path_length), True)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
        if usages is not None:
            flags = {usage: usage in usages for usage in USAGES}
            builder = builder.add_extension(x509.KeyUsage(**flags), True)
        alternatives = [x509.DNSName(each) for each in (*names, *padding)]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        signer = issuer.key if issuer else self.key
        if not isinstance(signer, ed25519.Ed25519PrivateKey):
            algorithm = algorithm or hashes.SHA256()
        self.cert = builder.sign(signer, algorithm)
        self.key_pem = self._key(Encoding.PEM, PrivateFormat.PKCS8)

    def _key(self, encoding, form, encryption=None):
        return self.key.private_bytes(encoding, form, encryption or NoEncryption())

    @property
    def pem(self):
        return self.cert.public_bytes(Encoding.PEM)

    @property
    def der(self):
        return self.cert.public_bytes(Encoding.DER)

    def key_forms(self, password):
        """Every form in which keys come, by name."""
        traditional = PrivateFormat.TraditionalOpenSSL
        encryption = BestAvailableEncryption(password)
        return {
            "pem": self.key_pem,
            "traditional": self._key(Encoding.PEM, traditional),
            "der": self._key(Encoding.DER, PrivateFormat.PKCS8),
            "traditional der": self._key(Encoding.DER, traditional),
            "crlf": self.key_pem.replace(b"\n", b"\r\n"),
            "encrypted": self._key(Encoding.PEM, PrivateFormat.PKCS8, encryption),
            "encrypted traditional": self._key(Encoding.PEM, traditional, encryption),
            "encrypted der": self._key(Encoding.DER, PrivateFormat.PKCS8, encryption),
        }


def chain_of_three(**leaf):
    """Root, intermediate, leaf."""
    root = Made("Root", ca=True)
    middle = Made("Middle", root, ca=True)
    return root, middle, Made("leaf", middle, **leaf)
