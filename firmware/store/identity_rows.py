# Which certificates and keys there are, and when they end: what is in the DCT, what variables
# refer to, and files by their endings. Imported to list them, forgotten after that.
import io
import os

from firmware import forget
from wire import x509

from . import identities

_ENDINGS = (b".pem", b".crt", b".cer", b".der", b".key")
_VARIABLES = (
    b"network.tls.ca_cert",
    b"network.tls.client_cert",
    b"network.tls.client_key",
    b"network.tls.server_ca",
    b"network.tls.server_cert",
    b"network.tls.server_key",
    b"http.server.tls_cert",
    b"http.server.tls_key",
)


def drop():
    """Take from RAM what this is and uses."""
    forget("wire.x509")
    forget("firmware.store.identities")
    forget("firmware.store.identity_rows")


def rows(get, all_files):
    """Yield (reference, kind, where, text, end) of each certificate (kind b"cert" or b"ca") and of
    each b"key". The text says whose or which it is, or what is wrong with it; `end` is in seconds
    since 1970, None for keys and for what cannot be read.

    get(name): the value of a variable; all_files: also those that no variable refers to.
    """
    for name, kind in _in_dct():
        yield from _stored(name, kind)
    seen = _files() if all_files else []
    for ref in seen:
        yield from _file(ref)
    for name in _VARIABLES:
        ref = get(name)
        if ref and ref[:4] != b"dct:" and ref not in seen:
            seen.append(ref)
            yield from _file(ref)


def of(ref):
    """The same for one reference."""
    if ref[:4] != b"dct:":
        yield from _file(ref)
        return
    for name, kind in _in_dct():
        if name == ref[4:]:
            yield from _stored(name, kind)


def _stored(name, kind):
    what = b"ca" if kind == "ROOTS" else b"cert"
    yield from _rows(b"dct:" + name, what, b"dct", io.BytesIO(identities.stored(name, kind)))


def _in_dct():
    # [(name, kind)] of the identities in the DCT.
    from firmware.store import dct as table
    from wire import dct

    kinds = {dct.CERTIFICATE: "CERTIFICATE", dct.KEY: "KEY", dct.ROOTS: "ROOTS"}
    try:
        return [(row[1], kinds[row[2]]) for row in table.entries() if row[0] == dct.IDENTITY]
    finally:
        forget("firmware.store.dct")
        forget("wire.dct")


def _files():
    from . import files

    names = [files.row(entry)[0] for entry in files.listing()]
    try:
        # Read to its end, as every listing.
        names += [entry[0].encode() for entry in os.ilistdir(identities.RESOURCES)]
    except OSError:
        pass  # the image has brought none
    found = []
    for name in names:
        if name[-4:].lower() in _ENDINGS and name not in found:
            found.append(name)
    return found


def _file(ref):
    where = b"module"
    if ref[:3] != b"py:":
        shipped = identities.path(ref).startswith(identities.RESOURCES)
        where = b"resource" if shipped else b"file"
    try:
        f = identities.opened(ref)
    except identities.IdentityError as e:
        yield ref, b"cert", where, e.args[0], None
        return
    with f:
        yield from _rows(ref, b"cert", where, f)


def _rows(ref, kind, where, f):
    # Of an open file: its certificates, its key, or what is wrong with it.
    wrong = None
    try:
        for der, _, _ in identities.certificates(f):
            found = x509.Certificate(der)
            der = None
            yield ref, kind, where, found.subject, found.not_after
    except (ValueError, x509.X509Error) as e:
        wrong = e.args[0]
    key = None
    try:
        key = x509.private_key(identities.private_key(f))
    except (ValueError, x509.X509Error):
        pass
    if key:
        yield ref, b"key", where, b"%s %d" % key[:2], None
    elif wrong:
        yield ref, kind, where, wrong, None
