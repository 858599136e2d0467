"""A command's syntax as the places of its line: what may stand at each, and which may stay empty.

A syntax is the command's name and then words, `<placeholders>` and `-options`; an option takes the
placeholder behind it. `[...]` may be left out. `|` between blanks separates whole alternatives, of
the line or of what the brackets hold; without blanks, those of one word. `-[e][u]` is one word.
"""

import re
from dataclasses import dataclass, replace

_TOKEN = re.compile(r"\s+\|\s+|-(?:\[\w\])+|[][|]|<[^>]*>|[^][|<>\s]+")
_ALTERNATIVES = " | "
_LETTERS = re.compile(r"\w")

# More words than these make no good name of the place where they stand.
_MANY = 3


@dataclass(frozen=True)
class Choice:
    """A word that may stand at a place: literally, or what `placeholder` names, behind the option
    `literal` where both are there.
    """

    literal: str = ""
    placeholder: str = ""


@dataclass(frozen=True)
class Place:
    """One of `choices`, or nothing where `optional`."""

    choices: tuple[Choice, ...]
    optional: bool = False

    @property
    def constant(self) -> str:
        """The only thing that can stand here, if there is but one."""
        only = self.choices[0]
        single = len(self.choices) == 1 and not (only.placeholder or self.optional)
        return only.literal if single else ""

    @property
    def name(self) -> str:
        """What a program calls it."""
        named = [c.placeholder for c in self.choices if c.placeholder]
        literals = [c.literal for c in self.choices if not c.placeholder]
        if len(literals) > _MANY:
            return "what"
        if named:
            return re.sub(r"\W+", "_", named[0]).lower()
        options = [literal for literal in literals if literal.startswith("-")]
        return f"option_{max(options, key=len)[1:]}" if options else "_or_".join(literals)


class SyntaxMistake(Exception):
    """A declaration whose syntax cannot be read."""


def places(syntax: str) -> list[Place]:
    """The places of a command line behind the command's name, as its syntax has them."""
    tokens = [_tidy(token) for token in _TOKEN.findall(syntax)][1:]
    found, rest = _alternatives(tokens)
    if rest:
        raise SyntaxMistake(f"{syntax}: {rest[0]} closes nothing")
    return found


def _tidy(token: str) -> str:
    return _ALTERNATIVES if token.strip() == "|" and token != "|" else token


def _alternatives(tokens: list[str]) -> tuple[list[Place], list[str]]:
    # What stands up to the end or to a closing bracket, and what follows.
    merged: list[Place] | None = None
    while True:
        found, tokens = _sequence(tokens)
        merged = found if merged is None else _merge(merged, found)
        if not tokens or tokens[0] != _ALTERNATIVES:
            return merged, tokens
        tokens = tokens[1:]


def _sequence(tokens: list[str]) -> tuple[list[Place], list[str]]:
    found: list[Place] = []
    while tokens and tokens[0] not in ("]", _ALTERNATIVES):
        if tokens[0] == "[":
            inner, tokens = _alternatives(tokens[1:])
            if not tokens:
                raise SyntaxMistake("a bracket is not closed")
            found += [replace(place, optional=True) for place in inner]
            tokens = tokens[1:]
        else:
            choices, tokens = _word(tokens)
            while tokens and tokens[0] == "|":
                more, tokens = _word(tokens[1:])
                choices += more
            found.append(Place(choices))
    return found, tokens


def _word(tokens: list[str]) -> tuple[tuple[Choice, ...], list[str]]:
    token, rest = tokens[0], tokens[1:]
    if token.startswith("<"):
        return (Choice(placeholder=token[1:-1]),), rest
    if token.startswith("-["):
        letters = _LETTERS.findall(token)
        return tuple(Choice(f"-{x}") for x in (*letters, "".join(letters))), rest
    if token.startswith("-") and rest and rest[0].startswith("<"):
        return (Choice(token, rest[0][1:-1]),), rest[1:]
    return (Choice(token),), rest


def _merge(one: list[Place], other: list[Place]) -> list[Place]:
    # Two alternatives, place by place.
    merged = []
    for i in range(max(len(one), len(other))):
        here = [places[i] for places in (one, other) if i < len(places)]
        choices = dict.fromkeys(choice for place in here for choice in place.choices)
        optional = len(here) == 1 or any(place.optional for place in here)
        merged.append(Place(tuple(choices), optional))
    return merged
