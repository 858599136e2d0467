"""Clients of the remote terminal, with the interface of a console: bytes on a socket, and a telnet
program that we did not write in a terminal of its own.
"""

import contextlib
import fcntl
import os
import pty
import socket
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence

from host_tests.board.console import PATIENCE, Console

IAC, SE, SB, WILL, WONT, DO, DONT = 255, 240, 250, 251, 252, 253, 254
ECHO, SGA, NAWS = 1, 3, 31

# What the board says first.
OFFERS = bytes((IAC, WILL, ECHO, IAC, WILL, SGA, IAC, DO, NAWS))

PORT = 2000
ROWS = 24


class Wire(Console):
    """A connection to the remote terminal; the bytes are those of the wire. Waits until somebody
    listens.
    """

    def __init__(self, address: str, port: int = PORT) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.port = socket.create_connection((address, port), timeout=PATIENCE)
                break
            except ConnectionError:
                assert time.monotonic() < end, f"nobody listens at {address}:{port}"
                time.sleep(0.01)
        self.port.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = bytearray()
        self.logs = []

    def ended(self, patience: float = PATIENCE) -> bytes:
        """Everything until the board closes."""
        self.port.settimeout(patience)
        with contextlib.suppress(ConnectionResetError):
            while data := self.port.recv(4096):
                self.data += data
        return self.take(len(self.data))

    def reset(self) -> None:
        """End the connection by RST."""
        self.port.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.port.close()


class Program(Console):
    """A program in a terminal of so many columns."""

    def __init__(self, command: Sequence[str], columns: int) -> None:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm", "HOME": "/nonexistent"}
        for name in ("COLUMNS", "LINES"):  # of our own terminal: busybox would believe them
            environment.pop(name, None)
        self._process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            # The first terminal that is opened becomes the one of the new session.
            preexec_fn=lambda: os.close(os.open(os.ttyname(slave), os.O_RDWR)),
            env=environment,
        )
        os.close(slave)
        self.port = os.fdopen(master, "r+b", buffering=0)
        self.data = bytearray()
        self.logs = []

    def more(self, seconds: float) -> bool:
        try:
            return super().more(seconds)
        except OSError:  # EIO: the program has ended
            return False

    def wait(self) -> int:
        """Its exit code; it must end."""
        end = time.monotonic() + PATIENCE
        while self._process.poll() is None:
            assert time.monotonic() < end, f"it does not end: {self.tail()}"
            self.more(0.05)
        self.quiet()
        return self._process.returncode

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        super().close()


@contextlib.contextmanager
def program(command: Sequence[str], columns: int) -> Iterator[Program]:
    with contextlib.closing(Program(command, columns)) as running:
        yield running
