# Connections without blocking (see sockets.py): making them, looking, sending. Imported with them,
# so that who only listens does without.
import asyncio
import errno
import socket

from .sockets import writable

# Raised by a non-blocking connect that goes on in the background.
_UNDER_WAY = (errno.EINPROGRESS, errno.EAGAIN)
_PEEK = getattr(socket, "MSG_PEEK", 2)


def peek(sock):
    """What a read would find: None nothing yet, b"" the peer's end, else one byte. Raises OSError
    of the connection.
    """
    try:
        return sock.recv(1, _PEEK)
    except OSError as e:
        if e.errno == errno.EAGAIN:
            return None
        raise


def _check(sock):
    # There is no SO_ERROR here: how a connection went shows itself by the first read.
    try:
        peek(sock)
    except OSError as e:
        # lwIP says "reset" where others say "refused".
        raise OSError(errno.ECONNREFUSED if e.errno == errno.ECONNRESET else e.errno)


async def connect(ip, port, timeout_ms, local_port=0):
    """A connected, non-blocking TCP socket. `ip` is dotted text. Raises OSError (ETIMEDOUT)."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if local_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("0.0.0.0", local_port))
        try:
            sock.connect((ip, port))
        except OSError as e:
            if e.errno not in _UNDER_WAY:
                raise
            try:
                await asyncio.wait_for_ms(writable(sock), timeout_ms)
            except asyncio.TimeoutError:
                raise OSError(errno.ETIMEDOUT)
            _check(sock)
        return sock
    except:
        sock.close()
        raise


async def send(sock, data):
    """Write all of `data`, waiting while the peer does not take it. Raises OSError."""
    view = memoryview(data)
    sent = 0
    while sent < len(view):
        n = sock.write(view[sent:])
        if n is None:
            await writable(sock)
        else:
            sent += n
