"""Fenced blocks of README.md and docs/*.md: finding them, their kinds, and comparing text with
what a block shows. Pure; running them is stage.py.

The word after the fence is the block's kind:

    console [uart0|uart1] [board=NAME]
        A console of the virtual board. Lines that begin with `> ` are typed, others are what the
        board prints; the prompt is the board's own, but for machine mode, where `> ` only marks
        what is sent.
    telnet
        The first line is a command that begins with `$ telnet `; the rest is what a person at a
        terminal types and sees, as on a console, until the program ends.
    shell [exit=N]
        Lines that begin with `$ ` are run, others are what they print; the last one ends with N.
    toml NAME
        A configuration of the virtual board, kept as file NAME for the blocks that follow.
    python NAME, c NAME, html NAME
        A program or a page, kept as file NAME likewise.
    text
        Neither run nor compared: a diagram, a sketch.

The blocks of a document are one story: they share a folder, and boards and programs live on from
one to the next. What an expected line says must come literally, but for the words of PLACEHOLDERS
in angle brackets, and a line `...`, which stands for any number of lines. In what is typed, a
placeholder is what it stood for last.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PLACEHOLDERS = {
    "version": r"\d+\.\d+\.\d+",  # of Airwire
    "date": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "day": r"\d{4}-\d\d-\d\d",
    "time": r"\d\d:\d\d:\d\d",
    "mac": r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}",
    "id": r"[0-9A-F]{4}",  # a board's device number
    "n": r"\d+",
    "home": r"/\S+",  # the folder of all boards
}
_PLACEHOLDER = re.compile("<(" + "|".join(PLACEHOLDERS) + ")>")

KINDS = {
    "console": re.compile(r"((?P<uart>uart[01])|board=(?P<board>\S+))"),
    "telnet": None,
    "shell": re.compile(r"exit=(?P<exit>\d+)"),
    "toml": re.compile(r"(?P<name>\w+\.toml)"),
    "python": re.compile(r"(?P<name>\w+\.py)"),
    "c": re.compile(r"(?P<name>\w+\.c)"),
    "html": re.compile(r"(?P<name>\w+\.html)"),  # host_tests/web/ opens it
    "text": None,
}

NAMED = ("toml", "python", "c", "html")  # kinds that are kept as a file

_FENCE = re.compile(r" *(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")

ANY = "..."


class TranscriptError(Exception):
    """A block is not what the real thing says, or not a block at all. The text tells where."""


@dataclass(frozen=True)
class Block:
    """A fenced block; `first` is the line number of its first line of text."""

    path: str
    first: int
    kind: str
    options: dict[str, str]
    lines: tuple[str, ...]

    def where(self, index: int = 0) -> str:
        return f"{self.path}:{self.first + index}"


def blocks(text: str, path: str) -> Iterator[Block]:
    """Every fenced block of a document. Raises TranscriptError for one of no known kind."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        opened = _FENCE.match(line)
        if not opened:
            continue
        inside = []
        for _, content in lines:
            closed = _FENCE.match(content)
            if closed and not closed["info"].strip() and closed["mark"].startswith(opened["mark"]):
                break
            inside.append(content)
        else:
            raise TranscriptError(f"{path}:{number}: the block has no end")
        kind, options = _kind(opened["info"], f"{path}:{number}")
        yield Block(path, number + 1, kind, options, tuple(inside))


def _kind(info: str, where: str) -> tuple[str, dict[str, str]]:
    kind, *words = info.split() or [""]
    if kind not in KINDS:
        raise TranscriptError(f"{where}: a block of kind {kind!r}; it is {', '.join(KINDS)}")
    options: dict[str, str] = {}
    for word in words:
        found = KINDS[kind].fullmatch(word) if KINDS[kind] else None
        if not found:
            raise TranscriptError(f"{where}: {kind} has no option {word!r}")
        options |= {key: value for key, value in found.groupdict().items() if value}
    if kind in NAMED and "name" not in options:
        raise TranscriptError(f"{where}: a block of kind {kind} has the name of its file")
    return kind, options


def match(expected: str, got: str) -> dict[str, str] | None:
    """Whether a line is what is expected: what the placeholders stand for, or None if not."""
    pattern = ""
    names = []
    end = 0
    for found in _PLACEHOLDER.finditer(expected):
        pattern += re.escape(expected[end : found.start()]) + f"({PLACEHOLDERS[found[1]]})"
        names.append(found[1])
        end = found.end()
    matched = re.fullmatch(pattern + re.escape(expected[end:]), got)
    return dict(zip(names, matched.groups(), strict=True)) if matched else None


def fill(typed: str, known: dict[str, str], where: str) -> str:
    """What is typed, with the placeholders that have been seen."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise TranscriptError(f"{where}: nothing has said yet what {found[0]} is")
        return known[found[1]]

    return _PLACEHOLDER.sub(value, typed)


class Screen:
    """What a terminal shows of the bytes that came: rows, of which the last is being written."""

    def __init__(self) -> None:
        self.rows = [""]
        self._column = 0

    def feed(self, data: bytes) -> None:
        for character in data.decode("utf-8", "replace"):
            if character == "\r":
                self._column = 0
            elif character == "\n":
                self.rows[-1] = self.rows[-1].rstrip(" ")  # as a reader sees it
                self.rows.append("")
            elif character == "\b":
                self._column = max(0, self._column - 1)
            else:
                row = self.rows[-1].ljust(self._column)
                self.rows[-1] = row[: self._column] + character + row[self._column + 1 :]
                self._column += 1


def documents(root: Path) -> list[Path]:
    """The documents whose blocks are run."""
    return [root / "README.md", *sorted((root / "docs").glob("**/*.md"))]
