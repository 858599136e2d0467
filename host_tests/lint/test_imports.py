"""Who may import whom: the arrows between the rooms, read from the source of every file.

Only imports of our own code count here, but for lib/wire, which may import nothing that touches
the world. The tables are the rule; whoever needs another arrow changes the design first.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("airwire", "boot", "firmware", "main", "wire")

# A file, or a folder with all below it -> what of ours it may import, each with all below it. The
# longest key counts. "x.?" is __import__("x." + something computed), "?" one that is computed
# altogether.
ARROWS = {
    "boot.py": (),
    "main.py": ("firmware.device", "firmware.store.starts"),
    "firmware/__init__.py": ("firmware.parts",),
    "firmware/board.py": ("firmware.version",),
    # For those who build MicroPython themselves; not on the device otherwise.
    "firmware/boards/": (),
    "firmware/device.py": ("firmware", "wire"),
    # The GPIOs of the command language: their errors are those of commands.
    "firmware/gpio.py": ("firmware.board", "firmware.console.errors", "firmware.store"),
    "firmware/clock.py": ("firmware.clock_hands", "firmware.forget"),
    "firmware/clock_hands.py": (),
    "firmware/power.py": ("firmware.board", "firmware.console.log", "firmware.store"),
    "firmware/starting.py": ("firmware", "wire"),
    "firmware/factory.py": ("firmware.store",),
    "firmware/stopped.py": ("firmware.console", "firmware.store"),
    "firmware/store/": ("wire", "firmware.board", "firmware.forget", "firmware.store"),
    # `py:` in a variable names a module of the user.
    "firmware/store/identities.py": ("wire", "firmware.forget", "firmware.store", "?"),
    "firmware/net/": (
        "wire",
        "firmware.board",
        "firmware.forget",
        "firmware.forget_parts",
        "firmware.net",
    ),
    # The variables of TLS refer to certificates, in the flash or in files.
    "firmware/net/tls.py": (
        "wire",
        "firmware.forget",
        "firmware.net",
        "firmware.store.expiry",
        "firmware.store.identities",
    ),
    # The registry finds commands by the generated index, and imports them by the names in it.
    "firmware/console/": (
        "wire",
        "firmware.board",
        "firmware.forget",
        "firmware.console",
        "firmware.commands.index",
        "firmware.commands.?",
    ),
    "firmware/commands/": (
        "firmware.forget",
        "wire",
        "firmware.board",
        "firmware.store",
        "firmware.net",
        "firmware.console",
        "firmware.commands",
        "firmware.gpio",
        "firmware.live.?",
    ),
    # Each part of the test in a file of its own, by its name.
    "firmware/commands/selftest.py": (
        "firmware.forget",
        "firmware.console",
        "firmware.selftest",
        "?",
    ),
    "firmware/selftest/": (
        "wire",
        "firmware.board",
        "firmware.forget",
        "firmware.gpio",
        "firmware.store",
        "firmware.net",
        "firmware.console",
    ),
    # The variables that are computed: what get and set of them do.
    "firmware/live/": (
        "firmware.forget",
        "wire",
        "firmware.board",
        "firmware.clock",
        "firmware.gpio",
        "firmware.store",
        "firmware.net",
        "firmware.console",
        "firmware.live",
    ),
    "firmware/services/": (
        "firmware.forget",
        "firmware.forget_parts",
        "wire",
        "firmware.board",
        "firmware.clock",
        "firmware.store",
        "firmware.net",
        "firmware.console",
        "firmware.services",
    ),
    "firmware/services/changes.py": (
        "firmware.forget",
        "firmware.board",
        "firmware.gpio",
        "firmware.store",
    ),
    "tools/": ("airwire", "?"),
    # The shims stand in for the chip; they know neither the firmware nor the tools. They load one
    # another by computed names, on first use.
    "tools/airwire/board/shims/": ("?",),
}

# What lib/wire may import besides its siblings: computation only, in both interpreters.
PURE = ("array", "binascii", "collections", "errno", "hashlib", "math", "micropython", "struct")

# What it must work without. Poisoned in sys.modules while each of its modules is imported.
WORLD = (
    *("asyncio", "datetime", "esp32", "io", "machine", "network", "os", "pathlib", "random"),
    *("secrets", "select", "socket", "ssl", "subprocess", "sys", "threading", "time", "tls"),
    "vfs",
)


def files(*folders):
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def imports(path, source):
    """Yield (line, dotted name, relative?) of everything that the source of `path` imports."""
    package = path.removeprefix("lib/").split("/")[:-1]
    for node in ast.walk(ast.parse(source, path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, False
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            base += node.module.split(".") if node.module else []
            for alias in node.names:
                yield node.lineno, ".".join([*base, alias.name]), node.level > 0
        elif isinstance(node, ast.Call) and _name(node.func) in ("__import__", "import_module"):
            yield node.lineno, _computed(node.args[0]), False


def _name(function):
    return getattr(function, "id", None) or getattr(function, "attr", None)


def _computed(argument):
    """The dotted name that an expression computes, as far as it is literal: "a.b.?"."""
    if isinstance(argument, ast.Constant):
        return argument.value
    while isinstance(argument, ast.BinOp):
        argument = argument.left
    if isinstance(argument, ast.JoinedStr):
        argument = argument.values[0]
    literal = argument.value if isinstance(argument, ast.Constant) else ""
    return literal.split("%")[0].rpartition(".")[0] + ".?" if "." in literal else "?"


def allowed(path):
    """The row of ARROWS for a file; None if there is none."""
    keys = [key for key in ARROWS if path == key or key.endswith("/") and path.startswith(key)]
    return ARROWS[max(keys, key=len)] if keys else None


def breaches(path, source):
    """Every import in the source of `path` that the rules do not allow, as readable lines."""
    found = []
    for line, name, relative in imports(path, source):
        top = name.split(".")[0]
        if path.startswith("lib/"):
            good = name.startswith("wire.") if relative else top in PURE
        else:
            row = allowed(path)
            assert row is not None, f"{path} is in no row of ARROWS"
            good = top not in (*OURS, "?") or any(
                name == prefix or name.startswith(prefix + ".") for prefix in row
            )
        if not good:
            found.append(f"{path}:{line} imports {name}")
    return found


def test_the_tree_keeps_the_arrows():
    tree = ["boot.py", "main.py", *files("firmware", "lib", "tools")]
    assert len(tree) > 20  # found where this test looks for it
    found = [line for path in tree for line in breaches(path, (ROOT / path).read_text())]
    assert not found, "\n".join(found)


def test_every_row_is_of_use():
    tree = ["boot.py", "main.py", *files("firmware", "tools")]
    unused = [key for key in ARROWS if not any(path.startswith(key) for path in tree)]
    assert not unused


BAD = {
    "lib/wire/a.py": [
        "import socket",
        "import asyncio",
        "import sys",
        "from time import ticks_ms",
        "from machine import Pin",
        "import wire.crc",
        "from wire import crc",
        "from airwire.wire import crc",
        "from firmware import board",
        "from .. import firmware",
        "def f():\n    import os",
        "try:\n    import random\nexcept ImportError:\n    pass",
        "__import__('socket')",
        "__import__(name)",
    ],
    "firmware/console/a.py": [
        "from firmware.commands import system",
        "from ..commands.system import reboot",
        "import firmware.commands.system",
        "__import__('firmware.commands.system')",
        "from firmware.net import sockets",
        "from firmware.services import wwep",
        "__import__('firmware.services.' + name)",
        "__import__('firmware.%s' % name)",
        "__import__(name)",
    ],
    "firmware/store/a.py": [
        "from firmware.net import sockets",
        "from firmware import console",
        "from firmware import *",
        "import firmware",
        "from ..net import sockets",
        "import airwire.wire",
        "from . import variables\nfrom firmware.commands import system",
    ],
    "firmware/net/a.py": [
        "from firmware.services.wwep import Wwep",
        "from firmware.console import log",
        "from firmware import device",
    ],
    "firmware/services/a.py": [
        "from firmware import device",
        "from firmware.commands import system",
        "def f():\n    from ..device import run",
    ],
    "firmware/commands/a.py": [
        "from firmware.device import Device",
        "from firmware.services import wwep",
        "__import__('firmware.services.' + name)",
    ],
    "firmware/board.py": ["from firmware.store import variables", "from wire import crc"],
    "boot.py": ["from firmware import device"],
    "main.py": ["from firmware import board", "from firmware.console import log"],
    "tools/airwire/a.py": [
        "from firmware import board",
        "import firmware.store.variables",
        "from wire import wwep",
        "import main",
        "importlib.import_module('firmware.board')",
    ],
    "tools/airwire/board/shims/a.py": [
        "import firmware",
        "from airwire import project",
        "import wire",
        "import main",
    ],
}
GOOD = {
    "lib/wire/a.py": [
        "import struct",
        "from . import const, crc",
        "from .crc import crc16",
        "try:\n    from micropython import const\nexcept ImportError:\n    const = int",
    ],
    "firmware/console/a.py": [
        "from . import registry",
        "from .registry import command",
        "from firmware import board",
        "from wire import cmdline",
        "from firmware.commands.index import INDEX",
        "__import__('firmware.commands.' + name)",
        "__import__(f'firmware.commands.{name}')",
        "import asyncio, sys",
    ],
    "firmware/net/a.py": ["import socket", "from wire import dns", "from . import sockets"],
    "firmware/services/a.py": [
        "from firmware.services.button import Button",
        "from ..net import sockets",
        "from ..console.log import say",
        "import machine",
    ],
    "firmware/device.py": [
        "from firmware import board",
        "from . import board",
        "from .services.wwep import Wwep",
        "from wire import crc",
    ],
    "main.py": ["from firmware import device", "import firmware.device"],
    "tools/airwire/a.py": [
        "from airwire.wire import wwep",
        "from airwire import project",
        "import os",
        "importlib.import_module(name)",
    ],
    "tools/airwire/board/shims/a.py": [
        "import os",
        "from usocket import *",
        "import _air",
        "__import__(name)",
    ],
}


@pytest.mark.parametrize("path, source", [(p, s) for p, sources in BAD.items() for s in sources])
def test_a_breach_is_seen(path, source):
    assert len(breaches(path, source)) == 1


@pytest.mark.parametrize("path, source", [(p, s) for p, sources in GOOD.items() for s in sources])
def test_what_is_allowed_passes(path, source):
    assert breaches(path, source) == []


def test_a_new_room_needs_a_row():
    with pytest.raises(AssertionError, match="no row"):
        breaches("firmware/attic/a.py", "import os")


# Imports a module of a folder with the world taken away, after what is pure was loaded: that is
# CPython's own code and may use what it likes.
_POISONED = """
import importlib, sys
pure, world, folder, module = sys.argv[1:]
for name in pure.split(","):
    try:
        importlib.import_module(name)
    except ImportError:
        pass  # MicroPython's own
sys.path.insert(0, folder)
for name in world.split(","):
    sys.modules[name] = None
importlib.import_module(module)
"""


def import_without_the_world(folder, module):
    return subprocess.run(
        [sys.executable, "-c", _POISONED, ",".join(PURE), ",".join(WORLD), folder, module],
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("path", files("lib/wire"))
def test_wire_imports_without_the_world(path):
    module = path.removeprefix("lib/").removesuffix(".py").replace("/", ".")
    done = import_without_the_world(ROOT / "lib", module.removesuffix(".__init__"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", WORLD)
def test_the_poison_works(name, tmp_path):
    (tmp_path / "tainted.py").write_text(f"import {name}\n")
    done = import_without_the_world(tmp_path, "tainted")
    assert done.returncode == 1
    assert f"import of {name} halted" in done.stderr
