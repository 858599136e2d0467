"""The declarations of commands and variables, read from the firmware's source without running it.

Commands are the functions of firmware/commands/*.py decorated with @command; variables are the
rows of
firmware/store/groups/*.py. Everything that lists them (the packed tables on the device, help,
docs) derives from here.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

_ACCESS = {"rw": "w", "ro": "o", "live": "l", "secret": "s"}
_TYPES = {
    "bool": "b",
    "int": "i",
    "text": "t",
    "enum": "e",
    "ip": "a",
    "mac": "m",
    "gpio": "g",
    "level": "v",
}


# In a syntax: a placeholder, a bracket, a bar, a word or option; and a placeholder of a password.
_TOKEN = re.compile(r"<[^>]*>|[][|]|[^][|<>\s]+")
_JOINED = re.compile(r"-(\[\w\])+")  # of options: -[e][u]
_SECRET = re.compile(r"<[^>]*(pass|psk|secret)[^>]*>", re.IGNORECASE)
# Those whose names the device knows; others are places where nothing can be offered.
_COMPLETED = ("<variable>", "<command>", "<value>")


@dataclass(frozen=True, order=True)
class Command:
    name: str
    shortcut: str
    module: str
    least: int
    most: int | None
    syntax: str
    help: str


@dataclass(frozen=True, order=True)
class Variable:
    name: str
    shortcut: str
    type: str
    default: str
    access: str
    applies: str
    help: str


class DeclarationError(Exception):
    """A declaration that cannot be right: the text names the file and the row."""


def commands(root: Path) -> list[Command]:
    """Every command of the tree at `root`, by name."""
    found = []
    for path in sorted((root / "firmware" / "commands").glob("*.py")):
        for node in ast.parse(path.read_text(), str(path)).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found += [_command(path, node, d) for d in node.decorator_list if _is_command(d)]
    _unique(found, "name")
    _unique(found, "shortcut")
    return sorted(found)


def _is_command(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "command"
    )


def _command(
    path: Path, function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.expr
) -> Command:
    assert isinstance(call, ast.Call)
    name, shortcut, *counts = [ast.literal_eval(a) for a in call.args]
    least, most = (counts + [0, 0])[:2] if len(counts) != 1 else (counts[0], counts[0])
    text = ast.get_docstring(function)
    if not text:
        raise DeclarationError(f"{path.name}: command {name.decode()} has no help text")
    syntax, _, rest = text.partition("\n")
    return Command(
        name.decode(), shortcut.decode(), path.stem, least, most, syntax, " ".join(rest.split())
    )


def variables(root: Path) -> list[Variable]:
    """Every variable of the tree at `root`, by name."""
    found = []
    for path in sorted((root / "firmware" / "store" / "groups").glob("*.py")):
        for node in ast.parse(path.read_text(), str(path)).body:
            if isinstance(node, ast.Assign):
                for row in ast.literal_eval(node.value):
                    variable = Variable(*row)
                    if variable.name.split(".")[0] != path.stem:
                        raise DeclarationError(
                            f"{path.name}: {variable.name} belongs to another group"
                        )
                    found.append(variable)
    _unique(found, "name")
    _unique(found, "shortcut")
    return sorted(found)


def _unique(rows: list, field: str) -> None:
    seen: dict[str, str] = {}
    for row in rows:
        value = getattr(row, field)
        if value in seen:
            raise DeclarationError(f"{field} {value} stands for both {seen[value]} and {row.name}")
        seen[value] = row.name


def command_index(root: Path) -> bytes:
    """Source of firmware/commands/index.py: the packed index that firmware/console/registry.py
    searches.
    """
    rows = "".join(
        f"\n{c.name}\x01{c.shortcut}\x02{c.module}\x03{c.least},{'' if c.most is None else c.most}"
        f"{'!' if _SECRET.search(c.syntax) else ''}"
        for c in commands(root)
    )
    return f"INDEX = {rows.encode()!r}\n".encode()


def _kind(variable: Variable) -> str:
    name, _, arguments = variable.type.partition(" ")
    return _ACCESS[variable.access] + _TYPES[name] + arguments.replace(" ", ",")


def variable_tables(root: Path) -> bytes:
    """Source of firmware/store/tables.py: one packed bytes constant per group, and the groups of
    each first word.
    """
    groups: dict[str, str] = {}
    short: dict[str, set[str]] = {}
    for v in variables(root):
        group, _, leaf = v.name.partition(".")
        word, _, rest = v.shortcut.partition(" ")
        groups[group] = groups.get(group, "") + f"\n{leaf}\x01{rest}\x02{_kind(v)}\x03{v.default}"
        short.setdefault(word, set()).add(group)
    lines = ["GROUPS = {"]
    lines += [f"    {group.encode()!r}: {table.encode()!r}," for group, table in groups.items()]
    lines += ["}", "SHORT = {"]
    lines += [
        f"    {word.encode()!r}: {tuple(g.encode() for g in sorted(names))!r},"
        for word, names in short.items()
    ]
    return ("\n".join([*lines, "}"]) + "\n").encode()


def command_help(root: Path) -> bytes:
    """The file that `help <command>` reads: name|shortcut|syntax|text, a line each."""
    return "".join(
        f"{c.name}|{c.shortcut}|{c.syntax.replace('|', '/')}|{c.help}\n" for c in commands(root)
    ).encode()


def variable_help(root: Path) -> bytes:
    """The file that `help <variable>` reads: name|shortcut|type|text, a line each."""
    return "".join(
        f"{v.name}|{v.shortcut}|{v.type.replace('|', ' ')}, "
        f"default {v.default or 'empty'}|{v.help}\n"
        for v in variables(root)
    ).encode()


def completion(root: Path) -> bytes:
    """The file that the Tab key reads; firmware/console/completion.py has its form."""
    rows = ""
    for c in commands(root):
        options, places = _places(c.syntax)
        if options or any(set(words) - {"<>"} for words in places):
            fields = ["/".join(options), *("/".join(words) for words in places)]
            rows += f"\n{c.name}|{' '.join(fields)}"
    return f"{rows}\n".encode()


def _places(syntax: str) -> tuple[list[str], list[list[str]]]:
    """Options, with "=" behind those that take a value, and the words of each place."""
    syntax = _JOINED.sub(lambda found: " ".join(f"[-{x}]" for x in found[0][2::3]), syntax)
    tokens = _TOKEN.findall(syntax)[1:]
    options: list[str] = []
    places: list[list[str]] = []
    starts = [0]  # the place where each open bracket began: there its alternatives stand
    place = 0
    for before, token in zip(["", *tokens], tokens, strict=False):
        if token == "[":
            starts.append(place)
        elif token == "]":
            starts.pop()
        elif token == "|":
            place = starts[-1]
        elif token.startswith("-"):
            options.append(token)
        elif before.startswith("-"):
            options[-1] += "="
        else:
            known = token in _COMPLETED or re.fullmatch(r"[\w.]+", token)
            places += [[] for _ in range(place + 1 - len(places))]
            if (word := token if known else "<>") not in places[place]:
                places[place].append(word)
            place += 1
    return options, places
