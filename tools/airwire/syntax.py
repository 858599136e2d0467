"""What may stand at each place of a command, read from the syntax in its declaration.

A syntax is the command's name, then words, `<placeholders>` and `-options`, with `[...]` around
what may be left out and `|` between alternatives. The Tab key of the device's console offers what
is found here.
"""

import re
from pathlib import Path

from airwire import declarations

_TOKEN = re.compile(r"<[^>]*>|[][|]|[^][|<>\s]+")
_JOINED = re.compile(r"-(\[\w\])+")  # options: -[e][u]
# Those whose names the device knows; at the place of others nothing can be offered.
_KNOWN = ("<variable>", "<command>", "<index>", "<value>")


def completion(root: Path) -> bytes:
    """The file that the Tab key reads; firmware/console/completion.py has its form."""
    rows = ""
    for c in declarations.commands(root):
        options, places = places_of(c.syntax)
        if options or any(set(words) - {"<>"} for words in places):
            fields = ["/".join(options), *("/".join(words) for words in places)]
            rows += f"\n{c.name}|{' '.join(fields)}"
    return f"{rows}\n".encode()


def places_of(syntax: str) -> tuple[list[str], list[list[str]]]:
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
            known = token in _KNOWN or re.fullmatch(r"[\w.]+", token)
            places += [[] for _ in range(place + 1 - len(places))]
            if (word := token if known else "<>") not in places[place]:
                places[place].append(word)
            place += 1
    return options, places
