"""The CPython end of session_driver.py: a session to type into, and the terminal that shows it."""

import select
import subprocess

import pyte

# The interpreter answers within milliseconds; this is a hang, on however slow a machine.
_SECONDS = 30

UP, DOWN, RIGHT, LEFT = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D"
HOME, END, DELETE = b"\x1b[H", b"\x1b[F", b"\x1b[3~"


class Session:
    """A session's other end. `line` and `cursor` (in bytes) are its editor's, of the line that is
    being typed.
    """

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process
        self.line = b""
        self.cursor = 0
        self.first = self._answer()  # what was shown before anything was typed

    def type(self, data: bytes) -> bytes:
        """Give it bytes as one read; returns what it shows."""
        return self._ask(f"in {data.hex()}")

    def log(self, text: bytes) -> bytes:
        """Have a log line come; returns what it shows."""
        return self._ask(f"log {text.hex()}")

    def event(self, text: bytes) -> bytes:
        """The same with an asynchronous message."""
        return self._ask(f"event {text.hex()}")

    def safe_mode(self, on: bool) -> None:
        self._ask(f"safe {on:d}")

    def loaded(self, module: str) -> bool:
        """Whether the firmware has imported a module."""
        return self._ask(f"loaded {module}") == b"1"

    def starve(self, name: str) -> None:
        """Have memory run out once, at a place that session_driver.py names."""
        self._ask(f"starve {name}")

    def silence(self, milliseconds: int) -> bytes:
        """Say nothing for twice as long as a data phase may be silent."""
        return self._ask(f"silence {milliseconds}")

    def machine(self) -> "Session":
        """Switch to machine mode; gives the session back."""
        assert self.type(b"set system.cmd.mode machine\r\n").endswith(b"R000008\r\nSet OK\r\n")
        return self

    def _ask(self, request: str) -> bytes:
        self._process.stdin.write(request + "\n")
        return self._answer()

    def _answer(self) -> bytes:
        ready, _, _ = select.select([self._process.stdout], [], [], _SECONDS)
        assert ready, "the session does not answer"
        answer = self._process.stdout.readline()
        assert answer, "the session has ended"
        shown, line, cursor = answer.split()
        self.line = b"" if line == "-" else bytes.fromhex(line)
        self.cursor = int(cursor)
        return b"" if shown == "-" else bytes.fromhex(shown)


class Terminal:
    """A terminal of `columns` and `rows` in front of a session; it answers what it is asked,
    unless it is `mute`.
    """

    def __init__(self, session: Session, columns: int, rows: int = 24, mute: bool = False) -> None:
        self._session = session
        self._answers: list[str] = []
        self.screen = pyte.Screen(columns, rows)
        if not mute:
            self.screen.write_process_input = self._answers.append
        self._stream = pyte.ByteStream(self.screen)
        self.show(session.first)

    def type(self, *pieces: bytes) -> None:
        """Type, each piece one read; what the terminal is asked meanwhile it answers afterwards:
        its answers are never inside the sequence of a key.
        """
        for piece in pieces:
            self.show(self._session.type(piece))
        while self._answers:
            self.show(self._session.type(self._answers.pop(0).encode()))

    def show(self, data: bytes) -> None:
        """Show what came from the session."""
        self._stream.feed(data)

    def log(self, text: bytes) -> None:
        self.show(self._session.log(text))

    def rows(self) -> list[str]:
        """What is on the screen, without blank space at the ends of rows, nor blank rows below."""
        return "\n".join(row.rstrip() for row in self.screen.display).rstrip().split("\n")

    @property
    def at(self) -> tuple[int, int]:
        """Column and row of the cursor."""
        return self.screen.cursor.x, self.screen.cursor.y
