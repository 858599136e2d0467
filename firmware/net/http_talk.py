# The connecting, the heads and the redirects of an HTTP request: what http_stream.py needs for a
# moment. Imported for that, and forgotten after it.
import asyncio

from micropython import const

from wire import http_client, url
from wire.http_head import CHUNKED, RemoteError

from . import clients, sockets

# Servers with a long Content-Security-Policy send 5 KB. The buffer grows as far as it must.
_MAX_HEAD = const(8192)
_PIECE = const(512)  # as of http_stream.py: what follows the head is no longer

# Nobody in use needs more than two or three, and a loop of them has to end.
_MAX_REDIRECTS = const(5)


def head(stream, length):
    """The head of the stream's request, as bytes."""
    login = stream.url.login
    return http_client.request(
        stream.method,
        stream.url.target,
        stream.url.authority(),
        (url.basic(login) if login else b"") + stream.type + stream.fields,
        length,
    )


async def connect(stream):
    """Connect the stream to the server of its URL. Raises clients.OpenFailed."""
    device, log, get = stream.context
    to = stream.url
    sock, stream.info = await clients.dial(
        *(device, log, get, to.host, to.port, 0, to.secure, b"https" if to.secure else b"HTTP"),
        ip=stream.ip,
    )
    if stream.ended:  # the host has closed it meanwhile
        sock.close()
        raise clients.OpenFailed(False)
    stream.sock = sock


async def answer(stream):
    """Send the rest of the stream's request and read the head of its answer, at the end of all
    redirects. The log says what has failed; then the stream is over.
    """
    try:
        await _answer(stream)
    except OSError as e:
        stream.fail(sockets.reason(e))
    except asyncio.TimeoutError:
        stream.fail(b"No answer from the server")
    except RemoteError as e:
        stream.fail(e.reason)
    except clients.OpenFailed:  # which the log has
        pass


async def _answer(stream):
    _, log, get = stream.context
    for _ in range(_MAX_REDIRECTS + 1):
        await stream.finish()
        buf = bytearray(_PIECE)
        response, at, end = await asyncio.wait_for_ms(
            _head(stream, buf), get(b"http.client.timeout")
        )
        log.line(log.OPERATION, b"HTTP response: %d" % response.status)
        to = _redirect(stream, response)
        if not to:
            if response.length == CHUNKED:
                log.line(log.OPERATION, b"Chunked response")
            stream.status = response.status
            stream.answered(response.length, buf, at, end)
            return
        log.line(log.OPERATION, b"Request %s %s" % (stream.method, to.target.partition(b"?")[0]))
        stream.again(to)
        await connect(stream)
    stream.fail(b"Too many redirects")


async def _head(stream, buf):
    # (the Response, where its body begins, where what has come ends)
    response = http_client.Response(_MAX_HEAD)
    response.begin(buf, 0, stream.method)
    end = 0
    while True:
        at = response.read(end)
        if at:
            if not response.interim:
                return response, at, end
            response.again(at)
            continue
        if end == len(buf):
            if end >= _MAX_HEAD:  # of interim answers
                raise RemoteError(400, b"header too long")
            buf.extend(bytes(_PIECE))
        n = stream.sock.readinto(memoryview(buf)[end:])
        if n is None:
            await sockets.readable(stream.sock)
        elif n:
            end += n
        else:
            raise RemoteError(400, b"closed without an answer" if not end else b"header cut short")


def _redirect(stream, response):
    # The Url that is asked instead, None where this is the answer.
    status = response.status
    if status not in (301, 302, 303, 307, 308):
        return None
    location = response.value(b"location")
    if location is None:
        return None
    if status > 303 and stream.sent:  # a body is not kept to be sent again
        return None
    log = stream.context[1]
    try:
        to = url.resolve(stream.url, location)
    except url.BadUrl as e:
        log.line(log.STATUS, e.args[0])
        return None
    if stream.url.secure and not to.secure:
        log.line(log.STATUS, b"No redirect from https to http")
        return None
    if status <= 303 and stream.method == b"POST":
        stream.method = b"GET"
        stream.type = b""
    return to
