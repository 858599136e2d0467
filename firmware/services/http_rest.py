# REST (spec 9.2-9.4): a command, by its path or in a JSON object, and the log. Commands run in a
# session of the command language as those of a host MCU do (rest_session.py).
import asyncio

from micropython import const

from firmware.console import errors
from firmware.console import session as console
from firmware.console.editor import MAX_LINE
from firmware.store import variables
from wire import rest
from wire.http_access import SECURITY
from wire.http_body import LAST_CHUNK
from wire.http_head import CHUNKED

from .http_server import BODY

_JSON = SECURITY + b"Content-Type: application/json\r\nCache-Control: no-store\r\n"
_ONE = b"/command"
_LOG = b"/log"
_WHOLE = const(1024)  # bytes of a response that is written at once; a longer one is streamed
_PIECE = const(768)  # bytes of a long response for one chunk


def is_endpoint(path):
    """Whether this is no file, while the API is on."""
    if path == _ONE or path == _LOG or path[: len(_ONE) + 1] == b"/command/":
        return variables.values.get(b"http.server.api_enabled", 1)
    return False


async def answer(connection, path):
    """Answer a request for one of the endpoints."""
    request = connection.request
    flags = at = end = 0
    data = line = b""
    if path == _ONE:
        request.allow((b"POST",))
        request.accept(BODY, True)
        data = await connection.body()
        flags, line, at, end = rest.parse(data)
    else:
        request.allow((b"GET",))
        if request.length:
            await connection.body()
        line = path[len(_ONE) + 1 :]
    refusal = connection.refused(_LOG if path == _LOG else _ONE, line)
    if refusal:
        await refusal
        return
    if path == _LOG:
        more = connection.reply(200, _JSON, _log(connection.server.log))
        if more:
            await more
        return
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
            more = connection.reply(200, _JSON, text, head, rest.TAIL)
        else:
            more = _stream(connection, head, text, flags & rest.RESPONSE)
        if more:
            await more
    finally:
        session.running = False
        if shown:
            shown.end()


async def _stream(connection, head, text, base64):
    # A long response, piece by piece: how long it will be in JSON, nobody knows.
    request = connection.request
    top = connection.head(200, _JSON, CHUNKED)
    chunks = request.chunks
    await connection.send(top + _chunk(head, chunks))
    held = b""
    pieces = text.pieces(b"", b"\r\n") if hasattr(text, "pieces") else _pieces(text)
    for piece in pieces:
        if piece is None:
            await asyncio.sleep_ms(0)
            continue
        # What is base64 comes in threes; a character may end in the next piece.
        piece = held + piece
        end = len(piece) - (len(piece) % 3 if base64 else rest.unfinished(piece))
        held = bytes(piece[end:])
        if end:
            if held:
                piece = piece[:end]
            piece = rest.encoded(piece) if base64 else rest.escaped(piece)
            await connection.send(_chunk(piece, chunks))
    held = rest.encoded(held) if base64 else rest.escaped(held)
    tail = _chunk(held + rest.TAIL, chunks)
    await connection.send(tail + LAST_CHUNK if chunks else tail)


def _pieces(text):
    for at in range(0, len(text), _PIECE):
        yield text[at : at + _PIECE]
    yield b"\r\n"


def _chunk(text, chunks):
    return b"%x\r\n%s\r\n" % (len(text), text) if chunks else text


def _log(log):
    # What was logged since the last time.
    lines = [b'"%s"' % rest.escaped(line) for line in log.lines]
    log.clear()
    return b'{"logs":[%s]}' % b",".join(lines)
