# REST (spec 9.2-9.4): a command, by its path or in a JSON object, and the log. Commands run in a
# session of the command language as those of a host MCU do (rest_session.py).
from micropython import const

from firmware import forget
from firmware.console import errors
from firmware.console import session as console
from firmware.console.editor import MAX_LINE
from firmware.store import variables
from wire import rest
from wire.http_access import SECURITY

from .http_server import BODY

JSON = SECURITY + b"Content-Type: application/json\r\nCache-Control: no-store\r\n"
_ONE = b"/command"
_LOG = b"/log"
_STREAM = b"/stream"
_ENDPOINTS = (b"/command", b"/log", b"/stream")
_LINE = b"/command/"  # and a command behind it
_WHOLE = const(1024)  # bytes of a response that is written at once; a longer one is streamed


def _parse(data):
    # A function of its own: the module goes before the command comes.
    from wire import rest_request

    forget("wire.rest_request")
    return rest_request.parse(data)


def _rare(connection):
    # What is seldom needed; imported for as long as that takes.
    module = connection.server.device.service("http_rare")
    forget("firmware.services.http_rare")
    return module


def is_endpoint(path):
    """Whether this is no file, while the API is on."""
    if path.startswith(_LINE) or path in _ENDPOINTS:
        return variables.values.get(b"http.server.api_enabled", 1)
    return False


def answer(connection, path):
    """Answer a request for one of the endpoints: what is to be awaited, or None."""
    request = connection.request
    if path.startswith(_LINE) and request.method == b"GET" and not request.length:
        line = path[9:]
        return connection.refused(_ONE, line) or _carry_out(connection, line, 0, b"", 0, 0)
    return _others(connection, path)


async def _others(connection, path):
    # The same for all but what is asked most.
    request = connection.request
    flags = at = end = 0
    data = line = b""
    if path == _STREAM:
        request.allow((b"GET", b"POST", b"OPTIONS"))
    elif path == _ONE:
        request.allow((b"POST", b"OPTIONS"))
        request.accept(BODY, True)
        data = await connection.body()
        flags, line, at, end = _parse(data)
    else:
        request.allow((b"GET", b"OPTIONS"))
        if request.length:
            await connection.body()
        line = path[len(_ONE) + 1 :]
    refusal = connection.refused(path if path in (_LOG, _STREAM) else _ONE, line)
    if refusal:
        if path == _STREAM and request.length:
            await connection.body()  # or it would pass for the next request
        await refusal
        return
    if path == _STREAM:
        await connection.server.device.service("http_stream").answer(connection)
        forget("firmware.services.http_stream")
        return
    if path == _LOG:
        log = connection.server.log
        lines = b",".join([b'"%s"' % rest.escaped(line) for line in log.lines])
        more = connection.reply(200, JSON, lines, b'{"logs":[', b"]}")
        log.clear()  # now that there was memory for the answer
        if more:
            await more
        return
    await _carry_out(connection, line, flags, data, at, end)


async def _carry_out(connection, line, flags, data, at, end):
    # A command with its data[at:end], and its answer.
    server = connection.server
    session = connection.session
    session.begin(data, at, end)
    connection.run()
    shown = console.busy
    if shown:
        shown.begin()
    try:
        try:
            code, text = await session.execute(line if len(line) <= MAX_LINE else None)
        except errors.CommandError:  # the command found no memory, and its data no end
            code, text = errors.FAILED, b"Out of memory"
        server.device.idle = 0
        server.commands += 1
        head = rest.head(server.commands, code, flags)
        if isinstance(text, bytes) and len(text) <= _WHOLE:
            if text:
                text += b"\r\n"
            text = rest.encoded(text) if flags & rest.RESPONSE else rest.escaped(text)
            more = connection.reply(200, JSON, text, head, rest.TAIL)
        else:
            more = _rare(connection).stream(connection, head, text, flags & rest.RESPONSE)
        if more:
            await more
    finally:
        session.running = False
        if shown:
            shown.end()
