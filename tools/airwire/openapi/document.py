"""The OpenAPI 3.1 document: an operation for each command, POST /command for all of them, the log.

A path stands for a command line, so each operation has the places of its command as parameters of
the path. OpenAPI knows no optional ones: what is left out is a blank, as one more blank between
two words means nothing to the command line.
"""

import json
from pathlib import Path
from typing import Any

from airwire import declarations, project
from airwire.declarations import Command
from airwire.openapi import schemas, usage

Part = dict[str, Any]

_VERSION = "3.1.0"
_JSON = "application/json"

_ABOUT = (
    "Each command of the module is an operation here, and each place of its line a parameter; a "
    "blank where something is left out. `POST /command` takes any command line, with the data "
    "that follow it. A command that failed has status 200 as well: `code` tells. What has blanks "
    'stands in `"..."`.'
)
# All of them say why in a line of text.
_REFUSALS = {
    "400": "The request is no HTTP, or its body no message of this API.",
    "405": "Another method is needed.",
    "413": "The body is longer than 4096 bytes.",
    "4XX": "Another fault of the request.",
    "401": "User name and password are needed, or others.",
    "403": "A foreign origin, or a name that is not the module's.",
    "404": "The API is off.",
    "429": "Too many wrong passwords.",
}


def document(root: Path) -> Part:
    """The document of the tree at `root`."""
    commands = declarations.commands(root)
    paths = dict(_operation(c) for c in commands)
    requests = {c.name: _request(c) for c in commands}
    named = schemas.shared(commands, declarations.variables(root))
    return {
        "openapi": _VERSION,
        "info": {
            "title": "Airwire",
            "version": project.version(),
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "the module that this document comes from"}],
        # The password is asked for where one is set.
        "security": [{}, {"basic": []}],
        "paths": {**paths, "/command": {"post": _post(requests)}, "/log": {"get": _log()}},
        "components": {
            "schemas": {
                **named,
                "base64": schemas.BASE64,
                "Answer": _answer(),
                "Reason": _text("A line."),
                "Log": _object(logs={"type": "array", "items": {"type": "string"}}),
                **{f"line_{name}": line for name, line in requests.items()},
            },
            "responses": {
                "answer": _response("What the command said.", _JSON, "Answer"),
                "log": _response("Lines of the log.", _JSON, "Log"),
                **{
                    _refusal(status): _response(about, "text/plain", "Reason")
                    for status, about in _REFUSALS.items()
                },
            },
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
    }


def compact(root: Path) -> bytes:
    """The document as the device serves it."""
    return json.dumps(document(root), separators=(",", ":")).encode()


def readable(root: Path) -> str:
    """The document as it stands in docs/."""
    return json.dumps(document(root), indent=1) + "\n"


def _operation(command: Command) -> tuple[str, Part]:
    words = [command.name]
    parameters = []
    for place in usage.places(command.syntax):
        if place.constant:
            words.append(place.constant)
            continue
        name = _free(place.name, [p["name"] for p in parameters])
        words.append(f"{{{name}}}")
        schema = schemas.parameter(command.name, place)
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    about: Part = {
        "operationId": command.name,
        "tags": [command.module],
        "summary": command.syntax,
        "description": command.help,
    }
    if parameters:
        about["parameters"] = parameters
    operation = {**about, "responses": _responses("answer")}
    return f"/command/{'%20'.join(words)}", {"get": operation}


def _free(name: str, taken: list[str]) -> str:
    return name if name not in taken else f"{name}_{len(taken) + 1}"


def _request(command: Command) -> Part:
    # The lines that are this command.
    pattern = command.name
    for place in usage.places(command.syntax):
        here = f" {schemas.line_pattern(command.name, place)}"
        pattern += f"(?:{here})?" if place.optional else here
    return {"type": "string", "pattern": f"^{pattern}$"}


def _post(requests: dict[str, Part]) -> Part:
    lines = [{"$ref": f"#/components/schemas/line_{name}"} for name in requests]
    base64 = {"$ref": "#/components/schemas/base64"}
    plain = _message(_flags(0, 2), {"anyOf": lines}, _text("What follows the command line."))
    packed = _message(_flags(4, 6), {"anyOf": lines}, base64)
    wholly = _message(_flags(5, 7), base64, base64)
    wholly["required"] = packed["required"] = ["command", "flags"]
    return {
        "operationId": "post_command",
        "tags": ["command"],
        "summary": "Any command line, and the data that follow it",
        "description": "The bits of `flags` tell what is base64: 1 the command, 2 the response, 4"
        " the data. The body has at most 4096 bytes, of whatever type it says it is.",
        "requestBody": {
            "required": True,
            "content": {_JSON: {"schema": {"oneOf": [plain, packed, wholly]}}},
        },
        "responses": _responses("answer"),
    }


def _message(flags: Part, command: Part, data: Part) -> Part:
    message = _object(command=command, flags=flags, data=data)
    message["required"] = ["command"]
    return message


def _flags(*values: int) -> Part:
    return {"type": "integer", "enum": list(values)}


def _log() -> Part:
    return {
        "operationId": "log",
        "tags": ["log"],
        "summary": "The lines of the log since somebody asked last",
        "responses": _responses("log"),
    }


def _answer() -> Part:
    return _object(
        id={"type": "integer", "minimum": 1, "description": "Counts commands."},
        code={
            "type": "integer",
            "minimum": 0,
            "maximum": 9,
            "description": "The result code of the command line: 0 is success.",
        },
        flags={"type": "integer", "enum": [0, 2], "description": "2: the response is base64."},
        response={"type": "string", "description": "Ends with CR LF, unless it is empty."},
    )


def _object(**properties: Part) -> Part:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(description: str) -> Part:
    return {"type": "string", "description": description}


def _responses(good: str) -> Part:
    refusals = {
        status: {"$ref": f"#/components/responses/{_refusal(status)}"}
        for status in sorted(_REFUSALS)
    }
    return {"200": {"$ref": f"#/components/responses/{good}"}, **refusals}


def _response(description: str, type_: str, schema: str) -> Part:
    content = {type_: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _refusal(status: str) -> str:
    return f"refusal{status}"
