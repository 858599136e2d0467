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
"""

import asyncio
import contextlib
import socket
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

    Port 0 takes a free one. tolerant: take AWEP's messages too. reasons: answer `X reason` instead
    of `X`. database: shared with another server, else a new one. keeper: saves the database; a
    reply waits for it. on_transaction: called in the event loop for each transaction, before its
    reply is sent; it must not block. Raises OSError (socket.gaierror for an unknown host) when it
    cannot listen.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = wwep.OPEN_PORT,
        *,
        tolerant: bool = False,
        reasons: bool = False,
        database: wwep_db.Database | None = None,
        keeper: Keeper | None = None,
        on_transaction: Callable[[Transaction], None] | None = None,
        wait: float = MESSAGE_WAIT,
    ) -> None:
        self.host = host
        self.port = port
        self.tolerant = tolerant
        self.reasons = reasons
        self.wait = wait
        self.database = wwep_db.Database() if database is None else database
        self.keeper = keeper
        self.on_transaction = on_transaction
        self.transactions: deque[Transaction] = deque(maxlen=TRANSACTIONS_KEPT)
        self.count = 0
        self.accepted = 0
        self._exchanges: set[_Exchange] = set()
        self._room = asyncio.Event()  # set while one more connection may be served
        self._idle = asyncio.Event()  # set while none is
        self._room.set()
        self._idle.set()
        self.closing = False
        self._socket: socket.socket | None = None
        self._acceptor: asyncio.Task[None] | None = None

    def registers(self) -> list[tuple[int, int, int]]:
        """[(device, register, value)] in the order of device and register."""
        return self.database.items()

    async def __aenter__(self) -> "WwepServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen. On return clients can connect and `port` is the real one."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(
            self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            # The last server's closed connections keep the port for a minute otherwise.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setblocking(False)
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
        self._socket = listener
        self.port = listener.getsockname()[1]
        self._acceptor = asyncio.create_task(self._accept(listener))

    async def close(self) -> None:
        """Stop listening, let running transactions end within CLOSE_WAIT, save the registers."""
        if self._acceptor is None or self._socket is None:
            return
        self._acceptor.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._acceptor
        self._socket.close()
        self.closing = True
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

    async def _accept(self, listener: socket.socket) -> None:
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
            await loop.connect_accepted_socket(lambda made=exchange: made, connection)


class _Exchange(asyncio.Protocol):
    """One connection: receives until the message has ended, answers, drains, closes.

    Callbacks and not a coroutine with time-outs: when the machine stalls for longer than the wait,
    what has arrived is still delivered before the timer, and nothing that was received is lost
    with a cancelled read.
    """

    def __init__(self, server: WwepServer, address: str, port: int) -> None:
        self._server = server
        self._address = address
        self._port = port
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
        return True

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
        self._server.record(self._address, self._port, self._message, reply)
        self._sent = True
        if self._transport.is_closing():
            return
        self._transport.write(reply)
        if self._ended or self._server.closing:
            self._transport.close()
        else:
            with contextlib.suppress(
                OSError
            ):  # reset by the client meanwhile: connection_lost follows
                self._transport.write_eof()
            self._timer = self._loop.call_later(LINGER, self._transport.abort)
