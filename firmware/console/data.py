# The data phase of a session: bytes that follow a command line and have no meaning of their own.
# Imported by the first command that has one.
import asyncio
import time

from micropython import const

from .errors import FAILED, CommandError

# Silence that ends a data phase: a host that died must not hold the session for ever.
TIMEOUT_MS = 10_000
# Bytes read at once where each is echoed: the echo of more would let UART0's ring of 260 overflow.
_ECHO_PIECE = const(64)

_LF = const(10)
_CR = const(13)


async def read(session, size, sink):
    """Pass exactly `size` raw bytes of the session's input, in pieces, to sink(memoryview) or an
    async sink. They are echoed where the session echoes.

    Raises CommandError when the host falls silent before the end, and what the sink has raised,
    when all have come: data never become commands.
    """
    session.in_data = True
    session.port.raw(True)
    silence = _Silence()
    failure = None
    try:
        await _read(session, size, sink, silence)
    except Exception as e:
        failure = e
    finally:
        silence.end()
        session.in_data = False
        session.port.raw(False)
        session.editor.last = 0
    if session.echo:
        await session.write(b"\r\n")
    if failure:
        raise failure


async def _read(session, size, sink, silence):
    port = session.port
    view = memoryview(session.buf)
    most = _ECHO_PIECE if session.echo else len(view)
    failure = None
    while size:
        session.left = size
        if session.pos >= session.end:
            n = port.readinto(view[:most])
            if not n:
                await silence.wait(port)
                continue
            session.pos = 0
            session.end = n
        if session.editor.last == _CR:  # CR LF ended the command line: its LF is not data
            session.editor.last = 0
            if view[session.pos] == _LF:
                session.pos += 1
                continue
        n = min(size, most, session.end - session.pos)
        data = view[session.pos : session.pos + n]
        session.pos += n
        size -= n
        session.left = size
        if session.echo:
            await session.write(data)
        if failure:
            continue
        try:
            result = sink(data)
            if result is not None:
                await result
        except Exception as e:
            failure = e
    if failure:
        raise failure


class _Silence:
    # Ends the wait for a byte when the host says nothing. One task for the whole phase, begun at
    # its first wait: a time-out around each wait would cost more than the bytes.
    def __init__(self):
        self._task = None
        self._since = None  # when the reader began to wait; None while it does not
        self._over = False

    async def wait(self, port):
        self._since = time.ticks_ms()
        if self._task is None:
            self._task = asyncio.create_task(self._watch(asyncio.current_task()))
        try:
            await port.readable()
        except asyncio.CancelledError:
            if not self._over:
                raise
            raise CommandError(FAILED, b"Data time-out")
        self._since = None

    async def _watch(self, reader):
        left = TIMEOUT_MS
        while left > 0:
            await asyncio.sleep_ms(left)
            left = TIMEOUT_MS
            if self._since is not None:
                left -= time.ticks_diff(time.ticks_ms(), self._since)
        self._over = True
        reader.cancel()

    def end(self):
        if self._task and not self._over:
            self._task.cancel()
