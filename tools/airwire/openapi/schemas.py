"""What may stand for each placeholder of the commands' syntaxes: JSON schemas, and patterns of a
command line.
"""

import re
from typing import Any

from airwire.declarations import Command, Variable
from airwire.openapi.usage import Choice, Place

Schema = dict[str, Any]

# What stands at a place that is left out: one more blank between two words means nothing.
NOTHING = " "

BASE64 = {
    "type": "string",
    "contentEncoding": "base64",
    "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
}

# Control characters are refused in a path, and have escapes.
_PLAIN = r'[^\s"\x00-\x1f\x7f]+'
_WORDS = rf'"[^"\x00-\x1f\x7f]*"|{_PLAIN}'
_DIGITS = r"[0-9]"
_HEX = r"[0-9A-Fa-f]"


def _text(pattern: str, description: str = "", **more: Any) -> Schema:
    described = {"description": description} if description else {}
    return {"type": "string", "pattern": f"^(?:{pattern})$", **described, **more}


def _whole(low: int, high: int, description: str = "") -> Schema:
    described = {"description": description} if description else {}
    return {"type": "integer", "minimum": low, "maximum": high, **described}


_WORD = _text(_WORDS, 'A word, in "..." where it has blanks; "" is the empty one.')
_GPIO = _text("[0-9]|[1-3][0-9]|[A-Za-z_][A-Za-z0-9_]*", "A GPIO's number, or its alias.")
_FILE = _text(_WORDS, "The name of a file.", examples=["hello.txt"])

# By the text of the placeholder, or command and text where a command means something of its own.
_KINDS: dict[str, Schema] = {
    "0 | 1": _whole(0, 1),
    "GPIO": _GPIO,
    "GPIO-GPIO": _text(rf"{_DIGITS}{{1,2}}-{_DIGITS}{{1,2}}", "Two GPIOs with a wire between."),
    "MAC address": _text(f"(?:{_HEX}{{2}}:){{5}}{_HEX}{{2}}", "A MAC address."),
    "UART": _whole(0, 1, "A UART."),
    "bssid": _text(f"(?:{_HEX}{{2}}:){{5}}{_HEX}{{2}}", "The access point's MAC address."),
    "channel": _whole(1, 14, "The channel of an access point."),
    "content-type": _text(_WORDS, "A media type.", examples=["text/plain"]),
    "crc": _text(f"{_HEX}{{1,4}}|0[xX]{_HEX}{{1,4}}", "A CRC-16, in hexadecimal digits."),
    "digits": _text("[0-6]{1,40}", "A digit for each GPIO."),
    "direction": _text(
        f"{_PLAIN}(?: {_PLAIN})*", "A GPIO's direction.", examples=["in", "input pull up", "out"]
    ),
    "duty": _whole(0, 100, "Percent of a period."),
    "filename": _FILE,
    "frequency": _whole(1, 40_000_000, "Hertz."),
    "handle": _whole(0, 7, "The handle of a stream."),
    "host": _text(_WORDS, "A name or an IPv4 address.", examples=["192.0.2.1"]),
    "interface": {"type": "string", "enum": ["wlan", "softap"]},
    "length": _whole(0, 0x7FFFFFFF, "Bytes."),
    "level": _whole(0, 1),
    "dac_set_level level": _whole(0, 255),
    "levels": _text("[01-]{1,40}", "0, 1 or - for each GPIO."),
    "local port": _whole(1, 65_535),
    "mask": _text("[01]{1,40}", "1 for each GPIO that is meant."),
    "port": _whole(1, 65_535),
    "psk": _text(_WORDS, format="password"),
    "security": _whole(0, 5),
    "size": _whole(1, 65_536, "Bytes."),
    "type": _text(_PLAIN),
    "url": _text(f"(?:https?://)?{_PLAIN}", "A URL.", examples=["http://192.0.2.1/file.txt"]),
    "version": _text(rf"{_DIGITS}{{1,3}}(?:\.{_DIGITS}{{1,3}}){{0,3}}", examples=["1.0.0.0"]),
}
# What the declarations list.
_LISTED = ("command", "group", "variable")
_NAME = "[a-z][a-z0-9_]*"
_NAMES = {"command": _NAME, "group": _NAME, "variable": rf"{_NAME}(?:\.[a-z0-9_]+)+"}


def shared(commands: list[Command], variables: list[Variable]) -> dict[str, Schema]:
    """The schemas that have a name in the document."""
    listed = {
        "command": [c.name for c in commands],
        "group": sorted({v.name.partition(".")[0] for v in variables}),
        "variable": [v.name for v in variables],
    }
    found = {name: {"type": "string", "enum": listed[name]} for name in _LISTED}
    named = {_named(text): schema for text, schema in _KINDS.items() if " level" not in text}
    nothing = {"const": NOTHING, "description": "A blank: this is left out."}
    return {**found, **named, "word": _WORD, "nothing": nothing}


def is_known(placeholder: str) -> bool:
    """Whether it is more than any word."""
    return placeholder in _KINDS or placeholder in _LISTED


def parameter(command: str, place: Place) -> Schema:
    """The schema of what stands at a place."""
    literals = [c.literal for c in place.choices if not c.placeholder]
    options = [c for c in place.choices if c.literal and c.placeholder]
    words = [c.placeholder for c in place.choices if c.placeholder and not c.literal]
    found: list[Schema] = [{"type": "string", "enum": literals}] if literals else []
    found += [_text(line_pattern(command, Place((choice,)))) for choice in options]
    found += [_reference(command, word) for word in words]
    found = [schema for i, schema in enumerate(found) if schema not in found[:i]]
    if place.optional:
        found.append({"$ref": "#/components/schemas/nothing"})
    return found[0] if len(found) == 1 else {"anyOf": found}


def line_pattern(command: str, place: Place) -> str:
    """A regular expression of what stands at a place, in a command line."""
    choices = list(dict.fromkeys(_choice_pattern(command, c) for c in place.choices))
    return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"


def _choice_pattern(command: str, choice: Choice) -> str:
    literal = re.sub(r"([.\\+*?()\[\]{}^$|])", r"\\\1", choice.literal)
    if not choice.placeholder:
        return literal
    text = choice.placeholder
    if text in _LISTED:
        pattern = _NAMES[text]
    else:
        schema = _kind(command, text)
        if "enum" in schema:
            pattern = f"(?:{'|'.join(schema['enum'])})"
        elif schema["type"] == "integer":
            pattern = _DIGITS if schema["maximum"] < 10 else _DIGITS + f"{{1,{_width(schema)}}}"
        else:
            pattern = schema["pattern"][1:-1]
    return f"{literal} {pattern}" if literal else pattern


def _width(schema: Schema) -> int:
    return len(str(schema["maximum"]))


def _kind(command: str, text: str) -> Schema:
    return _KINDS.get(f"{command} {text}") or _KINDS.get(text) or _WORD


def _reference(command: str, text: str) -> Schema:
    if f"{command} {text}" in _KINDS:
        return _KINDS[f"{command} {text}"]
    name = _named(text) if is_known(text) else "word"
    return {"$ref": f"#/components/schemas/{name}"}


def _named(text: str) -> str:
    return "binary" if text == "0 | 1" else re.sub(r"\W+", "_", text)
