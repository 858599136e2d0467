# An HTTP request and its answer as a stream (spec 8). While the request is queued, or its body is
# not whole, the stream can be written; once it is answered, the answer's body can be read. What is
# done only now and then, connecting, the heads, redirects, is in http_talk.py.
#
# Nothing watches the socket: a stream stays until the host has read it, also when the server has
# said all that it had to say.
import asyncio
import errno
import sys

from micropython import const

from firmware import forget
from wire.http_body import LAST_CHUNK, Body, RemoteError
from wire.http_head import CHUNKED

from . import connecting, sockets
from .streams import CLOSED, DATA, NO_DATA

# States, in this order.
QUEUED = const(0)  # nothing is sent yet: headers may be added
SENDING = const(1)  # the head is sent: only the body may be added
ANSWERED = const(2)  # the answer's head has come
OVER = const(3)  # read to its end, failed or closed

_PIECE = const(512)  # bytes of the body that are taken from the socket at once
# Bytes of a body whose length nobody has told, until they go as chunks, which not every server
# takes.
_MOST_QUEUED = const(2048)
_MOST_BODY = const(0x3FFFFFFF)  # a small int; the host reads it in pieces


def drop(device, own=None):
    """Take from RAM what no stream of this kind needs: none in the table, nor `own`. What one of
    them holds on to is not loaded a second time for the next one.
    """
    used = own is not None
    queued = used and own.url is not None
    for _, stream in device.streams.open():
        if stream.kind[:4] == b"HTTP":
            used = True
            queued = queued or stream.url is not None
    for name in ("firmware.net.http_talk", "firmware.net.clients", "wire.http_client"):
        forget(name)
    if not queued:
        forget("wire.url")
    if used:
        return
    forget("firmware.net.http_stream")
    if "wire.http" not in sys.modules:  # the server has them too
        # But for wire.http_fast: the memory of native code is not given back.
        forget("wire.http_body")
        forget("wire.http_head")


class HttpStream:
    """`context` is (device, log, get) as clients.dial() has them, `ip` the address of the URL's
    host, `type_` the line of the head that tells the type of the body, or b"".
    """

    most = None  # a write may have any size
    on_close = None
    partner = None
    ended = False

    def __init__(self, context, method, url, ip, type_=b""):
        self.context = context
        self.method = method
        self.url = url
        self.ip = ip
        self.type = type_
        self.fields = b""  # lines that the host has added
        self.kind = b"HTTPS" if url.secure else b"HTTP"
        self.info = b""
        self.sock = None
        self.state = QUEUED
        self.asking = None  # the task that has it answered
        self.status = 0  # of the answer
        self.failure = None  # why there is no more, where it was not the end
        self.queue = []  # what was written before the head was sent
        self.queued = 0  # bytes of it
        self.left = 0  # bytes of the body that the head has announced, or CHUNKED
        self.sent = False  # the body, or some of it
        self.size = 0  # of the answer's body, as its head says

    def describe(self):
        """What stream_list prints."""
        return self.info

    # The request

    def queueing(self):
        """Whether nothing of the request is sent yet."""
        return self.state == QUEUED and not self.asking

    async def write(self, data):
        """Add to the body of the request. Raises OSError where it can have no more."""
        if self.method != b"POST" or self.asking or self.state > SENDING:
            raise OSError(errno.EINVAL)
        if self.state == QUEUED:
            if self.queued + len(data) <= _MOST_QUEUED:
                self.queue.append(bytes(data))
                self.queued += len(data)
                return
            try:
                await self.begin(CHUNKED)
            finally:
                drop(self.context[0], self)
        await self._put(data)

    async def begin(self, length):
        """Send the head of a request with a body of `length` bytes, or CHUNKED, and what is queued
        of it. Raises OSError.
        """
        from . import http_talk

        head = http_talk.head(self, length)
        self.state = SENDING
        self.left = length
        await self.send(head)
        queue = self.queue
        self.queue = []
        for data in queue:
            await self._put(data)

    async def _put(self, data):
        self.sent = True
        if self.left == CHUNKED:
            chunk = bytearray(b"%x\r\n" % len(data))
            chunk.extend(data)
            chunk.extend(b"\r\n")
            data = chunk
        elif len(data) > self.left:
            raise OSError(errno.EINVAL)
        else:
            self.left -= len(data)
        await self.send(data)

    async def finish(self):
        """Send what the request lacks. Raises OSError."""
        if self.state == QUEUED:
            await self.begin(self.queued if self.method == b"POST" else None)
        if self.left == CHUNKED:
            await self.send(LAST_CHUNK)
        elif self.left:
            self.fail(b"%d bytes of the body are missing" % self.left)
            raise OSError(errno.EINVAL)

    def again(self, url):
        """Another server, or another path, is asked for what this one does not have. It is not
        shown what the host has added for the first one.
        """
        if not url.same_origin(self.url):
            self.fields = b""
        if url.host != self.url.host:
            self.ip = None
        self.sock.close()
        self.sock = None
        self.url = url
        self.kind = b"HTTPS" if url.secure else b"HTTP"
        self.state = QUEUED
        self.queued = 0

    def ask(self):
        """Have the request sent and answered. Returns the task, which raises nothing: `status`
        tells whether there is an answer.
        """
        if not self.asking and self.state < ANSWERED:
            self.asking = asyncio.create_task(self._ask())
        return self.asking

    async def _ask(self):
        from . import http_talk

        try:
            await http_talk.answer(self)
        except MemoryError:
            self.fail(b"Out of memory")
        finally:
            if self.state < ANSWERED:
                self.over()
            self.asking = None
            drop(self.context[0], self)

    async def send(self, data):
        """Send bytes while the server takes them. Raises OSError."""
        try:
            n = self.sock.write(data)
            if n != len(data):
                get = self.context[2]
                rest = memoryview(data)[n or 0 :]
                await asyncio.wait_for_ms(
                    connecting.send(self.sock, rest), get(b"http.client.timeout")
                )
        except (OSError, asyncio.TimeoutError) as e:
            if not isinstance(e, OSError):
                e = OSError(errno.ETIMEDOUT)
            self.fail(sockets.reason(e))
            raise e

    # The answer

    def answered(self, length, buf, at, end):
        """The head of the answer is there: its body has this length, as Body has it, and begins
        with buf[at:end].
        """
        self._body = Body(length, _MOST_BODY)
        self._buf = bytearray(_PIECE)
        self._end = end - at
        self._buf[: self._end] = memoryview(buf)[at:end]
        self._at = 0
        self.size = length
        self.url = self.fields = self.type = None
        self.state = ANSWERED

    def poll(self):
        return NO_DATA if self.state < ANSWERED else self.look()

    def look(self):
        """Take from the socket what there is, until there is something of the body, which then is
        piece().
        """
        while self.state == ANSWERED:
            body = self._body
            if body.start < body.stop:
                return DATA
            try:
                if body.done:
                    self.over()
                elif self._at < self._end:
                    self._at = body.take(self._buf, self._at, self._end)
                else:
                    n = self.sock.readinto(self._buf)
                    if n is None:
                        return NO_DATA
                    self._at = 0
                    self._end = n
                    if not n:
                        body.closed()
            except RemoteError as e:
                self.fail(e.reason)
            except OSError as e:
                self.fail(sockets.reason(e))
        return CLOSED

    def piece(self):
        """The bytes of the body that look() has found, in place."""
        return memoryview(self._buf)[self._body.start : self._body.stop]

    def taken(self, n):
        """So many bytes of piece() are done with."""
        self._body.start += n

    def read(self, size):
        if self.state < ANSWERED:
            self.ask()  # the first read sends what is queued; poll() tells when there is more
            return b""
        out = bytearray(size)
        room = bytes(size)  # for what is given back: nothing is taken that could get lost
        n = 0
        while n < size and self.look() == DATA:
            piece = self.piece()[: size - n]
            out[n : n + len(piece)] = piece
            n += len(piece)
            self.taken(len(piece))
        room = None  # noqa: F841
        return bytes(memoryview(out)[:n])

    # The end

    def fail(self, why):
        """There is no more of the answer, for a reason that the log tells."""
        if self.state != OVER:
            self.failure = why
            log = self.context[1]
            log.line(log.STATUS, why[:1].upper() + why[1:])
            self.over()

    def over(self):
        """Give the connection and all memory back."""
        self.state = OVER
        self.ended = True
        if self.sock:
            self.sock.close()
        self.sock = self._buf = self._body = None
        self.url = self.fields = self.type = None
        self.queue = ()

    def close(self):
        self.over()
        drop(self.context[0])
