"""The command language for a person: echo, editing, prompt, log lines above the prompt;
transcripts byte by byte.
"""

import pytest

from airwire import declarations, project
from airwire.wire.crc import crc16
from host_tests.board.console import PROMPT


def typed(console, data, shown):
    """Send bytes; exactly `shown` comes back."""
    console.send(data)
    assert console.read(len(shown)) == shown
    assert console.quiet() == b""


def test_transcript(board):
    """What a terminal shows, byte by byte."""
    console = board.host
    console.sync()
    typed(console, b"get wlan.ssid\r", b"get wlan.ssid\r\n\r\n> ")
    typed(
        console,
        b'set wlan.ssid "my network"\r\n',
        b'set wlan.ssid "my network"\r\nSet OK\r\n> ',
    )
    typed(console, b"get wl s\r\n", b"get wl s\r\nmy network\r\n> ")
    typed(console, b"\r", b"\r\nReady\r\n> ")
    typed(console, b"save\r", b"save\r\nSuccess\r\n> ")
    typed(console, b"gibberish\r", b"gibberish\r\nUnknown command\r\n> ")
    typed(
        console,
        b"get wlan.join\r",
        b"get wlan.join\r\n"
        b"wlan.join.result: 0\r\nwlan.join.retries: 3\r\nwlan.join.timeout: 10000\r\n> ",
    )


def test_line_editing(board):
    """Backspace and delete take back what was typed, a UTF-8 character as one, and never the
    prompt.
    """
    console = board.host
    console.sync()
    typed(
        console,
        b"gex\x08t wl xx\x7f\x7fj r\r",
        b"gex\b \bt wl xx\b \b\b \bj r\r\n3\r\n> ",
    )
    typed(console, b"\x08\x7fa\x08\x08\x08\r", b"a\b \b\r\nReady\r\n> ")
    snowman = "☃".encode()
    console.send(b"set wl s a" + snowman + b"\x7fb\r")
    assert console.until(PROMPT).endswith(b"\r\nSet OK\r\n> ")
    assert console.command("get wl s") == ["ab"]
    typed(console, b"get\x00 wl j\x1b\x00\x1f r\r", b"get wl j r\r\n3\r\n> ")


def test_an_overlong_line_is_swallowed_whole(board):
    console = board.host
    console.sync()
    console.send(b"get wl j r" + b"y" * 600 + b"\r")
    shown = console.until(PROMPT)
    assert shown == b"get wl j r" + b"y" * 502 + b"\r\nOverflow error\r\n> "
    assert console.command("get wl j r") == ["3"]


def test_help(board):
    """Lists of commands and variables in the forms that programs rely on; each explains itself."""
    console = board.host
    console.sync()
    commands = declarations.commands(project.ROOT)
    rows = console.command("help commands")
    assert [tuple(row.split(" : ")) for row in rows] == [(c.name, c.shortcut) for c in commands]
    variables = console.command("help variables")
    declared = declarations.variables(project.ROOT)
    assert [row.split(" ")[1] for row in variables] == [v.name for v in declared]
    assert {row.split(" ")[0] for row in variables} == {"r", "w", "rw"}
    for command in commands:
        for word in (command.name, command.shortcut):
            lines = console.command(f"help {word}")
            assert lines[0] == f"{command.name} : {command.shortcut}"
            assert lines[1].startswith(command.name) and lines[2]
    assert console.command("help wl p")[0] == "wlan.passkey : wl p"


def test_version(board):
    console = board.host
    console.sync()
    (line,) = console.command("version")
    name, built, where = line.split(", ")
    assert name == f"Airwire-{project.version()}"
    assert built.startswith("Built:20") and built.endswith(" for ESP32")
    assert where == "Board:ESP32-DevKitC"
    assert console.command("ver") == console.command("get system.version") == [line]


@pytest.mark.needs("air")
def test_log_lines_leave_the_typed_line_alone(board):
    """A message that comes while somebody types is shown above; the line stays, and works."""
    console = board.host
    console.sync()
    console.command("set wlan.ssid airwire-open")
    console.command("network_up")
    console.send(b"get wl j")
    console.until(b"get wl j")
    board.board.access_point("airwire-open", present=False)
    shown = console.until(b"[Disassociated]\r\n")
    assert shown == b"\r" + b" " * 10 + b"\r[Disassociated]\r\n"
    assert console.until(b"> get wl j") == b"> get wl j"
    board.board.access_point("airwire-open", present=True)
    console.send(b"\x08n s\r")
    console.until(b"n s\r\n")
    assert console.until(b"\r\n")[:1] in b"012"


@pytest.mark.needs("wifi", "air")
def test_transcript_of_a_join_and_a_stream(board, peer):
    """The log of the spec, above the reply."""
    console = board.host
    console.sync()
    console.command("set wlan.ssid airwire-wpa2")
    console.command('set wlan.passkey "correct horse"')
    shown = console.command(f"tcp_client host.airwire {peer.port}")
    assert shown == [
        f"[Opening: host.airwire:{peer.port}]",
        "[Associating to airwire-wpa2]",
        "Security type from probe: WPA2-AES",
        "Obtaining IPv4 address via DHCP",
        f"IPv4 address: {board.board.status()['ip']}",
        "[Associated]",
        "[Opened: 0]",
        "0",
    ]
    assert console.command("stream_close 0") == ["Closing: 0", "[Closed: 0]", "Success"]


@pytest.mark.needs("wifi")
@pytest.mark.parametrize("number", [0, pytest.param(1, marks=pytest.mark.needs("uart1"))])
def test_what_is_pasted_arrives_whole(board, number):
    """Twenty lines at once, though the board says more than it hears, and one of them takes a
    second: UART0's ring alone would hold four.
    """
    console = board.uart(number)
    console.sync()
    lines = [f"set wlan.ssid {board.wifi[0]}", f'set wlan.passkey "{board.wifi[1]}"', "nup"]
    lines += [f"set wwep.host {'h' * 40}{i}" for i in range(8)]
    lines += ["help commands", "get wwep.host"] + [
        f"set wlan.join.retries {i}" for i in range(1, 8)
    ]
    assert len(lines) == 20
    console.send("".join(line + "\r" for line in lines).encode())
    shown = console.until(b"set wlan.join.retries 7\r\nSet OK\r\n> ").decode()
    at = 0
    for line in lines:
        at = shown.index(line + "\r\n", at) + len(line)
    assert shown.count("Set OK") == 17 and "\r\n" + "h" * 40 + "7\r\n" in shown
    assert console.command(f"get uart.overruns {number}") == ["0"]


@pytest.mark.needs("uart1")
def test_data_are_echoed_as_what_is_typed(board):
    """The bytes of a data phase too (spec 1.4); a program, with echo off, sees none of them."""
    console = board.uart1
    console.sync()
    typed(
        console,
        b"stream_write 0 5\r\nabcde",
        b"stream_write 0 5\r\nabcde\r\nCommand failed\r\n> ",
    )


@pytest.mark.needs("uart1")
def test_all_bytes_are_data_on_the_port_of_a_person(board):
    """Ctrl-C as well, once the phase has begun: the echo of its first byte tells."""
    usb, other = board.uart0, board.uart1.machine()
    usb.sync()
    data = b"A" + bytes(range(256))
    usb.send(b"file_create f 257\r\n")
    usb.until(b"file_create f 257\r\n")
    for part in (data[:1], data[1:150], data[150:]):
        usb.send(part)
        assert usb.read(len(part)) == part
    assert usb.until(b"> ").endswith(b"Success\r\n> ")
    assert other.ok("file_stat f").endswith(f"crc: {crc16(data):04X}")
    assert usb.command("get wlan.join.retries") == ["3"]
