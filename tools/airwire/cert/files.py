"""Files of certificates and keys: PEM and DER in, objects out, and back. Checks of what they say
are in check.py. Errors name the file, never what a key holds.
"""

import getpass
import re
import stat
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.utils import CryptographyDeprecationWarning

from airwire.cert import describe
from airwire.cert.describe import BAD_INPUT
from airwire.errors import UserError

# All roots of a web browser as PEM are 250 KB. A larger file is none of ours.
MAX_FILE = 1 << 20

PASSWORD_FILE = "--password-file"  # the option that names it

_KEY = re.compile(rb"-----BEGIN ((?:[A-Z0-9]+ )?PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_SEQUENCE = 0x30  # the tag that begins every certificate and key in DER

# Some certificates in use break a rule that it lets pass so far, with a warning on stderr.
warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)
warnings.filterwarnings("ignore", message="Attribute's length")


def read(path: Path) -> bytes:
    """A small file. Raises UserError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    if len(data) > MAX_FILE:
        raise UserError(f"{path}: too large for certificates or a key: more than {MAX_FILE} bytes")
    return data


def certificates(path: Path) -> list[x509.Certificate]:
    """All certificates of a file, in its order: PEM with anything around them, or DER one after
    another. Raises UserError; one at least is there.
    """
    found = try_certificates(read(path), str(path))
    if not found:
        raise UserError(f"{path}: no certificate in it")
    return found


def try_certificates(data: bytes, where: str) -> list[x509.Certificate]:
    """As `certificates`, of bytes; none where there is nothing that looks like one."""
    try:
        if b"-----BEGIN " in data:
            if b"-----BEGIN CERTIFICATE-----" not in data:
                return []
            return x509.load_pem_x509_certificates(data)
        if data[:1] != bytes((_SEQUENCE,)):
            return []
        pieces = split(data)
        if len(pieces) == 1 and _is_key(data):
            return []
        return [x509.load_der_x509_certificate(piece) for piece in pieces]
    except BAD_INPUT:
        raise UserError(f"{where}: a certificate in it is damaged") from None


def split(data: bytes) -> list[bytes]:
    """DER values one after another -> each. Raises ValueError."""
    pieces = []
    while data:
        if len(data) < 2 or data[0] != _SEQUENCE:
            raise ValueError("not DER")
        length, head = data[1], 2
        if length >= 0x80:
            head += length - 0x80
            length = int.from_bytes(data[2:head])
        if length + head > len(data) or head > 6:
            raise ValueError("truncated")
        pieces.append(data[: head + length])
        data = data[head + length :]
    return pieces


def _is_key(data: bytes) -> bool:
    try:
        load_der_private_key(data, None)
    except TypeError:  # encrypted
        return True
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def key(
    path: Path, password_file: Path | None = None, option: str = PASSWORD_FILE
) -> PrivateKeyTypes:
    """The private key of a file, PEM (perhaps with certificates around it) or DER. The password of
    an encrypted one is that of the file, which `option` names, or asked for. Raises UserError.
    """
    found = try_key(read(path), path, password_file, option)
    if found is None:
        raise UserError(f"{path}: no private key in it")
    return found


def load_key(data: bytes, where: str) -> PrivateKeyTypes:
    """A key as `key_der` gives it. Raises UserError."""
    try:
        return load_der_private_key(data, None)
    except BAD_INPUT:
        raise UserError(f"{where}: the private key is damaged, or encrypted") from None


def try_key(
    data: bytes, path: Path, password_file: Path | None = None, option: str = PASSWORD_FILE
) -> PrivateKeyTypes | None:
    """As `key`, of a file's bytes; None where there is nothing that looks like one."""
    load = load_der_private_key
    if b"-----BEGIN " in data:
        blocks = [found[0] for found in _KEY.finditer(data)]
        if not blocks:
            if b"PRIVATE KEY-----" in data:
                raise UserError(f"{path}: the private key in it is damaged")
            return None
        if len(blocks) > 1:
            raise UserError(f"{path}: {len(blocks)} private keys in it, one is wanted")
        data, load = blocks[0], load_pem_private_key
    elif not _is_key(data):
        return None
    try:
        return load(data, None)
    except TypeError:
        pass  # encrypted
    except BAD_INPUT:
        raise UserError(f"{path}: the private key in it is damaged, or of no known kind") from None
    try:
        return load(data, password(str(path), password_file, option=option))
    except BAD_INPUT:
        raise UserError(f"{path}: not the password of this key") from None


def key_kinds(data: bytes) -> list[str]:
    """Kind and size of each private key in a file's bytes, or that it is encrypted: nobody is
    asked for a password.
    """
    keys = [found[0] for found in _KEY.finditer(data)]
    if not keys and b"-----BEGIN " not in data and _is_key(data):
        keys = [data]
    kinds = []
    for each in keys:
        load = load_pem_private_key if each.startswith(b"-----") else load_der_private_key
        try:
            kinds.append(describe.key_name(load(each, None).public_key()))
        except TypeError:
            kinds.append("(encrypted)")
        except BAD_INPUT:
            kinds.append("(damaged)")
    return kinds


def password(
    what: str, password_file: Path | None, twice: bool = False, option: str = PASSWORD_FILE
) -> bytes:
    """The password of `what`, from the first line of a file or from the person at the terminal.
    Raises UserError.
    """
    if password_file is not None:
        found = read(password_file).splitlines()[:1]
        if not found or not found[0]:
            raise UserError(f"{password_file}: the first line is empty: no password")
        return found[0]
    if not sys.stdin.isatty():
        raise UserError(f"{what} needs a password: give {option} FILE")
    asked = getpass.getpass(f"Password of {what}: ")
    if not asked:
        raise UserError(f"{what}: an empty password")
    if twice and getpass.getpass("Once more: ") != asked:
        raise UserError(f"{what}: the two passwords differ")
    return asked.encode()


def pem(certs: Iterable[x509.Certificate]) -> bytes:
    """Certificates as PEM, in the order given, with LF at the line ends."""
    return b"".join(cert.public_bytes(Encoding.PEM) for cert in certs)


def der(cert: x509.Certificate) -> bytes:
    """One certificate as DER."""
    return cert.public_bytes(Encoding.DER)


def key_pem(private: PrivateKeyTypes, secret: bytes | None = None) -> bytes:
    """A key as PEM (PKCS#8), encrypted where there is a password."""
    encryption = BestAvailableEncryption(secret) if secret else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def key_der(private: PrivateKeyTypes) -> bytes:
    """A key as DER (PKCS#8), which the boards read; not encrypted."""
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def refuse_overwriting(paths: Iterable[Path], force: bool) -> None:
    """Raise UserError for a file that is there already, before anything is made, and OSError for
    what cannot be one.
    """
    for path in paths:
        try:
            there = path.stat()
        except FileNotFoundError:
            continue
        if stat.S_ISDIR(there.st_mode):
            raise UserError(f"{path} is a directory")
        if not force:
            raise UserError(f"{path} is there already: --force replaces it")


def write(path: Path, data: bytes, private: bool, replace: bool) -> None:
    """Write a file so that it is whole or not there; a private one is for its owner alone from
    its first byte on. Raises UserError, also for one that is there unless it may `replace` that.
    """
    from airwire.image.build import write_atomic  # takes as long to import as all else here

    write_atomic(path, data, private, replace)
