# One write of the WWEP client: a connection, the message, the server's answer, and a line of log
# that says how it went. Imported for a press (wwep.py), and in RAM only that long.
import asyncio
import errno

from micropython import const

from firmware.console import log, registry
from firmware.net import connecting, sockets
from firmware.net.sockets import LookupFailed
from firmware.net.station import JoinError
from firmware.store import variables
from wire import wwep

# A longer answer than any that is valid, so that one that is too long is seen to be.
_REPLY_SIZE = const(128)


async def write(device, value, secure):
    """Write `value`, over TLS where `secure`."""
    number = wwep.device_id(device.station.mac())
    message = (number, variables.get(b"wwep.register"), value)
    request = wwep.write_request(*message)
    try:
        words = await _exchange(device, request, message, secure)
    except LookupFailed as e:
        words = e.args[0]
    except (JoinError, OSError) as e:
        words = sockets.reason(e)
    name = b"WWEP TLS" if secure else b"WWEP"
    log.line(log.STATUS, b"%s: %s %s" % (name, request, words))


async def _exchange(device, request, message, secure):
    # -> what became of the write, in words
    await device.station.up()
    host = variables.get(b"wwep.host")
    ip = await device.resolve(host)
    port = variables.get(b"wwep.tls.port" if secure else b"wwep.port")
    sock = await connecting.connect(ip, port, variables.get(b"wwep.connect_timeout"))
    if secure:
        registry.make_room()  # a handshake takes 25 KB
        from firmware.net import tls

        try:
            sock = await tls.client(sock, host, variables.get, None, log, device)
        except tls.TlsFailed as e:
            return e.args[0]
        finally:
            tls.drop()
    try:
        await connecting.send(sock, request)
        try:
            reply = await asyncio.wait_for_ms(_reply(sock), variables.get(b"wwep.timeout"))
        except asyncio.TimeoutError:
            return b"no answer"
    finally:
        sock.close()
    if reply[0] == wwep.ACCEPTED:
        if wwep.check_echo(message, reply[1:]):
            return b"accepted"
        return b"malformed answer: not what was written"
    if reply[0] == wwep.REFUSED:
        return b"refused: " + reply[1] if reply[1] else b"refused"
    if reply[1]:
        return b"malformed answer: " + wwep.printable(reply[1])
    return b"closed without an answer"


async def _reply(sock):
    # The parsed reply: read until it is complete or the server closes.
    data = b""
    while True:
        try:
            piece = sock.read(_REPLY_SIZE - len(data))
        except OSError as e:
            if e.errno != errno.ECONNRESET:
                raise
            piece = b""  # a server that closes at once may answer our write with a reset
        if piece is None:  # only then: what TLS has decrypted shows nowhere else
            await sockets.readable(sock)
            continue
        data += piece
        reply = wwep.parse_reply(data, not piece or len(data) >= _REPLY_SIZE)
        if reply:
            return reply
