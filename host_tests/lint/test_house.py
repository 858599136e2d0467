"""The house's habits, as far as a program can see them.

Files are short and say what they are for, nothing is left for later, and nothing in the tree
belongs to one machine or names a package registry.
"""

import ast
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("boot.py", "main.py", "firmware/", "lib/", "tools/", "host_tests/")

# One idea per file; what needs more is two.
MAX_LINES = 450

# Made by tools: nothing in them is looked at.
MADE = {".git", ".venv", "build", "__pycache__", ".hypothesis", ".pytest_cache", ".ruff_cache"}

# The words are in pieces, so that this file is not its own finding.
UNDONE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|NotImplemented" + r"Error)\b")
# Where a tree happens to lie, or somebody's home. In a path on the board, in a URL or below a
# variable, something stands before that slash.
MACHINE = re.compile(r"(?<![\w.~$)}\]])/(work|root|home|tmp/interp)/\w")
REGISTRY = re.compile(
    r"\b(pypi\.org|pypi\.io|pythonhosted\.org|debian\.org|archive\.ubuntu\.com|npmjs\.org"
    r"|golang\.org|crates\.io|anaconda\.org)\b",
    re.IGNORECASE,
)


def everything():
    """Every file of the tree that somebody wrote, as its path from the top."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [n for n in folders if n not in MADE and not n.endswith(".egg-info")]
        found += [(Path(folder) / name).relative_to(ROOT).as_posix() for name in names]
    return sorted(found)


def code():
    return [path for path in everything() if path.startswith(CODE) and path.endswith(".py")]


def too_long(source):
    """The number of lines if it is too large, else None."""
    lines = source.count("\n")
    return lines if lines > MAX_LINES else None


def headless(source):
    """Whether a file begins with neither a comment nor a docstring; an empty one may."""
    first = source.removeprefix("#!").partition("\n")[2] if source.startswith("#!") else source
    return bool(source) and not first.startswith("# ") and not ast.get_docstring(ast.parse(source))


def matches(pattern, source):
    """The lines of the source in which the pattern is found, with their numbers."""
    lines = enumerate(source.splitlines(), 1)
    return [f"{number}: {line.strip()}" for number, line in lines if pattern.search(line)]


def findings(check, paths):
    for path in paths:
        # What is not text has none of what is sought.
        found = check((ROOT / path).read_text(errors="replace"))
        if found:
            yield f"{path}: {found}"


def test_the_tree_is_found():
    paths = everything()
    assert {".ci/run", "Makefile", "lib/wire/dns.py"} <= set(paths)
    assert Path(__file__).relative_to(ROOT).as_posix() in code()
    assert not [path for path in paths if MADE & set(path.split("/"))]


def test_files_are_short():
    assert not list(findings(too_long, code()))


def test_files_say_what_they_are_for():
    assert not list(findings(headless, code()))


def test_nothing_is_left_for_later():
    assert not list(findings(lambda source: matches(UNDONE, source), code()))


def test_no_path_of_a_machine():
    assert not list(findings(lambda source: matches(MACHINE, source), everything()))


def test_no_registry_is_named():
    assert not list(findings(lambda source: matches(REGISTRY, source), everything()))


@pytest.mark.parametrize(
    "source, bad",
    [
        ("import os\n", True),
        ("#!/bin/sh\nimport os\n", True),
        ("#comment\nimport os\n", True),
        ("", False),
        ("# What this is for.\nimport os\n", False),
        ("#!/usr/bin/env python3\n# What this is for.\nimport os\n", False),
        ('"""What this is for."""\nimport os\n', False),
        ('#!/usr/bin/env python3\n"""What this is for."""\n', False),
    ],
)
def test_a_missing_header_is_seen(source, bad):
    assert headless(source) is bad


def test_a_long_file_is_seen():
    assert too_long("a\n" * 450) is None
    assert too_long("a\n" * 451) == 451


@pytest.mark.parametrize(
    "word", ["TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error"]
)
def test_what_is_left_for_later_is_seen(word):
    assert matches(UNDONE, f"a = 1\n    raise {word}()  # {word}: x\n") == [
        f"2: raise {word}()  # {word}: x"
    ]
    assert not matches(UNDONE, f"{word}S my_{word} mktemp /x.{word}{word}")


def test_a_path_of_a_machine_is_seen():
    for folder in ("work", "root", "home", "tmp/interp"):
        for line in ("cd /{}/x", '"/{}/x"', "PATH=/{}/x:y", "(/{}/x)", "see /{}/x."):
            assert matches(MACHINE, line.format(folder)), line
        for line in ("/host/{}", "GET http://a/{}/b", "a/{}/b", "/{}ed/x", "/{}like"):
            assert not matches(MACHINE, line.format(folder)), line
        for start in ("$HOME", "~", "$(VENV)", "{place}"):
            assert not matches(MACHINE, f"{start}/{folder}/x"), start


def test_a_registry_is_seen():
    for host in ("py" + "pi.org", "deb.debian" + ".org", "files.python" + "hosted.org"):
        assert matches(REGISTRY, f"url = https://{host}/x")
    assert not matches(REGISTRY, "from PyPI, by Debian; example.com")
