"""One run of commands for all drivers of a module: operations drawn at random, and what each must
answer. Each driver has the same run for the same seed, and the results of all must be equal.

Pure, but for the peers: drivers.py and host_tests/c/driver.py send the commands.
"""

import contextlib
import re
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from random import Random

from airwire.wire import cmdline
from airwire.wire.crc import crc16
from host_tests.board.stream_wire import exactly
from host_tests.client import vocabulary
from host_tests.client.conftest import PATIENCE
from host_tests.client.drivers import END, Driver, Result

# Lines that are refused, and how.
REFUSED = [
    (b"no_such_command", 3),
    (b'get "open', 2),
    (b"get wlan.ssid \\q", 2),
    (b"get", 4),
    (b"set wlan.ssid", 4),
    (b"version now", 5),
    (b"get no.such.variable", 6),
    (b"set no.such.variable 1", 6),
    (b"tcp_client -x a 1", 6),
    (b"stream_read x 1", 7),
    (b"set wlan.join.retries many", 7),
    (b"stream_read 8 1", 9),
    (b"tcp_client host.airwire 0", 9),
    (b"file_open nothing", 1),
    (b"exit", 1),
]

# Groups whose values change by nobody but us.
GROUPS = ("static", "stream", "ioconn", "email", "wwep")

# Commands that damaged lines may be, since they change nothing.
HARMLESS = {"", "get", "help", "stream_poll", "gpio_get", "adc_take_sample", "file_stat", "ls"}
_COMMANDS = {name: command for command, name in vocabulary._NAMES.items()}

# Data that look like something else.
DECEIVING = (
    b"\r\n",
    b"R000008\r\nSet OK\r\n",
    b"L000009\r\n[Ready]\r\n",
    b"[Ready]\r\n> ",
    b"\r\n\r\nR0",
    bytes(range(256)),
)

_STAMP = re.compile(r"\[\d{4}-\d\d-\d\d \| \d\d:\d\d:\d\d: ")


class _Echo(socketserver.BaseRequestHandler):
    # Sends back what it gets; where that begins with `!` and a number of two bytes, so many bytes
    # behind it, and closes.
    def handle(self) -> None:
        if (data := self.request.recv(1)) == b"!":
            size = int.from_bytes(exactly(self.request, 2))
            self.request.sendall(exactly(self.request, size))
            return
        while data:
            self.request.sendall(data)
            data = self.request.recv(4096)


@contextlib.contextmanager
def echo_server() -> Iterator[int]:
    """A server of this machine, `host.airwire` for the board; its port."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Run:
    """A run with a driver. `results` is what it has brought, to be compared with another's."""

    def __init__(self, driver: Driver, rng: Random, port: int) -> None:
        self.driver, self.rng, self.port = driver, rng, port
        self.results: list[object] = []
        self.streams: list[int] = []
        self.files: dict[bytes, bytes] = {}
        self.values: dict[str, bytes] = {}
        self.steps: list[tuple[int, Callable[[], object]]] = [
            (20, self.set),
            (20, self.get),
            (3, self.group),
            (1, self.long),
            (10, self.refused),
            (10, self.damaged),
            (3, self.create),
            (3, self.read_file),
            (2, self.stat),
            (2, self.delete),
            (1, self.buffered),
            (5, self.open),
            (10, self.echo),
            (4, self.ended),
            (3, self.datagram),
            (4, self.polls),
            (4, self.tables),
            (3, self.close),
            (3, self.nothing_there),
            (1, self.write_to_none),
            (2, self.logs),
        ]

    def run(self, count: int) -> list[object]:
        """So many operations, which are more commands than that; their results."""
        self._begin()
        weights = [weight for weight, _ in self.steps]
        for done in range(count):
            [(_, step)] = self.rng.choices(self.steps, weights)
            try:
                self.results.append((step.__name__, step()))
            except Exception as error:
                error.add_note(f"in {step.__name__}, after {done} operations")
                raise
        self._end()
        return self.results

    def _begin(self) -> None:
        # As every run begins: this network, these values, nothing open and no file.
        self.done("set", b"system.print_level", b"0")
        self._end()
        for variable in vocabulary.VARIABLES:
            default = self._default(variable)
            self.done("set", variable.name.encode(), default)
            self.values[variable.name] = self._shown(variable, default)
        for name, value in (("wlan.ssid", b"airwire-wpa2"), ("wlan.passkey", b"correct horse")):
            self.done("set", name.encode(), value)
        self.values |= {"wlan.ssid": b"airwire-wpa2", "wlan.passkey": b"********"}
        self.done("network_up", b"wlan")
        # A LAN that tells the time would show it in log lines.
        self.done("set", b"system.cmd.timestamp", b"none")

    def _end(self) -> None:
        self.done("stream_close", b"all")
        self.done("format_flash", self.done("get", b"wlan.mac"))

    @staticmethod
    def _default(variable: object) -> bytes:
        value = variable.default
        return value if isinstance(value, bytes) else str(value).encode()

    @staticmethod
    def _shown(variable: object, value: bytes) -> bytes:
        return b"********" if variable.access == "secret" and value else value

    def done(self, name: str, *args: bytes, data: bytes | None = None) -> bytes:
        """A command that succeeds; its answer."""
        result, answer = self.driver.command(name, *args, data=data)
        assert result == 0, (name, args, result, answer)
        return answer

    # Variables

    def set(self) -> object:
        variable = self.rng.choice(vocabulary.VARIABLES)
        given, shown = vocabulary.value(self.rng, variable.type)
        assert self.driver.set(vocabulary.name(self.rng, variable), given) == 0
        self.values[variable.name] = self._shown(variable, shown)
        return variable.name, given

    def get(self) -> object:
        variable = self.rng.choice(vocabulary.VARIABLES)
        name = vocabulary.name(self.rng, variable)
        if self.rng.random() < 0.5:
            answer = self.driver.command("get", *name.encode().split())
        else:
            answer = self.driver.get(name)
            if b"\0" in self.values[variable.name]:  # text ends there, in C
                return name
        assert answer == (0, self.values[variable.name]), name
        return answer

    def group(self) -> object:
        answer = self.done("get", self.rng.choice(GROUPS).encode())
        assert b": " in answer
        return answer

    def long(self) -> object:
        topic = self.rng.choice([b"commands", b"variables", b"set"])
        answer = self.done("help", topic)
        assert len(answer) > (100 if topic == b"set" else 500)
        if self.rng.random() < 0.5:
            assert len(self.done("get", b"all")) > 4000
        return answer

    def refused(self) -> object:
        line, code = self.rng.choice(REFUSED)
        result, answer = self.driver.line(line)
        assert (result, bool(answer)) == (code, True), line
        return line, answer

    def damaged(self) -> object:
        """A line with an error in it has an answer, and only one; which, the results compare."""
        while True:
            line = vocabulary.damaged(self.rng)
            if len(line) <= 512 and b"\0" not in line and _harmless(line):
                break
        result, answer = self.driver.line(line)
        assert not result or answer, line
        return line, result

    # Files

    def create(self) -> object:
        if len(self.files) >= 8:
            self.delete()
        name = self.rng.choice([b"a", b"b b", "c/\u00e9".encode(), b"%"])
        name += b"%d" % self.rng.randrange(9)
        data = self._data(5000)
        size, crc = b"%d" % len(data), b"%04X" % crc16(data)
        words = (name, size, b"1.2.0", b"FE", crc)
        answer = self.driver.command("file_create", *words, data=data)
        assert answer[0] == (name in self.files)
        self.files.setdefault(name, data)
        return answer

    def read_file(self) -> object:
        name = self._name()
        result, handle = self.driver.open("file_open", name)
        if name not in self.files or len(self.streams) >= 8:
            assert (result, handle) == (1, None)
            return name
        assert result == 0
        data = self._rest(handle, self._size(self.files[name]))
        assert data == self.files[name]
        return name, handle, data

    def stat(self) -> object:
        name = self._name()
        answer = self.driver.command("file_stat", name)
        assert answer[0] == (name not in self.files)
        return answer

    def delete(self) -> object:
        name = self._name()
        answer = self.driver.command("file_delete", name)
        assert answer[0] == (self.files.pop(name, None) is None)
        return answer

    def _name(self) -> bytes:
        return self.rng.choice([*sorted(self.files), b"no such file"])

    # Streams

    def open(self) -> object:
        result, handle = self.driver.client("tcp", "host.airwire", self.port)
        if len(self.streams) >= 8:
            assert (result, handle) == (1, None)
        else:
            assert (result, handle) == (0, self._free()), (result, handle)
            self.streams.append(handle)
        return result, handle

    def close(self) -> object:
        if self.streams:
            handle = self.streams.pop(self.rng.randrange(len(self.streams)))
            assert self.driver.close(handle) == 0
            return handle
        return None

    def echo(self) -> object:
        if not self.streams:
            return self.open()
        handle, data = self.rng.choice(self.streams), b"." + self._data(2000)
        assert self.driver.write(handle, data) == 0
        got, size = b"", self._size(data)
        while len(got) < len(data):
            result, piece = self._read(handle, size)
            assert result == 0
            got += piece
        assert got == data
        return handle, got

    def ended(self) -> object:
        """The other side closes, having said something; or nothing."""
        if len(self.streams) >= 8:
            return self.close()
        result, handle = self.driver.client("tcp", "host.airwire", self.port)
        assert (result, handle) == (0, self._free()), (result, handle)
        data = self.rng.choice([b"", self._data(1000)])
        assert self.driver.write(handle, b"!" + len(data).to_bytes(2) + data) == 0
        got = self._rest(handle, self._size(data))
        assert got == data
        assert handle not in [row[0] for row in self.driver.rows()]
        return handle, got

    def datagram(self) -> object:
        if len(self.streams) >= 8:
            return self.close()
        result, handle = self.driver.client("udp", "host.airwire", 9)
        assert (result, handle) == (0, self._free()), (result, handle)
        size = self.rng.choice([1, 100, 1472, 1473])
        assert self.driver.write(handle, bytes(size)) == (9 if size > 1472 else 0)
        assert self.driver.close(handle) == 0
        return handle, size

    def polls(self) -> object:
        found = [self.driver.poll(handle) for handle in self.streams]
        assert found == [(0, 0)] * len(self.streams)
        return found

    def tables(self) -> object:
        rows = self.driver.rows()
        assert sorted(self.streams) == [handle for handle, _, _ in rows]
        assert {kind for _, kind, _ in rows} <= {"TCPC"}
        # A local port is anybody's.
        return [(handle, info.partition(" (")[0]) for handle, _, info in rows]

    def nothing_there(self) -> object:
        for handle in self.streams:
            assert self.driver.read(handle, 100) == (0, b"")
        return len(self.streams)

    def write_to_none(self) -> object:
        """The data are no commands: what they say is not done, and the thread is not lost."""
        if len(self.streams) >= 8:
            return self.close()
        data = self.rng.choice([b"set wlan.ssid written\r\n", *DECEIVING])
        result = self.driver.write(self._free(), data)
        assert result == 1
        assert self.done("get", b"wlan.ssid") == self.values["wlan.ssid"]
        return data

    def buffered(self) -> object:
        """A long answer that the module keeps, as a stream."""
        if len(self.streams) >= 8:
            return self.close()
        wanted = self.done("help", b"stream_read") and self.done("get", b"static")
        self.done("set", b"system.cmd.buffered", b"1")
        kept = self.done("get", b"static")
        self.done("set", b"system.cmd.buffered", b"0")
        handle = self._free()
        assert kept == b"%d,%d" % (handle, len(wanted))
        got = self.done("stream_read", b"%d" % handle, b"%d" % len(wanted))
        assert got == wanted
        self.driver.command("stream_close", b"%d" % handle)
        return got

    def logs(self) -> object:
        """Log lines come between the answers, each once and whole."""
        if len(self.streams) >= 8:
            return self.close()
        self.driver.logs()
        self.done("set", b"system.print_level", b"1")
        result, handle = self.driver.client("tcp", "host.airwire", self.port)
        assert (result, handle) == (0, self._free()), (result, handle)
        assert self.driver.close(handle) == 0
        self.done("set", b"system.print_level", b"0")
        found = [_STAMP.sub("[", line) for line in self.driver.logs()]
        assert found == [
            f"[Opening: host.airwire:{self.port}]",
            f"[Opened: {handle}]",
            f"[Closed: {handle}]",
        ]
        return found

    def _size(self, data: bytes) -> int:
        # Of the reads for them. Their number depends on the moment; it may draw nothing.
        return self.rng.choice([1 + len(data) // 5, 100, 5000])

    def _read(self, handle: int, size: int) -> tuple[Result, bytes]:
        """What comes next, as soon as something does."""
        until = time.monotonic() + PATIENCE
        while (found := self.driver.read(handle, size)) == (0, b""):
            assert time.monotonic() < until, f"nothing comes from stream {handle}"
        return found

    def _rest(self, handle: int, size: int) -> bytes:
        """All that comes until the other side closes."""
        data = b""
        while (found := self._read(handle, size))[0] == 0:
            data += found[1]
        assert found == (END, b"")
        return data

    def _free(self) -> int:
        return min(set(range(9)) - set(self.streams))

    def _data(self, most: int) -> bytes:
        size = self.rng.choice([1, 2, 100, self.rng.randint(1, most)])
        return self.rng.choice([self.rng.randbytes(size), self.rng.choice(DECEIVING)])


def _harmless(line: bytes) -> bool:
    if vocabulary.data_of(line) != b"":
        return False
    try:
        words = cmdline.split(line)
    except cmdline.ParseError:
        return True
    word = words[0].decode(errors="replace") if words else ""
    known = vocabulary._NAMES.get(word, word)
    return known in HARMLESS or known not in _COMMANDS
