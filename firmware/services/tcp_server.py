# The TCP server: each connection to its port is a stream (TCPS) of its own.
#
# This file is about its port and what all of them have in common; a client is in tcp_guest.py, and
# in RAM while there is one. Who does not fit (more clients than tcp.server.max_clients, no free
# handle, no free socket) is told by the end of the connection; nobody else is touched.
import asyncio
import errno
import socket

from micropython import const

from firmware import forget
from firmware.console import log, registry
from firmware.net import interfaces, io_queue, sockets
from firmware.net.streams import DATA

from . import serving

_BACKLOG = const(4)  # connections that the stack holds until the loop comes round
_TURN = const(8)  # connections taken at once: the loop has others to serve

running = None  # the server, while there is one


class TcpServer(serving.Server):
    def __init__(self, device, auto=False):
        super().__init__(device, b"TCP", b"tcp.server.", "tcp_server", auto)
        self._listener = None
        self.clients = []
        self.told = False  # that a client was turned away
        self.connected = self.pin(b"connected_gpio")
        self._data = self.pin(b"data_gpio")
        self.most = self._timeout = 0

    # What serving.py calls

    def listening(self):
        return self._listener is not None

    def listen(self):
        self.most = self.get(b"max_clients")
        self._timeout = self.get(b"idle_timeout")
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            interfaces.bind(sock, self.link, self.port)
            sock.listen(_BACKLOG)
        except:
            sock.close()
            raise
        self._listener = sock
        io_queue.use().attach(sock, self._called, io_queue.IN)

    def lost(self):
        sock = self._listener
        self._listener = None
        if sock:
            io_queue.use().forget(sock)
            sock.close()

    def end(self):
        global running
        self.lost()
        for client in list(self.clients):
            self.device.streams.close(client.handle)
        if running is self:
            running = None

    def look(self):
        if self._data:
            self.show()

    def second(self):
        limit = self._timeout
        if not limit:
            return
        for client in list(self.clients):
            client.quiet = 0 if client.active else client.quiet + 1
            client.active = False
            if client.quiet >= limit:
                log.line(log.STATUS, b"Idle: %d" % client.handle)
                self.device.streams.finish(client.handle)

    # Clients

    def _called(self, events):
        # Pump of the listener. It may not attach what it finds.
        asyncio.create_task(self._answer(self._listener))
        return 0

    async def _answer(self, listener):
        try:
            for _ in range(_TURN):
                if listener is not self._listener:
                    return
                try:
                    sock, peer = listener.accept()
                except OSError as e:
                    if e.errno == errno.EAGAIN:
                        return
                    self.refuse(sockets.reason(e))  # without a socket the stack drops it
                    continue
                sock.setblocking(False)
                self._take(sock, *peer)
        except MemoryError:
            self.refuse(b"Out of memory")
        finally:
            if listener is self._listener:
                io_queue.use().want(listener, io_queue.IN)

    def _take(self, sock, host, port):
        try:
            from firmware.services import tcp_guest

            tcp_guest.take(self, sock, host, port)
        except MemoryError:
            sock.close()
            registry.make_room()
            raise

    def refuse(self, words):
        # Once until somebody comes or goes: who knocks all the time shall not fill the log.
        if not self.told:
            self.told = True
            log.line(log.STATUS, b"%s server: %s" % (self.name, words))

    def left(self, client):
        """A client's stream was closed."""
        self.clients.remove(client)
        self.told = False
        if not self.clients:
            if self.connected:
                self.connected(0)
            forget("firmware.services.tcp_guest")
        self.show()

    def show(self, data=None):
        """Set the GPIO of waiting data, where it is not known already."""
        if self._data:
            if data is None:
                data = any(client.poll() == DATA for client in self.clients)
            self._data(data)


def start(device, auto=False):
    """The server, which is the one there is from now on."""
    global running
    running = TcpServer(device, auto)
    return running


def create(device):
    """The service that starts by itself."""
    return start(device, True)
