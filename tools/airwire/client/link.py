"""One command, one reply: the thread of conversation with a module, and how it is found again.

A Link brings the module into machine mode from whatever state it is in, sends command lines and
data, and takes the frames apart into replies and notifications. It knows none of the commands but
the one that switches the mode.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Iterator
from itertools import chain, repeat

from airwire.client import port as ports
from airwire.client.errors import ClientError, LostFrame, PortError, Timeout
from airwire.client.frames import Event, FrameParser, Log, Reply, SafeModeReply, Skipped
from airwire.client.notifications import Notifications
from airwire.wire.breakin import QUIET_MS

# Longer than the 10 s of silence that end a data phase in the module, in which a program that died
# may have left it.
ATTACH_SECONDS = 15.0

# An idle module answers within milliseconds. One that does not is busy or waits for data; then
# every byte sent makes the wait longer, so the second try is left alone until the data phase has
# ended.
_TRIES = (1.0, 11.0)
_NEXT_TRIES = 1.0
# While the module starts there is no data phase, and what is sent is lost until the firmware runs.
_BOOT_TRIES = 0.5

# Ends whatever stands on the line without running it: in quotes, outside, or behind a backslash,
# one of these two is an escape that does not exist, and the whole line an error.
_SPOIL = rb"\!\!"
_HELLO = _SPOIL + b"\r\nset system.cmd.mode machine\r\n"
# Empty lines follow, one more in each hello: their number tells its replies from those to an older
# one that are late. After so many it is one again: no more hellos than that wait in a module.
_MOST_EMPTY = 8
_EMPTY_LINE = b"\r\n"
# The replies to the lines behind the first. Lines are answered in order, so nothing older comes
# later.
_SET, _READY = (0, b"Set OK"), (0, b"Ready")
# A gap between two replies to lines that lay in the module together: the longest is its garbage
# collection.
_QUIET_SECONDS = 0.1

# What the module says when the break sequence has ended stream mode, and how long it may take:
# 0.1 s of silence, and what was on its way before.
_COMMAND_MODE = b"Command Mode Start"
_BREAK_SECONDS = 1.0
# Silence before the sequence, and somewhat more: the module's clock is not ours.
_QUIET_BEFORE = QUIET_MS / 1000 + 0.1
# A module that does not answer to the sequence is in command mode already.
_BREAKS = 2

# How much of what was skipped is kept for error messages.
_MAX_SKIPPED = 1024
_MAX_READ = 4096

# What only a module without headers says: its prompt, or that it has just started.
_RESTARTED = re.compile(rb"(?:^|[\r\n])> |\[(?:[^\[\]\r\n]{19,22}: )?Ready\]")
_REPL = re.compile(rb"(?:^|[\r\n])>>> ")


class Link:
    """A conversation with a module over an open port. Every method may be called by any thread.

    safe_mode: whether the last reply came from a module in safe mode. was_machine: whether the
    module was in machine mode when attach() first found it. sequence: the break sequence of a
    module that may be in stream mode; None for one that is not.
    """

    def __init__(self, port: ports.Transport, name: str, notifications: Notifications) -> None:
        self.name = name
        self.notifications = notifications
        self.safe_mode = False
        self.was_machine: bool | None = None
        self.sequence: bytes | None = None
        self.lock = threading.RLock()
        self._port: ports.Transport | None = port
        self._bridged = False
        self._hellos = 0
        self._forget()
        self._adrift = True

    def close(self) -> None:
        """Close the port. Nothing is sent."""
        with self.lock:
            port, self._port = self._port, None
            if port is not None:
                port.close()

    @property
    def closed(self) -> bool:
        return self._port is None

    def exchange(
        self, line: bytes, data: bytes | None, timeout: float, shown: str, last: bool = False
    ) -> Reply:
        """Send a command line, and the data that belong to it; the reply.

        `timeout` seconds count from when all is sent. last: what comes behind the reply is left in
        the port. Raises Timeout, LostFrame (both name the command as `shown`), PortError.
        """
        with self.lock:
            if self._bridged:
                raise ClientError(f"{shown}: {self.name} is in stream mode; close that first")
            if self._adrift:
                self.attach()
            # Until the reply is here, whatever ends this method leaves us without the thread.
            self._adrift = True
            self._skipped.clear()
            # What comes behind the end of `exit` is data of stream mode: it is one byte, as the LF
            # of a CR LF may come late.
            end = b"\n" if last else b"\r\n"
            self._write(line + end + (data or b""))
            reply = self._reply(timeout, shown, 1 if last else _MAX_READ)
            if self._replies:
                raise self._lost(f"{shown}: more than one reply")
            # Where the line was refused before its data phase, the data were taken for commands.
            self._adrift = data is not None and reply.code > 1
            return reply

    def attach(self, timeout: float = ATTACH_SECONDS, booting: bool = False) -> None:
        """Bring the module into machine mode with nothing outstanding.

        `booting`: it has just been told to restart. Raises Timeout, LostFrame, PortError.
        """
        with self.lock:
            self._adrift = True
            self._forget()
            deadline = time.monotonic() + timeout
            if self.sequence is not None:
                self._break_in(self.sequence, deadline, booting)
            self._bridged = False
            for patience in repeat(_BOOT_TRIES) if booting else chain(_TRIES, repeat(_NEXT_TRIES)):
                self._hellos = self._hellos % _MOST_EMPTY + 1
                self._write(_HELLO + self._hellos * _EMPTY_LINE)
                if self._greeted(min(time.monotonic() + patience, deadline)):
                    self._adrift = False
                    return
                if time.monotonic() >= deadline:
                    raise self._no_answer(timeout)

    def check_bridge(self) -> None:
        """Raises PortError for a port that carries no stream mode, or is closed."""
        self._open_port()

    def bridge(self) -> "ports.Transport":
        """The port, for bytes of stream mode. Commands are refused until attach()."""
        with self.lock:
            self._bridged = self._adrift = True
            return self._open_port()

    def check_session(self) -> None:
        """Raises PortError for a port where settings of the session end with a command."""
        self._open_port()

    def check_line(self) -> None:
        """Raises PortError for a port whose line cannot be changed."""
        if not hasattr(self._open_port(), "configure"):
            raise PortError(f"{self.name} cannot change its rate")

    def change_line(self, baud: int, rtscts: bool) -> None:
        """Change the port's line. Raises PortError."""
        with self.lock:
            self._adrift = True
            try:
                self._open_port().configure(baud, rtscts)
            except (OSError, ValueError) as error:
                raise PortError(f"{self.name} does not take {baud} baud: {error}") from None

    def hush(self, seconds: float) -> None:
        """Send nothing for so long, and take what comes."""
        with self.lock:
            self._adrift = True
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                self._receive()

    def listen(self) -> None:
        """Take what comes within a fraction of a second."""
        with self.lock:
            self._receive()
            if self._replies:
                self._adrift = True
                self._replies.clear()

    def _break_in(self, sequence: bytes, deadline: float, booting: bool) -> None:
        """Have a module in stream mode go to command mode."""
        tries = repeat(True) if booting else repeat(True, _BREAKS)
        for _ in tries:
            quiet_until = time.monotonic() + _QUIET_BEFORE
            while time.monotonic() < min(quiet_until, deadline):
                self._receive()
            if time.monotonic() >= deadline:
                return
            self._forget()
            self._write(sequence)
            answer_until = time.monotonic() + _BREAK_SECONDS
            while time.monotonic() < answer_until:
                self._receive()
                said = any(reply.payload == _COMMAND_MODE for reply in self._replies)
                if said or _COMMAND_MODE in self._skipped:
                    self._forget()
                    return

    def _greeted(self, deadline: float) -> bool:
        """Whether the replies to the hello have come, and then silence."""
        wanted = [_SET, *[_READY] * self._hellos]
        quiet_since = time.monotonic()
        while (now := time.monotonic()) < deadline:
            last = list(self._replies)[-len(wanted) :]
            complete = [(reply.code, reply.payload) for reply in last] == wanted
            if complete and now - quiet_since >= _QUIET_SECONDS:
                self._attached()
                return True
            if self._receive():
                quiet_since = time.monotonic()
        self._take(self._parser.give_up())
        return False

    def _attached(self) -> None:
        # The reply to the first spoilt line is a frame, the first, only if headers were on.
        first = self._replies[0]
        if self.was_machine is None:
            self.was_machine = (first.code, first.payload) != _SET
        self._forget()

    def _reply(self, timeout: float, shown: str, size: int) -> Reply:
        deadline = time.monotonic() + timeout
        while not self._replies:
            if _RESTARTED.search(self._skipped):
                raise self._lost(f"{shown}: the module has restarted or left machine mode")
            if time.monotonic() >= deadline:
                # What was taken for the beginning of a frame may hide the reply.
                self._take(self._parser.give_up())
                if self._replies:
                    break
                if self._skipped:
                    raise self._lost(f"{shown}: no reply, but {len(self._skipped)} other bytes")
                raise Timeout(f"{shown}: no reply within {timeout:g} s")
            self._receive(size)
        return self._replies.popleft()

    def _receive(self, size: int = _MAX_READ) -> bool:
        """One read; whether anything came."""
        try:
            data = self._open_port().read(size)
        except OSError as error:
            raise ports.lost(self.name, error) from None
        self._parser.feed(data)
        self._take(self._parser.events())
        return bool(data)

    def _take(self, events: Iterator[Event]) -> None:
        for event in events:
            if isinstance(event, Reply):
                self.safe_mode = isinstance(event, SafeModeReply)
                self._replies.append(event)
            elif isinstance(event, Log):
                self.notifications.log(event.text)
            elif isinstance(event, Skipped):
                self._skipped += event.data
                del self._skipped[:-_MAX_SKIPPED]
                self.notifications.outside(event.data)

    def _write(self, data: bytes) -> None:
        try:
            self._open_port().write(data)
        except Timeout:
            raise
        except OSError as error:
            raise ports.lost(self.name, error) from None

    def _open_port(self) -> ports.Transport:
        if self._port is None:
            raise PortError(f"{self.name} is closed")
        return self._port

    def _forget(self) -> None:
        self._parser = FrameParser()
        # Only an attach() lets more than one reply wait, at two and its empty lines for each try.
        self._replies: deque[Reply] = deque(maxlen=64)
        self._skipped = bytearray()

    def _lost(self, message: str) -> LostFrame:
        return LostFrame(message, bytes(self._skipped))

    def _no_answer(self, timeout: float) -> Exception:
        if _REPL.search(self._skipped):
            return self._lost(
                f"{self.name} is at MicroPython's prompt; Ctrl-D in `airwire console` leaves it"
            )
        if self._skipped:
            return self._lost(
                f"{self.name} sends what is not a module's answer; is the baud rate right?"
            )
        return Timeout(
            f"{self.name} does not answer within {timeout:g} s; "
            "is the module powered, are TX and RX crossed, is the baud rate right?"
        )
