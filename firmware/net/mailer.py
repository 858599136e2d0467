# Hands a message to a mail server: the connection, the time-outs, the words for what failed.
# What is said over it is wire/smtp.py's. Imported when a message is sent.
import asyncio

from micropython import const

from wire import smtp

from . import connecting, sockets
from .station import JoinError

_READ = const(256)  # bytes of the server's at a time; most answers are shorter
# A server that looks into the message takes its time (RFC 5321 4.5.3.2 speaks of minutes).
_LAST_FACTOR = const(4)
_QUIT_MS = const(1000)  # the message is with the server already: its good-bye is not waited for


class MailFailed(Exception):
    """args[0] says why, in words."""


async def send(device, get, log, sender, recipients, message):
    """Send a mail.Message to addresses (list of bytes). `get` gives the value of a variable.
    Raises MailFailed.
    """
    host = get(b"email.smtp.host")
    port = get(b"email.smtp.port")
    try:
        await device.station.up()
        ip = host.decode() if sockets.is_address(host) else await device.resolve(host)
        log.line(log.OPERATION, b"Connecting (SMTP): %s:%d" % (host, port))
        sock = await connecting.connect(ip, port, get(b"tcp.client.connect_timeout"))
    except (OSError, JoinError, sockets.LookupFailed) as e:
        raise MailFailed(sockets.reason(e))
    size = 0
    for piece in message.pieces():
        size += len(piece)
        await asyncio.sleep_ms(0)  # each takes some milliseconds to make
    client = smtp.Client(
        b"[%s]" % device.station.address(0),
        sender,
        recipients,
        size - 3,  # without the dot
        get(b"email.smtp.username"),
        get(b"email.smtp.password"),
    )
    try:
        await _talk(sock, client, message, get(b"email.smtp.timeout"))
    except (smtp.Refused, smtp.Malformed, OSError) as e:
        raise MailFailed(sockets.reason(e))
    except asyncio.TimeoutError:
        raise MailFailed(b"No answer from the mail server")
    finally:
        sock.close()


async def _talk(sock, client, message, wait_ms):
    buf = bytearray(_READ)
    whole = False
    try:
        step = await asyncio.wait_for_ms(_answer(sock, client, buf), wait_ms)
        while step != smtp.DONE:
            if step == smtp.SEND_MESSAGE:
                whole = await _deliver(sock, message, wait_ms)
                wait_ms *= _LAST_FACTOR
            else:
                await asyncio.wait_for_ms(connecting.send(sock, step), wait_ms)
            step = await asyncio.wait_for_ms(_answer(sock, client, buf), wait_ms)
        if not whole:
            raise smtp.Malformed(b"the server answers before it is asked")
    except smtp.Refused:
        _quit(sock)  # the server knows why, and waits for nothing
        raise
    _quit(sock)
    try:
        await asyncio.wait_for_ms(sockets.readable(sock), _QUIT_MS)
    except asyncio.TimeoutError:
        pass


def _quit(sock):
    try:
        sock.write(smtp.QUIT)
    except OSError:
        pass


async def _deliver(sock, message, wait_ms):
    # False where the server says something, or leaves, before it has all.
    for piece in message.pieces():
        if connecting.peek(sock) is not None:
            return False
        await asyncio.wait_for_ms(connecting.send(sock, piece), wait_ms)
        await asyncio.sleep_ms(0)
    return True


async def _answer(sock, client, buf):
    # What follows the server's next answer, whole.
    while True:
        await sockets.readable(sock)
        n = sock.readinto(buf)
        if n is None:
            continue
        if not n:
            raise smtp.Malformed(b"The mail server has closed the connection")
        step = client.receive(memoryview(buf)[:n])
        if step is not None:
            return step
