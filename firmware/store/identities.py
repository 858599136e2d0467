# Certificates and keys for TLS, from where a variable says that they are:
#     dct:<name>              an identity in the DCT
#     py:<module>.<name>      bytes or text in a module of the file system
#     <name>                  a file of the user, else one in /resources/, which the image brings
# Files and modules may have PEM or DER. Of a PEM each takes its own: the certificates, or the key.
#
# What is returned is the only copy; nothing stays in RAM here, and the caller forgets this module
# (firmware.forget) when the handshake has what it needs.
import io
import sys

from micropython import const

from firmware import forget
from wire import pem, x509

_RESOURCES = "/resources"
_LARGEST = const(16_384)  # a certificate or key in DER, a PEM chain: TLS sends no larger record


class IdentityError(Exception):
    """What was referred to is not there or of no use; args[0] says so, as bytes."""


def certificate(ref):
    """The certificate as SSLContext.load_cert_chain takes it (bytes): DER of a single one, PEM of
    a chain. Raises IdentityError.
    """
    if ref[:4] == b"dct:":
        return _stored(ref, "CERTIFICATE")
    with _open(ref) as f:
        try:
            if _is_der(f):
                data = _whole(f, ref)
                parts = list(x509.pieces(data))
                if len(parts) > 1:
                    return b"".join([pem.encode(pem.CERTIFICATE, data[a:b]) for a, b in parts])
                return data
            first = None
            start = end = count = 0
            for kind, der, a, b in pem.blocks(f):
                if kind == pem.CERTIFICATE:
                    count += 1
                    if count == 1:
                        first = der
                        start = a
                    else:
                        first = None
                    end = b
                der = None
            if count == 1:
                return first
            if end - start > _LARGEST:
                raise IdentityError(ref + b": too large")
            if count:  # keys between them are passed over
                f.seek(start)
                return f.read(end - start)
        except (pem.PemError, x509.X509Error) as e:
            raise IdentityError(b"%s: %s" % (ref, e.args[0]))
    raise IdentityError(ref + b": no certificate in it")


def key(ref):
    """The private key as SSLContext.load_cert_chain takes it: DER. Raises IdentityError."""
    if ref[:4] == b"dct:":
        return _stored(ref, "KEY")
    with _open(ref) as f:
        if _is_der(f):
            return _whole(f, ref)
        try:
            for kind, der, _, _ in pem.blocks(f):
                if kind != pem.CERTIFICATE:
                    return der
                der = None
        except pem.PemError as e:
            raise IdentityError(b"%s: %s" % (ref, e.args[0]))
    raise IdentityError(ref + b": no private key in it")


def roots(ref):
    """Yield the DER of each certificate, one at a time, as SSLContext.load_verify_locations takes
    it. Raises IdentityError, also where there is none.
    """
    f = _open(ref, "ROOTS", "CERTIFICATE")
    try:
        if _is_der(f):
            data = _whole(f, ref)
            for start, end in x509.pieces(data):
                yield data[start:end]
            return
        none = True
        for kind, der, _, _ in pem.blocks(f):
            if kind == pem.CERTIFICATE:
                none = False
                yield der
            der = None
        if none:
            raise IdentityError(ref + b": no certificate in it")
    except (pem.PemError, x509.X509Error) as e:
        raise IdentityError(b"%s: %s" % (ref, e.args[0]))
    finally:
        f.close()


def _is_der(f):
    # Leaves `f` at its beginning.
    first = f.read(1)
    f.seek(0)
    return first == b"\x30"


def _whole(f, ref):
    size = f.seek(0, 2)
    f.seek(0)
    if size > _LARGEST * 4:
        raise IdentityError(ref + b": too large")
    return f.read(size)  # without it, room for twice as much is taken


def _open(ref, *kinds):
    # What a reference leads to as an open file, in the DCT that of the first of `kinds` it has.
    if not ref:
        raise IdentityError(b"No certificate is set")
    if ref[:4] == b"dct:":
        return io.BytesIO(_stored(ref, *kinds))
    if ref[:3] == b"py:":
        return io.BytesIO(_literal(ref))
    from . import files

    try:
        path, _ = files.find(ref)
    except OSError:
        path = "%s/%s" % (_RESOURCES, ref.decode())
    try:
        return open(path, "rb")
    except OSError:
        raise IdentityError(b"File not found: " + ref)


def _stored(ref, *kinds):
    raise IdentityError(b"Identity not found: " + ref)


def _literal(ref):
    # The value of a name in a module, which is in RAM only meanwhile.
    module, _, name = ref[3:].decode().rpartition(".")
    before = list(sys.modules)
    sys.path.append(_RESOURCES)
    value = None
    try:
        value = getattr(__import__(module, None, None, (name,)), name, None)
    except MemoryError:
        raise
    except Exception:
        pass  # it is not there, or it is no Python
    finally:
        sys.path.remove(_RESOURCES)
        for loaded in [m for m in sys.modules if m not in before]:
            if "." in loaded:
                forget(loaded)
            else:
                del sys.modules[loaded]
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, bytes):
        raise IdentityError(b"Not found: " + ref)
    return value


def expiries(get):
    """Yield a line about each certificate that the variables `network.tls.*` name; get(name) is
    the value of a variable.
    """
    for leaf in (b"ca_cert", b"client_cert", b"server_ca", b"server_cert"):
        ref = get(b"network.tls." + leaf)
        if ref:
            try:
                for der in roots(ref):
                    found = x509.Certificate(der)
                    der = None
                    yield b"%s %s %s" % (x509.iso(found.not_after), ref, found.subject)
            except (IdentityError, x509.X509Error) as e:
                yield b"%s: %s" % (ref, e.args[0])
