# Certificates and keys for TLS, from where a variable says that they are:
#     dct:<name>              an identity in the DCT
#     py:<module>.<name>      bytes or text in a module of the file system
#     <name>                  a file of the user, else one in /resources/, which the image brings
# Files and modules may have PEM or DER. Of a PEM each takes its own: the certificates, or the key.
#
# What is returned is the only copy on the heap. Nothing stays in RAM: what this imports it
# forgets, and the caller forgets this module.
import io
import sys

from micropython import const

from firmware import forget

RESOURCES = "/resources"
_LARGEST = const(32_768)  # bytes of DER: the DCT has no room for more
_CHAIN = const(16_384)  # of a chain: TLS sends no larger one in a record


class IdentityError(Exception):
    """What was referred to is not there or of no use; args[0] says so, as bytes."""


def certificate(ref):
    """The certificate as SSLContext.load_cert_chain takes it (bytes): DER of a single one, PEM of
    a chain. Raises IdentityError.
    """
    if ref[:4] == b"dct:":
        return stored(ref[4:], "CERTIFICATE")
    with opened(ref) as f:
        try:
            return _chain(f)
        except ValueError as e:
            raise IdentityError(b"In %s: %s" % (ref, e.args[0]))


def _chain(f):
    first = None
    start = end = count = 0
    for der, a, b in certificates(f):
        if count == 0:
            first = der
            start = a
        else:
            first = None  # not beside the chain as a whole
        count += 1
        end = b
        der = None
    if count == 1:
        return first
    if end - start > _CHAIN:
        raise ValueError(b"too large")
    f.seek(start)
    if not is_der(f):
        return f.read(end - start)  # keys between them are passed over
    from wire import pem

    forget("wire.pem")
    return b"".join([pem.encode(pem.CERTIFICATE, der) for der, _, _ in certificates(f)])


def key(ref):
    """The private key as SSLContext.load_cert_chain takes it: DER. Raises IdentityError."""
    if ref[:4] == b"dct:":
        return stored(ref[4:], "KEY")
    with opened(ref) as f:
        try:
            return private_key(f)
        except ValueError as e:
            raise IdentityError(b"In %s: %s" % (ref, e.args[0]))


def roots(ref):
    """Yield the DER of each certificate, one at a time, as SSLContext.load_verify_locations takes
    it. Raises IdentityError, also where there is none.
    """
    with opened(ref) as f:
        try:
            for der, _, _ in certificates(f):
                yield der
                der = None
        except ValueError as e:
            raise IdentityError(b"In %s: %s" % (ref, e.args[0]))


# Files that are open, whatever their names are


def is_der(f):
    """True for a file that has DER at its position, False for text."""
    at = f.seek(0, 1)
    first = f.read(1)
    f.seek(at)
    return first == b"\x30"


def certificates(f):
    """Yield (DER, offset, end) of each certificate in a file, PEM or DER: at least one. Raises
    ValueError; args[0] says why, as bytes.
    """
    none = True
    f.seek(0)
    if is_der(f):
        from wire import x509

        forget("wire.x509")
        data = _whole(f)
        try:
            for start, end in x509.pieces(data):
                yield data[start:end] if end - start < len(data) else data, start, end
        except x509.X509Error as e:
            raise ValueError(e.args[0])
        return
    from wire import pem

    forget("wire.pem")
    try:
        for kind, der, start, end in pem.blocks(f):
            if kind == pem.CERTIFICATE:
                none = False
                yield der, start, end
            der = None
    except pem.PemError as e:
        raise ValueError(e.args[0])
    if none:
        raise ValueError(b"no certificate")


def private_key(f):
    """The DER of the private key in a file, PEM or DER. Raises ValueError likewise."""
    f.seek(0)
    if is_der(f):
        return _whole(f)
    from wire import pem

    forget("wire.pem")
    try:
        for kind, der, _, _ in pem.blocks(f):
            if kind != pem.CERTIFICATE:
                return der
            der = None
    except pem.PemError as e:
        raise ValueError(e.args[0])
    raise ValueError(b"no private key")


def _whole(f):
    size = f.seek(0, 2)
    f.seek(0)
    if size > _LARGEST:
        raise ValueError(b"too large")
    return f.read(size)  # without it, room for twice as much is taken


# Where they are


def stored(name, *kinds):
    """The data of an identity in the DCT, of the first of these kinds that it has. Raises
    IdentityError.
    """
    from firmware.store import dct as table
    from wire import dct

    try:
        for kind in kinds:
            try:
                return table.read(dct.IDENTITY, name, getattr(dct, kind))
            except KeyError:
                pass
    finally:
        forget("firmware.store.dct")
        forget("wire.dct")
    what = b"key" if kinds == ("KEY",) else b"certificate"
    raise IdentityError(b"No %s in the DCT: %s" % (what, name))


def opened(ref):
    """What a reference leads to, as an open file; in the DCT certificates. Raises
    IdentityError.
    """
    if ref[:4] == b"dct:":
        return io.BytesIO(stored(ref[4:], "ROOTS", "CERTIFICATE"))
    if ref[:3] == b"py:":
        return io.BytesIO(_literal(ref))
    try:
        return open(path(ref), "rb")
    except OSError:
        raise IdentityError(b"File not found: " + ref)


def path(name):
    """The path of a file of the user, else of the one that the image would have."""
    from . import files

    try:
        return files.find(name)[0]
    except OSError:
        return "%s/%s" % (RESOURCES, name.decode())


def _literal(ref):
    # The value of a name in a module, which is in RAM only meanwhile.
    module, _, name = ref[3:].decode().rpartition(".")
    before = list(sys.modules)
    sys.path.append(RESOURCES)
    value = None
    try:
        value = getattr(__import__(module, None, None, (name,)), name, None)
    except MemoryError:
        raise
    except Exception:
        pass  # it is not there, or it is no Python
    finally:
        sys.path.remove(RESOURCES)
        for loaded in [m for m in sys.modules if m not in before]:
            if "." in loaded:
                forget(loaded)
            else:
                sys.modules.pop(loaded)
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, bytes):
        raise IdentityError(b"Not found: " + ref)
    return value
