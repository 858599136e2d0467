"""Short private names: what runs the same, and which names must stay."""

import re
import subprocess

from airwire import interpreter, project
from airwire.image import names, tree

BASE = b"""
class Base:
    def __init__(self):
        self._kept = 1
    def _step(self):
        return self._kept
def _imported():
    return "_named"
_named = 5
"""
ALONE = b"""
class Alone:
    def __init__(self):
        self._value = 7
        self._limit = _LIMIT
    def _double(self):
        return self._value * 2 + self._limit
    def answer(self):
        return self._double() + _helper(self._value)
def _helper(_x):
    return _x + _total
_LIMIT = 3
_total = 100
"""
HEIR = b"""
import alone, base
class Heir(base.Base):
    def __init__(self):
        super().__init__()
        self._other = 2
    def both(self):
        return self._step() * 10 + self._other
class _Own:
    def __init__(self):
        self._value = 1
        self._seen = 4
def _helper():
    return _Own()._seen
def shown(first, second=0, unit=""):
    return str(first + second) + unit
def listed(_x, list_, label):
    label = [str(_x)] + [item + label for item in list_]
    return (lambda spare: ",".join(spare))(label)
from base import _imported
print(Heir().both(), alone.Alone().answer(), _helper(), getattr(base, _imported()))
print(shown(1, second=2, unit="m"), listed(1, ["a"], "b"))
"""
SOURCES = {"base.py": BASE, "alone.py": ALONE, "heir.py": HEIR}


def run(folder, sources):
    for path, source in sources.items():
        (folder / path).write_bytes(source)
    done = subprocess.run(
        [interpreter.find(), "heir.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_what_is_shortened_runs_as_before(tmp_path, micropython):
    short = names.shortened(SOURCES, parameters=True)
    assert run(tmp_path, SOURCES) == run(tmp_path, short) == "12 124 4 5\n3m 1,ab\n"
    text = b"".join(short.values()).decode()
    local = ("first", "list_", "label", "spare")
    for name in ("_double", "_limit", "_LIMIT", "_total", "_Own", *local):
        assert not re.search(rf"\b{name}\b", text), name
    # An heir elsewhere, an import, a string, an attribute of anything but self, a keyword.
    for name in ("_kept", "_step", "_other", "_imported", "_named", "_seen", "second", "unit"):
        assert re.search(rf"\b{name}\b", text), name
    assert text.count("\n") == (BASE + ALONE + HEIR).decode().count("\n")


def test_parameters_stay_where_others_may_call():
    text = b"".join(names.shortened(SOURCES).values()).decode()
    for name in ("first", "list_", "label", "spare"):
        assert re.search(rf"\b{name}\b", text), name


def test_fixed_files_stay():
    assert names.shortened(SOURCES, ["alone.py"])["alone.py"] == ALONE


def test_the_firmware_has_fewer_names():
    code = {
        path.relative_to(project.ROOT).as_posix(): path.read_bytes()
        for path in (project.ROOT / "firmware").rglob("*.py")
    }
    before, after = (_private(sources) for sources in (code, names.shortened(code)))
    assert len(after) < len(before) / 2
    assert "firmware/device.mpy" in tree.device_files(project.ROOT)  # and it compiles


def _private(sources):
    return {name for source in sources.values() for name in re.findall(rb"\b_[a-z]\w+", source)}
