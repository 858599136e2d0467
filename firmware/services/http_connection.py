# A connection of the HTTP server: one request after the other, each answered before the next is
# looked at (pipelining: what has come of it waits in the buffer). Imported with the first client,
# and in RAM until nobody has called for a while (http_server.py).
#
# What is asked for is found in answer(), the one place where a request takes effect.
import asyncio
import select
from time import ticks_diff, ticks_ms

from micropython import const

from firmware import forget
from firmware.console import registry
from firmware.net import io_queue, sockets
from wire import http
from wire.http_access import SECURITY
from wire.http_head import RemoteError

from .http_server import BUSY

# Bytes of a head: what browsers send has 600, and there is room for as much again of cookies.
_HEAD = const(1280)

# Bytes that are free when a body comes: for what reads it, and what makes a command of it.
_ROOM = const(8192)

# How long a connection may stay as it is, for each of its states, and while others wait for a
# place.
_IDLE = const(0)  # nothing of a next request has come
READING = const(1)  # from the first byte of a request on, until it is whole
_RUNNING = const(2)  # a command takes its time
_WRITING = const(3)  # since the client took something last
_LINGERING = const(4)  # behind the last answer, for what is still on its way
_LIMITS_MS = (15_000, 10_000, None, 15_000, 1000)
_CROWDED_MS = (250, 250, None, 2000, 50)

# How often a request that finds no memory is tried again, and when: what others have of it, a
# command or a question for the time, is theirs for a moment. A second in all, as BUSY says.
_TRIES = const(20)
_PAUSE_MS = const(50)

_TEXT = SECURITY + b"Content-Type: text/plain\r\n"


def _refusal(e, buf):
    # The answer to a request that RemoteError has ended, whose head may be damaged.
    sends = not buf.startswith(b"HEAD ")
    try:
        return http.refusal(e, _TEXT, sends)
    except MemoryError:
        registry.make_room()
    try:
        return http.refusal(e, _TEXT, sends)
    except MemoryError:
        return BUSY


class Connection:
    def __init__(self, server, buffer, session):
        self.server = server
        self.sock = None  # while there is a client
        self.peer = b""
        self.peer_port = 0
        self.session = session  # of the command language
        self.request = http.Request(_HEAD)
        self._task = None
        self.buf = buffer
        self.view = memoryview(buffer)
        self.end = 0  # buf[:end] has come
        self.at = 0  # where the body begins, and later what follows it
        self._state = _IDLE
        self._since = 0  # when the state began, or went on
        self._fields = b""  # of every answer to the request
        self.lent = None  # the server's buffer for bodies, while the request is dealt with

    def take(self, sock, peer, port):
        """Serve the client at `sock`, which does not block and is closed in the end; `peer` is its
        address (bytes). Raises MemoryError.
        """
        self.peer = peer
        self.peer_port = port
        self._task = asyncio.create_task(self._run(sock))
        self.sock = sock
        self.enter(_IDLE)

    def cancel(self, running):
        """End it; with `running` also where a command is under way."""
        if self.sock and (running or self._state != _RUNNING):
            self._task.cancel()

    # Time

    def enter(self, state):
        self._state = state
        self._since = ticks_ms()

    def look(self):
        """End the connection if it lasts too long."""
        self._check(_LIMITS_MS[self._state])

    def hurry(self, limits=_CROWDED_MS):
        """The same while others wait."""
        if self.sock:
            self._check(limits[self._state])

    def _check(self, limit):
        if limit is None or ticks_diff(ticks_ms(), self._since) < limit:
            return
        if self._state <= READING and self._heard():
            return  # we are slow, not the client
        if self._state == READING:
            try:
                self.sock.write(http.refusal(RemoteError(408, b"too slow"), _TEXT))
            except OSError:
                pass
        self._task.cancel()

    def _heard(self):
        # Whether something has come that was not read yet.
        poller = select.poll()
        poller.register(getattr(self.sock, "raw", self.sock), io_queue.IN)
        return bool(poller.poll(0))

    # The task

    async def _run(self, sock):
        server = self.server
        queue = io_queue.use()
        raw = getattr(sock, "raw", sock)  # what is waited for, below TLS
        try:
            queue.keep(raw)
            await self._serve(sock, raw, queue)
        except (OSError, asyncio.CancelledError):
            pass  # the client is gone, or has to go
        except MemoryError:
            registry.make_room()
            server.say(b"Out of memory")
        except Exception as e:
            server.device.fault("http server", e)
        finally:
            if self.sock:
                queue.forget(raw)
                sock.close()
                self.sock = None
            self.session.running = False
            self.end = 0
            if self.lent is not None:
                self._give()
            server.left()

    async def _serve(self, sock, raw, queue):
        # One request after the other, until the connection is to end.
        request = self.request
        buf = self.buf
        try:
            while True:
                request.begin(buf, 0)
                end = self.end
                self.enter(READING if end else _IDLE)
                at = request.read(end) if end else 0
                while not at:
                    if raw is sock or not sock.more:
                        await queue.queue_read(raw)
                    else:
                        await asyncio.sleep_ms(0)
                    n = sock.readinto(self.view[end:] if end else buf)
                    if n == 0:
                        return
                    if n is None:
                        continue
                    first = not end
                    self.end = end = end + n
                    at = request.read(end)
                    if first and not at:
                        self.enter(READING)
                self.at = at
                self._fields = b""
                tries = _TRIES
                while True:
                    try:
                        work = self.answer(request)
                        if work:
                            await work
                            work = None  # it keeps what it ran, which may be loaded anew meanwhile
                        break
                    except MemoryError:
                        # If nothing was done yet, or read that is gone: once more, with more room.
                        if not tries or self._state > READING or request.length:
                            raise
                    work = None  # or what was loaded for it would stay
                    tries -= 1
                    registry.make_room()
                    self.run()
                    await asyncio.sleep_ms(_PAUSE_MS)
                    self.enter(READING)
                if self.lent is not None:
                    self._give()
                if not request.keep_alive:
                    return
                self._shift()
        except RemoteError as e:
            refusal = _refusal(e, self.buf)
        except MemoryError:
            if self._state == _WRITING:  # in the midst of an answer there is no other
                raise
            registry.make_room()
            refusal = BUSY
        await self.send(refusal)
        await self._linger()

    def _give(self):
        # The buffer for bodies is free again.
        self.lent = None
        self.server.lent = False

    def _shift(self):
        # What has come behind the request begins the next one.
        at = self.at
        left = self.end - at
        if left:
            self.buf[:left] = self.view[at : self.end]
        self.end = left

    def rest(self):
        """What has come behind the request's head."""
        return bytes(self.view[self.at : self.end])

    def given(self):
        """The socket is somebody else's from now on."""
        self.sock = None
        self.request.keep_alive = False

    async def body(self):
        """The request's body. To be called where it has one, or its head is not dealt with."""
        try:
            registry.claim(_ROOM)
        except MemoryError:
            pass  # it may need less
        http_body = self.server.device.service("http_body")
        try:
            return await http_body.read(self)
        finally:
            forget("firmware.services.http_body")
            forget("wire.http_body")

    async def more(self, at):
        """Read on, from buf[at] on; where what has come ends, `at` at the end of the client. The
        head stays where it is: it is asked when the answer is made.
        """
        while True:
            await sockets.readable(self.sock)
            n = self.sock.readinto(self.view[at:])
            if n is not None:
                return at + n

    # Answers. What is most often done at once is a function here that returns what is to be
    # awaited, or None: a coroutine for each step would cost more than the steps.

    def answer(self, request):
        """Where a request takes effect: what is to be awaited, or None."""
        path = request.path()
        if request.method == b"OPTIONS":
            return self._options()
        rest = self.server.rest
        if rest.is_endpoint(path):
            return rest.answer(self, path)
        request.allow((b"GET", b"HEAD", b"OPTIONS"))
        return self.server.device.service("http_files").answer(self, path)

    async def _options(self):
        if self.request.length:
            await self.body()
        await self.refused()  # it always is: its answer says what would be

    def refused(self, endpoint=None, command=b"", unprotected=False):
        """None where the request may take effect, else its answer, to be awaited. `endpoint` is
        None for a file, which may be `unprotected`; `command` is the line to be carried out.
        """
        status, reason = self.decide(endpoint, command, unprotected)
        if not status:
            return None
        return self.say(status, reason)

    def decide(self, endpoint, command, unprotected):
        """(status, reason) for refused(): 0 where the request may take effect."""
        status, self._fields, reason = self.server.access.decide(
            self.request, self.peer, endpoint, command, unprotected
        )
        return status, reason

    def head(self, status, fields, length, close=False):
        """The head of an answer; `fields`, which begin with SECURITY, and what CORS wants."""
        fields = self._fields + fields
        return self.request.reply(status, fields, length, close or self.server.crowded)

    def reply(self, status, fields, body, begin=b"", end=b""):
        """An answer with a body of three parts, in one write; returns what is to be awaited if the
        client has not taken all of it, or None. It makes room for itself: what it tells was done.
        """
        try:
            data = self._joined(status, fields, body, begin, end)
        except MemoryError:
            registry.make_room()
            data = self._joined(status, fields, body, begin, end)
        n = self.sock.write(data)
        if n == len(data):
            return None
        return self.send(data[n:] if n else data)

    def _joined(self, status, fields, body, begin, end):
        head = self.head(status, fields, len(begin) + len(body) + len(end))
        if not self.request.sends:
            begin = body = end = b""
        return b"".join((head, begin, body, end))

    async def say(self, status, text):
        """An answer that is a line of text."""
        more = self.reply(status, _TEXT, text + b"\r\n" if text else b"")
        if more:
            await more

    def write(self, buf, n):
        """Write of buf[:n] what the client takes now; returns how many bytes. Raises OSError."""
        n = self.sock.write(buf, n) or 0
        if n:
            self.enter(_WRITING)
        return n

    async def send(self, data):
        """Write all of `data`, waiting while the client does not take it. Raises OSError."""
        self.enter(_WRITING)
        while True:
            n = self.sock.write(data)
            if n == len(data):
                return
            if n:
                data = memoryview(data)[n:]
                self._since = ticks_ms()
            await sockets.writable(self.sock)

    def run(self):
        """A command is being carried out, for as long as it takes."""
        self._state = _RUNNING

    async def _linger(self):
        # An end with unread bytes would be a reset, which can overtake the answer.
        self.enter(_LINGERING)
        while True:
            await sockets.readable(self.sock)
            if self.sock.readinto(self.buf) == 0:
                return
