"""The servers of a module: who connects to them is a stream like any other."""

import contextlib
import time
import weakref
from collections.abc import Iterator
from types import TracebackType

from airwire.client.commands import Word
from airwire.client.errors import CommandFailed, Timeout
from airwire.client.network import JOIN_SECONDS
from airwire.client.replies import StreamInfo
from airwire.client.stream import Stream
from airwire.client.streams import StreamCommands

# Between two looks at the table of streams, which takes some milliseconds at 115200 baud.
_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.1

# Servers whose clients are streams of their own.
KINDS = ("tcp", "tls")


class TcpServer:
    """A TCP or TLS server that runs in the module: `accept()` gives its clients, one after the
    other, as does `for stream in server`.

    A context manager. port: where it listens. kind: `tcp` or `tls`.
    """

    def __init__(self, module: "ServerCommands", port: int, kind: str = "tcp") -> None:
        self.port = port
        self.kind = kind
        self._module = module
        self._streams: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._closed = False

    def __repr__(self) -> str:
        closed = ", closed" if self._closed else ""
        return f"<TcpServer ({self.kind}) on port {self.port}{closed}>"

    def __enter__(self) -> "TcpServer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Stream]:
        while True:
            yield self.accept()

    def accept(self, timeout: float | None = None, *, read_timeout: float | None = None) -> Stream:
        """As Module.accept(). Raises ValueError once the server is closed."""
        if self._closed:
            raise ValueError("accept() of a closed server")
        stream = self._module.accept(timeout, read_timeout=read_timeout, kinds=(self.kind,))
        self._streams.add(stream)
        return stream

    def close(self) -> None:
        """Stop the server, and close the connections that came of it. One that does not run any
        more is no error.
        """
        if self._closed:
            return
        self._closed = True
        with self._module.exclusive():
            with contextlib.suppress(CommandFailed):
                self._module.stop_serving(self.port, self.kind)
            for stream in list(self._streams):
                stream.release()


class ServerCommands(StreamCommands):
    """Servers, and the streams that they open."""

    def tcp_server(
        self,
        port: int | None = None,
        *,
        interface: str = "default",
        timeout: float = JOIN_SECONDS,
    ) -> TcpServer:
        """Start the TCP server, joining the network first if need be.

        port: that of tcp.server.port unless told. interface: `wlan`, or `softap` for the module's
        own access point. Raises CommandFailed where the network cannot be had, and while the
        server runs already.
        """
        return self._tcp_server("tcp", port, interface, timeout)

    def tls_server(
        self,
        port: int | None = None,
        *,
        interface: str = "default",
        timeout: float = JOIN_SECONDS,
    ) -> TcpServer:
        """Start the TLS server: as tcp_server(), but who connects is a stream once the handshake
        is done.

        Its certificate is network.tls.server_cert, and clients need one by network.tls.server_ca.
        Raises CommandFailed too where the certificate is of no use.
        """
        return self._tcp_server("tls", port, interface, timeout)

    def _tcp_server(
        self, kind: str, port: int | None, interface: str, timeout: float
    ) -> TcpServer:
        with self.exclusive():
            port = self._serve(kind, "tcp", port, interface, timeout)
            self._serving.add(kind)
            return TcpServer(self, port, kind)

    def udp_server(
        self,
        port: int | None = None,
        *,
        interface: str = "default",
        timeout: float = JOIN_SECONDS,
        read_timeout: float | None = None,
    ) -> Stream:
        """Start the UDP server; the one stream that it has. Closing that stops it.

        A read gives bytes of one datagram, whoever has sent it; a write is a datagram to the
        sender of what was read last. Otherwise as tcp_server().
        """
        with self.exclusive():
            self._serve("udp", "udp", port, interface, timeout)
            for row in self.streams():
                if row.type == "UDPS":
                    return self._adopt(row.handle, row.info, read_timeout)
        raise CommandFailed("udp_server", "the server has ended")

    def accept(
        self,
        timeout: float | None = None,
        *,
        read_timeout: float | None = None,
        kinds: tuple[str, ...] = KINDS,
    ) -> Stream:
        """Wait until somebody has connected to the TCP or TLS server of the module, however that
        was started; the connection.

        It does not need the messages `Opened` of the module: it looks at the table of streams for
        those of the server that this program holds no Stream of. Raises Timeout after `timeout`
        seconds; None waits for ever.
        """
        self._serving.update(kinds)
        types = [f"{kind.upper()}S" for kind in kinds]
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_PAUSE
        while True:
            with self.exclusive():
                for row in self.streams():
                    if row.type in types and not self._is_ours(row):
                        return self._adopt(row.handle, row.info, read_timeout)
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise Timeout(f"{self._link.name}: nobody has connected within {timeout:g} s")
            time.sleep(pause if left is None else min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def stop_serving(self, port: int, kind: str) -> None:
        """For TcpServer: stop it. Raises CommandFailed where there is none."""
        self._serving.discard(kind)
        self.command(f"{kind}_server", "stop", port)

    def _is_ours(self, row: StreamInfo) -> bool:
        # A handle is given again: only with the same other side it is the same connection.
        stream = self._streams.get(row.handle)
        return stream is not None and stream.info == row.info

    def _serve(
        self, kind: str, group: str, port: int | None, interface: str, timeout: float
    ) -> int:
        if port is None:
            port = int(self.command("get", f"{group}.server.port"))
        words: list[Word] = ["-i", interface, "start", port]
        self.command(f"{kind}_server", *words, timeout=timeout)
        return port
