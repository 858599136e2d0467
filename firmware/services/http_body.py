# The body of a request for the HTTP server, which is read whole. Imported for each, and forgotten.
#
# It goes into the one buffer that the server has for bodies; where another connection has that,
# into one of its own. Emptied, a bytearray keeps its room.
from wire import http
from wire.http_body import Body

from . import http_connection


async def read(connection):
    """The body of the request, all of it, as a bytearray. Raises RemoteError, MemoryError."""
    server = connection.server
    request = connection.request
    request.accept(server.limit)
    codec = Body(request.length, server.limit)
    if server.lent:
        found = bytearray(max(request.length, 0))
    else:
        found = connection.lent = server.body
        server.lent = True
    found[:] = b""
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
