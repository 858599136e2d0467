"""Commands whose answers are known, drawn at random: what test_traffic.py sends to a module."""

import socket
from collections.abc import Callable
from random import Random

import pytest

from airwire.client import CommandFailed, Module, Stream
from airwire.client.commands import Word
from host_tests.board import certificates
from host_tests.board.mail import MailServer
from host_tests.board.stream_wire import exactly
from host_tests.client import vocabulary
from host_tests.client.conftest import PATIENCE

LEFT_OUT = set(vocabulary.LEFT_OUT)

# GPIOs that a run uses; no variable of its vocabulary takes one of them.
GPIOS = (18, 19, 21, 22, 23)
ANALOG = 34


def raise_softap(module: Module) -> None:
    """The soft-AP with the variables as they were, and a passkey that the module does not make:
    that one would be saved.
    """
    for variable in vocabulary.VARIABLES:
        if variable.name.startswith("softap."):
            module.set(variable.name, variable.default)
    module.set("softap.passkey", "tin snips 42")
    module.network_restart("softap")


def join(module: Module) -> None:
    """The network, with the variables as they were."""
    for variable in vocabulary.VARIABLES:
        if variable.name.startswith(("wlan.", "network.", "static.")):
            module.set(variable.name, variable.default)
    module.set("wlan.ssid", "airwire-wpa2")
    module.set("wlan.passkey", "correct horse")
    module.network_up("wlan")


class Valid:
    """Commands whose answers are known, and the module as it must then be."""

    def __init__(self, module: Module, rng: Random, port: int, mail: MailServer) -> None:
        self.module, self.rng, self.port, self.mail = module, rng, port, mail
        join(module)  # any command may be the first
        self.values = module.get_group()
        self.save()
        self.streams: list[Stream] = []
        self.files: dict[str, bytes] = {}
        self.identities = set(self.listed_identities())  # of the run before
        self.levels: dict[int, int] = {}  # of outputs
        # Each command of the firmware, and how often it is drawn.
        self.steps: dict[str, tuple[int, Callable[[], None]]] = {
            "adc_take_sample": (2, lambda: self.number(module.adc(ANALOG), 0, 3300)),
            "cert_delete": (1, self.delete_identity),
            "cert_list": (1, self.list_identities),
            "cert_load": (2, self.load_identity),
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
            "mdns_discover": (1, self.discover),
            "network_down": (1, self.down),
            "network_lookup": (2, self.look_up),
            "network_restart": (1, self.restart),
            "network_up": (1, self.up),
            "network_verify": (1, self.verify),
            "ping": (2, self.ping),
            "pwm_update": (1, self.pwm),
            "save": (1, self.save),
            "selftest": (1, self.test_itself),
            "set": (25, self.set),
            "setup": (1, self.script),
            "smtp_send": (1, self.send_email),
            "stream_close": (4, self.close),
            "stream_list": (3, self.tables),
            "stream_poll": (3, self.polls),
            "stream_read": (5, self.echo),
            "stream_write": (5, self.echo),
            "tcp_client": (5, self.open),
            "tcp_server": (2, self.serve),
            "tls_ciphers": (1, self.list_ciphers),
            "tls_client": (1, self.shake),
            "tls_server": (1, lambda: self.refused("tls_server", "start")),  # has no certificate
            "udp_client": (2, self.datagram),
            "udp_server": (2, self.serve_datagrams),
            "version": (1, lambda: self.equal(module.version().name, "Airwire")),
            "wlan_get_rssi": (2, lambda: self.number(module.rssi(), -100, 0)),
            "wlan_scan": (1, module.scan),
            "wwep_list": (1, lambda: self.refused("wwep_list")),  # its server does not run
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

    def test_itself(self) -> None:
        found = self.module.selftest("dct", "flash", "files")
        assert [row.result for row in found] == ["pass"] * 3

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

    # Certificates

    def load_identity(self) -> None:
        name = self.rng.choice(["server", "client", "~"])
        data = certificates.make(name).pem
        data = self.rng.choice([data, data.replace(b"\n", b"\r\n")])
        self.module.command("cert_load", name, "cert", len(data), data=data)
        self.identities.add(name)

    def listed_identities(self) -> dict[str, str]:
        """Name -> subject."""
        rows = self.module.command("cert_list").decode().split("\r\n")[1:]
        return {row.split()[5].removeprefix("dct:"): row.split()[6] for row in rows}

    def list_identities(self) -> None:
        assert self.listed_identities() == {name: name for name in self.identities}

    def delete_identity(self) -> None:
        if self.identities:
            self.module.command("cert_delete", self.identities.pop())
        else:
            self.refused("cert_delete", "nobody")

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

    def shake(self) -> None:
        # Trusted or not: who echoes a handshake is no TLS server.
        if len(self.streams) < 8:
            self.refused("tls_client", "host.airwire", self.port)

    def list_ciphers(self) -> None:
        assert b"ECDHE" in self.module.command("tls_ciphers")

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

    def serve(self) -> None:
        if len(self.streams) < 8:
            with (
                self.module.tcp_server(self.rng.choice([4000, 4001]), interface="wlan") as server,
                socket.create_connection((self.address(), server.port), PATIENCE) as peer,
            ):
                stream = server.accept(PATIENCE, read_timeout=PATIENCE)
                data = self.rng.randbytes(self.rng.choice([1, 100, 700]))
                stream.write(data)
                peer.sendall(exactly(peer, len(data)))
                got = b""
                while len(got) < len(data):
                    got += stream.read(700)
                assert got == data

    def serve_datagrams(self) -> None:
        if len(self.streams) < 8:
            with (
                self.module.udp_server(4000, interface="wlan", read_timeout=PATIENCE) as stream,
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
            ):
                peer.settimeout(PATIENCE)
                data = self.rng.randbytes(self.rng.choice([1, 100, 1472]))
                peer.sendto(data, (self.address(), 4000))
                got = b""
                while len(got) < len(data):
                    got += stream.read(700)
                stream.write(got)
                assert peer.recv(2000) == data

    def address(self) -> str:
        return self.module.get("network.ip")

    def look_up(self) -> None:
        name, address = self.rng.choice(
            [("host.airwire", "127.0.0.1"), ("10.1.2.3", "10.1.2.3"), ("nobody.airwire", None)]
        )
        if address is None:
            self.refused("network_lookup", name)
        else:
            self.equal(self.module.network_lookup(name), address)

    def ping(self) -> None:
        self.number(self.module.ping(self.rng.choice([None, "host.airwire"])), 0, 1000)

    def discover(self) -> None:
        # On the loopback nobody answers.
        self.equal(self.module.mdns_discover(self.rng.choice([None, "http"])), [])

    def send_email(self) -> None:
        for name, value in (
            ("email.name_address", "anna@example.com"),
            ("email.smtp.host", "host.airwire"),
            ("email.smtp.port", str(self.mail.port)),
            ("email.smtp.timeout", "30000"),
            ("email.smtp.tls", "none"),
            ("email.smtp.username", ""),
        ):
            self.module.set(name, value)
            self.values[name] = value
        text = "x" * self.rng.choice([0, 1, 700, 5000])
        self.module.smtp_send("bert@example.org", "a subject", text)
        _, envelope, message = self.mail.next()
        assert envelope.rcpt_tos == ["bert@example.org"]
        assert (message.get_payload(decode=True) or b"").strip() == text.encode()

    def up(self) -> None:
        if self.rng.random() < 0.3:
            self.softap()
        else:
            self.join()

    def join(self) -> None:
        self.leave_streams()
        join(self.module)
        self.values = self.module.get_group()

    def softap(self) -> None:
        raise_softap(self.module)
        self.values = self.module.get_group()
        self.equal(self.module.softap_clients(), [])
        self.module.network_down("softap")

    def restart(self) -> None:
        self.join()
        self.module.network_restart("wlan")
        self.equal(self.module.get("wlan.network.status"), "2")

    def verify(self) -> None:
        self.join()
        if self.rng.random() < 0.5:
            self.module.network_verify("airwire-wpa2", "correct horse")
        else:
            with pytest.raises(CommandFailed):
                self.module.network_verify("airwire-wpa2", "incorrect horse")
        self.equal(self.module.get("wlan.network.status"), "2")

    def down(self) -> None:
        self.leave_streams()
        self.module.network_down("wlan")
        self.refused("wlan_get_rssi")
        join(self.module)
        self.values = self.module.get_group()

    def leave_streams(self) -> None:
        self.module.close_streams()
        self.streams.clear()
