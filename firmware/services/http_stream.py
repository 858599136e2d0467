# /stream: a client of the HTTP server becomes a stream (WEBS), by WebSocket or with the body of a
# POST. Its connection leaves the server's places then. Imported for each, and forgotten.
from firmware.net import io_queue
from firmware.net.streams import NoHandle
from firmware.net.tls_stream import TlsStream
from firmware.net.web_socket import MESSAGE, Posted, WebSocket
from wire import websocket
from wire.http_access import SECURITY
from wire.http_head import RemoteError


class WebStream(TlsStream):
    message = MESSAGE  # a write of so many bytes at most is one message, for stream_write

    def __init__(self, server, info, sock, host):
        super().__init__(b"WEBS", info, sock)
        self.partner = host
        self.handle = None
        self._server = server

    def close(self):
        super().close()
        self._server.stream_left(self)


async def answer(connection):
    """Answer a request for /stream that is allowed."""
    request = connection.request
    fields = b""
    if request.method == b"GET":
        if not (
            request.says(b"upgrade", b"websocket") and request.says(b"connection", b"upgrade")
        ):
            await _upgrade(connection, b"No WebSocket")
            return
        if request.value(b"sec-websocket-version") != b"13":
            await _upgrade(connection, b"Unknown version of WebSocket")
            return
        key = request.value(b"sec-websocket-key") or b""
        try:
            fields = (
                b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                % websocket.accept(key)
            )
        except websocket.RemoteError:
            raise RemoteError(400, b"bad key of a WebSocket")
    server = connection.server
    table = server.device.streams
    try:
        handle = table.reserve()
    except NoHandle:
        await connection.say(503, b"No free stream")
        return
    try:
        await _take(connection, server, handle, fields)
    except:
        table.release(handle)
        raise


async def _upgrade(connection, reason):
    fields = SECURITY + b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    more = connection.reply(426, fields, reason + b"\r\n")
    if more:
        await more


async def _take(connection, server, handle, fields):
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
    else:
        if request.expects:
            await connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        web = Posted(sock, rest, request.length, connection.head(200, SECURITY, 0, True))
    io_queue.use().forget(sock)
    stream = WebStream(server, info, web, connection.peer)
    connection.given()
    stream.handle = handle
    server.streams.append(stream)
    server.device.streams.put(handle, stream)
    server.show()
