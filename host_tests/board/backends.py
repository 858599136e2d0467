"""The boards that the tests run on: what they have in common, and the virtual one. One on a bench
behind serial ports is in bench.py.

All offer the same: consoles, reset, factory settings, a network to join, a name for this machine.
What only one can do is in its `can`; a test says what it needs (mark `needs`), and on a bench that
lacks it the test is passed over. The virtual board can do everything.
"""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, Self

from airwire.board.client import Board
from airwire.image import layout, littlefs
from host_tests.board.bench_file import REASONS
from host_tests.board.console import Console

# The ESP32's budget (design.md 4): its object sizes are those of the i386 interpreter.
HEAPS = {"i386": "160K"}
# The same beside what the virtual board's own modules take of it, 48 KB; on a chip they are C.
WHOLE_HEAPS = {"i386": "208K"}
# Their part is larger where TLS and much else is used in one life: 6 KB for TLS and sockets, and
# 9 KB of MicroPython's table of names. That doubles with the 1261st name; of some 1500, 320 are
# theirs alone.
WITH_TLS = "223K"

# A scan blocks the firmware for this long: short enough for many joins, long enough to be seen.
SCAN_MS = 200

# How long a finger holds a button.
PRESS_SECONDS = 0.1

# The GPIOs that are joined for tests, those of the benches' files.
JUMPER = (12, 14)

# Everything a test may need beyond UART0.
VIRTUAL = frozenset(REASONS)


class Backend:
    """A board with factory settings. `wifi` is (SSID, passkey) of a network in reach."""

    arch = ""
    can: frozenset[str] = frozenset()
    wifi = ("", "")

    def __init__(self, ports: list[str]) -> None:
        self._ports = ports
        self._consoles: dict[int, Console] = {}

    def port(self, number: int) -> str:
        """The serial port of a UART on this machine, for another program."""
        return self._ports[number]

    def uart(self, number: int) -> Console:
        """UART0, the USB port, or UART1, the host MCU's; opened at first use."""
        if number not in self._consoles:
            self._consoles[number] = self._open(number)
        return self._consoles[number]

    def _open(self, number: int) -> Console:
        return Console(self._ports[number])

    @property
    def uart0(self) -> Console:
        return self.uart(0)

    @property
    def uart1(self) -> Console:
        return self.uart(1)

    @property
    def host(self) -> Console:
        """The port for a program: UART1 where it is wired, else UART0."""
        return self.uart(1 if "uart1" in self.can else 0)

    def machine(self, print_level: int = 0) -> Console:
        """The port for a program, in machine mode."""
        return self.host.machine(print_level)

    def configure(self, console: Console, **changes: Any) -> None:
        """Set variables; an underscore for the dot, two for an underscore."""
        for name, value in changes.items():
            name = name.replace("__", "\0").replace("_", ".").replace("\0", "_")
            value = f'"{value}"' if " " in str(value) or value == "" else value
            assert console.ok(f"set {name} {value}") == "Set OK"

    def join(self, console: Console) -> None:
        """Join the network in reach."""
        self.configure(console, wlan_ssid=self.wifi[0], wlan_passkey=self.wifi[1])
        console.ok("network_up")

    def reset(self) -> None:
        """Pull EN, and wait until the firmware has started."""
        raise AssertionError

    def press(self, hold: float = PRESS_SECONDS) -> None:
        """Press button 0 for so long, or a little longer."""
        raise AssertionError

    def jumper(self) -> tuple[int, int]:
        """Two GPIOs that are joined."""
        raise AssertionError

    def processes(self) -> list[int]:
        """The processes of this machine that the board consists of."""
        return []

    def peer(self, console: Console) -> str:
        """The name or address by which the board reaches servers on this machine."""
        raise AssertionError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for console in self._consoles.values():
            console.close()
        self._consoles.clear()


class Virtual(Backend):
    """A virtual board of its own for one test, with a fresh copy of the flash image."""

    can = VIRTUAL
    wifi = ("airwire-wpa2", "correct horse")

    def __init__(
        self,
        image: Path,
        arch: str,
        networks: list | None = None,
        whole_heap: bool = False,
        rfc2217: int | None = None,
        heap: str | None = None,
        **air: Any,
    ) -> None:
        """`networks`: access points as tables of a board's configuration, else the usual ones;
        `rfc2217`: as of Board.up; `heap`: where a chip's would be the limit of what is tested;
        `air`: what else its table `air` says.
        """
        self.arch = arch
        self._home = Path(tempfile.mkdtemp(prefix="airwire-suite-"))
        config: dict[str, Any] = {"air": {"scan_ms": SCAN_MS, **air}}
        if networks:
            config["air"]["access_point"] = networks
        if not heap or arch not in HEAPS:
            heap = (WHOLE_HEAPS if whole_heap else HEAPS).get(arch)
        self.board = Board.up(
            "suite",
            flash=image,
            config=config,
            home=self._home,
            arch=arch,
            heap=heap,
            rfc2217=rfc2217,
        )
        super().__init__([str(self.board.uart0), str(self.board.uart1)])

    def peer(self, console: Console) -> str:
        return "host.airwire"

    def processes(self) -> list[int]:
        status = self.board.status()
        return [status["supervisor"], status["pid"]]

    def press(self, hold: float = PRESS_SECONDS) -> None:
        self.board.press(0, hold=hold)

    def jumper(self) -> tuple[int, int]:
        self.board.jumper(*JUMPER)
        return JUMPER

    def reset(self) -> None:
        boots = self.boots()
        self.board.reset()
        self.board.wait_boot(boots + 1)

    def boots(self) -> int:
        return self.board.status()["boots"]

    def started(self, boots: int) -> None:
        """Wait until the firmware has started more often than `boots` times."""
        self.board.wait_boot(boots + 1)

    def uart_status(self, number: int) -> dict[str, Any]:
        return self.board.status()["uart"][number]

    def drained(self, number: int) -> None:
        """Wait until the firmware has taken all that is in its receive ring."""
        end = time.monotonic() + 10
        while self.uart_status(number)["fill"]:
            assert time.monotonic() < end, "the firmware does not read"

    def files(self) -> dict[str, bytes]:
        """The files in the flash of a board that is down or has no power."""
        flash = self.board.flash.read_bytes()
        volume = littlefs.read(flash[layout.VFS.offset :][: layout.VFS.size])
        assert volume, "the file system of the flash is damaged"
        return volume.files

    def panics(self) -> int:
        return self.board.status()["panics"]

    def log(self) -> str:
        return self.board.log.read_text(errors="replace")

    def down(self) -> None:
        self.close()
        self.board.down()

    def remove(self) -> None:
        shutil.rmtree(self._home)
