"""The checks before a board gets certificates and a key: what is refused here would fail in its
TLS, later and with less to say. Every refusal is a UserError that names file, fault and cure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from airwire.cert import describe, files
from airwire.cert.describe import BAD_INPUT
from airwire.errors import UserError

# What the TLS of the boards takes (mbedTLS's default profile, and the curves that it is built
# with).
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_RSA_LEAST = 2048
_RSA_MOST = 4096  # a chip takes seconds for it
_WEAK = (hashes.MD5, hashes.SHA1)

# A handshake message of a chip has 4096 bytes, of which its head takes 4, the length of the list
# 3, and the length of each certificate 3.
_MESSAGE = 4096
_HEAD = 7
_EACH = 3

# From here on a user is told that a certificate ends soon; the boards warn from the same day on.
SOON_DAYS = 30


@dataclass
class Material:
    """What is to become one identity: certificates (its own first), its key, and the roots that it
    verifies others by. `where` is what each is called in messages. What is None is not given.
    """

    chain: Sequence[x509.Certificate] = ()
    key: object = None
    roots: Sequence[x509.Certificate] = ()
    chain_where: str = ""
    key_where: str = ""
    roots_where: str = ""
    notes: list[str] = field(default_factory=list)

    def check(self, allow_expired: bool = False) -> None:
        """Raise UserError for the first thing that is wrong; what is only odd goes to `notes`."""
        try:
            self._check(allow_expired)
        except BAD_INPUT:
            where = self.chain_where or self.roots_where
            raise UserError(f"{where}: a certificate in it is damaged") from None

    def _check(self, allow_expired: bool) -> None:
        if self.key is not None:
            _check_key(self.key.public_key(), self.key_where)
        if self.chain:
            self._check_each()
            self._check_order()
            self._check_links()
            self._check_own()
        for cert in self.roots:
            self._check_root(cert)
        for certs, where in ((self.chain, self.chain_where), (self.roots, self.roots_where)):
            for cert in certs:
                self._check_dates(cert, where, allow_expired)

    # The chain

    def _check_each(self) -> None:
        """Kinds of keys and of signatures. That of a root is its own, and nobody looks at it."""
        for index, cert in enumerate(self.chain):
            where = f"{self.chain_where}: {self._called(index)}"
            _check_key(cert.public_key(), where)
            used = cert.signature_hash_algorithm
            if isinstance(used, _WEAK) and cert.issuer != cert.subject:
                name = used.name.upper()
                raise UserError(f"{where} is signed with {name}, which boards refuse: renew it")

    def _check_order(self) -> None:
        """The first certificate is the key's, and each next one has signed the one before."""
        first = 0
        if self.key is not None:
            mine = [i for i, c in enumerate(self.chain) if c.public_key() == self.key.public_key()]
            if not mine:
                raise UserError(
                    f"{self.key_where} is not the key of {self._called(0)} in {self.chain_where}"
                )
            first = mine[0]
        else:
            issuers = {i for c in self.chain for i in self._issuers(c)}
            leaves = [i for i in range(len(self.chain)) if i not in issuers]
            first = leaves[0] if len(leaves) == 1 else 0
        order = [first]
        while above := [i for i in self._issuers(self.chain[order[-1]]) if i not in order]:
            order.append(above[0])
        if order == list(range(len(self.chain))):
            return
        if len(order) < len(self.chain):
            stray = next(i for i in range(len(self.chain)) if i not in order)
            raise UserError(
                f"{self.chain_where}: certificate {stray + 1} ({self._name(stray)}) is not in the "
                f"chain above {self._called(first)}: leave it out, or add who signed"
                f" {self._called(order[-1])}"
            )
        right = ", ".join(f"{i + 1} ({self._name(i)})" for i in order)
        raise UserError(f"{self.chain_where}: wrong order; the right one, its own first: {right}")

    def _issuers(self, cert: x509.Certificate) -> list[int]:
        # A self-signed one ends a chain: it is not above itself.
        return [
            i
            for i, other in enumerate(self.chain)
            if other is not cert and describe.is_signed_by(cert, other)
        ]

    def _check_links(self) -> None:
        """Those above the first are authorities, and allow as many below them."""
        for below, cert in enumerate(self.chain[1:]):
            where = f"{self.chain_where}: {self._called(below + 1)}"
            _check_authority(cert, where)
            room = describe.extension(cert, x509.BasicConstraints)
            if room is not None and room.path_length is not None and room.path_length < below:
                raise UserError(f"{where} allows {room.path_length} authorities below it")
        if len(self.chain) > 1 and describe.is_self_signed(self.chain[-1]):
            self.notes.append(
                f"{self.chain_where}: the root at its end is of no use there: who verifies has it"
            )
        size = _HEAD + sum(_EACH + len(files.der(cert)) for cert in self.chain)
        if size > _MESSAGE:
            raise UserError(
                f"{self.chain_where}: the chain makes a message of {size} bytes, and a chip sends"
                f" {_MESSAGE}: leave out the root, or use EC keys"
            )

    def _check_own(self) -> None:
        """The first may be a server's or a client's."""
        own = self.chain[0]
        where = f"{self.chain_where}: {self._called(0)}"
        purposes = describe.extension(own, x509.ExtendedKeyUsage)
        good = (
            ExtendedKeyUsageOID.SERVER_AUTH,
            ExtendedKeyUsageOID.CLIENT_AUTH,
            ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        )
        if purposes is not None and not any(each in good for each in purposes):
            raise UserError(
                f"{where} is neither for a server nor for a client (extended key usage)"
            )
        usage = describe.extension(own, x509.KeyUsage)
        if usage is not None and not usage.digital_signature:
            if isinstance(own.public_key(), ec.EllipticCurvePublicKey):
                raise UserError(f"{where} is not for TLS: its key usage lacks digitalSignature")
            if not usage.key_encipherment:
                raise UserError(
                    f"{where} is not for TLS: its key usage has neither digitalSignature nor"
                    " keyEncipherment"
                )

    # Roots and dates

    def _check_root(self, cert: x509.Certificate) -> None:
        where = f"{self.roots_where}: {describe.name(cert.subject)}"
        _check_key(cert.public_key(), where)
        if not describe.is_self_signed(cert):
            _check_authority(cert, where)

    def _check_dates(self, cert: x509.Certificate, where: str, allow_expired: bool) -> None:
        what = f"{where}: {describe.name(cert.subject)}"
        until = f"{cert.not_valid_after_utc:%Y-%m-%d}"
        left = describe.days_left(cert)
        problem = ""
        if left < 0:
            problem = f"{what} has expired on {until}"
        elif cert.not_valid_before_utc > describe.now():
            problem = (
                f"{what} is not valid before {cert.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC"
            )
        elif left < SOON_DAYS:
            self.notes.append(f"{what} ends on {until}, in {describe.counted(left)}")
        if problem and not allow_expired:
            raise UserError(f"{problem}: renew it (--allow-expired takes it as it is)")
        if problem:
            self.notes.append(problem)

    def _called(self, index: int) -> str:
        return f"certificate {index + 1} ({self._name(index)})"

    def _name(self, index: int) -> str:
        return describe.name(self.chain[index].subject)


def _check_authority(cert: x509.Certificate, where: str) -> None:
    # Version 1 had no way to say it.
    if cert.version is not x509.Version.v1 and not describe.is_ca(cert):
        raise UserError(f"{where} is no authority (basic constraints: not a CA)")
    usage = describe.extension(cert, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise UserError(f"{where} is no authority (key usage: keyCertSign is missing)")


def _check_key(public: object, where: str) -> None:
    name = describe.key_name(public)
    if isinstance(public, ec.EllipticCurvePublicKey):
        if not isinstance(public.curve, _CURVES):
            raise UserError(f"{where}: the boards have no curve {name[3:]}: use P-256")
    elif isinstance(public, rsa.RSAPublicKey):
        if not _RSA_LEAST <= public.key_size <= _RSA_MOST:
            raise UserError(f"{where}: {name}: the boards take {_RSA_LEAST} to {_RSA_MOST} bits")
    else:
        raise UserError(f"{where}: the boards have no {name}: use EC P-256 or RSA")
