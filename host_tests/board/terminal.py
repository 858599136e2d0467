"""A terminal in front of a console of a board: keys in, the screen out."""

import time
from collections.abc import Callable

import pyte

from host_tests.board.console import PATIENCE, Console


class Terminal:
    """A terminal of a person at a console; it answers when it is asked, and counts `answers`."""

    def __init__(self, console: Console, columns: int, lines: int = 24) -> None:
        self._console = console
        self.answers = 0
        self.screen = pyte.Screen(columns, lines)
        self.screen.write_process_input = self._answer
        self._stream = pyte.ByteStream(self.screen)
        console.sync()
        self._stream.feed(b"> ")

    def _answer(self, answer: str) -> None:
        self.answers += 1
        self._console.send(answer.encode())

    def type(self, *keys: bytes) -> None:
        """Type; what is shown then a condition has to wait for."""
        for key in keys:
            self._console.send(key)

    def until(self, condition: Callable[[], object]) -> None:
        """Show what comes until the condition holds."""
        end = time.monotonic() + PATIENCE
        while True:
            self._stream.feed(self._console.take(len(self._console.data)))
            if condition():
                return
            if not self._console.data:
                assert self._console.more(end - time.monotonic()), "\n".join(self.rows())

    def settle(self) -> None:
        """Show what comes until nothing has for a while: for pictures, not for tests."""
        while data := self._console.quiet():
            self._stream.feed(data)

    def shows(self, *rows: str) -> None:
        """The last rows become these."""
        self.until(lambda: self.rows()[-len(rows) :] == list(rows))

    def rows(self) -> list[str]:
        return "\n".join(row.rstrip() for row in self.screen.display).rstrip().split("\n")

    @property
    def cells(self) -> list[list[pyte.screens.Char]]:
        """Each character with its colours; the one under the cursor reversed."""
        screen = self.screen
        cells = [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]
        row = cells[screen.cursor.y]
        row[screen.cursor.x] = row[screen.cursor.x]._replace(reverse=True)
        return cells
