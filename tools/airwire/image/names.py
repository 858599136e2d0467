"""Short private names for what is compiled.

MicroPython keeps every name of every module that was ever imported, once each: with all commands
used 25 KB of RAM, and a table that doubles when it is full. A name that begins with an underscore
means nothing to other files, so in the bytecode each file has the same few: `_a`, `_b` ... The
sources stay as they are. In a traceback the file and the line tell the function.

A name keeps what it is called where the source alone does not show that nobody else means it: it
is imported or in a string somewhere, an attribute of anything but a method's `self`, or of a class
whose relatives are in another file, so that one object has the private names of both.

MicroPython keeps the names of parameters as well. One that is nothing but a parameter or a local
variable in all files, and is never passed by its name, becomes a short one too.
"""

import ast
import builtins
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from string import ascii_lowercase

_PRIVATE = re.compile(r"_[A-Za-z]\w+")
_SHORT = 2  # characters of most short names: a parameter that has no more gains nothing


def shortened(
    sources: Mapping[str, bytes], fixed: Iterable[str] = (), parameters: bool = False
) -> dict[str, bytes]:
    """The sources (by path) with short private names; those of the paths in `fixed` stay. With
    `parameters` theirs are short, too: nobody calls these functions but these sources.
    """
    trees = {path: ast.parse(source) for path, source in sources.items()}
    used = {path: Counter(_names(tree)) for path, tree in trees.items()}
    kept = set().union(*(_foreign(tree) for tree in trees.values()))
    relatives = _relatives(trees)
    taken = set(dir(builtins)).union({"self"}, *(_not_local(tree) for tree in trees.values()))
    result = {}
    for path, source in sources.items():
        if path in fixed:
            result[path] = source
            continue
        own = {name for name in used[path] if _PRIVATE.fullmatch(name)}
        own -= kept | _consts(trees[path])
        if path in relatives:
            own -= _attributes(trees[path])
        if parameters:
            own |= {name for name in _parameters(trees[path]) if len(name) > _SHORT} - taken
        short = (name for name in _short() if name not in used[path])
        order = sorted(own, key=lambda name: (-used[path][name], name))
        result[path] = _replaced(source, dict(zip(order, short, strict=False)))
    return result


def _short() -> Iterator[str]:
    for size in (1, 2):
        for letters in product(ascii_lowercase, repeat=size):
            yield "_" + "".join(letters)


def _names(tree: ast.AST) -> Iterator[str]:
    # Every name in a file, as often as it is there.
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        elif isinstance(node, ast.ImportFrom | ast.Import):
            for alias in node.names:
                yield from alias.name.split(".")
                yield alias.asname or ""
            yield from (getattr(node, "module", None) or "").split(".")
        elif isinstance(node, ast.ExceptHandler):
            yield node.name or ""


def _foreign(tree: ast.AST) -> set[str]:
    # Names that are more than this file's own, as far as one can see here.
    found = set()
    own = {id(node) for part in _classes(tree) for node in ast.walk(part) if _of_self(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if id(node) not in own:
                found.add(node.attr)
        elif isinstance(node, ast.keyword):
            found.add(node.arg or "")
        elif isinstance(node, ast.ImportFrom | ast.Import | ast.JoinedStr):
            found |= set(_names(node))  # an f-string is one token: nothing in it is replaced
        elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            found |= set(_PRIVATE.findall(repr(node.value)))
    return found


def _parameters(tree: ast.AST) -> set[str]:
    return {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def _not_local(tree: ast.Module) -> set[str]:
    # Names that are more than a parameter or a variable of functions.
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.keyword):
            found.add(node.arg or "")
        elif isinstance(node, ast.ImportFrom | ast.Import | ast.JoinedStr | ast.Global):
            found |= set(_names(node))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.Module | ast.ClassDef):
            found |= _stored(node)
    return found


def _stored(scope: ast.Module | ast.ClassDef) -> set[str]:
    # The names that a module's or a class's own lines give a value.
    found = set()
    waiting: list[ast.AST] = list(scope.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler):
            found.add(node.name or "")
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return found


def _classes(tree: ast.AST) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _of_self(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return False
    return node.value.id == "self"


def _consts(tree: ast.Module) -> set[str]:
    # The compiler puts the values in their place: they are no names on the device.
    return {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "const"
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _relatives(trees: Mapping[str, ast.Module]) -> set[str]:
    # The files with a class whose base, or heir, is in another one.
    homes: dict[str, set[str]] = {}
    heirs = []
    for path, tree in trees.items():
        for node in _classes(tree):
            homes.setdefault(node.name, set()).add(path)
            heirs += [(path, base) for base in node.bases]
    found = set()
    for path, base in heirs:
        name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        if isinstance(base, ast.Name) and (path in homes.get(name, ()) or hasattr(builtins, name)):
            continue
        found |= {path} | homes.get(name, set())
    return found


def _attributes(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
    for node in _classes(tree):
        for part in node.body:
            found |= set(_names(part))
    return found


def _replaced(source: bytes, short: Mapping[str, str]) -> bytes:
    if not short:
        return source
    lines = source.decode().splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(source.decode()).readline))
    for token in reversed(tokens):  # from the end: what is before it keeps its place
        if token.type == tokenize.NAME and token.string in short:
            row, at = token.start
            line = lines[row - 1]
            lines[row - 1] = line[:at] + short[token.string] + line[token.end[1] :]
    return "".join(lines).encode()
