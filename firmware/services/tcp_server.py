# The TCP server: each connection to its port is a stream (TCPS) of its own.
#
# What does not fit (more clients than tcp.server.max_clients, no free handle, no free socket) is
# closed at once, so that its client knows; nobody else is touched. In stream mode there is one
# client: when it calls again, its old connection is dead whatever TCP thinks, and is closed.
import asyncio
import errno
import socket

from micropython import const

from firmware.console import log
from firmware.net import interfaces, io_queue, sockets
from firmware.net.streams import DATA, NoHandle
from firmware.net.tcp import TcpStream

from . import serving

_BACKLOG = const(4)  # connections that the stack holds until the loop comes round
_TURN = const(8)  # connections taken at once: the loop has others to serve

running = None  # the server, while there is one


class ServerStream(TcpStream):
    """A connection of the server. `host` is the client's address."""

    def __init__(self, server, info, sock, host):
        super().__init__(b"TCPS", info, sock)
        self.receive = self._receive
        self.transmit = self._transmit
        self.partner = host
        self.handle = None
        self.active = True  # since the server looked last
        self.quiet = 0  # seconds
        self._server = server

    def _arrived(self, events):
        wanted = super()._arrived(events)
        if not wanted and not self.ended:
            self.active = True
            self._server.show(True)
        return wanted

    def _receive(self, buf, n):
        self.active = True
        return self.sock.readinto(buf, n)

    def _transmit(self, buf, start, size=None):
        self.active = True
        if size is None:
            return self.sock.write(buf, start)
        return self.sock.write(buf, start, size)

    def read(self, size):
        data = super().read(size)
        if data:
            self.active = True
        self._server.show()
        return data

    async def write(self, data):
        self.active = True
        await sockets.send(self.sock, data)

    def close(self):
        super().close()
        self._server.left(self)


class TcpServer(serving.Server):
    def __init__(self, device, auto=False):
        super().__init__(device, b"TCP", b"tcp.server.", "tcp_server", auto)
        self._listener = None
        self._clients = []
        self._told = False  # that a client was turned away
        self._connected = self.pin(b"connected_gpio")
        self._data = self.pin(b"data_gpio")
        self._most = self._timeout = 0

    # What serving.py calls

    def listening(self):
        return self._listener is not None

    def listen(self):
        self._most = self.get(b"max_clients")
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
        for client in list(self._clients):
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
        for client in list(self._clients):
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
                    self._refuse(sockets.reason(e))  # without a socket the stack drops it
                    continue
                self._take(sock, *peer)
        except MemoryError:
            self._refuse(b"Out of memory")
        finally:
            if listener is self._listener:
                io_queue.use().want(listener, io_queue.IN)

    def _take(self, sock, host, port):
        table = self.device.streams
        host = host.encode()
        bridged = self.device.stream_mode is not None
        clients = self._clients
        if bridged and clients and clients[0].partner == host:
            table.close(clients[0].handle)
        if len(clients) >= (1 if bridged else self._most):
            sock.close()
            self._refuse(b"Too many clients")
            return
        try:
            handle = table.reserve()
        except NoHandle:
            sock.close()
            self._refuse(b"No free stream")
            return
        try:
            sock.setblocking(False)
            info = b"%s:%d %s:%d" % (self.link.address(0), self.port, host, port)
            client = ServerStream(self, info, sock, host)
        except:
            table.release(handle)
            sock.close()
            raise
        client.handle = handle
        clients.append(client)
        self._told = False
        table.put(handle, client)
        if self._connected:
            self._connected(1)

    def _refuse(self, words):
        # Once until somebody comes or goes: who knocks all the time shall not fill the log.
        if not self._told:
            self._told = True
            log.line(log.STATUS, b"TCP server: %s" % words)

    def left(self, client):
        """A client's stream was closed."""
        self._clients.remove(client)
        self._told = False
        if self._connected and not self._clients:
            self._connected(0)
        self.show()

    def show(self, data=None):
        """Set the GPIO of waiting data, where it is not known already."""
        if self._data:
            if data is None:
                data = any(client.poll() == DATA for client in self._clients)
            self._data(data)


def start(device, auto=False):
    """The server, which is the one there is from now on."""
    global running
    running = TcpServer(device, auto)
    return running


def create(device):
    """The service that starts by itself."""
    return start(device, True)
