# The HTTP server (spec 9): files and the REST API for a few clients at a time.
#
# There are as many connections as places, each with a buffer that is made once, so that a crowd of
# clients costs no more memory than a few; the rest wait in the stack's backlog. While somebody
# waits, answers end their connections, and who has nothing to say for a moment has to go.
#
# Only what waits is here. What a connection needs is in http_connection.py, what it may ask for in
# http_rest.py and http_files.py, which leave RAM when nobody has called for a while.
import asyncio
import errno
import socket
from time import ticks_diff, ticks_ms

from micropython import const

from firmware import forget
from firmware.console import log, registry
from firmware.console.editor import Editor
from firmware.net import interfaces, sockets
from firmware.net.station import UP
from firmware.store import variables

PLACES = const(4)  # connections at a time: what the ten sockets of the chip leave
# A request's head has to fit, and 256 bytes of what follows it. With a segment's 1460 bytes or
# less a request takes one read.
BUFFER = const(2048)
BODY = const(4096)  # spec 9.2: the most that a request may have of one
# Bytes of a file that are read and written at a time; all connections share them.
_PIECE = const(1024)
# Connections that the stack holds while all places are taken: no more than lwIP has in all.
_BACKLOG = const(16)
_LOG = const(1024)  # bytes of log lines that are kept for GET /log
# Bytes of the heap that are free when the first client comes: the code for it was loaded then, and
# command files make room for each other.
_ROOM = const(8192)

_LOOK_MS = const(250)  # an interface that went or came may go unseen this long
_CROWD_MS = const(50)  # between two looks for a place while somebody waits
_FULL_MS = const(500)  # before the next attempt when there is no socket for a connection
_REST_MS = const(10_000)  # without a connection, after which what serves them leaves RAM
_REPLY_MS = const(1000)  # for the replies to commands that are being carried out at the end
_AGAIN = const(20)  # looks after which a port that could not be had is tried again

# What connections need besides, and nobody else keeps.
_GUEST = (
    "firmware.services.http_access",
    "firmware.services.http_connection",
    "firmware.services.http_rest",
    "firmware.services.rest_session",
    "firmware.services.http_files",
    "wire.rest",
    "wire.http",
    "wire.http_access",
    "wire.http_auth",
    "wire.http_origin",
    "wire.utf8",
    "wire.http_body",
    "wire.http_file",
    "wire.http_head",
    "wire.http_fast",
    "wire.http_plain",
)


def create(device):
    """The service, on the parts of the device."""
    return HttpServer(device)


class Log:
    """What GET /log gives: the last lines of the log, for whoever asks first. One of log.sessions;
    it is never asked to draw a line again.
    """

    print_level = log.OPERATION
    timestamp = b"utc"
    editor = Editor
    port = None
    dropped = 0

    def __init__(self, server):
        self.device = server.device
        self._server = server
        self.clear()

    def clear(self):
        self.lines = []
        self._left = _LOG

    def show(self, text):
        self.lines.append(text)
        self._left -= len(text)
        while self._left < 0:
            self._left += len(self.lines.pop(0))

    @property
    def running(self):
        """Whether one of the server's clients has a command carried out."""
        return any(connection.session.running for connection in self._server.connections)


class HttpServer:
    def __init__(self, device, places=PLACES):
        self.device = device
        self.buffers = [bytearray(BUFFER) for _ in range(places)]
        self.piece = bytearray(_PIECE)
        self.access = None  # http_access.py, while there are connections
        self.rest = None  # http_rest.py, likewise
        self._guesses = []  # what it remembers
        self.connections = []  # one for each place, while there is somebody
        self.log = Log(self)
        self.crowded = False  # somebody waits for a place
        self.commands = 0  # that REST has carried out
        self.link = None
        self.port = 0
        self._served = None  # what the listener is open for: the link's count, interface and port
        self._door = None  # task of the listener
        self._wait = 0  # looks before a port is tried again
        self._left = ticks_ms()  # when the last connection ended; None: nothing to leave RAM

    async def run(self):
        """Service: serves the interface whenever it is up, until cancelled."""
        log.sessions.append(self.log)
        try:
            while True:
                try:
                    await self._follow()
                    self._look()
                except MemoryError:
                    registry.make_room()
                await asyncio.sleep_ms(_LOOK_MS)
        finally:
            await self._end()

    def say(self, words):
        log.line(log.STATUS, b"HTTP server: " + words)

    # What the web setup has otherwise

    def where(self):
        """The interface and the port to serve."""
        get = variables.get
        return get(b"http.server.interface"), get(b"http.server.port")

    def places(self):
        """Load what clients need, and give a connection for each buffer. Raises MemoryError."""
        module = self.device.service("http_access")
        self.access = module.HttpAccess(self.device, self._guesses)
        module = self.device.service("http_connection")
        self.rest = self.device.service("http_rest")
        sessions = self.device.service("rest_session")
        registry.claim(_ROOM)
        return [
            module.Connection(self, buffer, sessions.RestSession(self.device))
            for buffer in self.buffers
        ]

    # The listener

    async def _follow(self):
        # Listen where the variables say, on the interface as it is now.
        interface, port = self.where()
        link = interfaces.find(self.device, interface, variables.get)
        wanted = (link.ups, interface, port) if link.state == UP else None
        if wanted != self._served:
            await self._close()
            self._served = wanted
            self._wait = 0
        if wanted is None or self._door:
            return
        if self._wait:
            self._wait -= 1
            return
        self._wait = _AGAIN
        self.link = link
        self.port = port
        self._open(link, port)

    def _open(self, link, port):
        listener = None
        try:
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            interfaces.bind(listener, link, port)
            listener.listen(_BACKLOG)
            self._door = asyncio.create_task(self._attend(listener))
        except (OSError, MemoryError) as e:
            if listener:
                listener.close()
            words = sockets.reason(e) if isinstance(e, OSError) else b"Out of memory"
            self.say(b"port %d: %s" % (port, words))
            return
        log.line(log.STATUS, b"HTTP server listening on port: %d" % port)

    async def _attend(self, listener):
        # Task of the listener: gives each client a place.
        try:
            while True:
                await sockets.readable(listener)
                if self._full():
                    self.crowded = True
                    for connection in self.connections:
                        connection.hurry()
                    await asyncio.sleep_ms(_CROWD_MS)
                    continue
                self.crowded = False
                try:
                    sock, peer = listener.accept()
                except OSError as e:
                    if e.errno != errno.EAGAIN:
                        self.say(sockets.reason(e))
                        await asyncio.sleep_ms(_FULL_MS)
                    continue
                self._take(sock, peer[0].encode())
        except MemoryError:  # a later look listens again
            registry.make_room()
            self.say(b"Out of memory")
        except Exception as e:
            self.device.fault("http server", e)
        finally:
            listener.close()
            self._door = None

    def _full(self):
        used = 0
        for connection in self.connections:
            if connection.sock:
                used += 1
        most = variables.values.get(b"http.server.max_clients", PLACES)
        return used >= min(most, len(self.buffers))

    def _take(self, sock, peer):
        # Give a client its place, or close.
        try:
            if not self.connections:
                registry.make_room()
                self.connections = self.places()
            for connection in self.connections:
                if not connection.sock:
                    connection.take(sock, peer)
                    return
        except MemoryError:
            sock.close()
            self._rest()
            registry.make_room()
            self.say(b"Out of memory")

    # Connections

    def left(self):
        """A connection has ended."""
        self._left = ticks_ms()

    def _look(self):
        # End what lasts too long; let go of what nobody needs.
        used = False
        for connection in self.connections:
            if connection.sock:
                used = True
                connection.look()
        if not used and self._left is not None and ticks_diff(ticks_ms(), self._left) > _REST_MS:
            self._rest()

    def _rest(self):
        self._left = None
        self.connections = []
        self.access = self.rest = None
        for name in _GUEST:
            forget(name)

    async def _close(self):
        # The listener, and all connections.
        door = self._door
        if door:
            door.cancel()
        for connection in self.connections:
            connection.cancel()
        while self._door or any(connection.sock for connection in self.connections):
            await asyncio.sleep_ms(1)

    async def _end(self):
        # The command that asked for it gets its reply.
        log.sessions.remove(self.log)
        begun = ticks_ms()
        while self.log.running:
            if ticks_diff(ticks_ms(), begun) > _REPLY_MS:
                break
            await asyncio.sleep_ms(1)
        await self._close()
        self._rest()
