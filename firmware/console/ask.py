# Questions within a command: a prompt, and a line of the session's input for an answer. Imported
# by the first command that asks.
import asyncio

from micropython import const

from .errors import BAD_ARGUMENT, FAILED, CommandError

# Who began a dialogue and went away must not hold the session for ever.
_PATIENCE_MS = const(120_000)
HIDDEN = const(2)  # as `secret`: not even asterisks
_LONGEST = const(64)  # a password of hex digits

_CTRL_C = const(3)
_LF = const(10)
_CR = const(13)
_BACKSPACE = const(8)
_RUBOUT = const(127)


async def say(session, text):
    """Show a line, or lines, of a dialogue at once: as a log block where headers are on."""
    if session.headers:
        await session.write(b"L0%05d\r\n%s\r\n" % (len(text) + 2, text))
    else:
        await session.write(text + b"\r\n")


async def ask(session, prompt, secret=False):
    """The answer (bytes) to a question; `secret` ones are echoed as asterisks, or
    HIDDEN.

    Raises CommandError when it is empty, too long or does not come; Ctrl-C empties it.
    """
    if session.headers:
        await say(session, prompt)
    else:
        await session.write(prompt)
    session.in_data = True  # log lines wait until the answer is there
    try:
        answer = await _line(session, secret)
    finally:
        session.in_data = False
    if session.echo:
        await session.write(b"\r\n")
    if len(answer) > _LONGEST:
        raise CommandError(BAD_ARGUMENT)
    if not answer:
        raise CommandError(FAILED, b"Aborted")
    return bytes(answer)


async def _line(session, secret):
    line = bytearray()
    editor = session.editor
    while True:
        byte = await _byte(session)
        if byte == _LF or byte == _CR:
            if editor.last and editor.last != byte:  # the other half of the end before
                editor.last = 0
                continue
            editor.last = byte
            return line
        editor.last = 0
        echo = b""
        if byte == _CTRL_C and session.echo:
            return b""
        if byte in (_BACKSPACE, _RUBOUT) and session.echo:
            if line:
                end = len(line) - 1
                while end and line[end] & 0xC0 == 0x80:  # the rest of a character
                    end -= 1
                line = line[:end]
                echo = b"\b \b"
        elif len(line) <= _LONGEST:  # one more than fits shows that it was too long
            line.append(byte)
            # Of a character's bytes the last ones have nothing to be shown for.
            echo = bytes((byte,)) if not secret else b"" if byte & 0xC0 == 0x80 else b"*"
        if echo and session.echo and secret != HIDDEN:
            await session.write(echo)


async def _byte(session):
    while session.pos >= session.end:
        n = session.port.readinto(session.buf)
        if n:
            session.pos = 0
            session.end = n
            break
        try:
            await asyncio.wait_for_ms(session.port.readable(), _PATIENCE_MS)
        except asyncio.TimeoutError:
            raise CommandError(FAILED, b"No answer")
    session.pos += 1
    return session.buf[session.pos - 1]
