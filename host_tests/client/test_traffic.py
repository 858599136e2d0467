"""Thousands of commands at UART1, valid and damaged: every answer a frame, nothing left behind.

A module of the ESP32's object sizes and heap. The run ends where it began: the same variables, no
stream open, no fault logged, and no more memory in use.
"""

import socketserver
import threading
from collections.abc import Iterator

import pytest

from airwire.client import CommandFailed, Module, Stream
from host_tests.client import vocabulary
from host_tests.client.conftest import PATIENCE

# Full counts, with the waits of damaged network_up and scan between them.
pytestmark = pytest.mark.timeout(1800)

# The longest that a line takes: a join that tries ten times to find a network that is not there.
ANSWER_SECONDS = 60.0

# Live memory may differ by what a number of another size takes here and there.
MEMORY_SLACK = 256

# Commands before memory is measured first: what they allocate once is in use from then on.
WARM_UP = 60


class _Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096):
            self.request.sendall(data)


@pytest.fixture
def echo() -> Iterator[int]:
    """A server of this machine that sends back what it gets; its port."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def rest(module: Module) -> int:
    """Bring everything to where it was; the live memory in bytes."""
    module.close_streams()
    for variable in vocabulary.VARIABLES:
        module.set(variable.name, variable.default)
    module.set("wlan.ssid", "airwire-wpa2")
    module.set("wlan.passkey", "correct horse")
    module.network_up()
    # The registry remembers each command by both of its names, once it has been used.
    for command, shortcut in module.commands().items():
        for word in (command, shortcut):
            if word not in ("reboot", "save", "faults_reset", "faur", "network_down", "ndo"):
                module._link.exchange(f"{word} 0 0 0 0 0 0 0".encode(), None, PATIENCE, word)
    # What is loaded at its first use.
    module.help("wlan.ssid")
    module.save()
    with pytest.raises(CommandFailed):
        module.tcp_client("no.such.name", 80)
    assert module.streams() == []
    assert module.faults() == []
    return int(module.get("system.memory.used"))


class Valid:
    """Commands whose answers are known, and the module as it must then be."""

    def __init__(self, module: Module, rng, port: int) -> None:
        self.module, self.rng, self.port = module, rng, port
        self.values = module.get_group()
        self.streams: list[Stream] = []
        self.steps = [self.set] * 6 + [self.get] * 6 + [self.group, self.open, self.close]
        self.steps += [self.echo] * 4 + [self.tables] * 2 + [self.texts]

    def step(self) -> None:
        self.rng.choice(self.steps)()

    def set(self) -> None:
        variable = self.rng.choice(vocabulary.VARIABLES)
        given, shown = vocabulary.value(self.rng, variable.type)
        self.module.set(vocabulary.name(self.rng, variable), given)
        secret = variable.access == "secret" and shown
        self.values[variable.name] = (
            "********" if secret else shown.decode(errors="surrogateescape")
        )

    def get(self) -> None:
        variable = self.rng.choice(vocabulary.VARIABLES)
        got = self.module.get(vocabulary.name(self.rng, variable))
        assert got == self.values[variable.name]

    def group(self) -> None:
        group = self.rng.choice([*vocabulary.GROUPS, "wlan.join", "all"])
        got = self.module.get_group(group)
        for variable in vocabulary.VARIABLES:
            if group == "all" or variable.name.startswith(group + "."):
                assert got[variable.name] == self.values[variable.name]

    def open(self) -> None:
        if len(self.streams) < 8:
            stream = self.module.tcp_client("host.airwire", self.port, read_timeout=PATIENCE)
            assert stream.handle not in [other.handle for other in self.streams]
            self.streams.append(stream)

    def close(self) -> None:
        if self.streams:
            self.streams.pop(self.rng.randrange(len(self.streams))).close()

    def echo(self) -> None:
        if self.streams:
            stream = self.rng.choice(self.streams)
            data = self.rng.randbytes(self.rng.choice([1, 2, 100, 700]))
            stream.write(data)
            got = b""
            while len(got) < len(data):
                got += stream.read(self.rng.randint(1, 900))
            assert got == data

    def tables(self) -> None:
        handles = sorted(stream.handle for stream in self.streams)
        assert [row.handle for row in self.module.streams()] == handles
        for stream in self.streams:
            assert not stream.poll()

    def texts(self) -> None:
        module = self.module
        assert module.version().name == "Airwire"
        assert module.commands().keys() >= {"get", "set", "stream_read"}
        assert module.help("get").startswith("get : get")
        assert module.command("network_up") == b"Success"
        assert module.faults() == []
        self.rng.choice([module.scan, module.variables, module.save, lambda: None])()


def test_valid_commands(module, echo, rng, counts):
    run = None
    for count in (WARM_UP, counts(300, 10_000)):
        before = rest(module)
        run = Valid(module, rng, echo)
        for _ in range(count):
            run.step()
        run.streams.clear()
    assert abs(rest(module) - before) <= MEMORY_SLACK


def test_damaged_commands(module, board, rng, counts):
    link = module._link
    module.set("system.print_level", 4)  # log lines between the replies
    for count in (WARM_UP, counts(300, 10_000)):
        before = rest(module)
        sent = 0
        while sent < count:
            line = vocabulary.damaged(rng)
            data = vocabulary.data_of(line)
            if data is None:
                continue
            sent += 1
            try:
                reply = link.exchange(line, data or None, ANSWER_SECONDS, repr(line))
                assert not reply.code or reply.payload, line
                link._adrift = False  # without looking for it: the thread must not be lost
            except Exception as error:
                error.add_note(f"after {sent} lines, at {line!r}")
                raise
    module.network_down()
    module.notifications.clear()
    assert abs(rest(module) - before) <= MEMORY_SLACK
