"""The declarations of commands and variables, read from the firmware's source without running it.

Commands are the functions of firmware/commands/*.py decorated with @command; variables are the
rows of
firmware/store/groups/*.py. Everything that lists them (the packed tables on the device, help,
docs) derives from here.
"""

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

_ACCESS = {"rw": "w", "ro": "o", "live": "l", "volatile": "v", "secret": "s"}
_TYPES = {
    "bool": "b",
    "direction": "d",
    "enum": "e",
    "gpio": "g",
    "identity": "y",
    "int": "i",
    "ip": "a",
    "key": "k",
    "level": "v",
    "lines": "l",
    "mac": "m",
    "only": "n",
    "patterns": "p",
    "rate": "r",
    "switch": "o",
    "text": "t",
    "waker": "w",
    "zone": "z",
}
_INDEXES = {"gpio": "g"}
# Groups that running code reads again and again: their rows are in RAM too, all of them in flash.
_RESIDENT = ("stream", "wlan")
# But for these of them, which no code reads, or only now and then.
_RARE = (
    *("wlan.antenna.", "wlan.hide_passkey", "wlan.scan.active_dwell", "wlan.scan.channel_mask"),
    *("wlan.scan.home_dwell", "wlan.scan.num_probes", "wlan.scan.passive_dwell", "wlan.scan.type"),
    "wlan.verify.",
)
_DESCRIPTIONS = {
    "bool": "0 or 1 (also off, on, false, true)",
    "direction": "none, input_highz, input_pull_up, input_pull_down, output or output_open_drain,"
    " and for the outputs 0 or 1",
    "enum": "{choices}",
    "gpio": "GPIO number, -1 = none",
    "identity": "empty, dct:<name>, py:<module>.<name>, or name of a file",
    "int": "{low} to {high}",
    "ip": "IPv4 address",
    "key": "empty, or {low} to {high} bytes",
    "level": "0 to 5, or all",
    "lines": "lines of text",
    "mac": "MAC address",
    "only": "only {choices}",
    "patterns": "static_off, static_on, slow_blink, medium_blink or fast_blink for each state,"
    " joined by |",
    "rate": "standard baud rate, or any with the word raw",
    "switch": "off or on (also 0, 1, false, true)",
    "text": "{low} to {high} bytes",
    "waker": "none, gpio4 or gpio4_low",
    "zone": "-12:30 to 12:30",
}


# In a syntax: what stands for a password.
_SECRET = re.compile(r"<[^>]*(pass|psk|secret)[^>]*>", re.IGNORECASE)


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
    if most is not None and most > 9:
        raise DeclarationError(f"{path.name}: command {name.decode()} takes more than 9 arguments")
    syntax, _, rest = text.partition("\n")
    return Command(
        name.decode(), shortcut.decode(), path.stem, least, most, syntax, " ".join(rest.split())
    )


def variables(root: Path) -> list[Variable]:
    """Every variable of the tree at `root`, by name."""
    found = []
    for path in sorted((root / "firmware" / "store" / "groups").glob("*.py")):
        for row in _literal(path, "VARIABLES"):
            variable = Variable(*row)
            if variable.name.split(".")[0] != path.stem:
                raise DeclarationError(f"{path.name}: {variable.name} belongs to another group")
            found.append(variable)
    _unique(found, "name")
    _unique(found, "shortcut")
    return sorted(found)


def aliases(root: Path) -> dict[str, str]:
    """Other names and shortcuts of variables -> their own name."""
    path = root / "firmware" / "store" / "groups" / "aliases.py"
    found = dict(_literal(path, "ALIASES"))
    own = variables(root)
    names, shortcuts = {v.name for v in own}, {v.shortcut for v in own}
    for alias, name in found.items():
        if name not in names or alias in names or alias in shortcuts:
            raise DeclarationError(f"{path.name}: {alias} cannot stand for {name}")
    return found


def _literal(path: Path, name: str) -> tuple:
    # What the file at `path` assigns to `name`; nothing where it does not or is not there.
    if path.exists():
        for node in ast.parse(path.read_text(), str(path)).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
                return ast.literal_eval(node.value)
    return ()


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
    files = sorted({c.module for c in commands(root)})
    rows = "".join(
        f"\n{c.name}\x01{c.shortcut}\x02{chr(ord('A') + files.index(c.module))}"
        f"{c.least}{'~' if c.most is None else c.most}{'!' if _SECRET.search(c.syntax) else ''}"
        for c in commands(root)
    )
    return f"FILES = {' '.join(files).encode()!r}\nINDEX = {rows.encode()!r}\n".encode()


def _kind(variable: Variable) -> str:
    # How firmware/store/variables.py wants it.
    kind = _ACCESS[variable.access]
    name, _, arguments = variable.type.partition(" ")
    if name in ("index", "formats"):
        choices, _, rest = arguments.partition(" ")
        if name == "index":
            choices = _INDEXES.get(choices, choices)
            if choices[0].isdigit():
                choices = choices.replace("-", ",")
        kind += f"{'x' if name == 'index' else 'f'}{choices}:"
        name, _, arguments = rest.partition(" ")
    if variable.access == "ro":  # nothing is ever parsed
        return kind + ("l" if name == "lines" else "t")
    return kind + _TYPES[name] + arguments.replace(" ", ",")


def variable_tables(root: Path) -> dict[str, bytes]:
    """What the device looks variables up in: firmware/store/tables.py, which has GROUPS, the names
    of all in order; RESIDENT, the packed rows of those that stay in RAM; and ALIASES. The packed
    table of each group is in the file firmware/store/rows/<group>.
    """
    groups: dict[str, bytes] = {}
    resident: dict[bytes, bytes] = {}
    for v in variables(root):
        group, _, leaf = v.name.partition(".")
        word, _, rest = v.shortcut.partition(" ")
        if word != group[:2]:
            raise DeclarationError(f"{v.name}: a shortcut begins with {group[:2]}, not {word}")
        default = "" if v.access in ("ro", "volatile") else v.default
        row = f"\n{leaf}\x01{rest}\x02{_kind(v)}\x03{default}".encode()
        groups[group] = groups.get(group, b"") + row
        if group in _RESIDENT and not v.name.startswith(_RARE):
            resident[group.encode()] = resident.get(group.encode(), b"") + row
    others = "".join(f"\n{alias}\x01{name}" for alias, name in sorted(aliases(root).items()))
    names = "".join(f"\n{group}" for group in sorted(groups))
    lines = (
        f"GROUPS = {(names + chr(10)).encode()!r}",
        f"RESIDENT = {resident!r}",
        f"ALIASES = {(others + chr(10)).encode()!r}",
    )
    files = {f"firmware/store/rows/{g}": groups[g] for g in groups}
    return {"firmware/store/tables.py": ("\n".join(lines) + "\n").encode(), **files}


def command_help(root: Path) -> bytes:
    """The file that `help <command>` reads: name, shortcut, syntax, text, with tabs between, a
    line each.
    """
    return _table((c.name, c.shortcut, c.syntax, c.help) for c in commands(root))


def variable_help(root: Path) -> bytes:
    """The file that `help <variable>` reads: name, shortcut, values, text, likewise."""
    return _table((v.name, v.shortcut, _values_line(v), v.help) for v in variables(root))


def language(root: Path) -> bytes:
    """The file that web pages read: all commands and variables in JSON, types and ranges as they
    are declared and in words.
    """
    rows = [asdict(v) | {"values": describe(v.type)} for v in variables(root)]
    fields = ("name", "shortcut", "syntax", "help")
    lines = [{field: getattr(c, field) for field in fields} for c in commands(root)]
    return json.dumps({"variables": rows, "commands": lines}, separators=(",", ":")).encode()


def _table(rows: Iterable[tuple[str, ...]]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def _values_line(v: Variable) -> str:
    if v.access == "ro":
        return f"read only: {describe(v.type)}"
    default = (
        "" if v.access == "volatile" else f", default {v.default.replace(';', ' ') or 'empty'}"
    )
    return describe(v.type) + default


def describe(type_: str) -> str:
    """A variable's type in words."""
    name, _, arguments = type_.partition(" ")
    if name == "index":
        choices, _, rest = arguments.partition(" ")
        choices = (
            "GPIO" if choices == "gpio" else "of " + choices.replace("|", ", ").replace("-", ", ")
        )
        return f"for each {choices}: {describe(rest)}"
    if name == "formats":
        choices, _, rest = arguments.partition(" ")
        return f"{describe(rest)}; formats {choices.replace('|', ', ')}"
    if name == "ip" and arguments:
        return "IPv4 address of a host" + (", or 0.0.0.0" if arguments == "own" else "")
    low, _, high = arguments.partition(" ")
    return _DESCRIPTIONS[name].format(low=low, high=high, choices=", ".join(arguments.split("|")))
