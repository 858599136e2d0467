# Sockets without blocking: waiting, sending; connecting is in connecting.py. The only files that
# know how they differ between ports.
import asyncio
import errno
import socket

_PEEK = getattr(socket, "MSG_PEEK", 2)


class LookupFailed(Exception):
    """A host has no address; args[0] says why: b"name not found", b"no answer" or b"server
    failure".
    """


def is_address(host):
    """True for dotted decimal text."""
    parts = host.split(b".")
    return len(parts) == 4 and all(p.isdigit() and int(p) < 256 for p in parts)


async def readable(sock):
    """Wait until a read would not block (data, end or error)."""
    yield asyncio.core._io_queue.queue_read(sock)


async def writable(sock):
    """Wait until a write would not block (room, or error)."""
    yield asyncio.core._io_queue.queue_write(sock)


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


_WORDS = {
    errno.ECONNREFUSED: b"Connection refused",
    errno.ETIMEDOUT: b"Connection timed out",
    errno.EHOSTUNREACH: b"No route to host",
    errno.ECONNRESET: b"Connection reset",
    errno.EADDRINUSE: b"Port in use",
    errno.ECONNABORTED: b"Network is down",
    23: b"No free socket",  # ENFILE: the stack's sockets are all in use
}


def reason(e):
    """Words for what kept a connection from opening: an OSError, or an exception whose args[0] is
    text already.
    """
    if isinstance(e, OSError):
        return _WORDS.get(e.errno, b"Error %d" % e.errno)
    if isinstance(e.args[0], bytes):
        return e.args[0][:1].upper() + e.args[0][1:]
    return b"Network is down"
