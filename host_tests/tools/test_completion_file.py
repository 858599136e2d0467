"""What the Tab key can offer, derived from the syntax of commands."""

import pytest

from airwire import declarations, project, syntax


@pytest.mark.parametrize(
    "text, options, places",
    [
        ("save", [], []),
        ("get <variable> | <group> | all", [], ["<variable>/<>/all"]),
        ("set <variable> <value>", [], ["<variable>", "<value>"]),
        ("set <variable> [<index>] <value>", [], ["<variable>", "<index>", "<value>"]),
        ("wlan_scan [-v]", ["-v"], []),
        ("network_up [-s] [-i <interface>]", ["-s", "-i="], []),
        ("ping [-g] [<host>]", ["-g"], ["<>"]),
        ("tcp_client [-l <local port>] <host> <port>", ["-l="], ["<>", "<>"]),
        ("setup web | status | stop", [], ["web/status/stop"]),
        ("tcps [-i <x>] start [<port>] | stop [<port>]", ["-i="], ["start/stop", "<>"]),
        ("x [a | <b>] c [d [e]]", [], ["a/<>", "c", "d", "e"]),
        (
            "file_create [-[e][u]] [-o] <filename> <size> [<version> [<type> [<crc>]]]",
            ["-e", "-u", "-o"],
            ["<>"] * 5,
        ),
        ('nve wifi "<ssid>" <bssid>', [], ["wifi", "<>", "<>", "<>", "<>"]),
    ],
)
def test_places(text, options, places):
    found = syntax.places_of(text)
    assert (found[0], ["/".join(words) for words in found[1]]) == (options, places)


def test_the_file_has_a_row_for_each_command_that_offers_something():
    rows = syntax.completion(project.ROOT).decode().split("\n")
    assert rows[0] == rows[-1] == ""
    assert "get| <variable>/<>/all <index>/all/<>" in rows
    assert "wlan_scan|-v" in rows
    assert not [row for row in rows if row.startswith(("reboot|", "stream_list|"))]


def test_commands_with_passwords_are_marked(tmp_path):
    commands = tmp_path / "firmware" / "commands"
    commands.mkdir(parents=True)
    (commands / "x.py").write_text(
        '@command(b"a_join", b"a", 1, 1)\ndef f(session, args):\n    """a_join <passkey>"""\n'
        '@command(b"b_plain", b"b", 1, 1)\ndef g(session, args):\n    """b_plain <path>"""\n'
    )
    index = declarations.command_index(tmp_path)
    assert rb"a_join\x01a\x02A11!\nb_plain\x01b\x02A11'" in index
