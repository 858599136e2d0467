# Sockets without blocking: waiting, and words for what fails; connections are in connecting.py.
# Nobody else knows how they differ between ports.
import asyncio
import errno


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
    if not getattr(sock, "more", False):  # tls_socket.py
        yield asyncio.core._io_queue.queue_read(getattr(sock, "raw", sock))


async def writable(sock):
    """Wait until a write would not block (room, or error)."""
    yield asyncio.core._io_queue.queue_write(getattr(sock, "raw", sock))


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
