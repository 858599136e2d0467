# The HTTP server (spec 9): files and the REST API for a few clients at a time.
#
# There are as many connections as places, each with a buffer that is made when as many clients are
# there for the first time, so that a crowd of them costs no more memory than a few; the rest wait
# in the stack's backlog. While somebody waits, answers end their connections, and who has nothing
# to say for a moment has to go.
#
# Only what waits is here. What a connection needs is in http_connection.py and, with TLS, in
# http_tls.py, what it may ask for in http_rest.py and http_files.py; all of them leave RAM when
# nobody has called for a while.
import asyncio
import errno
import sys
from time import ticks_diff, ticks_ms

from machine import Pin
from micropython import const

from firmware import board, forget
from firmware.console import log, registry
from firmware.console.editor import Editor
from firmware.net import interfaces, sockets
from firmware.net.station import UP
from firmware.store import variables

PLACES = const(4)  # connections at a time: what the ten sockets of the chip leave
# With TLS, streams among them: each takes 26 to 30 KB of the 95 KB that a station has outside the
# heap, and a third would leave no room for a client of our own.
_TLS_PLACES = const(2)
_PORT = const(80)  # in whose place TLS has the other
_TLS_PORT = const(443)
# A request's head has to fit, and 256 bytes of what follows it. One of a segment's 1460 bytes or
# less takes one read.
BUFFER = const(1536)
BODY = const(4096)  # spec 9.2: the most that a request's body may have
_LOG = const(1024)  # bytes of log lines that are kept for GET /log
# Bytes of the heap that are free when the first client comes: the code for it was loaded then, and
# command files make room for each other.
_ROOM = const(8192)
# The same for a further place: what is asked for in the others has room for the largest command.
# While there is less, who comes waits as if all places were taken.
_FURTHER_ROOM = const(24_576)

_LOOK_MS = const(250)  # an interface that went or came may go unseen this long
_CROWD_MS = const(50)  # between two looks for a place while somebody waits
_FULL_MS = const(500)  # before the next attempt when there is no socket for a connection
_REST_MS = const(10_000)  # without a connection, after which what serves them leaves RAM
_REPLY_MS = const(1000)  # for the replies to commands that are being carried out at the end
_AGAIN = const(20)  # looks after which a port that could not be had is tried again

_GPIO = b"http.server.connected_gpio"

# The answer where memory is short: others may need less of it a second later. To make it would
# take memory.
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Retry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)

# What connections need besides, and nobody else keeps.
REQUESTS = (
    "firmware.services.http_access",
    "firmware.services.http_connection",
    "firmware.services.http_rest",
    "firmware.services.rest_session",
    "firmware.services.http_files",
    "wire.http_file",
    "wire.rest",
    "wire.http",
    "wire.http_status",
    "wire.http_access",
    "wire.http_auth",
    "wire.http_origin",
    "wire.utf8",
)
# What of it makes room for commands and streams: it is imported for each request that needs it.
_FURTHER = (
    "firmware.services.http_files",
    "wire.http_file",
    "wire.http_status",
    "wire.http_origin",
    "wire.utf8",
)
# The same, unless our HTTP client (wire/http_client.py) is at work: it would not know our errors.
# Machine code, of wire.http_fast and wire.websocket_fast, stays: the chip does not give back where
# it lay, so that each further import would take as much again.
_HEAD = "wire.http_head"
# What streams need besides.
_STREAMS = ("firmware.net.web_socket", "wire.websocket")


def create(device):
    """The service, on the parts of the device. Raises board.GpioInUse."""
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
    limit = BODY  # bytes of a request's body

    def __init__(self, device):
        self.device = device
        self.buffers = [bytearray(BUFFER)]  # of as many places; for the first there is always one
        self.piece = None  # of http_files.py
        # Of http_body.py; made now, as the free memory will lie in small pieces later on.
        self.body = bytearray(self.limit)
        self.lent = False  # a connection has it
        self.access = None  # http_access.py, while there are connections
        self.rest = None  # http_rest.py, likewise
        self._guesses = []  # what it remembers
        self.connections = []  # as many as there were at a time, while there is somebody
        self.streams = []  # what connections have become
        self.log = Log(self)
        self.crowded = False  # somebody waits for a place
        self.commands = 0  # that REST has carried out
        self.link = None
        self.port = 0
        self.tls = False
        self._served = None  # what the listener is open for: the link's count, interface, port
        self._door = None  # task of the listener
        self._wait = 0  # looks before a port is tried again
        self._pin = None
        gpio = variables.get(_GPIO)
        if gpio >= 0:
            board.claim(gpio, _GPIO)
            self._pin = Pin(gpio, Pin.OUT, value=0)
        self._left = ticks_ms()  # when the last connection ended; None: nothing to leave RAM

    async def run(self):
        """Service: serves the interface whenever it is up, until cancelled."""
        registry.further = _FURTHER
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

    # What the web setup has otherwise (setup_server.py)

    def where(self):
        """The interface and the port to serve, and whether over TLS."""
        get = variables.get
        port = get(b"http.server.port")
        tls = variables.values.get(b"http.server.tls_enabled", 0)
        if tls and port == _PORT:
            port = _TLS_PORT
        return get(b"http.server.interface"), port, tls

    def most(self):
        """How many connections there may be at a time."""
        most = variables.values.get(b"http.server.max_clients", PLACES)
        return min(most, _TLS_PLACES - self.tls_streams()) if self.tls else most

    def tls_streams(self):
        """How many streams are over TLS: others are from before it was switched on."""
        return sum([stream.tls for stream in self.streams])

    def load(self):
        """Load what a client needs; returns its connection's class and session. Raises
        MemoryError.
        """
        if self.tls:  # the handshake comes first
            return self.device.service("http_tls").Connection, None
        return self.load_requests()

    def load_requests(self):
        """The same for requests."""
        service = self.device.service
        module = service("http_connection")
        if not self.access:
            access = service("http_access")
            self.access = access.HttpAccess(self.device, self._guesses, self.tls)
        self.rest = service("http_rest")
        session = service("rest_session").RestSession(self.device)
        registry.claim(_FURTHER_ROOM if self.connections and not self.tls else _ROOM)
        return module.Connection, session

    # The listener

    async def _follow(self):
        # Listen where the variables say, on the interface as it is now.
        interface, port, tls = self.where()
        link = interfaces.find(self.device, interface, variables.get)
        wanted = (link.ups, interface, port, tls) if link.state == UP else None
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
        self.tls = tls
        self._open(link, port)

    def _open(self, link, port):
        try:
            listener = self.device.service("http_door").open(self, link, port)
        finally:
            forget("firmware.services.http_door")
        if listener:
            self._door = asyncio.create_task(self._attend(listener))
            log.line(log.STATUS, b"HTTP server listening on port: %d" % port)

    async def _attend(self, listener):
        # Task of the listener: gives each client a place.
        try:
            while True:
                await sockets.readable(listener)
                if self._full() or not self._room():
                    self.crowded = True
                    self._hurry()
                    await asyncio.sleep_ms(_CROWD_MS)
                    continue
                self.crowded = False
                try:
                    self._take(*listener.accept())
                except OSError as e:
                    if e.errno != errno.EAGAIN:
                        self.say(sockets.reason(e))
                        await asyncio.sleep_ms(_FULL_MS)
        except MemoryError:  # a later look listens again
            registry.make_room()
            self.say(b"Out of memory")
        except Exception as e:
            self.device.fault("http server", e)
        finally:
            listener.close()
            self._door = None

    # These are no part of the task, which would keep the last connection, and with it all that
    # leaves RAM.

    def _hurry(self):
        for connection in self.connections:
            connection.hurry()

    def _full(self):
        used = 0
        for connection in self.connections:
            if connection.sock:
                used += 1
        return used >= self.most()

    def _place(self):
        # A place that nobody has, which may be made for it. Raises MemoryError.
        for connection in self.connections:
            if not connection.sock:
                return connection
        if not self.connections:
            registry.make_room()
        kind, session = self.load()
        n = len(self.connections)
        if n == len(self.buffers):
            self.buffers.append(bytearray(BUFFER))
        place = kind(self, self.buffers[n], session)
        self.connections.append(place)
        return place

    def _room(self):
        # Whether there is a place for a further client: while memory is short, some is given back
        # when one of the others goes.
        try:
            self._place()
        except MemoryError:
            return not any(connection.sock for connection in self.connections)
        return True

    def _take(self, sock, peer):
        # Give a client its place, or close.
        sock.setblocking(False)
        try:
            self._place().take(sock, peer[0].encode(), peer[1])
        except MemoryError:
            try:
                sock.write(BUSY)
            except OSError:
                pass  # it is gone already
            sock.close()
            if not any(connection.sock for connection in self.connections):
                self._rest()
            registry.make_room()
            self.say(b"Out of memory")

    # Connections

    def stream_left(self, stream):
        """A stream was closed."""
        self.streams.remove(stream)
        if not self.streams:
            for name in _STREAMS:
                forget(name)
        self.show()

    def show(self):
        """Set the GPIO of streams."""
        if self._pin:
            self._pin(len(self.streams) > 0)

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
        self.buffers = self.buffers[:1]
        self.piece = None
        self.access = self.rest = None
        for name in REQUESTS:
            forget(name)
        forget("firmware.services.http_tls")
        if "wire.http_client" not in sys.modules:
            forget(_HEAD)

    async def _close(self, running=False):
        # The listener, and all connections. The network that has gone may be one that a client's
        # command has left to come back: it goes on to its end.
        door = self._door
        if door:
            door.cancel()
        for connection in self.connections:
            connection.cancel(running)
        while self._door or any(connection.sock for connection in self.connections):
            await asyncio.sleep_ms(1)
        self._rest()

    async def _end(self):
        # The command that asked for it gets its reply.
        log.sessions.remove(self.log)
        registry.further = ()
        begun = ticks_ms()
        while self.log.running:
            if ticks_diff(ticks_ms(), begun) > _REPLY_MS:
                break
            await asyncio.sleep_ms(1)
        for stream in list(self.streams):
            self.device.streams.close(stream.handle)
        await self._close(True)
        board.release(_GPIO)
