"""Writes docs/commands.md, docs/variables.md, docs/openapi.json and the wiring table of README.md
from the firmware's source: `make docs`. With --check it writes nothing and tells what is stale.

What stands in those places by hand is lost; the words of a command or a variable are in its
declaration (firmware/commands/, firmware/store/groups/), the words of the wiring are below.
"""

import argparse
import ast
import re
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from airwire import declarations
from airwire.declarations import Variable
from airwire.openapi import document as openapi
from airwire.project import ROOT

_MADE = "<!-- Made by `make docs` from the firmware's source; what is changed here is lost. -->\n"

# Result codes 0 to 9: who meets them.
_MEANINGS = (
    "done; most commands answer something of their own instead",
    "the command was right, what it tried did not work; the log says why",
    "a quote that is not closed, or an unknown escape",
    "no command of that name or shortcut",
    "",
    "",
    "no option, or no variable, of that name",
    "not a value that this argument or variable takes",
    "the line is longer than 512 bytes",
    "a number out of its range",
)

# The constants of firmware/board.py in the order of the table: signal, direction, what it is for.
_WIRING = (
    ("BUTTON_0", "button 0", "in", "BOOT button of the board, to ground; the module pulls it up"),
    ("BUTTON_1", "button 1", "in", "a push button to ground; free until a variable names it"),
    ("LED", "LED", "out", "LED of the board; lit when high"),
    ("UART_TX", "host UART TX", "out", "to RX of the host MCU, 115200 8N1, 3.3 V"),
    ("UART_RX", "host UART RX", "in", "from TX of the host MCU"),
    ("UART_RTS", "host UART RTS", "out", "to CTS of the host MCU; free while `uart.flow` is off"),
    ("UART_CTS", "host UART CTS", "in", "from RTS of the host MCU; free while `uart.flow` is off"),
)
_WIRING_START = "<!-- wiring: made by `make docs` from firmware/board.py -->\n"
_WIRING_END = "<!-- wiring ends -->\n"

_ACCESS = {
    "rw": "get, set",
    "ro": "get",
    "live": "get, set",
    "volatile": "get, set; not saved",
    "secret": "set; prints `********`",
}
_APPLIES = {
    "now": "at once",
    "join": "next join",
    "network": "next start of the network",
    "next": "next use",
    "reboot": "`save`, `reboot`",
    "setup": "next `setup web`",
    "uart_update": "`uart_update`, or `save`, `reboot`",
}


# {made} becomes _MADE.
_COMMANDS_INTRO = r"""# Commands

{made}
A line is a command and its arguments, separated by spaces. Name and shortcut mean the same.
`"..."` keeps spaces together, `""` is the empty argument; the escapes are `\\`, `\"`, `\n`, `\r`,
`\t`, `\0`, `\,`, `\xHH`, and a backslash before a space. In the syntax below, `<...>` is to be
replaced and `[...]` may be left out.

Where the WiConnect documents leave an answer open, [the compatibility notes](compatibility.md)
tell what this firmware does. [Variables](variables.md) have a page of their own.
"""

_CODES_INTRO = """## Result codes

With headers on, a response is `R`, one digit of result code, five digits of length, CR LF, and
that many bytes. Without headers only the text is seen. A command may say more than the text of its
code: `get` of an unknown variable answers `Unknown variable`, with code 6.
"""

_VARIABLES_INTRO = """# Variables

{made}
`get <variable>` prints one, `get <group>` or `get all` prints many, `set <variable> <value>`
changes one until the next reset, and `save` keeps all changes. The shortcut means the same as the
name: `get wl s`. Numbers are decimal.

A variable that has a value for each of several things takes the index first: `get uart.baud 1`,
`set uart.baud 1 9600`, `get uart.baud all`. One that has formats may be asked for one:
`get time.rtc utc`. Where only one value is accepted, the hardware cannot do otherwise.
"""


def _prose(text: str) -> str:
    # Markdown would take <size> for HTML.
    return re.sub(r"<[^>]+>", r"`\g<0>`", text)


def _cell(text: str) -> str:
    return _prose(text).replace("|", "\\|")


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _constant(path: Path, name: str) -> ast.expr:
    # The expression that a module of the firmware assigns to `name`, without its const().
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            value = node.value
            return value.args[0] if isinstance(value, ast.Call) else value
    raise SystemExit(f"{path}: no {name}")


def commands(root: Path) -> str:
    """docs/commands.md"""
    found = declarations.commands(root)
    rows = [(f"[`{c.name}`](#{c.name})", f"`{c.shortcut}`", _cell(c.help)) for c in found]
    out = [_COMMANDS_INTRO.format(made=_MADE)]
    out.append(_table(("command", "shortcut", "what it does"), rows))
    for c in found:
        out.append(f"## {c.name}\n\n`{c.syntax}`, shortcut `{c.shortcut}`\n\n{_prose(c.help)}\n")
    texts = ast.literal_eval(_constant(root / "firmware/console/errors.py", "TEXTS"))
    rows = [(str(code), f"`{text.decode()}`", _MEANINGS[code]) for code, text in enumerate(texts)]
    out += [_CODES_INTRO, _table(("code", "text", "meaning"), rows)]
    return "\n".join(out)


def _default(v: Variable) -> str:
    if v.access in ("ro", "volatile"):
        return ""
    return ", ".join(f"`{_cell(d)}`" if d else "empty" for d in v.default.split(";"))


def _variable(v: Variable) -> tuple[str, ...]:
    writable = v.access != "ro"
    return (
        f"`{v.name}`",
        f"`{v.shortcut}`",
        _ACCESS[v.access],
        _cell(declarations.describe(v.type))
        if writable or not v.type.startswith("text")
        else "text",
        _default(v),
        _APPLIES[v.applies] if writable else "",
        _cell(v.help),
    )


def variables(root: Path) -> str:
    """docs/variables.md"""
    heads = ("variable", "shortcut", "access", "values", "default", "takes effect", "meaning")
    out = [_VARIABLES_INTRO.format(made=_MADE)]
    for group, rows in groupby(declarations.variables(root), lambda v: v.name.split(".")[0]):
        out += [f"## {group}\n", _table(heads, [_variable(v) for v in rows])]
    return "\n".join(out)


def readme(root: Path) -> str:
    """README.md as it is, with its wiring table made anew."""
    before, start, rest = (root / "README.md").read_text().partition(_WIRING_START)
    _, end, after = rest.partition(_WIRING_END)
    if not start or not end:
        raise SystemExit("README.md: the marks of the wiring table are gone")
    board = root / "firmware" / "board.py"
    rows = [
        (signal, str(ast.literal_eval(_constant(board, name))), direction, use)
        for name, signal, direction, use in _WIRING
    ]
    table = _table(("signal", "GPIO", "direction", "use"), rows)
    return f"{before}{start}\n{table}\n{end}{after}"


DOCUMENTS: dict[str, Callable[[Path], str]] = {
    "README.md": readme,
    "docs/commands.md": commands,
    "docs/openapi.json": openapi.readable,
    "docs/variables.md": variables,
}


def stale(root: Path) -> dict[str, str]:
    """The documents that differ from what they should be: path -> that."""
    made = {path: make(root) for path, make in DOCUMENTS.items()}
    return {
        path: text
        for path, text in made.items()
        if not (root / path).exists() or (root / path).read_text() != text
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the generated parts of the documents.")
    parser.add_argument("--check", action="store_true", help="only tell which are stale; 1 if any")
    parser.add_argument("--root", type=Path, default=ROOT, help="another tree than this one")
    args = parser.parse_args()
    found = stale(args.root)
    for path, text in found.items():
        if args.check:
            print(f"airwire: {path} is stale: run `make docs`", file=sys.stderr)
        else:
            (args.root / path).write_text(text)
            print(path)
    return int(args.check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
