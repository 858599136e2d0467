"""Factory settings: which variables may have one, and whether a value is one of its own, by the
declarations of the firmware. The same rules as firmware/store/variables.py and kinds.py have; a
test compares.
"""

import functools
import re
from collections.abc import Callable
from pathlib import Path

from airwire import declarations, project
from airwire.declarations import Variable
from airwire.errors import UserError

# Those of a classic ESP32 that are not the flash's; 34 to 39 are inputs only.
_OUTPUTS = (*range(6), *range(12, 20), *range(21, 24), *range(25, 28), 32, 33)
_GPIOS = (*_OUTPUTS, *range(34, 40))
_WAKERS = (0, 2, 4, *range(12, 16), *range(25, 28), *range(32, 40))

_RATES = (
    *(300, 600, 1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 56000, 57600, 115200),
    *(128000, 153600, 230400, 256000, 460800, 921600),
)
_SLOWEST, _FASTEST = 100, 5_000_000

_DIRECTIONS = {
    **dict.fromkeys(("none", "-1"), "none"),
    **dict.fromkeys(("in", "input", "input_highz"), "input_highz"),
    **dict.fromkeys(("ipu", "input_pull_up"), "input_pull_up"),
    **dict.fromkeys(("ipd", "input_pull_down"), "input_pull_down"),
    **dict.fromkeys(("out", "output"), "output"),
    **dict.fromkeys(("ood", "output_open_drain"), "output_open_drain"),
    "output_open_drain_pull_up": "output_open_drain_pull_up",
}
_PATTERNS = ("static_off", "static_on", "slow_blink", "medium_blink", "fast_blink")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_MODULE = re.compile(r"py:[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")
_IDENTITY = re.compile(r"dct:[!-~]{1,32}")
_LONGEST_MODULE, _LONGEST_FILE = 128, 64  # bytes of a reference


def find(name: str) -> tuple[Variable, str]:
    """The variable of a factory setting by its full name, followed by an index where it has one,
    or by another name of its; and the name as the table has it. Raises UserError.
    """
    words = name.split()
    known, aliases = _declared(project.ROOT)
    first = words[0] if words else ""
    variable = known.get(aliases.get(first, first))
    if variable is None:
        near = [each for each in known if first and each.endswith(f".{first}")]
        cure = f" (did you mean {near[0]}?)" if near else ": docs/variables.md has them all"
        raise UserError(f"no variable {name!r}{cure}")
    if variable.access in ("ro", "volatile"):
        raise UserError(f"{variable.name} has no factory setting: it is not kept")
    choices = indexes(variable)
    if not choices and len(words) == 1:
        return variable, variable.name
    if len(words) == 2 and words[1] in choices:
        return variable, f"{variable.name} {words[1]}"
    if choices:
        raise UserError(f"{variable.name} has an index: '{variable.name} {choices[0]}'")
    raise UserError(f"{variable.name} has no index")


@functools.cache  # a table has many settings
def _declared(root: Path) -> tuple[dict[str, Variable], dict[str, str]]:
    known = {each.name: each for each in declarations.variables(root)}
    return known, declarations.aliases(root)


def check(variable: Variable, name: str, value: str) -> None:
    """Raise UserError for a value that the variable, by its name as `find` gives it, does not
    take.
    """
    kind, _, arguments = variable.type.partition(" ")
    if kind == "index":
        kind, _, arguments = arguments.partition(" ")[2].partition(" ")
    if kind == "patterns":
        # As many states as the default of this index has.
        defaults = variable.default.split(";")
        default = defaults[indexes(variable).index(name.partition(" ")[2])]
        arguments = str(default.count("|") + 1)
    shown = "this value" if variable.access == "secret" else repr(value)
    if not _CHECKS[kind](value, arguments):
        what = declarations.describe(variable.type)
        raise UserError(f"{name} does not take {shown}: {what}")


def indexes(variable: Variable) -> list[str]:
    """The indexes of a variable that has some."""
    kind, _, rest = variable.type.partition(" ")
    if kind != "index":
        return []
    spec = rest.partition(" ")[0]
    if spec == "gpio":
        return [str(number) for number in _GPIOS]
    if spec[0].isdigit():
        low, _, high = spec.partition("-")
        return [str(number) for number in range(int(low), int(high) + 1)]
    return spec.split("|")


def _integer(text: str, low: int, high: int) -> bool:
    return bool(_INTEGER.fullmatch(text)) and low <= int(text) <= high


def _int(text: str, arguments: str) -> bool:
    low, high = arguments.split()
    return _integer(text, int(low), int(high))


def _text(text: str, arguments: str) -> bool:
    low, high = arguments.split()
    return int(low) <= len(text.encode()) <= int(high)


def _gpio(text: str, arguments: str) -> bool:
    usable = _OUTPUTS if arguments == "out" else _GPIOS
    return _integer(text, -1, 39) and (int(text) < 0 or int(text) in usable)


def _ip(text: str, arguments: str) -> bool:
    parts = text.split(".")
    if len(parts) != 4 or not all(_integer(part, 0, 255) for part in parts):
        return False
    numbers = [int(part) for part in parts]
    if not arguments:
        return True
    if not 0 < numbers[0] < 224 and (arguments == "host" or any(numbers)):
        return False
    return arguments != "host" or numbers[0] != 127


def _mac(text: str, _: str) -> bool:
    return bool(re.fullmatch(r"[0-9A-Fa-f]{12}", text.replace(":", "")))


def _only(text: str, arguments: str) -> bool:
    others = {"0": ("off", "false"), "1": ("on", "true")}
    return text == arguments or text in others.get(arguments, ())


def _rate(text: str, _: str) -> bool:
    number, _, raw = text.partition(" ")
    if raw not in ("", "raw") or not _integer(number, _SLOWEST, _FASTEST):
        return False
    return bool(raw) or int(number) in _RATES


def _direction(text: str, _: str) -> bool:
    words = text.split(" ")
    level = words.pop() if words[-1] in ("0", "1") else ""
    name = _DIRECTIONS.get("_".join(words))
    return name is not None and (not level or name.startswith("output"))


def _patterns(text: str, arguments: str) -> bool:
    names = text.split("|")
    return len(names) == int(arguments) and all(each in _PATTERNS for each in names)


def _zone(text: str, _: str) -> bool:
    found = re.fullmatch(r"[+-]?([0-9]+)(:30)?", text)
    return bool(found) and int(found[1]) <= 12


def _waker(text: str, _: str) -> bool:
    found = re.fullmatch(r"gpio([0-9]+)(_low)?", text)
    return text == "none" or bool(found) and int(found[1]) in _WAKERS


def _reference(text: str, _: str) -> bool:
    if text.startswith("dct:"):
        return bool(_IDENTITY.fullmatch(text))
    if text.startswith("py:"):
        return bool(_MODULE.fullmatch(text)) and len(text) <= _LONGEST_MODULE
    data = text.encode()
    return len(data) <= _LONGEST_FILE and all(char >= 32 and char != 127 for char in data)


def _choice(text: str, arguments: str) -> bool:
    return text in arguments.split("|")


def _switch(text: str, _: str) -> bool:
    return text in ("0", "1", "off", "on", "false", "true")


_CHECKS: dict[str, Callable[[str, str], bool]] = {
    "bool": _switch,
    "direction": _direction,
    "enum": _choice,
    "gpio": _gpio,
    "identity": _reference,
    "int": _int,
    "ip": _ip,
    "key": lambda text, arguments: not text or _text(text, arguments),
    "level": lambda text, _: text == "all" or _integer(text, 0, 5),
    "lines": lambda text, _: False,
    "mac": _mac,
    "only": _only,
    "patterns": _patterns,
    "rate": _rate,
    "switch": _switch,
    "text": _text,
    "waker": _waker,
    "zone": _zone,
}
