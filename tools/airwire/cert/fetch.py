"""The certificates that a server sends, not verified, and which of them a board is to trust."""

import re
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from airwire.cert import describe
from airwire.cert.describe import BAD_INPUT
from airwire.errors import UserError

HTTPS = 443

# With brackets around an IPv6 address, as in URLs.
_PLACE = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]/\s]+))(?::(?P<port>\d{1,5}))?"
)
_DER = 2  # _ssl.ENCODING_DER


@dataclass(frozen=True)
class Found:
    """What a server says: protocol and cipher are empty where it ended the handshake after its
    certificates, as one does that wants a client's.
    """

    protocol: str
    cipher: str
    chain: tuple[x509.Certificate, ...]


def place(text: str) -> tuple[str, int]:
    """HOST[:PORT] -> both. Raises UserError."""
    found = _PLACE.fullmatch(text)
    port = int(found["port"] or HTTPS) if found else 0
    if not found or not 0 < port <= 65535:
        raise UserError(f"{text}: not HOST or HOST:PORT")
    return found["v6"] or found["host"], port


def chain(host: str, port: int, name: str, timeout: float) -> Found:
    """Ask `host` for the certificates of `name`. Raises UserError; `timeout` holds for all of it
    but the look-up of the host's address, which has limits of its own.
    """
    deadline = time.monotonic() + timeout
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # A board talks nothing else, and a server may have other certificates for TLS 1.3.
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    # Old keys and hashes are to be shown, not refused.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with _connect(host, port, deadline, timeout) as plain:
        plain.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            secure = context.wrap_socket(
                plain, server_hostname=name, do_handshake_on_connect=False
            )
        except ValueError:  # of the codec idna, for one
            raise UserError(f"{name}: not a server's name") from None
        with secure:
            problem = ""
            try:
                secure.do_handshake()
            except TimeoutError:
                raise UserError(f"{host}:{port}: no TLS answer within {timeout:g} s") from None
            except ssl.SSLError as error:
                problem = (error.reason or str(error)).lower().replace("_", " ")
            except OSError as error:
                problem = error.strerror or str(error)
            pieces = _sent(secure)
            if problem and not pieces:
                raise UserError(f"{host}:{port}: no TLS 1.2 there: {problem}")
            cipher = secure.cipher() if not problem else None
            protocol = secure.version() if not problem else None
    try:
        certs = tuple(x509.load_der_x509_certificate(piece) for piece in pieces)
    except BAD_INPUT:
        raise UserError(f"{host}:{port}: a certificate that it sends is damaged") from None
    if not certs:
        raise UserError(f"{host}:{port}: it sends no certificate")
    return Found(protocol or "", cipher[0] if cipher else "", certs)


def _connect(host: str, port: int, deadline: float, timeout: float) -> socket.socket:
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UserError(f"{host}: no such host") from None
    problem = ""
    for family, kind, protocol, _, address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(left)
        try:
            connection.connect(address)
            return connection
        except TimeoutError:
            connection.close()
        except OSError as error:
            connection.close()
            problem = problem or error.strerror or str(error)
    raise UserError(f"{host}:{port}: {problem or f'no answer within {timeout:g} s'}")


def _sent(connection: ssl.SSLSocket) -> list[bytes]:
    # Public since CPython 3.13; before, the object below has it under the same name.
    if hasattr(connection, "get_unverified_chain"):
        return list(connection.get_unverified_chain() or ())
    found = connection._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
    return [each.public_bytes(_DER) for each in found or ()]


def to_trust(chain: Sequence[x509.Certificate]) -> int | None:
    """The index of the certificate that a board is to have as its root; None where the server has
    not sent one that could be.

    The topmost that was sent: boards take an intermediate for a root, and a self-signed
    certificate for its own.
    """
    at = 0
    path = [0]
    while not describe.is_self_signed(chain[at]):
        above = [i for i, c in enumerate(chain) if i not in path and _signs(c, chain[at])]
        if not above:
            break
        at = above[0]
        path.append(at)
    return None if at == 0 and not describe.is_self_signed(chain[0]) else at


def _signs(issuer: x509.Certificate, cert: x509.Certificate) -> bool:
    return describe.is_ca(issuer) and describe.is_signed_by(cert, issuer)
