"""`make bench`: measures the firmware against its budgets, prints a table and writes
build/bench.json; ends with 1 when a row exceeds its budget. `run.py modules` prints instead what
each module of a start costs.

Budgets are for our code: what the shims cost, which on a chip are C, is measured in the same run
and taken off. Figures per operation are slopes, so that what happens once does not count.
"""

import binascii
import sys
from collections.abc import Callable, Sequence

import datagrams
import dct_load
import dhcp_offer
import http_head
import http_server
import imports
import measure
import services
import stream_mode
import tls
import websocket
from rich.console import Console
from rows import Row, publish

from airwire import project
from airwire.errors import UserError
from airwire.image import bytecode

PAPER_COLUMNS = 120  # of a table that is not for a terminal
RESULTS = project.BUILD / "bench.json"

# design.md 4, on i386. The chip takes a quarter more for code and the same for data.
HEAP_BUDGET = 64 * 1024
LOADED_BUDGET = 28 * 1024
# What a prototype needed, and half as much again for what it left out (errors, log lines).
GET_INSTRUCTIONS_BUDGET = 90_000
GET_BYTES_BUDGET = 900
# A quarter above what was measured when the bound was set (8.5 million, the reads of the flash
# taken off): a start that grows by more than the modules that a release adds to it should be
# noticed.
BOOT_BUDGET = 10_600_000

# design.md 4: the slope between N and 10 N. There is a collection every seven commands: one more
# or less is 2 %.
FEW, MANY = 40, 400
LARGE_HEAP = "4M"  # nothing is collected while bytes are counted: it takes 10 N operations

# Folders of files that are imported on first use, or never.
ON_DEMAND = ("firmware/commands/", "firmware/console/")

SSID = b"bench-network"
GET = b"get wlan.ssid\n"
REPLY = b"R0%05d\r\n%s\r\n" % (len(SSID) + 2, SSID)


def settings(*lines: bytes) -> bytes:
    """A settings file: see firmware/store/settings.py."""
    body = b"".join(line + b"\n" for line in lines)
    return b"%s#%08x\n" % (body, binascii.crc32(body))


KEY = b"softap.passkey 12345678"
MACHINE = settings(b"system.cmd.mode machine", b"wlan.ssid " + SSID)


class Bench:
    """The measurements, on the tree as it is now."""

    def __init__(self) -> None:
        self.files = measure.device_files()

    def flash(self, main: str, **extra: bytes) -> bytes:
        return measure.flash({**self.files, **extra}, main)

    # Memory after a start

    def memory(self) -> list[Row]:
        # Factory settings and a network: nobody has typed yet, so a person's editor is not loaded.
        # The first start of all makes a passkey and saves it: this is one of the others.
        image = self.flash(measure.script("heap"), settings=settings(KEY, b"wlan.ssid " + SSID))
        with measure.running("i386", image) as run:
            run.prompt()
            found = run.report(b"bench\n")
        self.reads = found["reads"]
        names = dict.fromkeys(found["modules"] + found["let_go"])
        self.started = [name for name in names if self.files_of(name)]
        with measure.running("i386", self.flash(measure.script("shims"), bench=b"")) as run:
            run.prompt()
            shims = run.report()["heap"]
        size = sum(len(self.files[path]) for name in self.started for path in self.files_of(name))
        return [
            Row("live heap", found["heap"] - shims, "bytes", HEAP_BUDGET, "shims alone", shims),
            Row("loaded .mpy", size, "bytes", LOADED_BUDGET),
        ]

    def files_of(self, name: str) -> list[str]:
        """The files on the flash that a module comes from: one, or none when it is not ours."""
        path = name.replace(".", "/")
        ends = (".mpy", "/__init__.mpy")
        paths = [f"{folder}{path}{end}" for folder in ("", "lib/") for end in ends]
        return [path for path in paths if path in self.files]

    def services(self) -> list[Row]:
        return services.rows(self.files, settings)

    # Instructions of a start

    def boot(self) -> Row:
        """From the start of the interpreter to the first prompt on UART0, over the shims alone
        finding as many modules of the same size on the flash, but empty ones, and reading the
        flash as often: how often depends on where LittleFS has put a file, and is no work of ours.
        """
        # The first start of all makes a passkey and saves it: this is one of the others.
        real = self.flash(self.files["main.py"].decode(), settings=settings(KEY))
        total = measure.instructions(real, measure.Run.prompt)
        nothing = bytecode.compile_source(b"", "empty.py")
        hollow = {
            path: nothing.ljust(len(data), b"\0") if path.endswith(".mpy") else data
            for path, data in self.files.items()
        }
        hollow["boot.py"] = b""
        hollow["bench"] = "\n".join([str(self.reads), *self.started]).encode()
        shims = measure.instructions(
            measure.flash(hollow, measure.script("shims")), measure.Run.prompt
        )
        peer = "shims, empty modules"
        return Row("boot to prompt", total - shims, "instructions", BOOT_BUDGET, peer, shims)

    # One command

    def get(self) -> list[Row]:
        """`get wlan.ssid` in machine mode on UART1, over a bare loop that answers as much."""
        ours = self.flash(measure.script("get"), settings=MACHINE)
        bare = self.flash(measure.script("bare").replace('b"the reply"', repr(REPLY)))
        rows = []
        # When the collector runs, and for how long, depends on all that is alive; what makes it
        # run is the garbage, which has its own budget. So its work is a row of its own.
        for name, measured, unit, budget in (
            ("get wlan.ssid", self._instructions, "instructions", GET_INSTRUCTIONS_BUDGET),
            ("get wlan.ssid", self._bytes, "bytes", GET_BYTES_BUDGET),
            ("get wlan.ssid, with its collections", self._collected, "instructions", None),
        ):
            value, peer = _slope(measured, ours), _slope(measured, bare)
            rows.append(Row(name, value - peer, unit, budget, "bare loop", peer))
        return rows

    def _instructions(
        self, image: bytes, count: int, first: bytes = b"bench bytes\n", heap: str = LARGE_HEAP
    ) -> int:
        def use(run: measure.Run) -> None:
            run.report(first)
            run.repeat(GET, REPLY, count)

        return measure.instructions(image, use, heap)

    def _collected(self, image: bytes, count: int) -> int:
        return self._instructions(image, count, b"bench\n", measure.HEAP["amd64"])

    def _bytes(self, image: bytes, count: int) -> int:
        with measure.running("i386", image, heap=LARGE_HEAP) as run:
            run.report(b"bench bytes\n")
            run.repeat(GET, REPLY, count)
            return run.report(b"bench bytes\n")["allocated"]

    # Modules

    def on_demand(self) -> list[Row]:
        """What the first use of a command, or of a part of the console, costs: its file, and what
        that imports.
        """
        names = [
            path[:-4].replace("/", ".")
            for path in sorted(self.files)
            if path.startswith(ON_DEMAND) and path.endswith(".mpy")
        ]
        unit = "bytes"
        return [
            Row(f"import {name.removeprefix('firmware.')}", self._import(name), unit)
            for name in names
            if not name.endswith((".__init__", ".index")) and name not in self.started
        ]

    def _import(self, name: str) -> int:
        return sum(cost for n, cost in self.modules([name]).items() if n not in self.started)

    def modules(self, names: Sequence[str] = ()) -> dict[str, int]:
        """Bytes of each module that a start imports, and of these and what they import."""
        order = imports.ordered(project.ROOT, self.started)
        order += [n for n in imports.ordered(project.ROOT, names) if n not in order]
        image = self.flash(measure.script("modules"), bench="\n".join(order).encode())
        with measure.running("i386", image) as run:
            return run.report()

    def sizes(self) -> Row:
        size = sum(len(data) for path, data in self.files.items() if path.endswith(".mpy"))
        return Row("all .mpy", size, "bytes")


def _slope(measured: Callable[[bytes, int], int], image: bytes) -> int:
    return round((measured(image, MANY) - measured(image, FEW)) / (MANY - FEW))


def main(words: list[str]) -> int:
    console = Console() if sys.stdout.isatty() else Console(width=PAPER_COLUMNS)
    bench = Bench()
    if words == ["modules"]:
        rows = bench.memory()
        costs = bench.modules()
        for name in sorted(costs, key=lambda name: -costs[name]):
            size = sum(len(bench.files[path]) for path in bench.files_of(name))
            rows.append(Row(name, costs[name], "bytes", None, ".mpy", size))
        rows.append(Row("all modules", sum(costs.values()), "bytes"))
        return publish(rows, project.BUILD / "bench-modules.json", console)
    rows = [
        *bench.memory(),
        *bench.services(),
        bench.boot(),
        *bench.get(),
        *bench.on_demand(),
        bench.sizes(),
    ]
    rows += stream_mode.rows() + dhcp_offer.rows() + datagrams.rows() + dct_load.rows()
    rows += http_head.rows() + http_server.rows() + tls.rows() + websocket.rows()
    return publish(rows, RESULTS, console)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UserError as error:
        print(f"airwire: {error.message}", file=sys.stderr)
        sys.exit(error.code)
