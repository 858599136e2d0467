"""The driver in C as a driver of the conformance run: conform.c in a process of its own."""

import subprocess
from pathlib import Path

from host_tests.client.drivers import END, LOST, TIMEOUT

# The results of airwire.h that the Python client has as well. The others must not come here.
_NAMES = {-1: TIMEOUT, -2: LOST, -3: LOST, -5: END}
CUT, NOT_SENT, UNEXPECTED = -4, -6, -8

# More than any answer of the module.
ROOM = 70_000


class CDriver:
    """`with CDriver(program, port) as driver:`; port is a path, or fd:N with `descriptor` N.

    divisor: by how much all time-outs are shorter. room: of the buffer for answers.
    """

    def __init__(self, program: Path, port: str, divisor: int = 1, descriptor: int | None = None):
        self.room = ROOM
        self._logs: list[str] = []
        self._process = subprocess.Popen(
            [program, port, str(divisor)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=() if descriptor is None else (descriptor,),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Ends it. Leaves nothing unnoticed: what the sanitizers have found is an error."""
        _, said = self._process.communicate()
        assert self._process.returncode == 0, said

    def ask(self, *words: str | int | bytes) -> tuple[int, list[str | bytes]]:
        """A request of conform.c; its result, and the words behind it."""
        line = " ".join(
            f".{word.hex()}" if isinstance(word, bytes) else str(word) for word in words
        )
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # its end is told below
        while True:
            found = [
                bytes.fromhex(word[1:]) if word[0] == "." else word
                for word in self._process.stdout.readline().split()
            ]
            if not found:
                raise AssertionError(f"{line}: {self._process.stderr.read()}")
            if found[0] != "log":
                return int(found[0]), found[1:]
            self._logs.append(found[1].decode(errors="surrogateescape"))

    def command(self, name, *args, data=None, timeout=60.0):
        more = () if data is None else ("+", data)
        words = ("command", round(timeout * 1000), self.room, name, *args, *more)
        result, (_, _, text) = self.ask(*words)
        return _result(result), text

    def safe_mode(self) -> bool:
        """Whether the answer to a command comes from safe mode."""
        return self.ask("command", 1000, self.room, "get", b"system.safemode")[1][0] == "1"

    def line(self, line):
        result, (_, _, text) = self.ask("line", 60_000, self.room, line)
        return _result(result), text

    def get(self, variable):
        result, (value,) = self.ask("get", variable.encode(), self.room)
        return _result(result), value

    def set(self, variable, value):
        # airwire_set() is for text; what has a NUL in it goes another way.
        if b"\0" in value:
            return self.command("set", *variable.encode().split(), value)[0]
        return _result(self.ask("set", variable.encode(), value)[0])

    def open(self, name, *args):
        return _opened(self.ask("open", name, *args))

    def client(self, kind, host, port):
        return _opened(self.ask(kind, host.encode(), port))

    def poll(self, handle):
        result, (state,) = self.ask("poll", handle)
        return _result(result), int(state)

    def read(self, handle, size):
        result, (data,) = self.ask("read", handle, size)
        return _result(result), data

    def write(self, handle, data):
        return _result(self.ask("write", handle, data)[0])

    def close(self, handle):
        return _result(self.ask("close", handle)[0])

    def rows(self):
        result, words = self.ask("list", self.room)
        assert result == 0
        rows = zip(words[::3], words[1::3], words[2::3], strict=True)
        return [(int(handle), kind.decode(), info.decode()) for handle, kind, info in rows]

    def logs(self):
        logs, self._logs = self._logs, []
        return logs


def _result(number):
    return number if number >= 0 else _NAMES[number]


def _opened(answer):
    result, (handle, _) = answer
    return _result(result), int(handle) if result == 0 else None
