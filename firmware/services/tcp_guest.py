# A client of the TCP server: taken in, or turned away, and its stream (TCPS; over TLS it is TLSS).
# Imported with the first one. In stream mode there is one client: when it calls again, its old
# connection is dead whatever TCP thinks, and is closed.
from firmware.net.streams import NoHandle
from firmware.net.tcp import TcpStream


def over(base):
    """The class of a server's clients whose connections are streams of the class `base`."""

    class ServerStream(base):
        """A connection of the server. `host` is the client's address."""

        def __init__(self, server, kind, info, sock, host):
            super().__init__(kind, info, sock)
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
            try:
                self._server.show()
            except MemoryError:
                pass  # the server looks again
            return data

        async def write(self, data):
            self.active = True
            await super().write(data)

        def close(self):
            super().close()
            self._server.left(self)

    return ServerStream


ServerStream = over(TcpStream)


def take(server, sock, host, port, kind=b"TCPS", stream_class=ServerStream):
    """Make a stream of a connection from `host`, or close it. Raises MemoryError."""
    table = server.device.streams
    host = host.encode()
    bridged = server.device.stream_mode is not None
    clients = server.clients
    if bridged and clients and clients[0].partner == host:
        table.close(clients[0].handle)
    if len(clients) >= (1 if bridged else server.most):
        sock.close()
        server.refuse(b"Too many clients")
        return
    try:
        handle = table.reserve()
    except NoHandle:
        sock.close()
        server.refuse(b"No free stream")
        return
    try:
        info = b"%s:%d %s:%d" % (server.link.address(0), server.port, host, port)
        client = stream_class(server, kind, info, sock, host)
    except:
        table.release(handle)
        sock.close()
        raise
    client.handle = handle
    clients.append(client)
    server.told = False
    table.put(handle, client)
    if server.connected:
        server.connected(1)
