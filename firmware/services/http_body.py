# The body of a request for the HTTP server, which is read whole. Imported for each, and forgotten.
from micropython import const

from wire import http
from wire.http_body import Body

from . import http_connection

MOST = const(4096)  # bytes; spec 9.2: the most that a request may have


async def read(connection):
    """The body of the request, all of it, as a bytearray. Raises RemoteError."""
    request = connection.request
    request.accept(MOST)
    codec = Body(request.length, MOST)
    found = bytearray()
    if request.expects:
        await connection.send(http.CONTINUE)
    connection.enter(http_connection.READING)
    first = at = connection.at
    while not codec.done:
        if at == connection.end:
            connection.end = await connection.more(first)
            at = first
            if connection.end == first:
                codec.closed()
        at = codec.take(connection.buf, at, connection.end)
        found.extend(connection.view[codec.start : codec.stop])
    connection.at = at
    return found
