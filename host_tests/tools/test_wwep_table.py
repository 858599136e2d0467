"""What `airwire wwep-server` prints: lines in a pipe, a table in a terminal; it never blocks."""

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from rich.console import Console

from airwire.wwep import store, table
from airwire.wwep.server import Transaction
from host_tests.tools.wwep_command import COMMAND, PATIENCE, Command, ask


class Terminal:
    """The command in a terminal of its own: a person's view of it, and their keys."""

    def __init__(self, columns: int, lines: int, *arguments: str, term: str = "xterm") -> None:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            # Its size is the terminal's, whatever a parent of ours has said of another.
            environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
            environment["TERM"] = term
            os.execve(
                sys.executable,
                [*COMMAND, "--host", "127.0.0.1", "--port", "0", *arguments],
                environment,
            )
        self.raw = ""
        self._status: int | None = None

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def text(self, since: int = 0) -> str:
        """What was printed, without its escape sequences."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.raw[since:])

    def until(self, pattern: str, since: int = 0) -> re.Match[str]:
        """Reads until the pattern has been printed (after position `since` of `raw`)."""
        limit = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.text(since))) is None:
            assert time.monotonic() < limit, self.text(since)
            assert self._read(limit), self.text(since)
        return found

    def end(self) -> int:
        """Reads to the end. Returns the exit code."""
        limit = time.monotonic() + PATIENCE
        while self._read(limit):
            assert time.monotonic() < limit, self.text()
        self._status = os.waitpid(self.pid, 0)[1]
        return os.waitstatus_to_exitcode(self._status)

    def _read(self, limit: float) -> bool:
        if not select.select([self._master], [], [], max(0, limit - time.monotonic()))[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: the last process has closed the terminal
            return False
        self.raw += data.decode(errors="replace")
        return bool(data)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._master)


def test_a_reader_that_goes_away_ends_it():
    with Command() as command:
        command.process.stdout.close()
        ask(command.port, b"W0FAC0B0001")
        assert command.process.wait(PATIENCE) == 2
        assert command.process.stderr.read() == "airwire: the output was closed\n"


def test_a_reader_that_stalls_holds_nobody_up():
    with Command() as command:
        fcntl.fcntl(command.process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        total = table.LINES_QUEUED + 500
        with ThreadPoolExecutor(50) as pool:
            replies = list(pool.map(lambda _: ask(command.port, b"W0FAC0B0001"), range(total)))
        # A machine that does much else may bring a message later than the class's server waits.
        assert set(replies) <= {b"A0FAC0B0001", b"X"}
        # Now it is read again: the oldest lines are there, then how many are missing.
        output = command.end()
        lost = [line for line in output if "lines lost" in line]
        assert len(lost) == 1
        assert int(re.search(r"\d+", lost[0])[0]) + len(output) - 2 == total
        assert output[-1].startswith(f"{total} messages: ")


def test_a_reader_that_stalls_does_not_hold_up_the_end():
    with Command() as command:
        fcntl.fcntl(command.process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        with ThreadPoolExecutor(50) as pool:
            list(pool.map(lambda _: ask(command.port, b"W0FAC0B0001"), range(200)))
        command.process.send_signal(signal.SIGTERM)
        assert command.process.wait(PATIENCE) == 0
        assert command.process.stderr.read() == ""


def test_the_live_table_in_a_terminal(tmp_path):
    path = tmp_path / "registers"
    store.save(path, [(0x0BAD, 0x07, 0x0042)])
    with Terminal(100, 24, "--reasons", "--db", str(path)) as terminal:
        port = int(terminal.until(r"port (\d+), strict")[1])
        terminal.until(r"# +IP +Port +Message +Device +Register +Value")
        terminal.until(r"0BAD +07 +0042")
        terminal.until(r"0 messages: 0 accepted, 0 refused; 1 of 401 registers")
        assert ask(port, b"W02EC050001") == b"A02EC050001"
        terminal.until(r"1 +127\.0\.0\.1 +\d+ +A02EC050001 +02EC +05 +0001")
        terminal.until(r"0BAD +07 +0042\s+1 message: 1 accepted, 0 refused; 2 of 401 registers")
        assert ask(port, b"hello\n") == b"X illegal message length"
        terminal.until(r"2 +127\.0\.0\.1 +\d+ +X illegal message length")
        # More than fits: the newest are shown, and how many registers are not.
        for number in range(40):
            ask(port, b"W%04X05%04X" % (number, number))
        since = len(terminal.raw)
        ask(port, b"W0000050007")
        terminal.until(r"43 +127\.0\.0\.1 +\d+ +A0000050007 +and \d+ more", since)
        terminal.until(r"43 messages: 42 accepted, 1 refused; 42 of 401 registers", since)
        pictures = terminal.raw.split("\x1b[H")[1:]
        shown = terminal.text(len(terminal.raw) - len(pictures[-1]))
        assert re.search(r"0000 +05 +0007", shown)
        assert re.findall(r"^ *(\d+) +127", shown, re.MULTILINE) == [str(n) for n in range(26, 44)]
        assert max(picture.count("\n") for picture in pictures) == 23
        # A narrow terminal has the tables one below the other.
        since = len(terminal.raw)
        terminal.resize(60, 20)
        terminal.until(r"# +IP +Port +Message *\r?\n", since)
        terminal.until(r"Device +Register +Value *\r?\n", since)
        # Ctrl-C: the screen of before is back, the cursor too, the last table and the counts stay.
        terminal.type(b"\x03")
        assert terminal.end() == 0
        before, after = terminal.raw.rsplit("\x1b[?1049l", 1)
        assert "\x1b[?1049h" in before
        assert "\x1b[?25h" in terminal.raw.rsplit("\x1b[?25l", 1)[1]
        assert "A0000050007" in after
        assert after.endswith("43 messages: 42 accepted, 1 refused; 42 of 401 registers\r\n")
        assert "Traceback" not in terminal.raw


def test_a_dumb_terminal_gets_plain_lines():
    with Terminal(80, 24, term="dumb") as terminal:
        port = int(terminal.until(r"port (\d+), strict\r\n#  IP  Port  Message\r\n")[1])
        ask(port, b"W02EC050001")
        terminal.until(r"1  127\.0\.0\.1  \d+  A02EC050001\r\n")
        terminal.type(b"\x03")
        assert terminal.end() == 0
        assert "\x1b" not in terminal.raw


def test_a_stopped_terminal_holds_nobody_up():
    with Terminal(100, 24) as terminal:
        port = int(terminal.until(r"port (\d+), strict")[1])
        terminal.until(r"0 messages")
        # Nothing reads the terminal any more: its buffer fills, and clients must not notice.
        for number in range(300):
            message = b"W%04X050001" % number
            assert ask(port, message) == b"A" + message[1:]
        terminal.type(b"\x03")
        assert terminal.end() == 0
        assert "300 messages: 300 accepted, 0 refused" in terminal.text()


@pytest.mark.parametrize("reply", [b"A0FAC0B1234", b"X illegal message length"])
@pytest.mark.parametrize(("columns", "lines"), [(100, 30), (80, 24), (60, 20), (40, 12)])
def test_no_terminal_cuts_what_matters(columns, lines, reply):
    said = io.StringIO()
    registers = [(device, 11, device) for device in range(300)]
    with open(os.devnull, "w") as null:
        live = table.LiveTable(null, lambda: None, registers)
    live.title = "WWEP server on 0.0.0.0 port 27708, strict"
    live._console = Console(file=said, width=columns, height=lines, force_terminal=False)
    numbers = range(123_400, 123_456)
    for number in numbers:
        live.transaction(Transaction(number, "192.168.100.200", 54321, b"", reply))
    live._console.print(live._picture())
    picture = said.getvalue().splitlines()
    assert len(picture) <= lines and all(len(text) <= columns for text in picture)
    rows = [text.split() for text in picture if "54321" in text]
    assert len(rows) >= 4
    assert [row[0] for row in rows] == [str(number) for number in numbers[-len(rows) :]]
    assert all(reply.decode() in " ".join(row) for row in rows)
    assert "…" not in "".join(picture[1:])
