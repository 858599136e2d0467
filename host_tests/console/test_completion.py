"""The Tab key: commands, their words and options, variables and their values."""

import pytest

from airwire import declarations, project
from host_tests.console.session import HOME, LEFT, Terminal

BELL = b"\x07"

COMPLETED = {
    # A command; nothing more to add, a list at the second Tab
    b"ver\t": b"version ",
    b"ver\tx": b"version x",
    b"stream_\t": b"stream_",
    b"faults_p\t": b"faults_print ",
    b"network_d\t": b"network_down ",
    b"nothing\t": b"nothing",
    # Words of the syntax, for the shortcut too
    b"help co\t": b"help commands ",
    b"help var\t": b"help variables ",
    b"stream_close a\t": b"stream_close all ",
    b"close a\t": b"close all ",
    b"get al\t": b"get all ",
    # Options, at any place; what follows one that takes a value is not known
    b"network_down -\t": b"network_down -i ",
    b"ndo -\t\t": b"ndo -i ",
    b"ndo -i wl\t": b"ndo -i wl",
    b"scan -\t": b"scan -v ",
    b"scan \t": b"scan ",
    b"tcpc -l 5000 x\t": b"tcpc -l 5000 x",
    # Variables by full name, in steps, and no second one
    b"get wl\t": b"get wlan.",
    b"get wlan.ss\t": b"get wlan.ssid ",
    b"get wlan.j\t": b"get wlan.join.",
    b"set wlan.auto_join.e\t": b"set wlan.auto_join.enabled ",
    b"help wlan.pa\t": b"help wlan.passkey ",
    b"help sta\t": b"help static.",
    b"get w\t": b"get w",
    b"get wlan.ssid wl\t": b"get wlan.ssid wl",
    b"get no.such\t": b"get no.such",
    # Commands as arguments
    b"help vers\t": b"help version ",
    b"help stream_l\t": b"help stream_list ",
    # Values of few
    b"set wlan.security wpa2_a\t": b"set wlan.security wpa2_aes ",
    b"set wlan.security op\t": b"set wlan.security open ",
    b"set no.such x\t": b"set no.such x",
    b"set wlan.ssid x\t": b"set wlan.ssid x",
    # Not of a command that is none, nor in the middle of a word
    b"gibberish w\t": b"gibberish w",
    b"version" + LEFT * 3 + b"\t": b"version",
    b"ver" + HOME + b"\t": b"ver",
    # Before a space: the word that ends there
    b"get wlan.ss x" + LEFT * 2 + b"\t": b"get wlan.ssid  x",
}


@pytest.mark.parametrize("keys, line", COMPLETED.items())
def test_completion(session, keys, line):
    session.type(keys)
    assert session.line == line


def test_the_bell_tells_that_nothing_was_added(session):
    assert BELL in session.type(b"stream_\t")
    assert BELL in session.type(b"\x15nothing\t")
    assert BELL not in session.type(b"\x15ver\t")


def test_each_name_completes(session):
    """A name is never turned into another; one Tab ends what is not the start of others."""
    commands = [c.name for c in declarations.commands(project.ROOT)]
    names = [v.name for v in declarations.variables(project.ROOT)]
    for before, all_names in (("", commands), ("get ", names)):
        for name in all_names:
            session.type(b"\x15" + f"{before}{name}\t".encode())
            others = [n for n in all_names if n.startswith(name) and n != name]
            line = session.line.decode()
            if others:
                assert line.startswith(before + name)
                assert all(n.startswith(line[len(before) :]) for n in others)
            else:
                assert line == f"{before}{name} "


def test_the_second_tab_lists_the_names_and_shows_the_line_again(session):
    terminal = Terminal(session, 80)
    terminal.type(b"stream_")
    terminal.type(b"\t")
    assert terminal.rows() == ["> stream_"]
    terminal.type(b"\t")
    assert terminal.rows()[0] == terminal.rows()[-1] == "> stream_"
    listed = " ".join(terminal.rows()[1:-1]).split()
    commands = [c.name for c in declarations.commands(project.ROOT)]
    assert sorted(listed) == [name for name in commands if name.startswith("stream_")]
    terminal.type(b"l\t")
    assert session.line == b"stream_list "
    assert terminal.rows()[-1] == "> stream_list"


def test_any_other_key_between_two_tabs_makes_the_second_a_first(session):
    terminal = Terminal(session, 80)
    for key in (b"\x05", LEFT, b"l\x7f"):
        terminal.type(b"\x15stream_", b"\t", key, b"\x05", b"\t")
        assert len(terminal.rows()) == 1


@pytest.mark.parametrize("width", [40, 80, 132])
@pytest.mark.parametrize("word", [b"get wlan.", b"help ", b"get ", b"", b"set wlan.security "])
def test_lists_keep_within_the_terminal(session, width, word):
    """Columns, each row shorter than the terminal is wide: none is broken."""
    terminal = Terminal(session, width, 150)
    terminal.type(word)
    terminal.type(b"\t")
    terminal.type(b"\t")
    rows = terminal.rows()
    assert rows[-1] == rows[0] == f"> {word.decode()}".rstrip()
    assert session.line == word
    listed = " ".join(rows[1:-1]).split()
    assert len(listed) == len(set(listed)) > 3
    assert all(len(row) < width for row in rows)
    if width > 40:
        assert len(rows) - 2 < len(listed)  # more than one column
    assert terminal.at == (len(word) + 2, len(rows) - 1)


def test_groups_stand_for_their_variables(session):
    terminal = Terminal(session, 80)
    terminal.type(b"get \t", b"\t")
    listed = set(" ".join(terminal.rows()[1:-1]).split())
    groups = {v.name.partition(".")[0] + "." for v in declarations.variables(project.ROOT)}
    assert listed == groups | {"all"}


def test_a_long_line_is_listed_for_as_well(session):
    """Where it wraps already, the list begins below, and the line is shown again as it was."""
    terminal = Terminal(session, 40)
    terminal.type(b"tcp_client    -l 1    " + b"h" * 40)
    terminal.type(HOME + b"get  " + LEFT)
    terminal.type(b"\t", b"\t")
    assert "all" in " ".join(terminal.rows()).split()
    assert terminal.rows()[-1].startswith("> get  tcp_client")
    assert terminal.at == (6, len(terminal.rows()) - 1)
