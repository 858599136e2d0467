# The UDP server: one stream (UDPS) for all who send to its port. What is written goes to the
# sender of the datagram that was read last; before one was read to the peer that is set, or to the
# first that has sent.
#
# Locked to one client (udp.server.lock_client), it hears the first that sends, or the peer that is
# set, and nobody else, until that one has been silent for stream.lock_timeout.
import errno
import socket

from firmware.console import log
from firmware.net import interfaces, sockets
from firmware.net.streams import DATA
from firmware.net.udp import MAX_DATAGRAM, Datagrams
from firmware.store import variables

from . import serving

running = None  # the server, while there is one


class ServerStream(Datagrams):
    kind = b"UDPS"
    head = 8  # a datagram's length, its sender's address and port
    partner = b""

    def __init__(self, server):
        self._server = server
        self._source = None  # of the datagram that was taken last
        super().__init__()

    def bind(self, sock):
        server = self._server
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)  # lwIP: to hear them, too
        interfaces.bind(sock, server.link, server.port)

    def describe(self):
        server = self._server
        ip, port = server.peer or ("0.0.0.0", 0)
        return b"%s:%d %s:%d" % (server.link.address(0), server.port, ip.encode(), port)

    def next(self):
        data, self._source = self.sock.recvfrom(MAX_DATAGRAM)
        return data if self._server.heard(self._source) else b""

    def stamp(self, block):
        ip, port = self._source
        block[2:6] = bytes([int(part) for part in ip.split(".")])
        block[6] = port >> 8
        block[7] = port & 255

    def begun(self, block):
        self._server.peer = "%d.%d.%d.%d" % tuple(block[2:6]), block[6] << 8 | block[7]

    def receive(self, into, size):
        n = super().receive(into, size)
        self._server.show()
        return n

    def put(self, data):
        peer = self._server.peer
        if peer is None:
            raise OSError(errno.ENOTCONN)
        return self.sock.sendto(data, peer)

    def close(self):
        super().close()
        self._server.left()


class _UdpServer(serving.Server):
    def __init__(self, device, auto=False):
        super().__init__(device, b"UDP", b"udp.server.", "udp_server", auto)
        self.peer = None  # who is written to: (dotted text, port)
        self._owner = None  # the only one that is heard
        self._locked = False
        self._timeout = 0
        self._active = False  # since the last look something has come
        self._quiet = 0  # seconds without
        self._handle = self._stream = None
        self._away = False  # the interface is down, or was
        self._data = self.pin(b"data_gpio")

    # What serving.py calls

    def listening(self):
        return self._stream is not None and not self._away

    async def prepare(self):
        host, port = self.get(b"remote_host"), self.get(b"remote_port")
        if host and port:
            try:
                self.peer = await self.device.resolve(host), port
            except (OSError, sockets.LookupFailed) as e:
                log.line(log.STATUS, b"UDP server: %s: %s" % (host, sockets.reason(e)))

    def listen(self):
        self._locked = self.get(b"lock_client")
        self._timeout = variables.get(b"stream.lock_timeout")
        self._owner = self.peer if self._locked else None
        if self._stream:  # the interface is back
            self._stream.leave()
            try:
                self._stream.listen()
            except OSError:
                self.device.streams.close(self._handle)
                raise
        else:
            table = self.device.streams
            handle = table.reserve()
            try:
                self._stream = ServerStream(self)
            except:
                table.release(handle)
                raise
            self._handle = handle
            if self.peer:
                self._stream.partner = self.name
            table.put(handle, self._stream)
        self._away = False

    def lost(self):
        self._away = True

    def end(self):
        global running
        if self._stream:
            self.device.streams.close(self._handle)
        if running is self:
            running = None

    def look(self):
        if self._data:
            self.show()

    def second(self):
        if self._owner and self._timeout:
            self._quiet = 0 if self._active else self._quiet + 1
            self._active = False
            if self._quiet >= self._timeout:
                self._owner = None
                self._quiet = 0
                log.line(log.STATUS, b"UDP server: the client is silent, another may come")

    # What the stream calls

    def heard(self, source):
        """Whether a datagram is taken from there."""
        if self._locked:
            if self._owner is None:
                self._owner = self.peer = source
            elif source != self._owner:
                return False
        self._active = True
        if self.peer is None:
            self.peer = source
        self._stream.partner = self.name
        if self._data:
            self._data(1)
        return True

    def show(self):
        """Set the GPIO of waiting data."""
        if self._data:
            self._data(self._stream is not None and self._stream.poll() == DATA)

    def left(self):
        """The stream was closed: in stream mode there is a new one, else that was the server."""
        self._stream = None
        if self.device.stream_mode is None:
            self.shut()
        elif self._data:
            self._data(0)


def start(device, auto=False):
    """The server, which is the one there is from now on."""
    global running
    running = _UdpServer(device, auto)
    return running


def create(device):
    """The service that starts by itself."""
    return start(device, True)
