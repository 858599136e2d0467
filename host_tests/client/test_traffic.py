"""Thousands of commands at UART1, valid and damaged: every answer a frame, nothing left behind.

A module of the ESP32's object sizes and heap. The run ends where it began: the same variables, no
stream open, no fault logged, and no more memory in use.
"""

import contextlib
import itertools
import socket
import socketserver
import threading
from collections.abc import Iterator
from random import Random

import pytest

from airwire.client import CommandError, CommandFailed, Module
from host_tests.board import live
from host_tests.board.mail import MailServer
from host_tests.client import vocabulary
from host_tests.client.conftest import PATIENCE
from host_tests.client.valid import ANALOG, GPIOS, LEFT_OUT, Valid, join, raise_softap

# Full counts, with the waits of damaged network_up and scan between them.
pytestmark = pytest.mark.timeout(3600)

# What a chip has, 160K, and what the shims take that stand for C there: all commands, kinds of
# streams and peripherals are in memory together here. With less the firmware gives command files
# back now and then, and what is live differs by one of them.
HEAP = "240K"

# The longest that a line takes: a join that tries ten times to find a network that is not there.
ANSWER_SECONDS = 60.0

# Live memory may differ by what a number of another size takes here and there.
MEMORY_SLACK = 256

# Commands in a row of rounds. The first allocates what is used from then on: after it is the
# baseline. What the later ones leave behind, always or up to some limit, counts.
ROUNDS_REDUCED = (15, 15, 15, 15)
ROUNDS_FULL = (4000, 2000, 2000, 2000)


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


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server of this machine."""
    with MailServer() as server:
        yield server


def rest(module: Module) -> int:
    """Bring everything to where it was, and use once what stays in memory from then on; the live
    memory in bytes.
    """
    for server in ("tcp_server", "udp_server"):
        with contextlib.suppress(CommandFailed):
            module.command(server, "stop")
    module.close_streams()
    module.format_flash()
    _rest_gpios(module)
    _rest_variables(module)
    # The registry remembers each command by both of its names, once it has been used.
    for command, shortcut in module.commands().items():
        for word in (command, shortcut):
            if command not in (*vocabulary.LEFT_OUT, "save", "faults_reset", "network_down"):
                module._link.exchange(f"{word} 0 0 0 0 0 0 0".encode(), None, PATIENCE, word)
    with pytest.raises(CommandFailed):
        module.tcp_client("no.such.name", 80)
    module.udp_client("host.airwire", 9).close()
    assert module.streams() == []
    assert module.files() == []
    assert module.faults() == []
    # A join forgets the code of all commands: what is loaded then is the same each time.
    join(module)
    used = live.memory(Asked(module))
    module.network_down("wlan")
    return used


class Asked:
    """A module as a console that answers `get`."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def ok(self, line: str) -> str:
        return self._module.get(line.removeprefix("get "))


def _rest_gpios(module: Module) -> None:
    # All are taken at once, so that their register has its full size.
    for direction in ("input_highz", "none"):
        for gpio in range(40):
            with contextlib.suppress(CommandError):
                module.gpio_dir(gpio, direction)
    module.pwm(GPIOS[0], 1000, 10)
    module.pwm_stop(GPIOS[0])
    for gpio in (25, 26):  # for ever
        module.dac(gpio, 0)
    module.adc(ANALOG)


def _rest_variables(module: Module) -> None:
    # Each has had a value of its own once, so that the table of values has its full size.
    same = Random(1)
    for variable in vocabulary.VARIABLES:
        if variable.type.startswith("int"):
            module.set(variable.name, variable.type.split()[1])
        else:
            module.set(variable.name, vocabulary.value(same, variable.type)[0])
    for variable in vocabulary.VARIABLES:
        module.set(variable.name, variable.default)
    # Anew, so that the same code is in memory afterwards, whatever was up.
    module.network_down("wlan")
    join(module)
    raise_softap(module)
    module.network_down("softap")
    with module.tcp_server(4000, interface="wlan") as server:
        address = module.get("network.ip"), server.port
        with socket.create_connection(address, PATIENCE):
            server.accept(PATIENCE)
    module.udp_server(4000, interface="wlan").close()
    module.ping()
    module.network_verify("airwire-wpa2", "correct horse")
    module.save()


def test_the_vocabulary_is_complete(module, rng, mail):
    """A command that the firmware has and no run uses is one that this file has forgotten."""
    commands = module.commands()
    steps = Valid(module, rng, 0, mail).steps.keys()
    assert commands.keys() - steps - LEFT_OUT == set()
    assert steps - commands.keys() == set()
    # Lines to be damaged are made of all of them.
    words = {line.split(b" ")[0].decode() for line in vocabulary.LINES if line}
    assert words >= {*commands, *commands.values()}


def left_by(module, rounds, run, figure):
    """run(count) for each of the rounds, and with the last count as often as it takes until
    nothing is used for the first time; the bytes of live memory that the commands leave behind.
    """
    counts = iter(rounds)
    left, used = live.left_by_use(lambda: rest(module), lambda: run(next(counts, rounds[-1])))
    growth = [after - before for before, after in itertools.pairwise(used)]
    figure(f"live memory after {rounds} commands: {growth} bytes more")
    return left


def test_valid_commands(module, echo, mail, rng, counts, figure):
    def run(count):
        valid = Valid(module, rng, echo, mail)
        for done in range(count):
            try:
                valid.step()
            except Exception as error:
                error.add_note(f"after {done} commands")
                raise
        valid.streams.clear()

    rounds = counts(ROUNDS_REDUCED, ROUNDS_FULL)
    assert left_by(module, rounds, run, figure) <= MEMORY_SLACK


def test_damaged_commands(module, board, rng, counts, figure):
    link = module._link
    module.set("system.print_level", 4)  # log lines between the replies

    def run(count):
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
        module.network_down("wlan")
        module.notifications.clear()

    rounds = counts(ROUNDS_REDUCED, ROUNDS_FULL)
    assert left_by(module, rounds, run, figure) <= MEMORY_SLACK
