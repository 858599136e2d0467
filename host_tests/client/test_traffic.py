"""Thousands of commands at UART1, valid and damaged: every answer a frame, nothing left behind.

A module of the ESP32's object sizes and heap. The run ends where it began: the same variables, no
stream open, no fault logged, and no more memory in use.
"""

import contextlib
import socketserver
import threading
from collections.abc import Callable, Iterator

import pytest

from airwire.client import CommandError, CommandFailed, Module, Stream
from airwire.client.commands import Word
from host_tests.client import vocabulary
from host_tests.client.conftest import PATIENCE

# Full counts, with the waits of damaged network_up and scan between them.
pytestmark = pytest.mark.timeout(1800)

# What a chip has, 160K, and what the shims take that stand for C there: all commands, kinds of
# streams and peripherals are in memory together here. With less the firmware gives command files
# back now and then, and what is live differs by one of them.
HEAP = "240K"

# The longest that a line takes: a join that tries ten times to find a network that is not there.
ANSWER_SECONDS = 60.0

# Live memory may differ by what a number of another size takes here and there.
MEMORY_SLACK = 256

# Commands in a row of rounds. What is allocated once and used from then on makes some grow;
# a command that leaves something behind makes all of them grow.
ROUNDS_REDUCED = (60, 60, 60)
ROUNDS_FULL = (500, 4750, 4750)


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


# GPIOs that a run uses; no variable of its vocabulary takes one of them.
GPIOS = (18, 19, 21, 22, 23)
_ANALOG = 34


def rest(module: Module) -> int:
    """Bring everything to where it was, and use once what stays in memory from then on; the live
    memory in bytes.
    """
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
    # Four command files are in memory, and the first that came goes first: two rounds of eight
    # lead to the same four, whichever there were.
    for _ in range(2):
        module.adc(_ANALOG)
        module.files()
        module.gpios_get()
        module.rssi()
        module.command("setup", "status")
        module.streams()
        module.version()
        used = int(module.get("system.memory.used"))
    return used


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
    module.adc(_ANALOG)


def _rest_variables(module: Module) -> None:
    # Each has had a value of its own once, so that the table of values has its full size.
    for variable in vocabulary.VARIABLES:
        if variable.type.startswith("int"):
            module.set(variable.name, variable.type.split()[1])
    for variable in vocabulary.VARIABLES:
        module.set(variable.name, variable.default)
    _join(module)
    module.save()


def _join(module: Module) -> None:
    for variable in vocabulary.VARIABLES:
        if variable.name.startswith(("wlan.", "network.", "static.")):
            module.set(variable.name, variable.default)
    module.set("wlan.ssid", "airwire-wpa2")
    module.set("wlan.passkey", "correct horse")
    module.network_up()


class Valid:
    """Commands whose answers are known, and the module as it must then be."""

    def __init__(self, module: Module, rng, port: int) -> None:
        self.module, self.rng, self.port = module, rng, port
        self.values = module.get_group()
        self.save()
        self.streams: list[Stream] = []
        self.files: dict[str, bytes] = {}
        self.levels: dict[int, int] = {}  # of outputs
        # Each command of the firmware, and how often it is drawn.
        self.steps: dict[str, tuple[int, Callable[[], None]]] = {
            "adc_take_sample": (2, lambda: self.number(module.adc(_ANALOG), 0, 3300)),
            "dac_set_level": (2, lambda: module.dac(rng.choice([25, 26]), rng.randrange(256))),
            "exit": (1, lambda: self.refused("exit")),
            "faults_print": (1, lambda: self.equal(module.faults(), [])),
            "faults_reset": (1, module.reset_faults),
            "file_create": (4, self.create),
            "file_delete": (2, self.delete),
            "file_open": (2, self.read_file),
            "file_stat": (2, self.stat),
            "format_flash": (1, self.format),
            "get": (20, self.get),
            "gpio_dir": (3, self.direction),
            "gpio_get": (3, self.level),
            "gpio_set": (3, self.drive),
            "gpios_dir": (1, self.directions),
            "gpios_get": (2, self.all_levels),
            "gpios_set": (2, self.drive_all),
            "help": (3, self.help),
            "load": (1, self.load),
            "ls": (2, self.list_files),
            "network_down": (1, self.down),
            "network_up": (1, self.up),
            "pwm_update": (1, self.pwm),
            "save": (1, self.save),
            "set": (25, self.set),
            "setup": (1, self.script),
            "stream_close": (4, self.close),
            "stream_list": (3, self.tables),
            "stream_poll": (3, self.polls),
            "stream_read": (5, self.echo),
            "stream_write": (5, self.echo),
            "tcp_client": (5, self.open),
            "udp_client": (2, self.datagram),
            "version": (1, lambda: self.equal(module.version().name, "Airwire")),
            "wlan_get_rssi": (2, lambda: self.number(module.rssi(), -100, 0)),
            "wlan_scan": (1, module.scan),
        }

    def step(self) -> None:
        weights = [weight for weight, _ in self.steps.values()]
        [(name, (_, do))] = self.rng.choices(list(self.steps.items()), weights)
        try:
            do()
        except Exception as error:
            error.add_note(f"in {name}")
            raise

    def equal(self, got: object, wanted: object) -> None:
        assert got == wanted

    def number(self, got: int, low: int, high: int) -> None:
        assert low <= got <= high

    def refused(self, name: str, *args: Word) -> None:
        with pytest.raises(CommandFailed):
            self.module.command(name, *args)

    # Variables

    def set(self) -> None:
        variable = self.rng.choice(vocabulary.VARIABLES)
        given, shown = vocabulary.value(self.rng, variable.type)
        self.module.set(vocabulary.name(self.rng, variable), given)
        secret = variable.access == "secret" and shown
        self.values[variable.name] = (
            "********" if secret else shown.decode(errors="surrogateescape")
        )

    def get(self) -> None:
        if self.rng.random() < 0.2:
            self.group(self.rng.choice([*vocabulary.GROUPS, "wlan.join", "uart", "all"]))
            return
        variable = self.rng.choice(vocabulary.VARIABLES)
        got = self.module.get(vocabulary.name(self.rng, variable))
        assert got == self.values[variable.name]

    def group(self, group: str) -> None:
        got = self.module.get_group(group)
        for variable in vocabulary.VARIABLES:
            if group == "all" or variable.name.startswith(group + "."):
                assert got[variable.name] == self.values[variable.name]

    def save(self) -> None:
        self.module.save()
        self.saved = dict(self.values)

    def load(self) -> None:
        self.module.load()
        self.values = dict(self.saved)
        self.group("wlan")

    def script(self) -> None:
        self.equal(self.module.command("setup", "status"), b"0")

    def help(self) -> None:
        module = self.module
        variable = self.rng.choice(vocabulary.VARIABLES)
        self.rng.choice(
            [
                lambda: self.equal(module.commands().keys(), self.steps.keys() | LEFT_OUT),
                lambda: self.equal(len(module.variables()) > 100, True),
                lambda: self.equal(variable.name in module.help(variable.name), True),
                lambda: self.equal(module.help("get").startswith("get : get"), True),
            ]
        )()

    # Files

    def create(self) -> None:
        if len(self.files) >= 8:
            self.delete()
        name = self.rng.choice(["a", "b b", "c/\u00e9", "%"]) + str(self.rng.randrange(9))
        data = self.rng.randbytes(self.rng.choice([0, 1, 100, 700, 5000]))
        if name in self.files:
            self.refused("file_create", "-o", name, len(data))
            return
        self.module.create_file(name, data, essential=self.rng.random() < 0.5)
        self.files[name] = data

    def delete(self) -> None:
        if self.files:
            name = self.rng.choice(sorted(self.files))
            self.module.delete_file(name)
            del self.files[name]

    def read_file(self) -> None:
        if self.files and len(self.streams) < 8:
            name = self.rng.choice(sorted(self.files))
            assert self.module.read_file(name) == self.files[name]

    def stat(self) -> None:
        if self.files:
            name = self.rng.choice(sorted(self.files))
            assert self.module.file_stat(name).size == len(self.files[name])

    def list_files(self) -> None:
        listed = {file.name: file.size for file in self.module.files()}
        assert listed == {name: len(data) for name, data in self.files.items()}

    def format(self) -> None:
        self.module.format_flash()
        self.files.clear()

    # GPIOs

    def direction(self) -> None:
        gpio = self.rng.choice(GPIOS)
        if self.rng.random() < 0.3:
            self.module.gpio_dir(gpio, "none")
            self.levels.pop(gpio, None)
        else:
            level = self.rng.randrange(2)
            self.module.gpio_dir(gpio, "output", level)
            self.levels[gpio] = level

    def level(self) -> None:
        for gpio, level in self.levels.items():
            assert self.module.gpio_get(gpio) == level

    def drive(self) -> None:
        for gpio in self.levels:
            self.levels[gpio] = self.rng.randrange(2)
            self.module.gpio_set(gpio, self.levels[gpio])

    def directions(self) -> None:
        self.module.gpios_dir(dict.fromkeys(GPIOS, "output"))
        self.levels = dict.fromkeys(GPIOS, 0)

    def all_levels(self) -> None:
        levels = self.module.gpios_get()
        assert {gpio: levels[gpio] for gpio in self.levels} == self.levels

    def drive_all(self) -> None:
        self.levels = {gpio: self.rng.randrange(2) for gpio in self.levels}
        self.module.gpios_set(self.levels)

    def pwm(self) -> None:
        gpio = self.rng.choice(GPIOS)
        self.module.pwm(gpio, self.rng.choice([1000, 2000]), self.rng.randrange(101))
        self.module.pwm_stop(gpio)
        self.levels.pop(gpio, None)

    # Network

    def open(self) -> None:
        if len(self.streams) < 7:
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

    def datagram(self) -> None:
        if len(self.streams) < 8:
            with self.module.udp_client("host.airwire", 9) as stream:
                stream.write(self.rng.randbytes(self.rng.choice([1, 100, 1472])))

    def tables(self) -> None:
        handles = sorted(stream.handle for stream in self.streams)
        assert [row.handle for row in self.module.streams()] == handles

    def polls(self) -> None:
        for stream in self.streams:
            assert not stream.poll()

    def up(self) -> None:
        self.module.close_streams()
        self.streams.clear()
        _join(self.module)
        self.values = self.module.get_group()

    def down(self) -> None:
        self.module.close_streams()
        self.streams.clear()
        self.module.network_down()
        self.refused("wlan_get_rssi")
        self.up()


LEFT_OUT = set(vocabulary.LEFT_OUT)


def test_the_vocabulary_is_complete(module, rng):
    """A command that the firmware has and no run uses is one that this file has forgotten."""
    commands = module.commands()
    steps = Valid(module, rng, 0).steps.keys()
    assert commands.keys() - steps - LEFT_OUT == set()
    assert steps - commands.keys() == set()
    # Lines to be damaged are made of all of them.
    words = {line.split(b" ")[0].decode() for line in vocabulary.LINES if line}
    assert words >= {*commands, *commands.values()}


def grown(module, rounds, run, figure):
    """run(count) for each of the rounds; the bytes of live memory by which the least one grew."""
    used = [rest(module)]
    for count in rounds:
        run(count)
        used.append(rest(module))
    growth = [after - before for before, after in zip(used, used[1:], strict=False)]
    figure(f"live memory after {rounds} commands: {growth} bytes more")
    return min(growth)


def test_valid_commands(module, echo, rng, counts, figure):
    def run(count):
        valid = Valid(module, rng, echo)
        for done in range(count):
            try:
                valid.step()
            except Exception as error:
                error.add_note(f"after {done} commands")
                raise
        valid.streams.clear()

    rounds = counts(ROUNDS_REDUCED, ROUNDS_FULL)
    assert grown(module, rounds, run, figure) <= MEMORY_SLACK


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
        module.network_down()
        module.notifications.clear()

    rounds = counts(ROUNDS_REDUCED, ROUNDS_FULL)
    assert grown(module, rounds, run, figure) <= MEMORY_SLACK
