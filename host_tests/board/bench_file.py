"""What is on a bench: a TOML file of host_tests/benches/, checked. Nothing is opened here.

A file never holds a secret: it names the environment variables that do. Errors name the file and
the key in one line.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from airwire import ports
from airwire.errors import UserError

# What a test may need of a board beyond UART0 -> what a bench lacks that has none: a key of this
# file, or a virtual board's inside.
REASONS = {
    "uart1": "no serial adapter at UART1 (bench key board.uart1)",
    "wifi": "no network in reach (bench key wifi.ssid or wifi.ssid_env)",
    "press": "nothing that presses button 0 (bench key button.line or button.press)",
    "jumper": "no two GPIOs that are joined (bench key selftest.jumpers)",
    "path": "UART0 is no serial device of this machine (bench key board.uart0)",
    "led": "no sight of the board's pins: that has the virtual board alone",
    "air": "no access points that obey: those has the virtual board alone",
    "names": "no name server that obeys: that has the virtual board alone",
    "power": "no switch in the supply that keeps time: that has the virtual board alone",
    "counters": "no sight of the board's inside: that has the virtual board alone",
    "flash": "no way to the flash past the firmware: that has the virtual board alone",
}

# The control lines of a serial adapter that can pull a GPIO low.
_LINE = re.compile(r"uart([01])\.(dtr|rts)")
_JUMPER = re.compile(r"[0-9]{1,2}-[0-9]{1,2}")

_WORD, _WORDS, _ON = "a text", "a list of texts", "true or false"

# Table -> key -> what its value is.
_KEYS = {
    "board": {"uart0": _WORD, "uart1": _WORD},
    "reset": {"command": _WORDS},
    "button": {"line": _WORD, "press": _WORDS, "release": _WORDS},
    "wifi": {"ssid": _WORD, "ssid_env": _WORD, "passkey_env": _WORD, "peer": _WORD},
    "selftest": {"jumpers": _WORDS, "uart": _ON},
}


@dataclass(frozen=True)
class BenchFile:
    """A bench. Empty is what it lacks.

    ports: UART0's and UART1's. reset: a command that resets the board; else RTS of UART0 does.
    line: (UART, "dtr" or "rts"), asserted while button 0 is to be pressed; press, release:
    commands that do it. peer: this machine's address for the board; else it is found. uart: a
    jumper joins TX and RX of UART1. jumpers: pairs of GPIOs that are joined.
    """

    ports: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()
    line: tuple[int, str] | None = None
    press: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    ssid: str = ""
    passkey: str = ""
    peer: str = ""
    uart: bool = False
    jumpers: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """What `selftest` tests besides what it always does."""
        return (*(["uart"] if self.uart else []), *self.jumpers)

    @property
    def can(self) -> frozenset[str]:
        """What of REASONS it does not lack."""
        has = {
            "uart1": len(self.ports) > 1,
            "wifi": bool(self.ssid),
            "press": bool(self.line or self.press),
            "jumper": bool(self.jumpers),
            "path": bool(self.ports) and "://" not in self.ports[0],
        }
        return frozenset(name for name in has if has[name])


def chosen(path: Path | None, named: str | None, wifi: str | None = None) -> BenchFile:
    """The bench of a file, or an empty one, with what the command line says instead: `named` as
    UART0[,UART1], `wifi` as SSID[:passkey]. Where neither names a port, it is that of the one
    board on USB. Raises UserError.
    """
    bench = load(path) if path else BenchFile()
    given = tuple(named.split(",")) if named else ()
    bench = replace(bench, ports=given + bench.ports[len(given) :])
    if wifi:
        ssid, _, passkey = wifi.partition(":")
        bench = replace(bench, ssid=ssid, passkey=passkey)
    if set(bench.ssid + bench.passkey) & set('"\\'):
        # In commands they would be escaped: what hides the key in logs would not know it again.
        raise UserError('no SSID or key with " or \\ for tests: give their network another one')
    if not bench.ports:
        bench = replace(bench, ports=(ports.find(None),))
    if bench.line and bench.line[0] >= len(bench.ports):
        raise UserError(f"button.line is at uart{bench.line[0]}, and there is no such port")
    return bench


def load(path: Path, environment: Mapping[str, str] = os.environ) -> BenchFile:
    """Read a file. Raises UserError."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not TOML: {error}") from None
    try:
        return parse(values, environment)
    except UserError as error:
        raise UserError(f"{path}: {error.message}") from None


def parse(values: dict[str, Any], environment: Mapping[str, str]) -> BenchFile:
    """Check the tables of a file. Raises UserError."""
    for name, table in values.items():
        if name not in _KEYS:
            raise UserError(f"no table {name!r}; there are {', '.join(_KEYS)}")
        if not isinstance(table, dict):
            raise UserError(f"{name} is no table")
        for key, value in table.items():
            if key not in _KEYS[name]:
                raise UserError(f"no key {name}.{key}; there are {', '.join(_KEYS[name])}")
            if not _is(_KEYS[name][key], value):
                raise UserError(f"{name}.{key} is {value!r}, not {_KEYS[name][key]}")
    board, button, wifi, parts = (
        values.get(name, {}) for name in ("board", "button", "wifi", "selftest")
    )
    places = tuple(board[key] for key in ("uart0", "uart1") if key in board)
    if "uart1" in board and "uart0" not in board:
        raise UserError("board.uart1 without board.uart0")
    if ("press" in button) != ("release" in button):
        raise UserError("button.press and button.release go together")
    if "line" in button and "press" in button:
        raise UserError("button.line or button.press, not both")
    if "ssid" in wifi and "ssid_env" in wifi:
        raise UserError("wifi.ssid or wifi.ssid_env, not both")
    for jumper in parts.get("jumpers", ()):
        if not _JUMPER.fullmatch(jumper):
            raise UserError(f"selftest.jumpers has {jumper!r}, not two GPIOs as in '12-14'")
    uart = parts.get("uart", False)
    if uart and "uart1" in board:
        raise UserError("selftest.uart: a jumper at UART1 takes the place of board.uart1")
    return BenchFile(
        ports=places,
        reset=tuple(values.get("reset", {}).get("command", ())),
        line=_line(button),
        press=tuple(button.get("press", ())),
        release=tuple(button.get("release", ())),
        ssid=wifi.get("ssid") or _variable(wifi, "ssid_env", environment),
        passkey=_variable(wifi, "passkey_env", environment),
        peer=wifi.get("peer", ""),
        uart=uart,
        jumpers=tuple(parts.get("jumpers", ())),
    )


def _is(kind: str, value: Any) -> bool:
    if kind is _ON:
        return isinstance(value, bool)
    if kind is _WORDS:
        return isinstance(value, list) and bool(value) and all(_is(_WORD, word) for word in value)
    return isinstance(value, str) and value != ""


def _line(button: dict[str, Any]) -> tuple[int, str] | None:
    if "line" not in button:
        return None
    match = _LINE.fullmatch(button["line"])
    if not match:
        raise UserError(f"button.line is {button['line']!r}; it is uart0.dtr, uart1.dtr and so on")
    if match[0] == "uart0.rts":
        raise UserError("button.line: uart0.rts resets the board")
    return int(match[1]), match[2]


def _variable(table: dict[str, Any], key: str, environment: Mapping[str, str]) -> str:
    """The value of the environment variable that a key names."""
    name = table.get(key)
    if name is None:
        return ""
    if not environment.get(name):
        raise UserError(f"{name} is not set in the environment (wifi.{key})")
    return environment[name]
