# A TCP connection as a stream.
#
# What was received stays in the stack's own window until it is read: a slow reader is answered by
# TCP back-pressure, nothing is copied twice and nothing can be dropped here.
from . import connecting, io_queue
from .streams import CLOSED, DATA, NO_DATA


class TcpStream:
    """A stream over a connected, non-blocking socket."""

    most = None  # bytes of one write: any number
    on_close = None
    partner = None

    def __init__(self, kind, info, sock):
        self.kind = kind  # b"TCPC" ...
        self._info = info
        self.sock = sock
        self.ended = False  # the peer has closed, or the connection has failed
        self._notify = None
        self._queue = io_queue.use()
        self.receive = sock.readinto
        self.transmit = sock.write

    def describe(self):
        """The ends of the connection."""
        return self._info

    def watch(self, notify):
        self.pump(self._arrived, io_queue.IN)
        self._notify = notify

    def pump(self, pump, events):
        """Give the socket's events to a pump (io_queue.py) instead of `notify`."""
        self._notify = None
        self._queue.attach(self.sock, pump, events)

    def want(self, events):
        """Change what the pump waits for."""
        self._queue.want(self.sock, events)

    def _arrived(self, events):
        # Tells once; poll() and read() listen again when they have found nothing more.
        found = self.poll()
        if found == NO_DATA:
            return io_queue.IN
        self._notify(self, found)
        return 0

    def poll(self):
        try:
            found = connecting.peek(self.sock)
        except OSError:
            found = b""
        if found is None:
            if self._notify:
                self.want(io_queue.IN)
            return NO_DATA
        if found:
            return DATA
        self.ended = True
        return CLOSED

    def read(self, size):
        try:
            data = self.sock.read(size)
        except OSError:
            data = b""
        if data == b"":
            self.ended = True
        elif data is None or len(data) < size:
            try:
                self.poll()  # the read that drains a stream tells its end
            except MemoryError:
                pass  # what was read is not to be lost for it
        return data or b""

    async def write(self, data):
        await connecting.send(self.sock, data)

    def close(self):
        if self.on_close:
            self.on_close()
        self._queue.forget(self.sock)
        self.sock.close()
