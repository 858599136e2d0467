"""Draws docs/images/make-run.svg, the picture of the README, from the real thing.

    .venv/bin/python tools/picture.py

Runs `airwire run` in a terminal, types and presses, and writes down what is on the screen then.
Needs the packages of the tests: the terminal is theirs.
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

from host_tests.tools.run_terminal import Family, Terminal  # noqa: E402 - found by the line above

PICTURE = ROOT / "docs/images/make-run.svg"

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


def screen(terminal: Terminal) -> Text:
    """The screen as rich's text, with its colours."""
    lines = []
    for row in terminal.cells:
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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        family = Family(Path(folder))
        with Terminal(family, columns=COLUMNS, lines=LINES) as terminal:
            play(terminal)
            text = screen(terminal)
            terminal.type(QUIT)
            terminal.end()
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(text, no_wrap=True, crop=True)
    svg = console.export_svg(title="make run", theme=DIMMED_MONOKAI, unique_id="run")
    svg = _WEB_FONTS.sub("", svg).replace("Fira Code, monospace", _FONTS)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(svg)
    print(f"{PICTURE.relative_to(ROOT)}: {len(svg)} bytes")


if __name__ == "__main__":
    main()
