# What becomes of a file that is to be an identity in the DCT: it is checked here, before anything
# is replaced, and brought into the one form that each kind has there. Imported for it and
# forgotten.
import io
import time

import tls
from micropython import const

from firmware import forget
from wire import dct, pem, x509

from . import identities

_FIRST_YEAR = const(2024)  # a clock before that was never set
_EPOCH = const(946_684_800)  # seconds from 1970 to where the chip's clock begins
_MISMATCH = b"the key does not match the certificate"


def drop():
    """Take from RAM what this is and uses."""
    for name in ("wire.dct", "wire.pem", "wire.x509"):
        forget(name)
    forget("firmware.store.identities")
    forget("firmware.store.identity_check")


def entries(name, kind, f):
    """The entries of the DCT for the content of an open file, PEM or DER: [(section, name, kind,
    data)]. Raises ValueError; args[0] says what is wrong, as bytes.
    """
    try:
        if kind == "KEY":
            return [_entry(name, dct.KEY, _key(name, f))]
        if kind == "ROOTS":
            return [_entry(name, dct.ROOTS, b"".join([_root(der) for der in _ders(f)]))]
        return _chain(name, f)
    except x509.X509Error as e:
        raise ValueError(b"no certificate or key: " + e.args[0])


def _entry(name, kind, data):
    return dct.IDENTITY, name, kind, data


def _ders(f):
    for der, _, _ in identities.certificates(f):
        yield der


def _usable(der):
    # The Certificate of what TLS can read too, and whose time is now, where that is known.
    found = x509.Certificate(der)
    try:
        tls.SSLContext(tls.PROTOCOL_TLS_CLIENT).load_verify_locations(der)
    except ValueError:
        raise ValueError(b"TLS cannot use the certificate")
    if time.gmtime()[0] >= _FIRST_YEAR:
        now = int(time.time()) + _EPOCH
        if now > found.not_after:
            raise ValueError(b"certificate has expired: " + found.subject)
        if now < found.not_before:
            since = x509.iso(found.not_before)
            raise ValueError(b"certificate is not valid before %s: %s" % (since, found.subject))
    return found


def _root(der):
    # Who is self-signed may be trusted itself, though it signs nobody else.
    found = _usable(der)
    if found.name != found.issuer:
        _check_authority(found)
    return der


def _check_authority(found):
    if not found.authority:
        raise ValueError(b"certificate is no authority: " + found.subject)


def _key(name, f):
    key = identities.private_key(f)
    leaf = None
    try:
        stored = io.BytesIO(identities.stored(name, "CERTIFICATE"))
        leaf = next(_ders(stored))
        stored = None
    except identities.IdentityError:
        pass
    _check_key(key, leaf)
    return key


def _check_key(key, leaf):
    # `leaf`: the DER of its certificate, None where there is none yet.
    found = x509.private_key(key)
    if found[0] == b"other":
        raise ValueError(b"a key is of EC or RSA")
    if leaf:
        if not x509.matches(x509.Certificate(leaf).key, found):
            raise ValueError(_MISMATCH)
        try:
            tls.SSLContext(tls.PROTOCOL_TLS_SERVER).load_cert_chain(leaf, key)
        except ValueError:
            raise ValueError(b"TLS cannot use the key")


def _chain(name, f):
    # A certificate, or a chain of them whose first is the identity's own, and maybe its key.
    ders = []
    issuer = None
    for der in _ders(f):
        found = _usable(der)
        if issuer is not None:
            if found.name != issuer:
                raise ValueError(b"the chain is not in order")
            _check_authority(found)
        issuer = found.issuer
        ders.append(der)
    own = None  # the key beside it
    try:
        f.seek(0)
        if not identities.is_der(f):
            own = identities.private_key(f)
    except ValueError:
        pass
    try:
        _check_key(own or identities.stored(name, "KEY"), ders[0])
    except identities.IdentityError:
        pass  # its key is still to come
    if len(ders) > 1:
        for i in range(len(ders)):
            ders[i] = pem.encode(pem.CERTIFICATE, ders[i])
    made = [_entry(name, dct.CERTIFICATE, b"".join(ders))]
    if own:
        made.append(_entry(name, dct.KEY, own))
    return made
