"""What MicroPython's machine code cannot do, kept out of the shims: on i386 they run as such.

A bare `raise` does not compile. A `continue` out of an except clause leaves its handler armed: the
next exception of the function lands there again, at the cost of an endless loop.
"""

import ast

import pytest

from airwire.board import shim_files

LOOPS = (ast.For, ast.While)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def breaches(source):
    """Lines of what the machine code cannot do."""
    found = []
    for handler in ast.walk(ast.parse(source)):
        if isinstance(handler, ast.ExceptHandler):
            found += _within(handler, looping=False)
    return sorted(set(found))


def _within(node, looping):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            continue
        if isinstance(child, ast.Raise) and child.exc is None:
            yield child.lineno
        if isinstance(child, ast.Continue) and not looping:
            yield child.lineno
        yield from _within(child, looping or isinstance(child, LOOPS))


def test_the_shims_can_be_machine_code():
    files = [
        f for f in shim_files.SOURCE.glob("*.py") if f.name not in shim_files.NOT_MACHINE_CODE
    ]
    assert len(files) > 20
    assert {f.name: found for f in files if (found := breaches(f.read_text()))} == {}


@pytest.mark.parametrize(
    ("clause", "line"),
    [("raise", 5), ("continue", 5), ("if a: continue", 5)],
)
def test_a_breach_is_seen(clause, line):
    source = f"while True:\n try:\n  f()\n except E:\n  {clause}\n"
    assert breaches(source) == [line]


@pytest.mark.parametrize("clause", ["raise e", "break", "for _ in x: continue", "def f(): raise"])
def test_what_is_allowed_passes(clause):
    assert breaches(f"while True:\n try:\n  f()\n except E as e:\n  {clause}\n") == []
