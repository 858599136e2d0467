# The stream table: eight handles, each with a connection or a file behind it (spec 4).
#
# Received data stay in the TCP stack's own window until they are read: a slow reader is answered
# by TCP back-pressure, nothing is copied twice and nothing can be dropped here.
from micropython import const

from . import sockets

MAX_STREAMS = const(
    8
    # the protocol's limit; stock firmware has 10 sockets: two are left for the services
)

NO_DATA = const(0)
DATA = const(1)
CLOSED = const(2)


class NoHandle(Exception):
    """All eight handles are in use."""


class Stream:
    """An open stream over a non-blocking socket."""

    def __init__(self, kind, info, sock):
        self.kind = kind  # b"TCPC" ...
        self._info = info
        self.sock = sock
        self.ended = False  # the peer has closed, or the connection has failed

    def describe(self):
        """What stream_list prints: the ends of the connection."""
        return self._info

    def poll(self):
        """NO_DATA, DATA or CLOSED (by the peer, and all data read)."""
        try:
            found = sockets.peek(self.sock)
        except OSError:
            found = b""
        if found == b"":
            self.ended = True
            return CLOSED
        return NO_DATA if found is None else DATA

    def read(self, size):
        """Up to `size` bytes that have arrived, b"" for none. Sets `ended` at the end."""
        try:
            data = self.sock.read(size)
        except OSError:
            data = b""
        if data == b"":
            self.ended = True
        return data or b""

    async def write(self, data):
        """Send all of `data`. Raises OSError."""
        await sockets.send(self.sock, data)

    def close(self):
        self.sock.close()


class Table:
    NoHandle = NoHandle  # for the console, which imports nothing of the network's

    def __init__(self, log):
        self._streams = [None] * MAX_STREAMS
        self._log = log

    def reserve(self):
        """The lowest free handle, kept until put() or release(). Raises NoHandle."""
        for handle in range(MAX_STREAMS):
            if self._streams[handle] is None:
                self._streams[handle] = False
                return handle
        raise NoHandle

    def release(self, handle):
        self._streams[handle] = None

    def put(self, handle, stream):
        """Fill a reserved handle and log `[Opened: handle]`."""
        self._streams[handle] = stream
        self._log.event(b"Opened: %d" % handle)

    def get(self, handle):
        """The open stream of a handle. Raises KeyError."""
        stream = self._streams[handle] if 0 <= handle < MAX_STREAMS else None
        if not stream:
            raise KeyError(handle)
        return stream

    def open(self):
        """Yield (handle, stream) of all open streams."""
        for handle in range(MAX_STREAMS):
            if self._streams[handle]:
                yield handle, self._streams[handle]

    def close(self, handle):
        """Close a stream and log `[Closed: handle]`. Raises KeyError."""
        stream = self.get(handle)
        self._streams[handle] = None
        stream.close()
        self._log.event(b"Closed: %d" % handle)

    def close_all(self):
        for handle, _ in list(self.open()):
            self.close(handle)
