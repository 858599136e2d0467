"""Two consoles at once: a person's on UART0 and a program's on UART1. No byte of one comes to the
other, and log lines, which come to both, stand between replies and never inside one.
"""

import re
import threading

import pytest

from airwire import declarations, project

pytestmark = pytest.mark.needs("uart1", "air")

MARK = "only-for-{}"

FILES = ["Filename", "user0", "user1", "user2"]

# What a person sees of the module's own accord: lines of text that no reply has.
LOGS = re.compile(
    r"\[(Associating to \S+|Associated|Disassociated|(Opened|Closed): \d)\]"
    r"|Security type from probe: \S+|Obtaining IPv4 address via DHCP|IPv4 address: \S+"
    r"|Closing: \d|File (created|deleted)|NTP: .*"  # which asks in its own time
    r"|Attempt \d"  # where the first one found no memory beside two listings
)


def script(board, wrong, rounds):
    """What the person types, and what must be seen."""
    console = board.uart0
    names = [command.name for command in declarations.commands(project.ROOT)]
    try:
        for _ in range(rounds):
            rows = console.command("get all")
            shown = [row for row in rows if re.match(r"[a-z_]+(\.[a-z0-9_]+)+( \w+)?: ", row)]
            assert [row for row in rows if row not in shown and not LOGS.fullmatch(row)] == []
            assert len(shown) > 100
            assert sorted(shown, key=lambda row: row.partition(":")[0].split()[0]) == shown
            rows = console.command("help commands")
            shown = [row for row in rows if re.fullmatch(r"[a-z_]+ : [a-z]+", row)]
            assert [row.partition(" ")[0] for row in shown] == names
            assert [row for row in rows if row not in shown and not LOGS.fullmatch(row)] == []
            rows = console.command("ls -v")
            shown = [row for row in rows if row[:1] in "!#"]
            files = [row.split()[-1] for row in shown]
            # The program's own may be there just then.
            assert [name for name in files if name != "own"] == FILES
            assert [row for row in rows if row not in shown and not LOGS.fullmatch(row)] == []
    except BaseException as error:  # for the thread that waits
        wrong.append(error)


@pytest.mark.parametrize("level", ["0", "all"])
def test_two_sessions_at_once(board, level, counts):
    console = board.machine()
    board.uart0.sync()
    for number in range(3):
        console.ok(f"file_create user{number} 5", b"hello")
    board.configure(console, wlan_ssid=board.wifi[0], wlan_passkey=board.wifi[1])
    board.uart0.command(f"set system.print_level {level}")
    console.ok(f"set system.print_level {level}")
    wrong: list[BaseException] = []
    person = threading.Thread(target=script, args=(board, wrong, counts(3, 50)))
    person.start()
    logs = 0
    rounds = 0
    while person.is_alive():
        rounds += 1
        for line, answer in (
            ("get wlan.mac", r"([0-9A-F]{2}:){5}[0-9A-F]{2}"),
            (f"set wwep.host {MARK.format(rounds)}", "Set OK"),
            ("get wwep.host", MARK.format(rounds)),
            ("network_up", "Success"),
            ("network_down", "Success"),
            ("tcp_client host.airwire x", "Invalid argument"),
            ("get wlan", r"(wlan\.[a-z_.0-9]+: [^\r\n]*(\r\n|$))+"),
            ("version", r"Airwire-.*"),
            ("file_open user1", r"\d"),
            ("close 0", "Success"),
            ("file_create own 5", "Success"),
            ("file_delete own", "Success"),
        ):
            reply = console.run(line, b"own !" if line.startswith("file_create") else b"")
            assert re.fullmatch(answer, reply.text.decode()), (line, reply)
            logs += len(reply.logs)
            for text in reply.logs:
                assert LOGS.fullmatch(text.decode()), text
    person.join()
    assert not wrong, wrong[0]
    assert rounds > 1
    assert bool(logs) == (level == "all")
