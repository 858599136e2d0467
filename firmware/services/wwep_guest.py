# A connection of the WWEP server: one message in, one reply out. Imported with the first one, and
# in RAM until nobody has called for a while (wwep_server.py).
#
# A message has ended when the client has closed its side, 100 ms after the connection (the class
# server's wait), or when it is whole and nothing has come behind it for a moment. What is too long
# is taken to its end before the reply: a close with unread bytes would be a reset, and a reset can
# overtake the reply.
import asyncio
import socket
from time import ticks_diff, ticks_ms

from micropython import const

from firmware.console import registry
from firmware.net import connecting, sockets
from firmware.store import variables
from wire import wwep, wwep_db

_MESSAGE_MS = const(100)
_SETTLE_MS = const(10)  # pieces that are sent one after the other come closer than this
_FLOOD_MS = const(1000)  # for which what is too long is taken
_SEND_MS = const(1000)  # for a reply of 30 bytes at most, which the stack takes at once
_PIECE = const(256)


async def serve(server, sock, peer, secure):
    """Answer the client at `sock`, whose address is `peer`. Whoever calls closes it."""
    client = b"%s  %d" % (peer[0].encode(), peer[1])
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if secure:
        sock = await _secure(server, sock, client)
        if sock is None:
            return
    try:
        tolerant = variables.get(b"wwep.server.tolerant")
        data = await _message(sock, tolerant)
        database = server.database
        database.max_pairs = variables.get(b"wwep.server.max_registers")
        reasons = variables.get(b"wwep.server.reasons")
        reply = wwep_db.answer(database, data, tolerant, reasons)
        # A line of the class server's table.
        server.count += 1
        server.say(b"%d  %s  %s" % (server.count, client, reply))
        try:
            await asyncio.wait_for_ms(connecting.send(sock, reply), _SEND_MS)
        except (OSError, asyncio.TimeoutError):
            pass  # the client has gone; what it has written is stored
    finally:
        sock.close()


async def _secure(server, sock, client):
    # The connection under TLS, or None: the handshake has failed.
    registry.make_room()  # it takes 25 KB
    from firmware.net import tls

    try:
        return await tls.accept(sock, tls.server_context(variables.get), variables.get)
    except tls.TlsFailed as e:
        server.say(b"%s  %s" % (client, e.args[0]))
    finally:
        tls.drop()


async def _message(sock, tolerant):
    # What has come when the message has ended; of one that is too long, a byte more than allowed.
    limit = (wwep.TOLERANT_MAX if tolerant else wwep.STRICT_MAX) + 1
    data = b""
    begun = ticks_ms()
    waited = False
    while True:
        try:
            piece = sock.read(_PIECE)
        except OSError:
            return data  # a reset is an end too: who has sent a whole write meant it
        if piece == b"":
            return data
        passed = ticks_diff(ticks_ms(), begun)
        if piece:
            waited = False
            data = (data + piece)[:limit]
            if passed > _FLOOD_MS:
                return data
            await asyncio.sleep_ms(0)
            continue
        if waited:  # what came in the last moment would have been read
            return data
        left = _MESSAGE_MS - passed
        if len(data) == limit:
            left = _SETTLE_MS
        elif _is_whole(data, tolerant):
            left = min(left, _SETTLE_MS)
        if left > 0:
            try:
                await asyncio.wait_for_ms(sockets.readable(sock), left)
                continue
            except asyncio.TimeoutError:
                pass
        waited = True


def _is_whole(data, tolerant):
    if data[-1:] == b"\n":
        return True
    try:
        wwep.parse_request(data, tolerant)
    except wwep.RequestError:
        return False
    return True
