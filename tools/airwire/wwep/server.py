"""The WWEP server on asyncio: sockets, time and bounds. What a message means is decided by the
codec, airwire.wire.wwep.

One connection is one transaction: one message in, one reply out, and the server closes its side.
The server decides as follows when a message has ended, and answers what has come until then, be it
nothing:

- the client has closed its side, or one byte more has come than any message has;
- 100 ms after the connection was accepted (the class server's wait), so a client that sends
  nothing gets an `X`;
- 10 ms without a further byte once the message is whole or has its LF. A client in a hurry gets
  its reply at once, and a message that is too long is refused even when it comes in pieces.

What comes later is read and thrown away for half a second: a close with unread bytes would be a
reset, and a reset can overtake the reply on its way to the client.

The open and the secure port are doors to the same room: one database, one running count, one
bound on connections. Behind the secure one a connection first has its TLS handshake, and its
100 ms begin afterwards.
"""

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from airwire.wire import wwep, wwep_db
from airwire.wwep.store import Keeper

MESSAGE_WAIT = 0.1  # seconds: the class server's
SETTLE = (
    0.01  # seconds: pieces sent one after the other arrive closer than this, and nobody feels it
)
LINGER = (
    0.5  # seconds that a client has to read its reply and close: the class clients' read time-out
)
DRAIN_MAX = 65536  # bytes thrown away after the reply before a flood is cut off: one TCP window
CONNECTIONS_MAX = 128  # served at once: 100 boards in a class. More wait in the kernel's queue
BACKLOG = (
    128  # connections in that queue: the customary bound; beyond it clients' SYNs are repeated
)
TRANSACTIONS_KEPT = 1000  # for whoever looks back; a class's session, 100 KB at most
ACCEPT_PAUSE = (
    0.1  # seconds to the next attempt when the machine has no descriptor for a connection
)
HANDSHAKE_WAIT = (
    10.0  # seconds: a chip with an RSA key needs two, and a class of them begins at once
)
CLOSE_WAIT = 1.0  # seconds in which `close` lets running transactions end: a wait, a save, a reply


@dataclass(frozen=True, slots=True)
class Transaction:
    """One message and its reply. `message` is cut one byte after the longest that is allowed."""

    number: int  # running count, from 1
    address: str
    port: int
    message: bytes
    reply: bytes

    @property
    def accepted(self) -> bool:
        return self.reply[:1] == b"A"


class WwepServer:
    """`async with WwepServer(host, port) as server:` serves until the block ends.

    Port 0 takes a free one; port None opens no open port. tls: the context of a secure port,
    tls_port, which is not opened without. tolerant: take AWEP's messages too. reasons: answer
    `X reason` instead of `X`. database: shared with another server, else a new one. keeper: saves
    the database; a reply waits for it. on_transaction: called in the event loop for each
    transaction, before its reply is sent; it must not block. on_failure: called likewise with
    address, port and words for each handshake that fails, which is no transaction. Raises OSError
    (socket.gaierror for an unknown host) when it cannot listen.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int | None = wwep.OPEN_PORT,
        *,
        tls: ssl.SSLContext | None = None,
        tls_port: int = wwep.SECURE_PORT,
        tolerant: bool = False,
        reasons: bool = False,
        database: wwep_db.Database | None = None,
        keeper: Keeper | None = None,
        on_transaction: Callable[[Transaction], None] | None = None,
        on_failure: Callable[[str, int, str], None] | None = None,
        wait: float = MESSAGE_WAIT,
        handshake_wait: float = HANDSHAKE_WAIT,
    ) -> None:
        self.host = host
        self.port = port
        self.tls = tls
        self.tls_port = tls_port
        self.tolerant = tolerant
        self.reasons = reasons
        self.wait = wait
        self.handshake_wait = handshake_wait
        self.database = wwep_db.Database() if database is None else database
        self.keeper = keeper
        self.on_transaction = on_transaction
        self.on_failure = on_failure
        self.transactions: deque[Transaction] = deque(maxlen=TRANSACTIONS_KEPT)
        self.count = 0
        self.accepted = 0
        self._exchanges: set[_Exchange] = set()
        self._room = asyncio.Event()  # set while one more connection may be served
        self._idle = asyncio.Event()  # set while none is
        self._room.set()
        self._idle.set()
        self.closing = False
        self.failed = 0  # the port that `start` could not have
        self._sockets: list[socket.socket] = []
        self._acceptors: list[asyncio.Task[None]] = []
        self._handshakes: set[asyncio.Task[None]] = set()

    def registers(self) -> list[tuple[int, int, int]]:
        """[(device, register, value)] in the order of device and register."""
        return self.database.items()

    async def __aenter__(self) -> "WwepServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen. On return clients can connect, and `port` and `tls_port` are the real ones.
        Raises OSError; which of the two it is about is in `failed`.
        """
        try:
            if self.port is not None:
                self.failed = self.port
                self.port = await self._listen(self.port, None)
            if self.tls is not None:
                self.failed = self.tls_port
                self.tls_port = await self._listen(self.tls_port, self.tls)
        except OSError:
            await self._stop_listening()
            raise

    async def _listen(self, port: int, tls: ssl.SSLContext | None) -> int:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(
            self.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        self._sockets.append(listener)
        # The last server's closed connections keep the port for a minute otherwise.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind(address)
        listener.listen(BACKLOG)
        self._acceptors.append(asyncio.create_task(self._accept(listener, tls)))
        return listener.getsockname()[1]

    async def _stop_listening(self) -> None:
        await _cancel(self._acceptors)
        for listener in self._sockets:
            listener.close()
        self._sockets.clear()
        self._acceptors.clear()

    async def close(self) -> None:
        """Stop listening, let running transactions end within CLOSE_WAIT, save the registers."""
        if not self._sockets:
            return
        await self._stop_listening()
        self.closing = True
        await _cancel(list(self._handshakes))
        for exchange in list(self._exchanges):
            exchange.hurry()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), CLOSE_WAIT)
        for exchange in list(self._exchanges):
            exchange.abort()
        await self._idle.wait()
        if self.keeper is not None:
            await self.keeper.close()

    def enter(self, exchange: "_Exchange") -> None:
        """An exchange begins. This and the next two are for _Exchange alone."""
        self._exchanges.add(exchange)
        self._idle.clear()
        if len(self._exchanges) >= CONNECTIONS_MAX:
            self._room.clear()

    def leave(self, exchange: "_Exchange") -> None:
        """An exchange has ended, its connection is closed."""
        self._exchanges.discard(exchange)
        self._room.set()
        if not self._exchanges:
            self._idle.set()

    def record(self, address: str, port: int, message: bytes, reply: bytes) -> None:
        """A transaction is decided; its reply is about to be sent."""
        self.count += 1
        transaction = Transaction(self.count, address, port, message, reply)
        self.accepted += transaction.accepted
        self.transactions.append(transaction)
        if self.on_transaction is not None:
            self.on_transaction(transaction)

    async def _accept(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.wait()
            try:
                connection, address = await loop.sock_accept(listener)
            except ConnectionError:
                continue  # that client has gone already
            except OSError:
                await asyncio.sleep(ACCEPT_PAUSE)
                continue
            exchange = _Exchange(self, address[0], address[1])
            if tls is None:
                await loop.connect_accepted_socket(lambda made=exchange: made, connection)
            else:
                task = asyncio.create_task(self._shake_hands(exchange, connection, tls))
                self._handshakes.add(task)
                task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(
        self, exchange: "_Exchange", connection: socket.socket, tls: ssl.SSLContext
    ) -> None:
        # A task for each: who is slow, or says nothing, keeps nobody waiting.
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                lambda: exchange,
                connection,
                ssl=tls,
                ssl_handshake_timeout=self.handshake_wait,
                ssl_shutdown_timeout=LINGER,
            )
        except OSError as error:  # of TLS too, and a client that says nothing or goes away
            if self.on_failure is not None:
                self.on_failure(exchange.address, exchange.port, words(error))
        finally:
            if not exchange.begun:
                self.leave(exchange)


def words(error: OSError) -> str:
    """Why a handshake failed, in a line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    if isinstance(error, ConnectionAbortedError) and error.errno is None:
        return "handshake not finished"  # asyncio's own: the time is over
    return error.strerror or "closed"


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


class _Exchange(asyncio.Protocol):
    """One connection: receives until the message has ended, answers, drains, closes.

    Callbacks and not a coroutine with time-outs: when the machine stalls for longer than the wait,
    what has arrived is still delivered before the timer, and nothing that was received is lost
    with a cancelled read.
    """

    def __init__(self, server: WwepServer, address: str, port: int) -> None:
        self._server = server
        self.address = address
        self.port = port
        self.begun = False  # the connection is made, its handshake done
        self._limit = 1 + (wwep.TOLERANT_MAX if server.tolerant else wwep.STRICT_MAX)
        self._message = b""
        self._answered = False
        self._sent = False
        self._ended = False  # the client has closed its side
        self._drained = 0
        self._task: asyncio.Task[None] | None = None
        server.enter(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.begun = True
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + self._server.wait
        self._timer = self._loop.call_at(self._deadline, self._answer)

    def data_received(self, data: bytes) -> None:
        if self._answered:
            self._drained += len(data)
            if self._drained > DRAIN_MAX:
                self._transport.abort()
            return
        self._message = (self._message + data)[: self._limit]
        if len(self._message) == self._limit:
            self._answer()
        else:
            self._timer.cancel()
            settled = self._loop.time() + SETTLE if self._whole() else self._deadline
            self._timer = self._loop.call_at(min(settled, self._deadline), self._answer)

    def eof_received(self) -> bool:
        self._ended = True
        if not self._answered:
            self._answer()
        elif self._sent:
            return False  # both sides are done: the transport closes
        return self._transport.can_write_eof()  # TLS has no half of a connection to keep open

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answered:
            self._answer()  # a reset is an end too: who sent a whole write meant it
        self._timer.cancel()
        self._server.leave(self)

    def hurry(self) -> None:
        """The server closes: do not wait for the client any more once it has its reply."""
        if self._sent:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _whole(self) -> bool:
        if self._message.endswith(b"\n"):
            return True
        try:
            wwep.parse_request(self._message, self._server.tolerant)
        except wwep.RequestError:
            return False
        return True

    def _answer(self) -> None:
        self._answered = True
        self._timer.cancel()
        server = self._server
        reply = wwep_db.answer(server.database, self._message, server.tolerant, server.reasons)
        if server.keeper is None:
            self._send(reply)
        else:
            self._task = asyncio.create_task(self._send_when_kept(server.keeper, reply))

    async def _send_when_kept(self, keeper: Keeper, reply: bytes) -> None:
        await keeper.kept()
        self._send(reply)

    def _send(self, reply: bytes) -> None:
        self._server.record(self.address, self.port, self._message, reply)
        self._sent = True
        if self._transport.is_closing():
            return
        self._transport.write(reply)
        if self._ended or self._server.closing or not self._transport.can_write_eof():
            self._transport.close()  # under TLS this reads on until the client's own close
        else:
            with contextlib.suppress(
                OSError
            ):  # reset by the client meanwhile: connection_lost follows
                self._transport.write_eof()
            self._timer = self._loop.call_later(LINGER, self._transport.abort)
