# SSLContext of the module tls with what limits it on the chip (IDF's mbedTLS, runtime notes of
# 1.26): TLS 1.2 with the suites of its configuration, a heap of 95 KB for all connections, and a
# clock that starts in 2000. The connections are the interpreter's own.

import gc
import io
import time

import _board
import tls
import uctypes
import uselect
from micropython import const

HEAP = const(95 * 1024)  # free in a connected station
_CONNECTION = const(28 * 1024)  # of it for each connection, 26 to 30 KB
_ENOMEM = const(12)
_BAD_CONFIG = const(-24192)  # MBEDTLS_ERR_SSL_BAD_CONFIG
_VERIFY_FAILED = const(-9984)  # MBEDTLS_ERR_X509_CERT_VERIFY_FAILED
_CLOSE = const(4)
_INVALID = const(0x20)  # POLLNVAL
_UNSET = const(86400 * 366)  # a clock in its first year has not been set

_used = set()  # descriptors, one for each connection


def _reap():
    # The collector has closed the descriptors of connections that it has found.
    for fd in list(_used):
        p = uselect.poll()
        p.register(fd, 0)
        for _, events in p.ipoll(0):
            if events & _INVALID:
                _used.discard(fd)


def free():
    """Bytes that connections have left of it."""
    _reap()
    return HEAP - len(_used) * _CONNECTION


def _full():
    return (len(_used) + 1) * _CONNECTION > HEAP


class _Below(io.IOBase):
    # Between a connection and its socket: it knows when the connection is closed, and is collected
    # with it.
    def __init__(self, sock):
        if _full():
            gc.collect()
            _reap()
        if _full():
            raise OSError(_ENOMEM)
        self._sock = sock
        self._f = open(_board.host + "/dev/null", "rb")
        self._fd = self._f.fileno()
        _used.add(self._fd)

    def readinto(self, buf):
        return self._sock.readinto(buf)

    def write(self, buf):
        return self._sock.write(buf)

    def ioctl(self, request, arg):
        if request == _CLOSE and self._f is not None:
            _used.discard(self._fd)
            self._f.close()
            self._f = None
        return self._sock.ioctl(request, arg)


# mbedTLS' configuration begins with the newest and the oldest version it speaks, 1.3 and 1.2. What
# holds it has no other pair like this, and is longer than this.
_VERSIONS = b"\x04\x03\0\0\x03\x03\0\0"
_SPAN = const(1344)


def _no_tls_1_3(context):
    # IDF leaves 1.3 out; the interpreter's mbedTLS has it, and no function turns it off.
    memory = uctypes.bytearray_at(id(context), _SPAN)
    at = memory.find(_VERSIONS)
    if at >= 0:
        memory[at] = 3


def _suite(name):
    # IDF's defaults: AES, with RSA and elliptic curves for the keys; no DHE, no PSK, no DES.
    kind, _, cipher = name.partition("-WITH-")
    return cipher.startswith("AES-") and kind in (
        "TLS-ECDHE-ECDSA",
        "TLS-ECDHE-RSA",
        "TLS-ECDH-ECDSA",
        "TLS-ECDH-RSA",
        "TLS-RSA",
    )


class SSLContext:
    def __init__(self, protocol):
        self._context = tls.SSLContext(protocol)
        _no_tls_1_3(self._context)
        self._context.set_ciphers(self.get_ciphers())

    @property
    def verify_mode(self):
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._context.verify_mode = mode

    def get_ciphers(self):
        return [name for name in self._context.get_ciphers() if _suite(name)]

    def set_ciphers(self, names):
        for name in names:
            if not _suite(name):
                raise OSError(_BAD_CONFIG)
        self._context.set_ciphers(names)

    def load_cert_chain(self, cert, key):
        self._context.load_cert_chain(cert, key)

    def load_verify_locations(self, cadata):
        self._context.load_verify_locations(cadata)

    def wrap_socket(
        self, sock, *, server_side=False, do_handshake_on_connect=True, server_hostname=None
    ):
        if time.time() < _UNSET:
            # Each certificate starts in the future. mbedTLS then names all that can be wrong.
            self._context.verify_callback = lambda cert, depth: _VERIFY_FAILED
        else:
            self._context.verify_callback = None
        below = _Below(sock)
        return self._context.wrap_socket(
            below,
            server_side=server_side,
            do_handshake_on_connect=do_handshake_on_connect,
            server_hostname=server_hostname,
        )
