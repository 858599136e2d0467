# A request for /stream: whether its client becomes a stream (web_stream.py). Imported for each,
# and forgotten.
from firmware import forget
from firmware.net.streams import NoHandle
from wire.http_access import SECURITY
from wire.http_head import RemoteError


async def answer(connection):
    """Answer a request for /stream that is allowed."""
    request = connection.request
    fields = b""
    if request.method == b"GET":
        if not (
            request.minor  # HTTP/1.0 knows no upgrade
            and request.says(b"upgrade", b"websocket")
            and request.says(b"connection", b"upgrade")
        ):
            await _upgrade(connection, b"No WebSocket")
            return
        if request.value(b"sec-websocket-version") != b"13":
            await _upgrade(connection, b"Unknown version of WebSocket")
            return
        fields = _accepted(request.value(b"sec-websocket-key") or b"")
    server = connection.server
    table = server.device.streams
    if server.tls and server.tls_streams():  # or there would be no connection for anybody else
        await connection.say(503, b"No free stream")
        return
    try:
        handle = table.reserve()
    except NoHandle:
        await connection.say(503, b"No free stream")
        return
    try:
        # After the reserve, which sees to it that there is room: it takes 12 KB with its code.
        web_stream = server.device.service("web_stream")
        forget("firmware.services.web_stream")
        await web_stream.take(connection, handle, fields)
    except:
        table.release(handle)
        raise


def _accepted(key):
    # The lines that answer to the key of a WebSocket.
    from wire import websocket

    try:
        return (
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
            % websocket.accept(key)
        )
    except websocket.RemoteError:
        raise RemoteError(400, b"bad key of a WebSocket")


async def _upgrade(connection, reason):
    fields = SECURITY + b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    more = connection.reply(426, fields, reason + b"\r\n")
    if more:
        await more
