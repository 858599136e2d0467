"""`airwire.client` as a driver of the conformance run: results as values, none of them raised.

The driver in C has the same methods (host_tests/c/driver.py). A result is the module's code, 0 to
9, or one of the words below.
"""

from collections.abc import Callable
from typing import Protocol

from airwire.client import CommandError, LostFrame, Module, Stream, Timeout

END = "end"  # of a stream
TIMEOUT = "timeout"
LOST = "lost"  # no frame came, or the module has restarted

Result = int | str


class Driver(Protocol):
    """What both can do."""

    def command(
        self, name: str, *args: bytes, data: bytes | None = None, timeout: float = 60.0
    ) -> tuple[Result, bytes]: ...

    def line(self, line: bytes) -> tuple[Result, bytes]: ...

    def get(self, variable: str) -> tuple[Result, bytes]: ...

    def set(self, variable: str, value: bytes) -> Result: ...

    def open(self, name: str, *args: bytes) -> tuple[Result, int | None]: ...

    def client(self, kind: str, host: str, port: int) -> tuple[Result, int | None]: ...

    def poll(self, handle: int) -> tuple[Result, int]: ...

    def read(self, handle: int, size: int) -> tuple[Result, bytes]: ...

    def write(self, handle: int, data: bytes) -> Result: ...

    def close(self, handle: int) -> Result: ...

    def rows(self) -> list[tuple[int, str, str]]: ...

    def logs(self) -> list[str]: ...


class PythonDriver:
    """A Module in the place of a Driver."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._open: dict[int, Stream] = {}

    def command(self, name, *args, data=None, timeout=60.0):
        return _outcome(lambda: self.module.command(name, *args, data=data, timeout=timeout))

    def line(self, line):
        reply = self.module._link.exchange(line, None, 60.0, repr(line))
        return reply.code, reply.payload

    def get(self, variable):
        result, value = _outcome(lambda: self.module.get(variable))
        return result, value if result else value.encode(errors="surrogateescape")

    def set(self, variable, value):
        return _outcome(lambda: self.module.set(variable, value))[0]

    def open(self, name, *args):
        result, answer = self.command(name, *args)
        if result:
            return result, None
        return result, self._adopt(self.module.stream(int(answer), read_timeout=0))

    def client(self, kind, host, port):
        opener = self.module.tcp_client if kind == "tcp" else self.module.udp_client
        result, stream = _outcome(lambda: opener(host, port, read_timeout=0))
        return result, None if result else self._adopt(stream)

    def poll(self, handle):
        result, state = _outcome(lambda: int(self._open[handle].poll()))
        return result, 0 if result else state

    def read(self, handle, size):
        result, data = _outcome(lambda: self._open[handle].read(size))
        if result or data is None:
            return result, b""
        return (0, data) if data else (END, b"")

    def write(self, handle, data):
        if handle not in self._open:
            return self.command("stream_write", b"%d" % handle, b"%d" % len(data), data=data)[0]
        return _outcome(lambda: self._open[handle].write(data))[0]

    def close(self, handle):
        return _outcome(self._open.pop(handle).close)[0]

    def rows(self):
        return [(row.handle, row.type, row.info) for row in self.module.streams()]

    def logs(self):
        found = []
        while (notification := self.module.notifications.take()) is not None:
            text = notification.text
            found.append(f"[{text}]" if notification.bracketed else text)
        return found

    def _adopt(self, stream: Stream) -> int:
        self._open[stream.handle] = stream
        return stream.handle


def _outcome(do: Callable[[], object]) -> tuple[Result, object]:
    """What comes of it: 0 and a value, or how it failed and the module's words."""
    try:
        return 0, do()
    except CommandError as error:
        return error.code, error.text.encode(errors="surrogateescape")
    except Timeout:
        return TIMEOUT, b""
    except LostFrame:
        return LOST, b""
