# Hands a message to a mail server: the connection, in clear text or over TLS, the time-outs, the
# words for what failed. What is said over it is wire/smtp.py's. Imported when a message is sent.
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
    tls = get(b"email.smtp.tls")
    client = smtp.Client(
        b"[%s]" % device.station.address(0),
        sender,
        recipients,
        size - 3,  # without the dot
        get(b"email.smtp.username"),
        get(b"email.smtp.password"),
        tls,
    )
    wire = _Wire(sock, client, (host, get, None, log, device))
    try:
        if tls == b"tls":
            await wire.secure()
        await _talk(wire, message, get(b"email.smtp.timeout"))
    except (smtp.Refused, smtp.Malformed, OSError) as e:
        raise MailFailed(sockets.reason(e))
    except asyncio.TimeoutError:
        raise MailFailed(b"No answer from the mail server")
    finally:
        wire.sock.close()


class _Wire:
    # The connection: at first the socket, and from secure() on what TLS has made of it.
    def __init__(self, sock, client, peer):
        self.sock = sock
        self.client = client
        self._peer = peer  # as tls.client() has it
        self._buf = bytearray(_READ)

    async def secure(self):
        from . import tls

        try:
            self.sock = await tls.client(self.sock, *self._peer)
        except tls.TlsFailed as e:
            raise MailFailed(sockets.reason(e))
        finally:
            tls.drop()

    def heard(self):
        """How many bytes have come: None for none. Raises Malformed at the end."""
        n = self.sock.readinto(self._buf)
        if n == 0:
            raise smtp.Malformed(b"The mail server has closed the connection")
        return n

    async def answer(self, n=None):
        """What follows the server's next answer, whole; `n` bytes of it have come already."""
        while True:
            if n is None:
                n = self.heard()
            if n is None:
                await sockets.readable(self.sock)
                continue
            step = self.client.receive(memoryview(self._buf)[:n])
            if step is not None:
                return step
            n = None


async def _talk(wire, message, wait_ms):
    early = None  # bytes that the server has sent before it had all
    try:
        step = await asyncio.wait_for_ms(wire.answer(), wait_ms)
        while step != smtp.DONE:
            if step == smtp.SEND_MESSAGE:
                early = await _deliver(wire, message, wait_ms)
                wait_ms *= _LAST_FACTOR
            else:
                if step == smtp.START_TLS:
                    await wire.secure()
                    step = wire.client.secured()
                await asyncio.wait_for_ms(connecting.send(wire.sock, step), wait_ms)
            step = await asyncio.wait_for_ms(wire.answer(early), wait_ms)
        if early:
            raise smtp.Malformed(b"the server answers before it is asked")
    except smtp.Refused:
        _quit(wire.sock)  # the server knows why, and waits for nothing
        raise
    _quit(wire.sock)
    try:
        await asyncio.wait_for_ms(sockets.readable(wire.sock), _QUIT_MS)
    except asyncio.TimeoutError:
        pass


def _quit(sock):
    try:
        sock.write(smtp.QUIT)
    except OSError:
        pass


async def _deliver(wire, message, wait_ms):
    # None, or how many bytes came from the server before it had all.
    for piece in message.pieces():
        early = wire.heard()
        if early:
            return early
        await asyncio.wait_for_ms(connecting.send(wire.sock, piece), wait_ms)
        await asyncio.sleep_ms(0)
    return None
