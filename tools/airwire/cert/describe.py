"""What a certificate says, as plain values, and how a person sees it. Judging it is check.py."""

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from airwire.errors import UserError

# What cryptography raises for input that it cannot make sense of.
BAD_INPUT = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)

# OpenSSL's names of curves -> those that everybody uses.
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}

_PURPOSES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "server",
    ExtendedKeyUsageOID.CLIENT_AUTH: "client",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any",
}


@dataclass(frozen=True)
class Facts:
    """The keys of `--json`; times are UTC. `usage`: what it may be used for, as server, client,
    CA; any where it does not say. `days_left` is rounded down: -1 on the first day after the end.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: str
    not_after: str
    days_left: int
    key: str
    usage: tuple[str, ...]
    self_signed: bool
    serial: str
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """For json.dumps."""
        return asdict(self)


def now() -> datetime.datetime:
    """The time, which tests replace."""
    return datetime.datetime.now(datetime.UTC)


def facts(cert: x509.Certificate, where: str) -> Facts:
    """Everything about a certificate. Raises UserError for one that contradicts itself."""
    try:
        return Facts(
            subject=name(cert.subject),
            issuer=name(cert.issuer),
            names=tuple(printable(text) for text in subject_names(cert)),
            not_before=_time(cert.not_valid_before_utc),
            not_after=_time(cert.not_valid_after_utc),
            days_left=days_left(cert),
            key=key_name(cert.public_key()),
            usage=usage(cert),
            self_signed=is_self_signed(cert),
            serial=f"{cert.serial_number:X}",
            sha256=cert.fingerprint(hashes.SHA256()).hex(":").upper(),
        )
    except BAD_INPUT:
        raise UserError(f"{where}: a certificate in it is damaged") from None


def name(of: x509.Name) -> str:
    """A subject or issuer: its common name where that is all, else as in RFC 4514."""
    common = of.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(common) == len(list(of)) == 1:
        return printable(str(common[0].value))
    return printable(of.rfc4514_string())


def printable(text: str) -> str:
    """What others wrote, without what a terminal would obey."""
    return "".join(char if char.isprintable() else "?" for char in text)


def subject_names(cert: x509.Certificate) -> list[str]:
    """Names and addresses of the extension `subjectAltName`."""
    names = extension(cert, x509.SubjectAlternativeName)
    return [] if names is None else [str(each.value) for each in names]


def usage(cert: x509.Certificate) -> tuple[str, ...]:
    """See Facts.usage."""
    purposes = extension(cert, x509.ExtendedKeyUsage)
    words = ["CA"] if is_ca(cert) else []
    if purposes is not None:
        return (*words, *(_PURPOSES.get(each, each.dotted_string) for each in purposes))
    return tuple(words) or ("any",)


def is_ca(cert: x509.Certificate) -> bool:
    """Whether it says that it may sign other certificates."""
    constraints = extension(cert, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def is_self_signed(cert: x509.Certificate) -> bool:
    """Whether its own key has signed it."""
    return cert.issuer == cert.subject and is_signed_by(cert, cert)


def is_signed_by(cert: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` has the name and the key that signed `cert`. Not: whether it was allowed
    to.
    """
    try:
        cert.verify_directly_issued_by(issuer)
    except Exception:  # wrong name, wrong signature, unknown algorithm: it did not
        return False
    return True


def days_left(cert: x509.Certificate) -> int:
    """Days to its end, rounded down, as the module does (firmware/store/expiry.py): 0 on its last
    day, -1 on the first one after its end.
    """
    return (cert.not_valid_after_utc - now()).days


def counted(days: int) -> str:
    """A number of days in words."""
    return f"{days} day{'' if days == 1 else 's'}"


def key_name(public: Any) -> str:
    """Kind and size of a public key: EC P-256, RSA 2048."""
    if isinstance(public, ec.EllipticCurvePublicKey):
        return f"EC {_CURVES.get(public.curve.name, public.curve.name)}"
    if isinstance(public, rsa.RSAPublicKey):
        return f"RSA {public.key_size}"
    return type(public).__name__.lstrip("_").removesuffix("PublicKey")


def extension(cert: x509.Certificate, kind: Any) -> Any:
    """An extension's value, or None."""
    try:
        return cert.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _time(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def validity(of: Facts) -> str:
    """From when to when, and how long that still is."""
    starts = datetime.datetime.fromisoformat(of.not_before).replace(tzinfo=datetime.UTC)
    if of.days_left < 0:
        days = -of.days_left - 1  # whole ones
        left = f"expired {counted(days)} ago" if days else "expired today"
    elif starts > now():
        left = "not valid yet"
    else:
        left = f"{counted(of.days_left)} left"
    return f"{of.not_before} to {of.not_after} UTC, {left}"


def table(certs: Sequence[Facts]) -> str:
    """Certificates for a person, numbered from 1."""
    blocks = []
    for number, cert in enumerate(certs, 1):
        rows = [
            ("subject", cert.subject),
            ("issuer", f"{cert.issuer}{' (itself)' if cert.self_signed else ''}"),
            ("names", ", ".join(cert.names)),
            ("valid", validity(cert)),
            ("key", cert.key),
            ("usage", ", ".join(cert.usage)),
            ("SHA-256", cert.sha256),
        ]
        lines = [f"{label:8} {text}" for label, text in rows if text]
        blocks.append("\n".join(f"{'' if i else number!s:3} {x}" for i, x in enumerate(lines)))
    return "\n".join(blocks)
