"""The two ways of `airwire console`: a terminal connected byte by byte, and lines from a pipe.

Neither changes the module's mode: what it says is shown as it comes.
"""

import contextlib
import io
import os
import re
import select
import signal
import time
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import BinaryIO

from airwire.client.errors import PortError, Timeout
from airwire.client.frames import FrameParser, Reply
from airwire.client.port import SerialPort, lost

# Ctrl-], which no shell, editor or MicroPython has a use for; telnet and miniterm end with it too.
_QUIT = b"\x1d"

_SIZE = 4096

# What ends an answer in human mode: the prompt at a line's beginning, and nothing behind it.
_PROMPT = re.compile(rb"(?:^|[\r\n])> $")
# A restart is over when the firmware says so and shows its prompt.
_REBOOTING = b"Rebooting\r\n"
_READY = re.compile(rb"\[[^\r\n]*Ready\]\r\n.*> $", re.DOTALL)


def interact(port: SerialPort, keyboard: int, screen: int) -> None:
    """Connect a terminal (file descriptors) to the port until Ctrl-].

    The terminal is as it was afterwards, whatever ends this. Raises PortError when the port goes.
    """
    with raw_terminal(keyboard):
        poll = select.poll()
        poll.register(keyboard, select.POLLIN)
        source, wait = None, 0  # a URL cannot be waited for: a read of it waits a little
        with contextlib.suppress(io.UnsupportedOperation):
            source, wait = port.fileno(), None
            poll.register(source, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll(wait)}
            if source is None or source in ready:
                _write_all(screen, _receive(port))
            if keyboard in ready:
                try:
                    typed = os.read(keyboard, _SIZE)
                except OSError:
                    return  # the terminal has been closed
                before, end, _ = typed.partition(_QUIT)
                _send(port, before)
                if end or not typed:
                    _write_all(screen, b"\r\n")
                    return


def converse(port: SerialPort, lines: Iterable[bytes], output: BinaryIO, patience: float) -> None:
    """Send lines one by one, and write what the module answers.

    Raises Timeout when it is silent for `patience` seconds before an answer has ended, PortError
    when the port goes.
    """
    for line in lines:
        line = line.rstrip(b"\r\n")
        _send(port, line + b"\r\n")
        if not _answered(port, output, patience):
            told = line.decode(errors="replace")
            raise Timeout(f"no answer to {told!r} within {patience:g} s")


def _answered(port: SerialPort, output: BinaryIO, patience: float) -> bool:
    """Whether an answer came: up to the prompt, or a frame in machine mode."""
    parser = FrameParser()
    tail = b""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        data = _receive(port)
        if not data:
            continue
        deadline = time.monotonic() + patience
        output.write(data)
        output.flush()
        tail = (tail + data)[-_SIZE:]
        parser.feed(data)
        if any(isinstance(event, Reply) for event in parser.events()):
            return True
        if _PROMPT.search(tail) and (_REBOOTING not in tail or _READY.search(tail)):
            return True
    return False


def _receive(port: SerialPort) -> bytes:
    try:
        return port.read(_SIZE)
    except OSError as error:
        raise lost(port.name, error) from None


def _send(port: SerialPort, data: bytes) -> None:
    try:
        port.write(data)
    except Timeout:
        raise
    except OSError as error:
        raise lost(port.name, error) from None


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


@contextlib.contextmanager
def raw_terminal(fd: int) -> Iterator[None]:
    """A terminal that passes every key on, until the end of the block or of this program."""
    try:
        import termios
        import tty
    except ImportError:
        raise PortError("this system has no such terminal; pipe the lines in instead") from None

    def end(number: int, frame: FrameType | None) -> None:
        # An exception, so that the terminal is restored on the way out.
        raise SystemExit(128 + number)

    before = termios.tcgetattr(fd)
    signals = (signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.signal(number, end) for number in signals]
    try:
        tty.setraw(fd)
        yield
    finally:
        # A terminal that was closed cannot be restored, and need not be.
        with contextlib.suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSADRAIN, before)
        for number, handler in zip(signals, handlers, strict=True):
            signal.signal(number, handler)
