"""The identity of a secure WWEP server: a certificate and its key, and who must sign clients'.

`make` writes one for a class, with an authority of its own for the boards to trust: EC P-256,
which costs a chip the least. Keys are written for their owner alone, and never shown.
"""

import ipaddress
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


def make(folder: Path, names: Iterable[str] = ()) -> bool:
    """An authority and a server's certificate and key in `folder`, as PEM; `names` are the
    server's besides the usual ones, addresses included. What is there already is kept: False. The
    authority's key is not: nobody can sign with it any more. Raises OSError, and UserError where
    only a part is there, or a name is none.
    """
    found = [(folder / name).exists() for name in (AUTHORITY, CERTIFICATE, KEY)]
    if all(found):
        return False
    if any(found):
        raise UserError(f"{folder}: holds a part of an identity; name an empty folder")
    from airwire.cert import files
    from airwire.cert import make as cert

    dns, addresses = [], []
    for name in dict.fromkeys((*USUAL_NAMES, *names)):
        (addresses if _is_address(name) else dns).append(name)
    alternatives = cert.alternative_names(dns, addresses)
    signer = cert.key(None)
    authority = cert.authority("WWEP class", signer, None, None)
    key = cert.key(None)
    issuer = cert.Authority(signer, [authority], str(folder))
    server = cert.leaf("WWEP server", key, None, alternatives, [cert.SERVER], issuer)
    folder.mkdir(parents=True, exist_ok=True)
    files.write(folder / KEY, files.key_pem(key), private=True, replace=False)
    files.write(folder / CERTIFICATE, files.pem([server]), private=False, replace=False)
    files.write(folder / AUTHORITY, files.pem([authority]), private=False, replace=False)
    return True


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
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
