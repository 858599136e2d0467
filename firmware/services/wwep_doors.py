# Opens a port of the WWEP server (wwep_server.py). Forgotten after each use.
import asyncio
import socket

from micropython import const

from firmware.console import log
from firmware.net import interfaces, sockets

_BACKLOG = const(4)  # connections that the stack holds for a door


def open(server, link, port, secure):
    """Listen to a port of one interface, with a task of the server; False where that cannot be."""
    listener = None
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        interfaces.bind(listener, link, port)
        listener.listen(_BACKLOG)
        server.doors[port] = asyncio.create_task(server.attend(listener, port, secure))
    except (OSError, MemoryError) as e:
        if listener:
            listener.close()
        words = sockets.reason(e) if isinstance(e, OSError) else b"Out of memory"
        server.say(b"port %d: %s" % (port, words))
        return False
    kind = b"TLS port" if secure else b"port"
    log.line(log.STATUS, b"WWEP server listening on %s: %d" % (kind, port))
    return True
