"""Where the blocks of one document are run: a folder of its own, boards and programs of its own.

What a block must say is in transcripts.py; here is how the real thing is asked.
"""

import errno
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from airwire.board import config
from airwire.board.client import Board
from airwire.board.paths import DEFAULT_NAME, board_names
from airwire.errors import UserError
from airwire.lan import programs
from airwire.lan.client import Lan
from host_tests.board.telnet import Program
from host_tests.docs import background
from host_tests.docs.network import Network
from host_tests.docs.transcripts import ANY, Block, Screen, TranscriptError, fill, match

ROOT = Path(__file__).resolve().parents[2]

# Commands that are not run, each with its reason. Those of make must be targets of the Makefile.
NOT_RUN = {
    "make test": "it runs this test",
    "make acceptance": "it runs this test",
    "make bench": "takes minutes, and measures wrong beside other tests",
    "make flash PORT=/dev/ttyUSB0 FIRMWARE=ESP32_GENERIC.bin": "needs a board on USB",
    "make release FIRMWARE=ESP32_GENERIC.bin": "needs a file of MicroPython",
    "make erase PORT=/dev/ttyUSB0": "needs a board on USB",
    "make monitor PORT=/dev/ttyUSB0": "needs a board on USB, and is interactive",
    ". .venv/bin/activate": "changes the reader's shell; here the path is set",
    "pyserial-miniterm ~/.airwire/boards/board/uart0 115200": "interactive",
}

# Commands that change nothing: a reader who is too early looks again.
LOOKS = ("cat ", "airwire board led", "airwire board status", "airwire board pin 2")

COMMAND_SECONDS = 120.0  # a build with everything in it, on a machine that does much else
PATIENCE = 20.0  # seconds for a line of a console: three joins that fail take less
COLUMNS = 100  # of a telnet program's terminal
POLL = 0.1  # seconds between two looks


class Stage:
    """Runs the blocks of one document in order; `close` ends all that they have started."""

    def __init__(self, folder: Path, patience: float = PATIENCE) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.patience = patience
        self.known: dict[str, str] = {}
        self.network = Network()
        self._programs: list[subprocess.Popen] = []
        self._consoles: dict[Path, _Console] = {}
        # Whoever calls `make test` hands down what makes a make inside it behave differently.
        self._env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        self._env["AIRWIRE_HOME"] = str(self.home)
        self._env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    def run(self, block: Block) -> None:
        """Run a block. Raises TranscriptError where the real thing differs."""
        {
            "console": self._console,
            "telnet": self._telnet,
            "shell": self._shell,
            "toml": self._toml,
            "python": self._program,
            "c": self._program,
            "text": lambda block: None,
        }[block.kind](block)

    def close(self) -> None:
        for console in self._consoles.values():
            console.close()
        for program in self._programs:
            program.terminate()
        for program in self._programs:
            program.wait(COMMAND_SECONDS)
        for name in board_names(self.home):
            Board(name, self.home).down()
        Lan(home=self.home).down()
        self.network.close()

    def _program(self, block: Block) -> None:
        (self.folder / block.options["name"]).write_text("\n".join(block.lines) + "\n")

    def _toml(self, block: Block) -> None:
        path = self.folder / block.options["name"]
        path.write_text("\n".join(block.lines) + "\n")
        try:
            config.load(path)
        except UserError as error:
            raise TranscriptError(f"{block.where()}: {error.message}") from None

    # Shell

    def _shell(self, block: Block) -> None:
        starts = [i for i, line in enumerate(block.lines) if line.startswith("$ ")]
        if starts[:1] != [0]:
            raise TranscriptError(f"{block.where()}: the first line must begin with `$ `")
        for start, end in zip(starts, [*starts[1:], len(block.lines)], strict=True):
            code = int(block.options.get("exit", 0)) if end == len(block.lines) else 0
            self._command(block, start, list(block.lines[start + 1 : end]), code)

    def _command(self, block: Block, start: int, expected: list[str], code: int) -> None:
        where = block.where(start)
        command = block.lines[start][2:].partition("  # ")[0].rstrip()
        if command in NOT_RUN:
            if expected:
                raise TranscriptError(f"{where}: not run, so nobody knows what it prints")
            check_target(command, where)
        elif command.endswith(" &"):
            self._start(fill(command[:-2], self.known, where))
        else:
            patience = self.patience if command.startswith(LOOKS) else 0
            self._compare(fill(command, self.known, where), expected, code, where, patience)

    def _start(self, command: str) -> None:
        with (self.folder / "background").open("ab") as output:
            program = subprocess.Popen(
                [*self.network.prefix, "bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._programs.append(program)
        background.ready(program)

    def _compare(
        self, command: str, expected: list[str], code: int, where: str, patience: float
    ) -> None:
        until = time.monotonic() + patience
        while True:
            done = subprocess.run(
                [*self.network.prefix, "bash", "-c", command],
                cwd=ROOT if command.startswith("make") else self.folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=COMMAND_SECONDS,
            )
            got = [line.rstrip() for line in done.stdout.splitlines()]
            known = match_lines(expected, got)
            if known is not None and done.returncode == code:
                self.known |= known
                return
            if time.monotonic() >= until:
                break
            time.sleep(POLL)
        raise TranscriptError(
            f"{where}: `{command}` ended with {done.returncode} and printed\n"
            + "\n".join(got)
            + "\nbut the document says\n"
            + "\n".join(expected)
        )

    # Console

    def _console(self, block: Block) -> None:
        board = Board(block.options.get("board", DEFAULT_NAME), self.home)
        path = getattr(board, block.options.get("uart", "uart0"))
        if not path.exists():
            raise TranscriptError(f"{block.where()}: board {board.name} is not up")
        real = path.resolve()
        console = self._consoles.get(real)
        if console is None:
            descriptor = os.open(real, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            console = self._consoles[real] = _Console(descriptor, self.patience)
        console.play(block, self.known, board.status()["boots"])

    def _telnet(self, block: Block) -> None:
        first = fill(block.lines[0], self.known, block.where())
        if not first.startswith("$ telnet "):
            raise TranscriptError(f"{block.where()}: the first line must begin with `$ telnet `")
        command = [
            *self.network.prefix,
            str(programs.find("inetutils-telnet")),
            *first.split()[2:],
        ]
        until = time.monotonic() + self.patience
        while True:
            program = Program(command, COLUMNS)
            try:
                console = _Console(program.port.fileno(), self.patience)
                if console.begun() or time.monotonic() >= until:
                    console.session(block, self.known)
                    return
            finally:
                program.close()


class _Console:
    # One UART, its screen, and how far the document has shown it. In machine mode it has neither
    # prompt nor echo, and `> ` only marks what is sent.

    def __init__(self, descriptor: int, patience: float) -> None:
        self._descriptor = descriptor
        self._screen = Screen()
        self._next = 0  # the row that the document's next line must be
        self._patience = patience
        self._machine = False
        self._ended = False  # the program behind a terminal

    def close(self) -> None:
        os.close(self._descriptor)

    def play(self, block: Block, known: dict[str, str], boots: int) -> None:
        """`boots`: how often the firmware has started; it says so on every console."""
        rows = self._screen.rows
        if not self._machine and block.lines[0].startswith("> "):
            # Log lines may have come since the last block, which the document does not show.
            while select.select([self._descriptor], [], [], 0)[0]:
                self._screen.feed(os.read(self._descriptor, 4096))
            self._await(
                lambda: rows[-1] == "> " and rows.count("[Ready]") >= boots,
                "no prompt",
                block.where(),
            )
            self._next = len(rows) - 1
        skipping = self._lines(block, 0, known)
        where = block.where(len(block.lines))
        if self._machine:
            # Whatever the block does not show comes before the answer to this.
            self._type("\r\n")
            self._await_row("R000007", skipping, where)
            self._await_row("Ready", False, where)
        else:
            self._await_row("> ", skipping, where, finished=False)

    def begun(self) -> bool:
        """Whether a telnet program has found somebody who listens; it tries at once or never."""
        self._await(lambda: "> " in self._screen.rows[-1] or self._ended, "no prompt", "telnet")
        return not self._ended

    def session(self, block: Block, known: dict[str, str]) -> None:
        """All of a telnet block but its command, to the end of the program."""
        skipping = self._lines(block, 1, known)
        where = block.where(len(block.lines))
        self._await(lambda: self._ended, "the program does not end", where)
        rest = self._screen.rows[self._next : -1]
        if rest and not skipping:
            raise TranscriptError(f"{where}: there is more: {rest}")

    def _lines(self, block: Block, first: int, known: dict[str, str]) -> bool:
        # Play the lines from the first on; True when the last one stands for any.
        skipping = False
        for index, line in list(enumerate(block.lines))[first:]:
            where = block.where(index)
            if line == ANY:
                skipping = True
            elif line.startswith("> "):
                typed = fill(line[2:], known, where)
                self._send(typed, skipping, where)
                if self._machine and typed.startswith("stream_poll "):
                    self._poll(typed, block.lines[index + 2 : index + 3], where)
                skipping = False
            else:
                known |= self._await_row(line, skipping, where)
                skipping = False
        return skipping

    def _send(self, line: str, skipping: bool, where: str) -> None:
        if self._machine:
            self._type(line + "\r\n")
        else:
            self._await_row("> ", skipping, where, finished=False)
            self._type(line + "\r")
            try:
                self._await_row(f"> {line}".rstrip(), False, where)
            except TranscriptError:
                # A power cut may take the end of the echo with it; the start writes over the row.
                if self._row() != "[Ready]":
                    raise
        mode = re.fullmatch("set (?:system.cmd.mode|sy c m) (human|machine)", line)
        if mode:
            self._machine = mode[1] == "machine"

    def _poll(self, line: str, wanted: tuple[str, ...], where: str) -> None:
        # What arrives takes its time, so a host polls; the document shows the answer that ends it.
        until = time.monotonic() + self._patience
        while True:
            self._await(lambda: self._next + 2 < len(self._screen.rows), "no answer", where)
            if self._screen.rows[self._next + 1] in wanted or time.monotonic() >= until:
                return
            self._next += 2
            time.sleep(POLL)
            self._send(line, False, where)

    def _await_row(
        self, expected: str, skipping: bool, where: str, finished: bool = True
    ) -> dict[str, str]:
        # Wait until the next row is there, whole unless not `finished`, and move behind it.
        # `skipping` passes over the rows that differ.
        rows = self._screen.rows

        def there() -> bool:
            while self._next < len(rows) - 1 and skipping and match(expected, self._row()) is None:
                self._next += 1
            if finished:
                return self._next < len(rows) - 1
            return self._next < len(rows) - 1 or self._row() == expected

        self._await(there, f"nothing came where this should: {expected!r}", where)
        found = match(expected, self._row())
        if found is None:
            raise TranscriptError(f"{where}: {self._row()!r} came instead of {expected!r}")
        self._next += finished
        return found

    def _row(self) -> str:
        return self._screen.rows[self._next]

    def _await(self, condition, problem: str, where: str) -> None:
        until = time.monotonic() + self._patience
        while not condition():
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._descriptor], [], [], left)[0]:
                shown = "\n".join(self._screen.rows[-12:])
                raise TranscriptError(f"{where}: {problem}; the console shows\n{shown}")
            try:
                self._screen.feed(os.read(self._descriptor, 4096))
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                if self._ended:
                    raise TranscriptError(f"{where}: the program has ended") from None
                self._ended = True

    def _type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())


def match_lines(expected: list[str], got: list[str]) -> dict[str, str] | None:
    """What the placeholders stand for when `got` is what is expected, else None."""
    known: dict[str, str] = {}
    position = 0
    skipping = False
    for line in expected:
        if line == ANY:
            skipping = True
            continue
        while True:
            if position == len(got):
                return None
            found = match(line, got[position])
            position += 1
            if found is not None:
                break
            if not skipping:
                return None
        known |= found
        skipping = False
    return known if skipping or position == len(got) else None


def check_target(command: str, where: str) -> None:
    """Raise TranscriptError when a command of make, which is not run, has no target."""
    words = command.split()
    if words[0] == "make":
        makefile = (ROOT / "Makefile").read_text()
        for word in words[1:]:
            if "=" not in word and not re.search(rf"^{re.escape(word)}:", makefile, re.MULTILINE):
                raise TranscriptError(f"{where}: the Makefile has no target {word}")
