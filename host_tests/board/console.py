"""The host's end of one UART of a board: what a person types and a program parses.

Knows the two reply formats of the command language and is strict about both: a byte that does not
belong to the format fails the test. It reads while it writes, as a host with a driver does, so
that neither direction waits for the other.
"""

import os
import re
import select
import time
from dataclasses import dataclass, field
from typing import Protocol

import serial

# Replies come within milliseconds, a join within seconds. This is a hang, on any machine.
PATIENCE = 30.0

# A reply begins within a turn of the firmware's loop and goes on without a gap.
SILENCE = 0.1

# How long a read of a URL waits: how late the end of a time is noticed.
_URL_TURN = 0.05

PROMPT = b"\r\n> "
HEADER = re.compile(rb"(R[0-9]|L0)([0-9]{5})\r\n")
_HEADER_SIZE = 9
_UUID = re.compile(rb"\b[0-9A-F]{12}\r\n")


@dataclass(frozen=True)
class Reply:
    """A response in machine mode, and the log blocks that came before it since the last one."""

    code: int
    text: bytes
    logs: list[bytes] = field(default_factory=list)


class Spy(Protocol):
    """Who sees what passes a console."""

    def sent(self, data: bytes) -> None: ...

    def came(self, data: bytes) -> None: ...


class Console:
    """One UART. Bytes that were received and not yet asked for wait in `data`."""

    _url = False  # the port is a URL of pyserial's
    _spy: Spy | None = None
    echoes = True  # a person's session, when sync() has last looked

    def __init__(self, path: str, baud: int = 115200, spy: Spy | None = None) -> None:
        """`path`: a device, or a URL of pyserial's. `spy` sees what passes."""
        self._url = "://" in path
        self._spy = spy
        self.port = serial.serial_for_url(path, do_not_open=True)
        # Dev boards wire these to EN and GPIO0: opening the port must not reset the chip.
        self.port.dtr = self.port.rts = False
        self.port.baudrate = baud
        self.port.timeout = _URL_TURN if self._url else 0
        self.port.open()
        self.data = bytearray()
        self.logs: list[bytes] = []

    def close(self) -> None:
        self.port.close()

    # Bytes

    def send(self, data: bytes) -> None:
        """Write all of it, and keep what comes meanwhile."""
        if self._spy:
            self._spy.sent(data)
        if self._url:  # a thread of pyserial's reads meanwhile
            self.port.write(data)
            return
        rest = memoryview(data)
        fd = self.port.fileno()
        while rest:
            readable, writable, _ = select.select([fd], [fd], [], PATIENCE)
            assert readable or writable, f"{len(rest)} of {len(data)} bytes were not taken"
            if readable:
                self._came(os.read(fd, 4096))
            if writable:
                rest = rest[os.write(fd, rest[:1024]) :]

    def more(self, seconds: float) -> bool:
        """Wait for further bytes; False when none came in that time."""
        if self._url:
            return self._more_of_url(seconds)
        readable, _, _ = select.select([self.port.fileno()], [], [], max(0.0, seconds))
        if readable:
            data = os.read(self.port.fileno(), 4096)
            assert data, f"the port is closed: {self.tail()}"
            self._came(data)
        return bool(readable)

    def _more_of_url(self, seconds: float) -> bool:
        # Its time-out is set once: by RFC 2217 each change is negotiated with the other end.
        end = time.monotonic() + seconds
        while not (data := self.port.read(1)):
            if time.monotonic() >= end:
                return False
        self._came(data + self.port.read(self.port.in_waiting))
        return True

    def _came(self, data: bytes) -> None:
        self.data += data
        if self._spy:
            self._spy.came(data)

    def take(self, count: int) -> bytes:
        taken = bytes(self.data[:count])
        del self.data[:count]
        return taken

    def read(self, count: int, patience: float = PATIENCE) -> bytes:
        """Exactly `count` bytes."""
        end = time.monotonic() + patience
        while len(self.data) < count:
            assert self.more(end - time.monotonic()), f"{count} bytes wanted: {self.tail()}"
        return self.take(count)

    def until(self, mark: bytes, patience: float = PATIENCE) -> bytes:
        """Everything up to and with `mark`."""
        end = time.monotonic() + patience
        while (at := self.data.find(mark)) < 0:
            assert self.more(end - time.monotonic()), f"no {mark!r} came: {self.tail()}"
        return self.take(at + len(mark))

    def quiet(self, seconds: float = SILENCE) -> bytes:
        """Everything until nothing has come for so long."""
        while self.more(seconds):
            pass
        return self.take(len(self.data))

    def tail(self) -> str:
        return f"{len(self.data)} bytes, the last {bytes(self.data[-200:])!r}"

    def sync(self) -> bytes:
        """Bring the session to the start of a line, whatever it is in the middle of (but a data
        phase); what it says until then.
        """
        end = time.monotonic() + PATIENCE
        before = self.take(len(self.data))
        while b"Ready\r\n" not in self.data:
            assert time.monotonic() < end, f"no answer to an empty line: {self.tail()}"
            self.send(b"\r\n")
            deadline = time.monotonic() + 0.5
            while b"Ready\r\n" not in self.data and self.more(deadline - time.monotonic()):
                pass
        # On a busy machine several such lines are on their way. Answers come in order, so all of
        # theirs are before this one's, the only line of twelve digits.
        self.send(b"get system.uuid\r\n")
        while not (answer := _UUID.search(self.data)):
            assert self.more(end - time.monotonic()), f"out of step: {self.tail()}"
        self.echoes = b"get system.uuid" in self.data
        before += self.take(answer.end())
        if self.echoes:
            self.until(b"> ")
        return before

    def ask(self, line: str) -> list[str]:
        """The lines of the reply to a command, in the mode in which sync() has found the
        session.
        """
        return self.command(line) if self.echoes else self.ok(line).split("\r\n")

    def at_prompt(self, line: bytes) -> None:
        """Stop the firmware, have MicroPython run a line, and start it again. On UART0."""
        self.send(b"\x03")
        self.until(b">>> ")
        self.send(line + b"\r\n")
        self.until(b">>> ")
        self.send(b"\x04")
        self.until(b"[Ready]\r\n")

    # Human mode

    def command(self, line: str | bytes, patience: float = PATIENCE) -> list[str]:
        """Type a line at the prompt; the lines of the reply, log lines included."""
        line = line.encode() if isinstance(line, str) else line
        self.send(line + b"\r\n")
        self.until(line + b"\r\n", patience)
        # The prompt follows the end of a line, and that may be the end of the echo.
        self.data[:0] = b"\r\n"
        shown = self.until(PROMPT, patience)[2 : -len(PROMPT)]
        return shown.decode().split("\r\n")

    # Machine mode

    def machine(self, print_level: int = 0) -> "Console":
        """Switch from human to machine mode; gives the console back."""
        self.sync()
        self.send(b"set system.cmd.mode machine\r\n")
        self.until(b"R000008\r\nSet OK\r\n")
        if print_level:
            self.ok(f"set system.print_level {print_level}")
        return self

    def frame(self, patience: float = PATIENCE) -> tuple[bytes, bytes]:
        """The next block: (R with its code, or L0; its payload without the CR LF at its end)."""
        header = self.read(_HEADER_SIZE, patience)
        match = HEADER.fullmatch(header)
        assert match, f"not a header: {header!r}, then {self.tail()}"
        size = int(match[2])
        if not size:
            assert match[1] != b"L0", "an empty log block"
            return match[1], b""
        payload = self.read(size, patience)
        assert payload.endswith(b"\r\n"), f"{header!r} does not end its block: {payload!r}"
        return match[1], payload[:-2]

    def reply(self, patience: float = PATIENCE) -> Reply:
        """The next response."""
        while True:
            kind, payload = self.frame(patience)
            if kind != b"L0":
                logs, self.logs = self.logs, []
                return Reply(int(kind[1:]), payload, logs)
            self.logs.append(payload)

    def run(self, line: str | bytes, data: bytes = b"", patience: float = PATIENCE) -> Reply:
        """Send a command, and the bytes of its data phase; its response."""
        line = line.encode() if isinstance(line, str) else line
        self.send(line + b"\r\n" + data)
        return self.reply(patience)

    def ok(self, line: str | bytes, data: bytes = b"", patience: float = PATIENCE) -> str:
        """The same for a command that must succeed: the text of its response."""
        reply = self.run(line, data, patience)
        assert reply.code == 0, f"{line!r}: {reply}"
        return reply.text.decode()

    def polled(self, handle: int | str, state: int | str) -> None:
        """Wait until a stream is in this state: 0 nothing to read, 1 data, 2 closed."""
        end = time.monotonic() + PATIENCE
        while (found := self.ok(f"stream_poll {handle}")) != str(state):
            assert time.monotonic() < end, f"stream {handle} is {found}, not {state}"

    def log(self, part: str | bytes, patience: float = PATIENCE) -> str:
        """The next log block that contains `part`; those before it are dropped, and no response
        may come before it.
        """
        part = part.encode() if isinstance(part, str) else part
        end = time.monotonic() + patience
        while True:
            while self.logs:
                text = self.logs.pop(0)
                if part in text:
                    return text.decode()
            kind, payload = self.frame(end - time.monotonic())
            assert kind == b"L0", f"{kind!r} {payload!r} while waiting for {part!r}"
            self.logs.append(payload)
