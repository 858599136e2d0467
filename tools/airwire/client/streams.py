"""The streams of a module: the table, and those that this program has opened."""

import re
import weakref

from airwire.client import replies
from airwire.client.commands import Commands, Word
from airwire.client.link import Link
from airwire.client.replies import StreamInfo
from airwire.client.rest import RestLink
from airwire.client.stream import READ_SIZE, WRITE_SIZE, Stream

# What a long response is answered by while system.cmd.buffered is on: a handle and a size.
_KEPT = re.compile(rb"([0-7]),([0-9]+)")


class StreamCommands(Commands):
    """What there is for every kind of stream."""

    def __init__(
        self, link: Link | RestLink, timeout: float, write_size: int = WRITE_SIZE
    ) -> None:
        super().__init__(link, timeout)
        self._write_size = write_size
        # Streams by their handle, as long as the module has not given it up.
        self._streams: weakref.WeakValueDictionary[int, Stream] = weakref.WeakValueDictionary()
        # Which servers of the module (`tcp`, `tls`) give handles to their clients, without any
        # command of ours.
        self._serving: set[str] = set()

    def streams(self) -> list[StreamInfo]:
        """The module's table of open streams, whoever opened them."""
        return replies.streams(self.long("stream_list"))

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

    def command_stream(self, name: str, *args: Word, timeout: float | None = None) -> Stream:
        """Have a long response (a list, a help text, a group of variables) kept in the module as a
        stream of type CMD, to be read in pieces.

        Raises BufferOverflow when the module has no room for it, CommandFailed when all streams
        are in use, UnexpectedReply for a command whose responses are never kept, PortError over
        HTTP.
        """
        with self.exclusive():
            self._link.check_session()
            before = self.command("get", "system.cmd.buffered")
            self.command("set", "system.cmd.buffered", 1)
            try:
                payload = self.command(name, *args, timeout=timeout)
            finally:
                self.command("set", "system.cmd.buffered", before)
            kept = _KEPT.fullmatch(payload)
            if kept is None:
                raise replies.UnexpectedReply(name, payload)
            return self._adopt(int(kept[1]), name, None)

    def long(self, name: str, *args: Word, timeout: float | None = None) -> bytes:
        """A command whose response may be long: all of it, even with system.cmd.buffered on."""
        with self.exclusive():
            payload = self.command(name, *args, timeout=timeout)
            kept = _KEPT.fullmatch(payload)
            if kept is None:
                return payload
            with self._adopt(int(kept[1]), name, None) as stream:
                size = int(kept[2])
                payload = b""
                while len(payload) < size and (piece := stream.read(READ_SIZE)):
                    payload += piece
            return payload

    def holds_stream(self, stream: Stream) -> bool:
        """For Stream: whether its handle is its own yet. Asked before each use."""
        if not self._serving:
            return True
        for row in self.streams():
            if row.handle == stream.handle:
                return row.type not in ("TCPS", "TLSS") or row.info == stream.info
        return False

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
