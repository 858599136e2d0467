"""A terminal in front of a console of a board: keys in, the screen out."""

import pyte

from host_tests.board.console import Console


class Terminal:
    """A terminal of a person at a console; it answers when it is asked."""

    def __init__(self, console: Console, columns: int, lines: int = 24) -> None:
        self._console = console
        self.screen = pyte.Screen(columns, lines)
        self.screen.write_process_input = lambda answer: console.send(answer.encode())
        self._stream = pyte.ByteStream(self.screen)
        console.sync()
        self._stream.feed(b"> ")

    def type(self, *keys: bytes) -> None:
        for key in keys:
            self._console.send(key)
            while data := self._console.quiet():
                self._stream.feed(data)

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
