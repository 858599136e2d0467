"""Draws the pictures of docs/images/ from the real thing.

    .venv/bin/python tools/picture.py

make-run.svg is the README's: runs `airwire run` in a terminal, types and presses, and writes down
what is on the screen then. console.svg and console-narrow.svg are the console of a virtual board
in two terminals. Needs the packages of the tests: the terminals are theirs.
"""

import itertools
import re
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from airwire.board.client import Board  # noqa: E402
from host_tests.board import terminal as serial  # noqa: E402 - found by the line above
from host_tests.board.console import Console as Uart  # noqa: E402
from host_tests.tools.run_terminal import Family, Terminal  # noqa: E402

PICTURES = ROOT / "docs/images"

# What a README's column shows without scaling the letters down.
COLUMNS, LINES = 80, 22

PRESS, QUIT = "\x02", "\x18"
# rich takes the letters from elsewhere on the web; a README's picture loads nothing.
_WEB_FONTS = re.compile(r"\s*@font-face\s*\{[^}]*\}")
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def play(terminal: Terminal) -> None:
    """What the picture tells: three presses and two commands."""
    terminal.joined()
    terminal.type("get wlan.info\r")
    terminal.shows("> get wlan.info\nairwire-wpa2 ")
    for count in (1, 2, 3):
        terminal.type(PRESS)
        terminal.shows(f"{count} accepted")
        terminal.shows("button 0 released")
    terminal.type("get wwep.host\r")
    terminal.shows("> get wwep.host\nwwep.")


LEFT, RIGHT, UP, HOME = b"\x1b[D", b"\x1b[C", b"\x1b[A", b"\x1b[H"

# Keys, one read each, and how many columns and rows the terminal has.
CONSOLES = {
    "console": (
        (72, 12),
        (b"ver\t\r", b"get wlan.auto_\t", b"\t", b"\t", b"en\t\r"),
        (b"set wlan.ssid networkk", LEFT * 8, b'"my ', b"\x05", b"\x7f", b'"\r', UP * 2, UP, HOME),
    ),
    "console-narrow": (
        (40, 8),
        (b"tcp_client -l 5000 a-long-name.example.com 1234", HOME, RIGHT * 14, b"\x04", b"6"),
    ),
}


def screen(cells: list) -> Text:
    """The screen as rich's text, with its colours."""
    lines = []
    for row in cells:
        line = Text()
        for style, cells in itertools.groupby(row, _style):
            line.append("".join(cell.data for cell in cells), style)
        if not row[-1].reverse:
            line.rstrip()
        lines.append(line)
    return Text("\n").join(lines)


def _style(cell: object) -> Style:
    colours = [
        None if name == "default" else {"brown": "yellow"}.get(name, name)
        for name in (cell.fg, cell.bg)
    ]
    return Style(color=colours[0], bgcolor=colours[1], bold=cell.bold, reverse=cell.reverse)


def draw(name: str, title: str, text: Text, columns: int) -> None:
    console = Console(record=True, width=columns, file=StringIO(), force_terminal=True)
    console.print(text, no_wrap=True, crop=True)
    svg = console.export_svg(title=title, theme=DIMMED_MONOKAI, unique_id="run")
    svg = _WEB_FONTS.sub("", svg).replace("Fira Code, monospace", _FONTS)
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.svg").write_text(svg)
    print(f"docs/images/{name}.svg: {len(svg)} bytes")


def draw_run(folder: Path) -> None:
    with Terminal(Family(folder), columns=COLUMNS, lines=LINES) as terminal:
        play(terminal)
        text = screen(terminal.cells)
        terminal.type(QUIT)
        terminal.end()
    draw("make-run", "make run", text, COLUMNS)


def draw_consoles(folder: Path) -> None:
    with Board.up("picture", home=folder) as board:
        for name, ((columns, lines), *keys) in CONSOLES.items():
            uart = Uart(str(board.uart0))
            terminal = serial.Terminal(uart, columns, lines)
            for key in itertools.chain(*keys):
                terminal.type(key)
                terminal.settle()
            draw(name, f"console, {columns} columns", screen(terminal.cells), columns)
            terminal.type(b"\x15\x0b")
            terminal.settle()
            uart.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        draw_run(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        draw_consoles(Path(folder))


if __name__ == "__main__":
    main()
