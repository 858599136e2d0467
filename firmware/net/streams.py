# The stream table: eight handles, each with a connection, a file or a kept response behind it
# (spec 4).
#
# Connections are in tcp.py and udp.py, which are in RAM while there is something in the table.
#
# What is in the table has
#     kind, describe()   what stream_list prints
#     poll()             NO_DATA, DATA or CLOSED (by the other side, and all read)
#     read(size)         at most `size` bytes, b"" for none; sets `ended` with the last
#     write(data)        coroutine: sends all; raises OSError
#     most               bytes of one write, None for any number
#     close()
# and, where it is a connection, watch(notify): from then on notify(stream, DATA) is called when
# data come to an empty stream, and notify(stream, CLOSED) when its end does. notify must not close
# anything: it is called from within the loop's wait (io_queue.py). A connection also has what a
# bridge uses (bridge.py), which allocates nothing:
#     on_close                    called when somebody closes it, unless None
#     receive(buf, n)             bytes taken, None for none, 0 at the end; raises OSError
#     transmit(buf, start, n)     bytes taken, None for none; raises OSError
#     partner                     who is on the other side, as bytes, b"" while nobody is; None
#                                 where the host has opened it
import asyncio
import sys

from micropython import const

from firmware import forget_parts

# The protocol's limit; stock firmware has 10 sockets: two are left for the services.
MAX_STREAMS = const(8)

NO_DATA = const(0)
DATA = const(1)
CLOSED = const(2)


overruns = 0  # datagrams lost since the start because udp.py's pool was full


class NoHandle(Exception):
    """All eight handles are in use."""


class Table:
    NoHandle = NoHandle  # for the console, which imports nothing of the network's

    def __init__(self, log, auto_close, claim):
        self._streams = [None] * MAX_STREAMS
        self._log = log
        self._auto_close = auto_close  # () -> whether streams close with their last byte
        self._claim = claim  # raises MemoryError when there is too little for a further stream
        self._gone = 0  # bits of handles that closed by themselves, until they are used again
        self.arrived = None  # called with a stream that was opened, or to which data have come

    def reserve(self):
        """The lowest free handle, kept until put() or release(). Raises NoHandle,
        MemoryError.
        """
        self._claim()
        for handle in range(MAX_STREAMS):
            if self._streams[handle] is None:
                self._streams[handle] = False
                self._gone &= ~(1 << handle)
                return handle
        raise NoHandle

    def release(self, handle):
        self._streams[handle] = None

    def put(self, handle, stream):
        """Fill a reserved handle and log `[Opened: handle]`."""
        self._streams[handle] = stream
        self._log.event(b"Opened: %d" % handle)
        self.watch(stream)
        if self.arrived:
            self.arrived(stream)

    def watch(self, stream):
        """Listen for data and for the end of a connection."""
        if hasattr(stream, "watch"):
            stream.watch(self._arrived)

    def _arrived(self, stream, found):
        if found == DATA:
            if self.arrived:
                self.arrived(stream)
        elif self._auto_close():
            asyncio.create_task(self._finish(stream))

    async def _finish(self, stream):
        # The other side has closed, and there is nothing to read.
        if stream in self._streams:
            self.finish(self._streams.index(stream))

    def finish(self, handle):
        """Close a stream that the host has not asked to close."""
        self.close(handle)
        self._gone |= 1 << handle

    def gone(self, handle):
        """True for a handle whose stream closed by itself since it was last used."""
        return bool(self._gone >> handle & 1)

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
        # A server in stream mode goes on with the code of its stream.
        if not any(self._streams) and "firmware.services.udp_server" not in sys.modules:
            forget_parts("streams")

    def close_all(self):
        for handle, _ in list(self.open()):
            self.close(handle)
