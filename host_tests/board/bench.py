"""A board on a bench, behind serial ports: a real one, or a virtual one by its ports alone.

Everything is done over the cable, or by what the bench's file says.
"""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from airwire.client import port, replies
from airwire.client.errors import PortError
from airwire.errors import UserError
from host_tests.board.backends import PRESS_SECONDS, Backend
from host_tests.board.bench_file import BenchFile
from host_tests.board.console import Console
from host_tests.board.transcript import Transcript

# What esptool holds EN low for.
EN_SECONDS = 0.1

# A relay's program, or Python's start on a busy machine.
COMMAND_SECONDS = 30

_READY = b"[Ready]\r\n"
# Resets in quick succession, and those of mpremote, lead there; factory_reset leads back.
_SAFE_MODE = b"[Safe mode]"
# A reset keeps the chip's clock. That of a power-on, 2000-01-01, counts as never set.
_NO_TIME = 946_684_800


class Bench(Backend):
    """The first port is UART0, with EN on RTS as dev boards have it unless the bench says
    otherwise, the second an adapter on UART1.
    """

    arch = "bench"

    def __init__(self, bench: BenchFile, logs: Path | None = None) -> None:
        """Nothing is opened yet. What passes the ports is kept in the folder `logs`. Raises
        UserError for a virtual board that is down.
        """
        try:
            super().__init__([port.resolve(name) for name in bench.ports])
        except PortError as error:
            raise UserError(str(error)) from None
        self._bench = bench
        self.wifi = bench.ssid, bench.passkey
        self.can = bench.can
        self._idle = False  # the firmware has just started, and awaits a command
        secrets = [bench.passkey.encode()] if bench.passkey else []
        self._transcripts = [
            Transcript(logs / f"uart{number}.log", secrets) if logs else None
            for number in range(len(self._ports))
        ]

    def _open(self, number: int) -> Console:
        try:
            return Console(self._ports[number], spy=self._transcripts[number])
        except OSError as error:
            raise UserError(f"{self._ports[number]}: {error}") from None

    def port(self, number: int) -> str:
        if "://" in self._ports[number] and number in self._consoles:  # it serves one program
            self._consoles.pop(number).close()
        return super().port(number)

    def note(self, text: str) -> None:
        """Say in the transcripts what comes now."""
        for transcript in filter(None, self._transcripts):
            transcript.note(text)

    def factory_reset(self) -> None:
        """Give the board its factory settings, and no files and certificates but its own."""
        if not self._idle:
            self._start()
        self._idle = False
        console = self.uart0
        mac = console.ask("get wlan.mac")[-1]
        if console.ask("ls")[1:]:  # beyond the headline
            console.ask(f"format_flash {mac}")
        for name in _identities(console.ask("cert_list")):
            console.ask(f"cert_delete {name}")
        console.ask(f"set time.rtc {_NO_TIME}")
        console.send(b"factory_reset " + mac.encode() + b"\r\n")
        console.until(_READY)
        for number in range(len(self._ports)):
            self.uart(number).sync()

    def faults(self) -> list[replies.Fault]:
        """The fault log, after a reset; it is empty then."""
        safe = _SAFE_MODE in self._start()
        found = replies.faults("\r\n".join(self.uart0.ask("faults_print")).encode())
        if found or safe:
            self.uart0.ask("faults_reset")
        self._idle = not safe
        return found

    def peer(self, console: Console) -> str:
        if self._bench.peer:
            return self._bench.peer
        # The address of this machine on the way to the board.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((console.ok("get network.ip"), 9))
            return probe.getsockname()[0]

    def reset(self) -> None:
        """Raises UserError for a port that has no control lines."""
        assert _SAFE_MODE not in self._start(), "too many resets: the board is in safe mode"

    def _start(self) -> bytes:
        """Pull EN, and wait until the firmware answers; what it has said until then."""
        self.uart0.quiet(0)
        if self._bench.reset:
            _run("reset.command", self._bench.reset)
        else:
            self._set(0, "rts", True, "reset.command")
            time.sleep(EN_SECONDS)
            self._set(0, "rts", False, "reset.command")
        return self.uart0.sync()

    def boots(self) -> int:
        """Only for started()."""
        self.uart0.quiet(0)
        return 0

    def started(self, boots: int) -> None:
        """Wait until the firmware says on UART0 that it has started since boots()."""
        self.uart0.until(_READY)

    def press(self, hold: float = PRESS_SECONDS) -> None:
        """Raises UserError for what cannot be done."""
        self._button(True)
        time.sleep(hold)
        self._button(False)

    def jumper(self) -> tuple[int, int]:
        first, second = self._bench.jumpers[0].split("-")
        return int(first), int(second)

    def _button(self, down: bool) -> None:
        if self._bench.line:
            number, line = self._bench.line
            self._set(number, line, down, "button.press")
        else:
            key = "press" if down else "release"
            _run(f"button.{key}", getattr(self._bench, key))

    def _set(self, number: int, line: str, on: bool, instead: str) -> None:
        console = self.uart(number)
        try:
            setattr(console.port, line, on)
        except OSError:
            raise UserError(
                f"{self._ports[number]} has no control lines: another way is the bench key "
                f"{instead}"
            ) from None


def _identities(rows: list[str]) -> set[str]:
    """The names of what `cert_list` has in the DCT."""
    found = replies.certificates("\r\n".join(rows).encode())
    return {row.reference.removeprefix("dct:") for row in found if row.place == "dct"}


def _run(key: str, command: tuple[str, ...]) -> None:
    """Run a command of the bench; those of this environment are found first. Raises UserError."""
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    try:
        done = subprocess.run(
            command,
            env=os.environ | {"PATH": os.pathsep.join(places)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except OSError as error:
        raise UserError(f"{key}: {command[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"{key}: {command[0]} was not done after {COMMAND_SECONDS} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UserError(f"{key}: {said[-1] if said else f'exit code {done.returncode}'}")
