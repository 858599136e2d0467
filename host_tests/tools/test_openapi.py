"""The OpenAPI document: the places of a syntax, their schemas, and the document as a whole."""

import gzip
import json
import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from airwire import cli, declarations, project
from airwire.image import generate
from airwire.openapi import document, schemas, usage

# What the device serves takes flash, and a browser's time.
MOST_BYTES = 12 * 1024


def told(place):
    words = [
        f"{c.literal} <{c.placeholder}>" if c.placeholder else c.literal for c in place.choices
    ]
    text = "/".join(word.strip() for word in words)
    return f"[{text}]" if place.optional else text


@pytest.mark.parametrize(
    "text, places",
    [
        ("save", []),
        ("set <variable> [<index>] <value>", ["<variable>", "[<index>]", "<value>"]),
        ("get <a> [<i> | all] | <group> | all", ["<a>/<group>/all", "[<i>/all]"]),
        ("help [commands | <command>]", ["[commands/<command>]"]),
        ("ping -g | <host>", ["-g/<host>"]),
        ("pwm <GPIO> <hz> <duty> | <GPIO> stop", ["<GPIO>", "<hz>/stop", "[<duty>]"]),
        ("tcps [-i <x>] start|stop [<port>]", ["[-i <x>]", "start/stop", "[<port>]"]),
        ("cert <name> cert|key <size>|-f <file>", ["<name>", "cert/key", "<size>/-f <file>"]),
        ("gpio <GPIO> <0 | 1>", ["<GPIO>", "<0 | 1>"]),
        (
            "file [-[e][u]] [-o] <name> [<version> [<type>]]",
            ["[-e/-u/-eu]", "[-o]", "<name>", "[<version>]", "[<type>]"],
        ),
        ("verify wifi <ssid> [<security> <psk>]", ["wifi", "<ssid>", "[<security>]", "[<psk>]"]),
    ],
)
def test_places(text, places):
    assert [told(place) for place in usage.places(text)] == places


@pytest.mark.parametrize("text", ["x [<a>", "x <a>]", "x [<a> | [b]"])
def test_a_syntax_that_cannot_be_read(text):
    with pytest.raises(usage.SyntaxMistake):
        usage.places(text)


def test_the_document_is_one():
    OpenAPIV31SpecValidator(document.document(project.ROOT)).validate()


def test_an_operation_for_each_command():
    found = document.document(project.ROOT)
    operations = {
        operation["operationId"]: (path, operation)
        for path, item in found["paths"].items()
        for operation in item.values()
    }
    commands = declarations.commands(project.ROOT)
    assert set(operations) == {"post_command", "log", *(c.name for c in commands)}
    for command in commands:
        path, operation = operations[command.name]
        assert (operation["summary"], operation["description"]) == (command.syntax, command.help)
        names = [parameter["name"] for parameter in operation.get("parameters", ())]
        assert re.findall(r"{(\w+)}", path) == names
        assert len(set(names)) == len(names)
        assert path.startswith(f"/command/{command.name}")
        # Not more words than the command takes; variables' shortcuts have any number.
        places = usage.places(command.syntax)
        most = sum(2 if any(c.literal and c.placeholder for c in p.choices) else 1 for p in places)
        assert command.least <= most, command.name
        assert command.most is None or most <= command.most, command.name


def test_every_placeholder_is_typed():
    """A placeholder of no known kind is any word: only where that is meant."""
    words = {
        choice.placeholder
        for command in declarations.commands(project.ROOT)
        for place in usage.places(command.syntax)
        for choice in place.choices
        if choice.placeholder and not schemas.is_known(choice.placeholder)
    }
    assert words == {"ca cert", "format", "index", "name", "ssid", "subject", "to", "value"}


def test_the_lines_of_a_command():
    lines = document.document(project.ROOT)["components"]["schemas"]
    for name, line, fits in (
        ("tcp_client", "tcp_client host.lan 80", True),
        ("tcp_client", "tcp_client -l 5000 host.lan 80", True),
        ("tcp_client", "tcp_client -l host.lan 80", False),
        ("set", 'set wlan.ssid "my network"', True),
        ("set", "set uart.baud 1 9600", True),
        ("set", "set wlan.ssid", False),
        ("version", "version", True),
        ("version", "version 1", False),
        ("file_create", "file_create -eu -o a.txt 5 1.0.0 FE 1A2B", True),
        ("file_create", "file_create a.txt", False),
        ("stream_close", "stream_close all", True),
    ):
        assert bool(re.fullmatch(lines[f"line_{name}"]["pattern"], line)) == fits, line


def test_what_the_device_serves():
    served = generate.generated(project.ROOT)["firmware/web/openapi.json"]
    assert json.loads(served) == document.document(project.ROOT)
    assert len(gzip.compress(served, 9)) < MOST_BYTES


def test_the_command(capsys, tmp_path):
    assert cli.main(["openapi"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == document.document(project.ROOT)
    assert cli.main(["openapi", "-o", str(tmp_path / "a.json")]) == 0
    assert (tmp_path / "a.json").read_text() == printed
    assert cli.main(["openapi", "-o", str(tmp_path / "none" / "a.json")]) == 2
    assert "No such file" in capsys.readouterr().err
