"""The commands of the network: scanning, joining, and the streams."""

import weakref

from airwire.client import replies
from airwire.client.commands import Commands, Word
from airwire.client.link import Link
from airwire.client.replies import Network, StreamInfo
from airwire.client.stream import WRITE_SIZE, Stream

# A scan holds the module for two to three seconds.
SCAN_SECONDS = 15.0

# A join makes three attempts of 10 s each and waits 10 s for an address, by the module's defaults.
JOIN_SECONDS = 60.0


class NetworkCommands(Commands):
    """What a module does in the network."""

    def __init__(self, link: Link, timeout: float, write_size: int = WRITE_SIZE) -> None:
        super().__init__(link, timeout)
        self._write_size = write_size
        # Streams by their handle, as long as the module has not given it up.
        self._streams: weakref.WeakValueDictionary[int, Stream] = weakref.WeakValueDictionary()

    def scan(self, timeout: float = SCAN_SECONDS) -> list[Network]:
        """The networks in reach, strongest first. Raises CommandFailed while a join is on."""
        return replies.networks(self.command("wlan_scan", "-v", timeout=timeout))

    def network_up(self, timeout: float = JOIN_SECONDS) -> None:
        """Join the network of wlan.ssid, and wait for an address.

        Raises CommandFailed; get("wlan.join.result") tells why, as does the log.
        """
        self.command("network_up", timeout=timeout)

    def network_down(self) -> None:
        """Leave the network."""
        self.command("network_down")

    def tcp_client(
        self,
        host: str,
        port: int,
        local_port: int | None = None,
        *,
        timeout: float = JOIN_SECONDS,
        read_timeout: float | None = None,
    ) -> Stream:
        """Open a TCP connection, joining the network first if need be; a file-like Stream.

        `timeout` is for the opening; `read_timeout` is that of the stream, in seconds, and None
        waits for ever. Raises CommandFailed when the connection cannot be opened or all streams
        are in use.
        """
        options: tuple[Word, ...] = () if local_port is None else ("-l", local_port)
        with self.exclusive():
            handle = int(self.command("tcp_client", *options, host, port, timeout=timeout))
            return self._adopt(handle, f"{host}:{port}", read_timeout)

    def streams(self) -> list[StreamInfo]:
        """The module's table of open streams, whoever opened them."""
        return replies.streams(self.command("stream_list"))

    def stream(self, handle: int, *, read_timeout: float | None = None) -> Stream:
        """A stream that is open in the module already. Raises KeyError if there is none."""
        with self.exclusive():
            ours = self._streams.get(handle)
            for row in self.streams():
                if row.handle == handle:
                    return (
                        ours if ours is not None else self._adopt(handle, row.info, read_timeout)
                    )
        raise KeyError(handle)

    def close_streams(self) -> None:
        """Close all streams in the module."""
        with self.exclusive():
            self.command("stream_close", "all")
            self._release_streams()

    def forget_stream(self, stream: Stream) -> None:
        """For Stream: its handle is no longer its own."""
        if self._streams.get(stream.handle) is stream:
            del self._streams[stream.handle]

    def _adopt(self, handle: int, info: str, read_timeout: float | None) -> Stream:
        old = self._streams.get(handle)
        if old is not None:
            # The module gave the handle to another: it had closed the old stream by itself.
            old.release()
        stream = Stream(self, handle, info, read_timeout, self._write_size)
        self._streams[handle] = stream
        return stream

    def _restarted(self) -> None:
        self._release_streams()

    def _release_streams(self) -> None:
        for stream in list(self._streams.values()):
            stream.release()
