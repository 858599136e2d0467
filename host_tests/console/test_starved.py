"""Memory that runs out in a session: the command fails, and every byte is accounted for."""

import re

import pytest

from airwire import declarations, project

NONE_LEFT = b"R100015\r\nOut of memory\r\n"
EVIL = b"set wlan.ssid evil\r\n"  # 20 bytes


@pytest.fixture
def machine(session):
    return session.machine()


def unharmed(machine):
    """The setting is the factory's, and the next command is heard from its first byte on."""
    assert machine.type(b"get wlan.ssid\r\n") == b"R000000\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"stream_write 0 20",
        b"write 0 20",
        b"fcr x 20 1.0",
        b"file_create -e -u x 20",
        b"smtp_send a@b.c hello 20",
        b"cert_load web cert 20",
    ],
)
def test_data_are_no_commands_where_their_command_found_no_memory(machine, line):
    machine.starve("find")
    assert machine.type(line + b"\r\n" + EVIL) == NONE_LEFT
    unharmed(machine)


@pytest.mark.parametrize(
    "line",
    [
        b"version",
        b"stream_read 0 20",
        b"file_create -o x 20",
        b"stream_write 0",
        b"write 0 x",
        b"celo web key -f 20",
    ],
)
def test_a_command_without_data_takes_none(machine, line):
    machine.starve("find")
    assert machine.type(line + b"\r\nget wlan.ssid\r\n") == NONE_LEFT + b"R000000\r\n"


def test_data_whose_sink_finds_no_memory_are_taken(machine):
    assert machine.type(b"greedy 20\r\n" + EVIL[:7]) == b""
    assert machine.type(EVIL[7:]) == NONE_LEFT
    unharmed(machine)


@pytest.mark.parametrize("place", ["take", "text"])
def test_half_a_line_never_runs(machine, place):
    assert machine.type(b"set wlan.ssid ev") == b""
    machine.starve(place)
    shown = machine.type(b"il\r\n")
    if place == "take":
        assert shown == b"R800016\r\nOverflow error\r\n"
        unharmed(machine)
    else:  # it was whole, and is taken again
        assert shown == b"R000008\r\nSet OK\r\n"


def test_a_reply_that_finds_no_memory(machine):
    machine.starve("_response")
    assert machine.type(b"version\r\n") == NONE_LEFT
    unharmed(machine)


@pytest.mark.parametrize("lines", [b"version\r\n", b"version\r\nget wlan.ssid\r\n"])
def test_a_line_that_finds_no_memory_to_run(machine, lines):
    machine.starve("run_line")
    assert machine.type(lines) == NONE_LEFT + b"R000000\r\n" * (lines.count(b"\n") - 1)
    unharmed(machine)


@pytest.mark.parametrize("failing", [0, 1, 7, 8, 150, 198, 199])
def test_a_long_response_keeps_its_length(machine, failing):
    lines = [b"row %d" % i for i in range(200)]
    whole = b"\r\n".join(lines) + b"\r\n"
    shown = machine.type(b"rows 200 %d\r\n" % failing)
    head, _, payload = shown.partition(b"\r\n")
    assert head == b"R0%05d" % len(whole) and len(payload) == len(whole)
    rest = payload.rstrip(b"\r\n").rstrip(b" ")
    assert whole.startswith(rest) and payload.endswith(b"\r\n")
    assert rest.count(b"row") <= failing
    unharmed(machine)


def test_a_person_is_told(session):
    session.starve("find")
    assert session.type(b"version\r").endswith(b"\r\nOut of memory\r\n> ")
    session.starve("run_line")
    assert session.type(b"version\r").endswith(b"\r\nOut of memory\r\n> ")
    session.type(b"versio")
    session.starve("take")
    assert session.type(b"n\r").endswith(b"\r\nOverflow error\r\n> ")
    assert b"Airwire-" in session.type(b"version\r")


def test_all_commands_with_data_are_known():
    """Their help says that the bytes follow the command line."""
    told = {c.name for c in declarations.commands(project.ROOT) if "follow the command" in c.help}
    source = (project.ROOT / "firmware/console/starved.py").read_text()
    known = re.search(r"_WITH_DATA = \{([^}]*)\}", source)[1]
    assert told == set(re.findall(r'b"(\w+)"', known)) and len(told) >= 2
