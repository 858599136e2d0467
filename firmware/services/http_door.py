# Opens the port of the HTTP server (http_server.py). Forgotten after each use.
import gc
import io
import socket

from micropython import const

from firmware.console import registry
from firmware.net import interfaces, sockets
from firmware.store import variables

# Connections that the stack holds while all places are taken: no more than lwIP has in all.
_BACKLOG = const(16)
_NAMES = "/https_names.txt"  # of the image, one a line
_SOME = const(32)  # names are a kilobyte and a half


def open(server, link, port):
    """A socket that listens to a port of one interface, or None where that cannot be."""
    listener = None
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        interfaces.bind(listener, link, port)
        listener.listen(_BACKLOG)
        if server.tls:
            registry.make_room()
            _intern()
            _check(server)
        return listener
    except (OSError, MemoryError) as e:
        if listener:
            listener.close()
        words = sockets.reason(e) if isinstance(e, OSError) else b"Out of memory"
        server.say(b"port %d: %s" % (port, words))
        return None


def _intern():
    # All names of the modules that clients over TLS need, which come and go. MicroPython keeps
    # names for ever, and would put them in between the modules: what is free then would lie in
    # pieces too small for a handshake. A few at a time, so that they do not lie between what it
    # takes to read them.
    try:
        with io.open(_NAMES) as file:
            names = [file.readline()]
            while names[0]:
                names += [file.readline() for _ in range(_SOME)]
                for name in names:
                    hasattr(None, name[:-1])
                names = [file.readline()]
                gc.collect()
    except OSError:
        pass  # the modules are frozen, and their names with them


def _check(server):
    # Nobody could be served without a certificate; one that is missing may come later.
    from firmware.net import tls

    get = variables.get
    try:
        tls.server_context(get, get(b"http.server.tls_cert"), get(b"http.server.tls_key"))
    except tls.TlsFailed as e:
        server.say(e.args[0])
    finally:
        tls.drop()
