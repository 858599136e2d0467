# The TLS server: a TCP server (tcp_server.py) whose clients become streams (TLSS) when their
# handshake is done. A handshake is a task of its own, so one that stalls keeps nobody waiting; the
# chip has memory for two connections with TLS at a time, and who comes then is turned away.
#
# The certificate is read anew for each of them, so that it can be renewed while the server runs.
import asyncio

from micropython import const

from firmware import forget
from firmware.console import errors, log, registry
from firmware.console.errors import CommandError
from firmware.net import sockets
from firmware.store import variables

from . import tcp_server

# Connections at a time, handshakes among them. Each takes 26 to 30 KB of the 95 KB that a station
# has outside the heap, and a third would leave no room for a client of our own.
_MOST = const(2)
# Connections whose client has said nothing yet: TLS has no memory for them, they are but sockets.
_SILENT = const(2)
# Bytes of the heap that are free when a handshake begins: what it takes with its code.
_ROOM = const(20_480)

running = None  # the server, while there is one


class TlsServer(tcp_server.TcpServer):
    def __init__(self, device, auto=False):
        super().__init__(device, auto)
        self.name = b"TLS"
        self.file = "tls_server"
        self._calls = {}  # tasks of those who are no streams yet -> socket, until they run
        self._shaking = 0  # of them, how many have begun

    def setup(self, interface, port):
        """Also raises CommandError, where nobody could be served."""
        super().setup(interface, port)
        from firmware.net import tls

        try:
            tls.server_context(variables.get)
        except tls.TlsFailed as e:
            if not self.auto:
                raise CommandError(errors.FAILED, e.args[0])
            log.line(log.STATUS, b"TLS server: %s" % e.args[0])
        finally:
            tls.drop()

    def listen(self):
        super().listen()
        self.most = min(self.most, _MOST)

    def shut(self):
        if not (self.closed or tcp_server.running):
            forget("firmware.services.tcp_server")
        super().shut()

    def end(self):
        global running
        super().end()
        for call, sock in list(self._calls.items()):
            call.cancel()
            if sock:  # it never will
                sock.close()
                del self._calls[call]
        self._rest()
        if running is self:
            running = None

    # Clients

    def _full(self):
        # In stream mode a client may call again before it is seen that its connection is dead.
        most = _MOST if self.device.stream_mode else self.most
        return len(self.clients) + self._shaking >= most

    def _take(self, sock, host, port):
        if self._full() or len(self._calls) - self._shaking >= _SILENT:
            sock.close()
            self.refuse(b"Too many clients")
            return
        try:
            self._calls[asyncio.create_task(self._call(sock, host, port))] = sock
        except MemoryError:
            sock.close()
            raise

    async def _call(self, sock, host, port):
        self._calls[asyncio.current_task()] = None
        try:
            if await self._heard(sock):
                self._shaking += 1
                try:
                    sock = await self._shake(sock)
                finally:
                    self._shaking -= 1
                if sock:
                    self._enter(sock, host, port)
                    sock = None
        except MemoryError:
            registry.make_room()
            self.refuse(b"Out of memory")
        finally:
            if sock:
                sock.close()
            del self._calls[asyncio.current_task()]
            self._rest()

    async def _heard(self, sock):
        # Whether the client has said something, and there is a place for it.
        try:
            wait_ms = variables.get(b"network.tls.handshake_timeout")
            await asyncio.wait_for_ms(sockets.readable(sock), wait_ms)
        except asyncio.TimeoutError:
            self.refuse(b"A client says nothing")
            return False
        if self._full():
            self.refuse(b"Too many clients")
            return False
        return True

    async def _shake(self, sock):
        # The client's socket once its handshake is done, else None.
        registry.make_room()  # also of what lies in between: TLS loads more than all commands
        registry.claim(_ROOM)
        from firmware.net import tls
        from firmware.store import expiry

        get = variables.get
        try:
            certificate = get(b"network.tls.server_cert") or get(b"network.tls.client_cert")
            expiry.used(log, certificate, get(b"network.tls.server_ca"))
            return await tls.accept(sock, tls.server_context(get), get, log)
        except tls.TlsFailed as e:
            sock.close()
            log.line(log.STATUS, sockets.reason(e))
        finally:
            tls.drop()
        return None

    def _enter(self, sock, host, port):
        from firmware.services import tls_guest

        tls_guest.take(self, sock, host, port)

    def left(self, client):
        super().left(client)
        self._rest()

    def _rest(self):
        # What clients need goes with the last of them.
        if not self._calls and not self.clients:
            forget("firmware.services.tls_guest")


def start(device, auto=False):
    """The server, which is the one there is from now on."""
    global running
    running = TlsServer(device, auto)
    return running


def create(device):
    """The service that starts by itself."""
    return start(device, True)
