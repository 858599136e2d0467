# The HTTP server's connections over TLS: a handshake, and then requests as on every other. What is
# here stands in the places of http_connection.py while http.server.tls_enabled is on.
#
# A handshake runs in a task of its own, so one that stalls keeps nobody waiting but those for whom
# there is no place. It has done with its memory before that for requests is taken: beside a
# stream, a chip has no room for both. The certificate is read anew for each, so that it can be
# renewed while the server runs.
import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from firmware import forget
from firmware.console import log, registry
from firmware.net import sockets
from firmware.store import variables

from . import http_server

# Bytes of the heap that are free when a handshake begins: what it takes with its code.
_ROOM = const(20_480)

_SILENT_MS = const(15_000)  # for who has said nothing yet
# How long a connection may stay as it is while others wait for a place: a handshake in which
# nothing comes, and the states of http_connection.py. A step of another one's handshake may take
# a second, during which nobody is heard.
_SHAKING_MS = const(2000)
_CROWDED_MS = (1500, 1500, None, 2000, 50)

# What requests of files need besides.
_FILES = ("firmware.services.http_files", "wire.http_file")


class Connection:
    """A place: with `_sock` during a handshake, then with a connection of http_connection.py."""

    running = False

    def __init__(self, server, buffer, session):
        self._server = server
        self._buffer = buffer
        self._sock = None
        self._task = None
        self._heard = False  # the client has said something
        self._since = 0  # when it did so last
        self._requests = None  # a connection of http_connection.py

    @property
    def sock(self):
        requests = self._requests
        return self._sock or requests and requests.sock

    @property
    def session(self):
        return self._requests.session if self._requests else self

    def take(self, sock, peer, port):
        """Serve the client at `sock`; see http_connection.py."""
        self._task = asyncio.create_task(self._run(sock, peer, port))
        self._sock = sock
        self._heard = False
        self._since = ticks_ms()

    def cancel(self, running):
        if self._sock:
            self._task.cancel()
        elif self._requests:
            self._requests.cancel(running)

    def look(self):
        """End what lasts too long; a handshake does that by itself."""
        if not self._sock:
            self._requests.look()
        elif not self._heard:
            self._check(_SILENT_MS)

    def hurry(self):
        """The same while others wait."""
        if self._sock:
            self._check(_SHAKING_MS)
        elif self.sock:
            self._requests.hurry(_CROWDED_MS)

    def _check(self, limit):
        if ticks_diff(ticks_ms(), self._since) >= limit:
            self._task.cancel()

    async def _run(self, sock, peer, port):
        server = self._server
        tls = None
        try:
            await sockets.readable(sock)  # who says nothing takes no memory for TLS
            self._hear()
            tls = await self._shake(sock)
            if tls:
                self._begin(tls, peer, port)
                sock = tls = None
        except (OSError, asyncio.CancelledError):
            pass  # the client is gone, or has to go
        except MemoryError:
            registry.make_room()
            server.say(b"Out of memory")
        except Exception as e:
            server.device.fault("http server", e)
        finally:
            if tls:
                tls.close()
            elif sock:
                sock.close()
            self._sock = None
            server.left()

    def _hear(self):
        self._heard = True
        self._since = ticks_ms()

    def _begin(self, tls, peer, port):
        # Requests. Raises MemoryError.
        server = self._server
        kind, session = server.load_requests()
        if not self._requests:
            self._requests = kind(server, self._buffer, session)
        self._requests.take(tls, peer, port)

    def _clear(self):
        # What requests need goes where nobody has any, and files always: all of it is loaded again
        # with the next one.
        server = self._server
        names = _FILES
        server.piece = None
        if not any(place.requests() for place in server.connections):
            names = http_server.REQUESTS
            server.access = server.rest = None
            for place in server.connections:
                place.rest()
        for name in names:
            forget(name)

    def requests(self):
        """Whether requests are answered here."""
        return self._requests is not None and self._requests.sock is not None

    def rest(self):
        """Nobody has requests: give back what they need."""
        self._requests = None

    async def _shake(self, sock):
        # The connection under TLS, None where the handshake has failed.
        try:
            context = self._context()
        except MemoryError:  # also where what is free lies in too small pieces
            self._clear()
            context = self._context()
        if context:
            from firmware.net import tls

            try:
                return await tls.accept(sock, context, variables.get, log, self._hear)
            except tls.TlsFailed as e:
                log.line(log.STATUS, e.args[0])
            finally:
                tls.drop()
        return None

    def _context(self):
        # What a handshake begins with, None where that has failed. Raises MemoryError.
        registry.claim(_ROOM)
        from firmware.net import tls
        from firmware.store import expiry

        get = variables.get
        own = get(b"http.server.tls_cert")
        certificate = own or get(b"network.tls.server_cert") or get(b"network.tls.client_cert")
        try:
            context = tls.server_context(get, own, get(b"http.server.tls_key"))
            expiry.used(log, certificate, get(b"network.tls.server_ca"))
            return context
        except tls.TlsFailed as e:
            tls.drop()
            log.line(log.STATUS, e.args[0])
            return None
        except MemoryError as e:
            tls.drop()
            raise e
