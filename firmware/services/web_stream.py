# What a client of the HTTP server becomes by /stream: a stream (WEBS), by WebSocket or with the
# body of a POST. Its connection leaves the server's places then. Imported for each, and forgotten.
from firmware import forget
from firmware.net import io_queue
from firmware.net.tls_stream import TlsStream
from firmware.net.web_socket import MESSAGE, WebSocket
from wire.http_access import SECURITY


class WebStream(TlsStream):
    message = MESSAGE  # a write of so many bytes at most is one message, for stream_write

    def __init__(self, server, info, sock, host):
        super().__init__(b"WEBS", info, sock)
        self.partner = host
        self.handle = None
        self.tls = server.tls
        self._server = server

    def close(self):
        super().close()
        self._server.stream_left(self)


async def take(connection, handle, fields):
    """Make the stream `handle` of a connection: a WebSocket, which `fields` accept, or a body."""
    server = connection.server
    request = connection.request
    sock = connection.sock
    info = b"%s:%d %s:%d" % (
        server.link.address(0),
        server.port,
        connection.peer,
        connection.peer_port,
    )
    rest = connection.rest()
    if fields:
        web = WebSocket(sock, rest)
        await connection.send(connection.head(101, fields, 0))
        forget("wire.http_status")
    else:
        if request.expects:
            await connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        from firmware.net.posted import Posted

        forget("firmware.net.posted")
        forget("wire.http_body")
        web = Posted(sock, rest, request.length, connection.head(200, SECURITY, 0, True))
    io_queue.use().forget(web.raw)
    stream = WebStream(server, info, web, connection.peer)
    connection.given()
    stream.handle = handle
    server.streams.append(stream)
    server.device.streams.put(handle, stream)
    server.show()
