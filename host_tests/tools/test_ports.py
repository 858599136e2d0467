"""Which port is meant, and the one line for each way in which a port fails: through the commands,
with stock esptool, mpremote and ampy where a program is needed.
"""

import errno
import fcntl
import io
import os
import sys
import termios
import threading
import time
import tty

import pytest
import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from airwire import cli, deploying, monitor, ports
from airwire.board.client import Board
from airwire.board.rom.loader import Rom
from airwire.board.rom.registers import Registers
from airwire.errors import UserError
from airwire.image import layout, tree
from host_tests.board.telnet import program

PATIENCE = 120

# Where the ROM of each chip keeps a number, and the ESP32-S2's.
MAGIC_AT, MAGIC_S2 = 0x40001000, 0x7C6


class Nor:
    """A flash chip in memory, as the loader wants one."""

    size = layout.FLASH_SIZE

    def __init__(self):
        self.content = bytearray(b"\xff" * self.size)

    def read(self, address, length):
        return bytes(self.content[address : address + length])

    def program(self, address, data):
        self.content[address : address + len(data)] = data

    def erase(self, address, length):
        self.content[address : address + length] = b"\xff" * length


class Pty:
    """A serial port of which the test has the other end. `answer`: what comes back for bytes."""

    def __init__(self, folder, answer=None):
        self.master, self.slave = os.openpty()
        # A name of its own: that of a pty is given to the next one when this has gone.
        self._link = folder / f"port{self.slave}"
        self._link.symlink_to(os.ttyname(self.slave))
        self.name = str(self._link)
        self.heard = threading.Event()
        self._answer = answer or (lambda data: b"")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                data = os.read(self.master, 4096)
            except OSError:
                return
            if b"\0end" in data:  # behind what a program has sent, it may be
                return
            answer = self._answer(data)
            self.heard.set()
            if answer:
                os.write(self.master, answer)

    def pull(self):
        """The plug: the device goes."""
        os.write(self.slave, b"\0end")
        self._thread.join(PATIENCE)
        self._link.unlink()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def pty(tmp_path):
    made = []

    def make(answer=None):
        made.append(Pty(tmp_path, answer))
        os.set_blocking(made[-1].slave, False)
        tty.setraw(made[-1].slave)
        return made[-1]

    return make


def usb(device, vendor, product, number=None):
    info = ListPortInfo(device)
    info.vid, info.pid, info.serial_number = vendor, product, number
    return info


@pytest.fixture
def plugged(monkeypatch):
    """plugged(rows): what is on USB."""
    return lambda *rows: monkeypatch.setattr(list_ports, "comports", lambda: list(rows))


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path, counts):
    """No tree is built: the ports are what is looked at. With the reduced counts esptool tries
    once to connect, not seven times.
    """
    monkeypatch.setattr(tree, "device_files", lambda root: {"boot.py": b""})
    (tmp_path / "esptool.cfg").write_text("[esptool]\nconnect_attempts = 1\n")
    if counts(True, False):
        monkeypatch.setenv("ESPTOOL_CFGFILE", str(tmp_path / "esptool.cfg"))


def refused(capfd, *words):
    """The one line of a command that fails."""
    assert cli.main([*words]) == ports.FAILED
    lines = capfd.readouterr().err.splitlines()
    assert lines[-1].startswith("airwire: ") and not any("Traceback" in line for line in lines)
    return lines[-1].removeprefix("airwire: ")


# Which port


def test_the_only_board(plugged, capfd):
    plugged(usb("/dev/ttyS0", None, None), usb("/dev/ttyUSB3", 0x10C4, 0xEA60, "0001"))
    assert ports.find("") == ports.find(None) == "/dev/ttyUSB3"
    assert capfd.readouterr().err == "/dev/ttyUSB3: CP210x, serial number 0001\n" * 2


def test_each_bridge_is_known(plugged):
    for vendor, product in ports.BRIDGES:
        plugged(usb("/dev/ttyUSB0", vendor, product), usb("/dev/mouse", 0x046D, product))
        assert ports.find("") == "/dev/ttyUSB0"
    assert {(0x10C4, 0xEA60), (0x1A86, 0x7523), (0x1A86, 0x55D4), (0x303A, 0x1001)} <= set(
        ports.BRIDGES
    )
    assert {(0x0403, product) for product in (0x6001, 0x6010, 0x6015)} <= set(ports.BRIDGES)


def test_no_board(plugged, capfd):
    plugged(usb("/dev/ttyS0", None, None))
    for command in ("erase", "deploy"):
        said = refused(capfd, command, "--port", "")
        assert said.startswith("no board on USB: plug one in, with a cable that has data lines")


def test_several_boards(plugged, capfd):
    plugged(usb("/dev/ttyUSB1", 0x1A86, 0x7523), usb("/dev/ttyUSB0", 0x10C4, 0xEA60, "0001"))
    assert refused(capfd, "erase") == (
        "several boards, name one (PORT=...): "
        "/dev/ttyUSB0 (CP210x, serial number 0001), /dev/ttyUSB1 (CH340)"
    )


def test_several_boards_on_a_terminal(plugged, capfd, monkeypatch):
    class Typed(io.StringIO):
        def isatty(self):
            return True

    plugged(usb("/dev/ttyUSB1", 0x1A86, 0x7523), usb("/dev/ttyUSB0", 0x10C4, 0xEA60, "0001"))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", Typed("3\nx\n2\n"))
    assert ports.find("") == "/dev/ttyUSB1"
    asked = capfd.readouterr().err
    assert asked.startswith(
        "1  /dev/ttyUSB0  CP210x, serial number 0001\n2  /dev/ttyUSB1  CH340\n"
    )
    assert asked.count("which board (1 to 2)? ") == 3
    with pytest.raises(UserError, match="^no board chosen$"):
        ports.find("")


# How it fails


@pytest.mark.parametrize("command", ["erase", "deploy"])
def test_a_port_that_is_not_there(plugged, capfd, command):
    plugged(usb("/dev/ttyUSB0", 0x10C4, 0xEA60))
    said = refused(capfd, command, "--port", "/dev/ttyNone")
    assert said == "no port /dev/ttyNone: plug the board in; boards here: /dev/ttyUSB0"


@pytest.mark.parametrize("command", ["erase", "deploy"])
def test_busy_and_then_free(pty, capfd, command, monkeypatch):
    port = pty()
    with open(port.name, "rb+", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        said = refused(capfd, command, "--port", port.name)
        assert said == f"{port.name} is busy: close the program that uses it"
    ports.check(port.name)  # the second try


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (errno.EACCES, "no permission for PORT: add yourself to the group"),
        (errno.EBUSY, "PORT is"),
    ],
)
def test_what_the_system_refuses(pty, capfd, monkeypatch, number, line):
    """The tests may run as root, who can open everything: what open() says is pretended."""
    port = pty().name

    def refuse(self):
        raise serial.SerialException(number, f"could not open port {port}")

    monkeypatch.setattr(serial.Serial, "open", refuse)
    for command in ("erase", "deploy"):
        assert refused(capfd, command, "--port", port).startswith(line.replace("PORT", port))


def test_no_serial_port(capfd):
    assert refused(capfd, "erase", "--port", "/dev/null") == (
        "/dev/null is no serial port: name another one (PORT=...)"
    )


@pytest.mark.parametrize("command", ["flash", "erase", "deploy"])
def test_names_that_are_no_port(plugged, capfd, monkeypatch, tmp_path, command):
    """Told before any program is started."""
    monkeypatch.setattr("subprocess.Popen", None)
    plugged(usb("/dev/ttyUSB0", 0x10C4, 0xEA60))
    words = [command, *(["--firmware", "none.bin"] if command == "flash" else []), "--port"]
    for port in ("ttyNone", "nowhere/ttyUSB0"):
        said = refused(capfd, *words, port)
        assert said == f"no port {port}: plug the board in; boards here: /dev/ttyUSB0"
    for port in (
        "foo://x",
        "rfc2217://127.0.0.1",
        "rfc2217://:2217",
        "rfc2217://host:",
        "rfc2217://host:x",
        "rfc2217://host:65536",
        "socket://host",
    ):
        said = refused(capfd, *words, port)
        assert said == f"no port {port}: a URL of one is rfc2217://HOST:PORT"
    said = refused(capfd, *words, str(tmp_path))
    assert said == f"{tmp_path} is no serial port: name another one (PORT=...)"


@pytest.mark.parametrize(
    "url", ["rfc2217://host:2217?logging=debug", "rfc2217://[::1]:2217", "socket://h:1", "loop://"]
)
def test_urls_of_ports(url):
    ports.check(url)


def test_nobody_at_a_url(capfd):
    said = refused(capfd, "erase", "--port", "rfc2217://127.0.0.1:1")
    assert said == "nobody answers at rfc2217://127.0.0.1:1: start what offers that port"
    # mpremote keeps to itself what the matter was.
    said = refused(capfd, "deploy", "--port", "rfc2217://127.0.0.1:1")
    assert said == (
        "no way into rfc2217://127.0.0.1:1: nobody offers it, or another program uses it"
    )


def test_no_answer(pty, capfd):
    port = pty().name
    assert refused(capfd, "erase", "--port", port) == (
        f"no answer from {port}: hold BOOT, press EN, and try again"
    )


def test_another_chip_and_then_the_right_one(pty, capfd):
    registers = Registers(bytes(6))
    registers._values[MAGIC_AT] = MAGIC_S2
    loader = Rom(Nor(), registers)
    port = pty(lambda data: loader.receive(data)).name
    said = refused(capfd, "erase", "--port", port, "--baud", "115200")
    assert said.startswith(f"wrong chip on {port}: This chip is ESP32-S2, not ESP32.")
    assert said.endswith(" Airwire runs on the classic ESP32.")


@pytest.mark.parametrize("tool", ["mpremote", "ampy"])
def test_no_micropython(pty, capfd, monkeypatch, tool):
    monkeypatch.setattr(deploying, "_LOOK_SECONDS", 1)
    port = pty().name
    said = refused(capfd, "deploy", "--port", port, "--with", tool)
    assert said.startswith(f"no prompt of MicroPython on {port}: press EN and try again")


@pytest.mark.parametrize("words", [["erase"], ["deploy"], ["deploy", "--with", "ampy"]])
def test_the_cable_is_pulled(pty, capfd, words):
    port = pty()

    def pull():
        assert port.heard.wait(PATIENCE)
        port.pull()

    puller = threading.Thread(target=pull)
    puller.start()
    said = refused(capfd, *words, "--port", port.name)
    puller.join()
    gone = f"{port.name} is gone: check the cable, plug the board in, and try again"
    assert said == gone


def test_an_error_below_its_heading():
    words = (
        "mpremote: Error with transport:\nTraceback (most recent call last):\n"
        '  File "<stdin>", line 1, in <module>\nMemoryError: memory allocation failed\n'
    )
    assert ports.explain(words, "COM3", "mpremote") == (
        "mpremote failed on COM3: mpremote: Error with transport: "
        "MemoryError: memory allocation failed"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "A fatal error occurred: No more data to read from the serial port. This can\n",
            "the chip on rfc2217://a:1 stopped answering: check the cable, or try --baud 115200",
        ),
        (
            "Error: Remote does not accept parameter change (RFC2217): dict_values([])\n",
            "no answer from rfc2217://a:1: another program uses it",
        ),
    ],
)
def test_a_board_that_is_lost_at_a_url(words, said):
    assert ports.explain(words, "rfc2217://a:1", "esptool") == said


# The monitor


def test_monitor_needs_a_terminal(capfd):
    assert cli.main(["monitor", "--port", "/dev/null"]) == 2
    assert capfd.readouterr().err.startswith("airwire: monitor needs a terminal; ")


class Port:
    """What a monitor needs of pyserial, with its control lines."""

    def __init__(self):
        self.sent, self.lines, self.comes = [], [], [b"from the board \xff\x00"]
        self.in_waiting, self.timeout = 64, None

    def read(self, size):
        if not self.comes:
            time.sleep(0.01)
            return b""
        data = self.comes.pop()
        if data is None:
            raise serial.SerialException("device reports readiness to read but returned no data")
        return data

    def write(self, data):
        self.sent.append(data)

    dtr = property(None, lambda self, on: self.lines.append(("dtr", on)))
    rts = property(None, lambda self, on: self.lines.append(("rts", on)))


def watched(port, typed):
    """Run a monitor on what is typed; what it has shown."""
    keys, screen = os.pipe(), os.pipe()
    os.write(keys[1], typed)
    try:
        monitor.Monitor(port, "PORT").run(keys[0], screen[1])
    finally:
        os.close(screen[1])
        with open(screen[0], "rb") as shown:
            said = shown.read()
        for fd in keys:
            os.close(fd)
    return said


def test_monitor_passes_every_byte(monkeypatch):
    port = Port()
    assert watched(port, b"a\x03\x04\xfe\x14\x14\x14\x1d\x1dlost") == b"from the board \xff\x00"
    assert b"".join(port.sent) == b"a\x03\x04\xfe\x14\x1d"


def test_monitor_resets():
    port = Port()
    watched(port, b"\x14\x12\x1d")
    assert port.lines == [("dtr", False), ("rts", True), ("dtr", False), ("rts", False)]
    port = Port()
    watched(port, b"\x14\x10\x1d")
    assert port.lines == [
        *(("dtr", False), ("rts", True), ("dtr", True), ("rts", False)),
        ("dtr", False),
    ]
    assert b"Ctrl-] ends it" in watched(Port(), b"\x14?\x1d")


def test_monitor_of_a_board(home, flash, fake):
    """In a terminal of its own: what is typed reaches the board, and a key resets it where the
    port has control lines.
    """
    with Board.up("seen", flash=flash, config=fake, rfc2217=0) as board:
        for port in ("board:seen", f"rfc2217://127.0.0.1:{board.status()['rfc2217']}"):
            command = [sys.executable, "-m", "airwire", "monitor", "--port", port]
            with program(command, 200) as terminal:
                terminal.until(b"Ctrl-] ends it")
                while termios.tcgetattr(terminal.port)[tty.LFLAG] & termios.ICANON:
                    terminal.more(0.01)
                boots = board.status()["boots"]
                terminal.send(b"line from the keyboard\n")
                terminal.until(b"from the keyboard\r\n")
                terminal.send(b"\x14\x12")
                if "://" in port:
                    terminal.until(b"boot ")
                    board.wait("boots", at_least=boots + 1)
                else:
                    terminal.until(b"this port has no DTR and RTS")
                    assert board.status()["boots"] == boots
                terminal.send(b"\x1d")
                assert terminal.wait() == 0


def test_monitor_sees_the_cable_pulled():
    port = Port()
    port.comes = [None]
    with pytest.raises(UserError, match="^PORT is gone: check the cable"):
        watched(port, b"x")
