# A TLS connection as a stream: that of tcp.py, which knows that there may be data while the
# socket is silent (tls_socket.py). A pump is called again while there are.
#
# mbedTLS has to be given the same data again after it could not send all of a record. So nobody
# else writes meanwhile; where the same never come again, a byte is written instead, which finishes
# the record and is not sent itself.
import asyncio

from micropython import const

from . import connecting
from .io_queue import IN, OUT
from .tcp import TcpStream

_TURN_MS = const(20)
_PUMP = const(1)  # who has not finished a record: the bridge
_TASK = const(2)  # write()


class TlsStream(TcpStream):
    """A stream over a TlsSocket."""

    def __init__(self, kind, info, sock):
        super().__init__(kind, info, sock)
        self._pump = None
        self._wants = 0  # the events of the pump
        self._busy = False  # the pump is running
        self._again = False  # the socket is watched for OUT to call the pump soon
        self._half = 0  # whose record is not sent whole
        self._lock = asyncio.Lock()
        self.transmit = self._transmit

    def pump(self, pump, events):
        self._notify = None
        self._pump = pump
        self._wants = events
        self._again = bool(self.sock.more and events & IN)
        self._queue.attach(self.sock.raw, self._turn, events | OUT if self._again else events)

    def want(self, events):
        self._wants = events
        if not self._busy:
            self._again = bool(self.sock.more and events & IN)
        self._queue.want(self.sock.raw, events | OUT if self._again else events)

    def _turn(self, events):
        # Pump of the socket.
        self._busy = True
        try:
            while True:
                if self.sock.more and self._wants & IN:
                    events |= IN
                wanted = self._pump(events)
                if wanted is not None:
                    self._wants = wanted
                events = 0
                if not (self.sock.more and self._wants & IN):
                    break
            wanted = self._wants
            self._again = False
        except MemoryError:
            # What is decrypted already would not be told again.
            self._again = True
            wanted = self._wants | OUT
        finally:
            self._busy = False
        return wanted

    def _transmit(self, buf, at, n=None):
        if self._half == _TASK and (self._lock.locked() or self.sock.write(b"\0") is None):
            return None
        done = self.sock.write(buf, at) if n is None else self.sock.write(buf, at, n)
        self._half = _PUMP if done is None else 0
        return done

    async def write(self, data):
        async with self._lock:
            while self._half == _PUMP and self.on_close:  # the bridge is there, and comes again
                await asyncio.sleep_ms(_TURN_MS)
            if self._half:
                await connecting.send(self.sock, b"\0")
            self._half = _TASK
            await connecting.send(self.sock, data)
            self._half = 0

    def close(self):
        if self.on_close:
            self.on_close()
        self._queue.forget(self.sock.raw)
        self.sock.close()
