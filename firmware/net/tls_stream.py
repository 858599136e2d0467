# A TLS connection as a stream: that of tcp.py, which knows that there may be data while the
# socket is silent (tls_socket.py). A pump is called again while there are.
from .io_queue import IN, OUT
from .tcp import TcpStream


class TlsStream(TcpStream):
    """A stream over a TlsSocket."""

    def __init__(self, kind, info, sock):
        super().__init__(kind, info, sock)
        self._pump = None
        self._wants = 0  # the events of the pump
        self._busy = False  # the pump is running
        self._again = False  # the socket is watched for OUT to call the pump soon

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

    def close(self):
        if self.on_close:
            self.on_close()
        self._queue.forget(self.sock.raw)
        self.sock.close()
