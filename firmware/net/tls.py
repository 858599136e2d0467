# TLS over a connected socket: contexts as the variables network.tls.* have them, and the
# handshake, which never waits inside mbedTLS. Imported for a handshake and forgotten after it;
# what stays with the connection is in tls_socket.py.
import asyncio
import socket
import ssl
import time

from micropython import const

from firmware import forget

from . import sockets

_EARLIEST = const(2024)  # a clock before that was never set
# Until the question for the time has ended: it takes 10 s where name and time servers are silent.
_LOOK_MS = const(20)
_LOOKS = const(750)

# mbedTLS' numbers for what it does not tell itself: the time is over; the peer has said good-bye
# (close notify), which a read tells as the end.
_TIMEOUT = const(-0x6800)
_CLOSED = const(-0x7880)
_NO_SUITE = const(-0x5E80)  # a name that is no cipher suite's
_NO_MEMORY = const(5003)  # wire/tls_errors.py


class TlsFailed(Exception):
    """args[0] is the line that says why; `code` the number in it, 0 where it has none."""

    code = 0


def drop():
    """Take from RAM what only handshakes need."""
    forget("firmware.net.tls")
    forget("firmware.net.tls_watch")
    forget("wire.tls_errors")


async def client(sock, host, get, ca=None, log=None, device=None):
    """A TlsSocket over a connected, non-blocking socket, with the server `host` (bytes) at its
    other end. `get` gives the value of a variable; `ca` stands in for network.tls.ca_cert. With
    `log` its steps are logged; with `device` the time is asked for where the clock was not set.
    Raises TlsFailed; then the socket is closed.
    """
    try:
        verify = get(b"network.tls.verify")
        if verify and not _clock_set() and device and get(b"ntp.enabled"):
            await _ask_time(device)
        if log:
            log.line(log.OPERATION, b"Starting TLS")
            if not verify:
                log.line(log.STATUS, b"The server is not verified (network.tls.verify)")
            from firmware.store import expiry

            roots = get(b"network.tls.ca_cert") if ca is None else ca
            expiry.used(log, roots, get(b"network.tls.client_cert"))
        context = _client_context(get, get(b"network.tls.ca_cert") if ca is None else ca)
        return await _handshake(sock, context, get, host, log)
    except BaseException as e:
        sock.close()
        raise e


def check(get, ca=None):
    """Before a connection is made for client(): what it is to trust is there. Raises TlsFailed."""
    ref = get(b"network.tls.ca_cert") if ca is None else ca
    if ref and get(b"network.tls.verify"):
        from firmware.store import identities

        try:
            identities.opened(ref).close()
        except identities.IdentityError as e:
            raise TlsFailed(e.args[0])
        finally:
            forget("firmware.store.identities")


def _clock_set():
    return time.gmtime()[0] >= _EARLIEST


async def _ask_time(device):
    # One question, which ends by itself.
    if "ntp" not in device.services:
        device.start("ntp", "ntp")
    for _ in range(_LOOKS):
        if "ntp" not in device.services:
            break
        await asyncio.sleep_ms(_LOOK_MS)


def _check_clock():
    if not _clock_set():
        raise TlsFailed(b"Clock not set: certificates cannot be checked")


def _client_context(get, ca):
    context = _context(ssl.PROTOCOL_TLS_CLIENT, get)
    if get(b"network.tls.verify"):
        _check_clock()
        context.verify_mode = ssl.CERT_REQUIRED
        _load(context, None, None, ca)
    certificate = get(b"network.tls.client_cert")
    if certificate:
        _load(context, certificate, get(b"network.tls.client_key") or certificate, None)
    return context


def server_context(get, certificate=b"", key=b""):
    """The context of our servers; `certificate` and `key` stand in for those of network.tls.
    Raises TlsFailed.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, get)
    if not certificate:
        certificate = get(b"network.tls.server_cert")
        key = get(b"network.tls.server_key") or certificate
    if not certificate:
        certificate = get(b"network.tls.client_cert")
        key = key or get(b"network.tls.client_key")
    if not certificate:
        raise TlsFailed(b"No certificate for a server: network.tls.server_cert")
    key = key or certificate
    roots = get(b"network.tls.server_ca")
    if roots:
        context.verify_mode = ssl.CERT_REQUIRED
    _load(context, certificate, key, roots)
    return context


async def accept(sock, context, get, log=None, heard=None):
    """A TlsSocket over a connected, non-blocking socket that a client has opened; `log` as in
    client(); `heard` is called when a record has come. Raises TlsFailed; then the socket is
    closed.
    """
    try:
        if context.verify_mode == ssl.CERT_REQUIRED:
            _check_clock()
        return await _handshake(sock, context, get, None, log, heard)
    except BaseException as e:
        sock.close()
        raise e


def _context(protocol, get):
    context = ssl.SSLContext(protocol)
    names = get(b"network.tls.ciphers")
    if names:
        try:
            # ssl.SSLContext, which is Python, has no set_ciphers of its own.
            context._context.set_ciphers([name.strip() for name in names.decode().split(",")])
        except OSError as e:
            raise _failed(e, 0)
        except ValueError:  # no UTF-8
            raise _failed(OSError(_NO_SUITE), 0)
    return context


def _load(context, certificate, key, roots):
    # What the three variables refer to, into the context; "" and None for none.
    from firmware.store import identities

    try:
        if certificate:
            # Nothing but the context keeps them: bytes of a key are not to lie around.
            context.load_cert_chain(identities.certificate(certificate), identities.key(key))
        if roots:
            for root in identities.roots(roots):
                context.load_verify_locations(cadata=root)
    except identities.IdentityError as e:
        raise TlsFailed(e.args[0])
    except (ValueError, OSError) as e:
        raise _failed(e, 0)
    finally:
        for name in ("firmware.store.identities", "wire.pem", "wire.x509"):
            forget(name)


async def _handshake(sock, context, get, host=None, log=None, heard=None):
    from .tls_socket import Below, TlsSocket
    from .tls_watch import Watch

    below = Below()
    watch = Watch(sock, below, host is None)
    tls = None
    try:
        tls = context.wrap_socket(
            below,
            server_side=host is None,
            do_handshake_on_connect=False,
            server_hostname=host and host.decode(),
        )
        # Its messages are small, and each waits for the other side.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.wait_for_ms(
            _drive(sock, tls, watch, heard), get(b"network.tls.handshake_timeout")
        )
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        watch.release()
        return TlsSocket(sock, tls)
    except BaseException as e:
        if tls:
            tls.close()
        if isinstance(e, asyncio.TimeoutError):
            e = OSError(_TIMEOUT)
        if not isinstance(e, (OSError, ValueError)):
            raise e
        e = _failed(e, watch.state)
        if log and e.code == _NO_MEMORY:
            log.line(log.STATUS, b"TLS malloc failed")
        raise e


async def _drive(sock, tls, watch, heard):
    # The handshake, step by step. A read of a connection that has none yet makes it.
    nothing = bytearray(1)
    while True:
        watch.fed = watch.blocked = False
        n = tls.readinto(nothing)
        if watch.error is not None:
            raise OSError(watch.error)
        if watch.over:
            return
        if n == 0:
            raise OSError(_CLOSED)
        if watch.fed:
            if heard:
                heard()
            await asyncio.sleep_ms(0)
        elif watch.blocked:
            await sockets.writable(sock)
        else:
            await sockets.readable(sock)


def _failed(error, state):
    from wire import tls_errors

    code = tls_errors.code(error, state)
    failed = TlsFailed(tls_errors.line(code, state, tls_errors.number(error)))
    failed.code = code
    return failed
