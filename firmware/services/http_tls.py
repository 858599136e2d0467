# A connection of the HTTP server over TLS: a handshake, and then requests as on every other. It
# takes the place of http_connection.py, on which it builds, while http.server.tls_enabled is on.
#
# A handshake runs in the task of its connection, so one that stalls keeps nobody waiting but those
# for whom there is no place. The certificate is read anew for each, so that it can be renewed
# while the server runs.
from micropython import const

from firmware import forget
from firmware.console import log, registry
from firmware.net import sockets
from firmware.store import variables

from . import http_connection

# Bytes of the heap that are free when a handshake begins: what it takes with its code.
_ROOM = const(20_480)

_FILES = ("firmware.services.http_files", "wire.http_file")

_SHAKING = const(5)  # besides the states of http_connection.py
# How long a connection may stay as it is while others wait for a place. A step of another one's
# handshake may take a second, during which nobody is heard.
_CROWDED_MS = (1500, 1500, None, 2000, 50, 2000)


class Connection(http_connection.Connection):
    def look(self):
        if self._state != _SHAKING:  # network.tls.handshake_timeout ends that
            super().look()

    def hurry(self):
        if self.sock:
            self._check(_CROWDED_MS[self._state])

    async def _serve(self, sock, queue):
        await sockets.readable(sock)  # who says nothing takes no memory for TLS
        self._shaking()
        self.sock = sock = await self._shake(sock)
        await super()._serve(sock, queue)

    def _shaking(self):
        self.enter(_SHAKING)

    def _claim(self):
        # Files make room for it: they are loaded again with the next one that is asked for.
        try:
            registry.claim(_ROOM)
        except MemoryError:
            self.server.piece = None
            for name in _FILES:
                forget(name)
            registry.claim(_ROOM)

    async def _shake(self, sock):
        # The connection under TLS. Raises OSError.
        self._claim()
        from firmware.net import tls
        from firmware.store import expiry

        get = variables.get
        own = get(b"http.server.tls_cert")
        certificate = own or get(b"network.tls.server_cert") or get(b"network.tls.client_cert")
        try:
            context = tls.server_context(get, own, get(b"http.server.tls_key"))
            expiry.used(log, certificate, get(b"network.tls.server_ca"))
            return await tls.accept(sock, context, get, log, self._shaking)
        except tls.TlsFailed as e:
            log.line(log.STATUS, e.args[0])
        finally:
            tls.drop()
        raise OSError
