"""The command language for programs: frames exactly as the spec has them, result codes, line
terminators, log blocks, variables.
"""

import pytest

from airwire import declarations, project

# Each line, and the bytes that answer it in machine mode.
FRAMES = {
    b"": b"R000007\r\nReady\r\n",
    b"   ": b"R000007\r\nReady\r\n",
    b'set wlan.ssid "my network"': b"R000008\r\nSet OK\r\n",
    b"get wlan.ssid": b"R000012\r\nmy network\r\n",
    b"get wl s": b"R000012\r\nmy network\r\n",
    b'set wl s ""': b"R000008\r\nSet OK\r\n",
    b"get wlan.ssid ": b"R000000\r\n",
    b"save": b"R000009\r\nSuccess\r\n",
    b"get wlan.join.retries": b"R000003\r\n3\r\n",
    b"  get    wl  j   r  ": b"R000003\r\n3\r\n",
    b"stream_list": b"R000016\r\n! # Type  Info\r\n",
    # 1 failed: no such stream is open
    b"stream_poll 0": b"R100016\r\nCommand failed\r\n",
    # 2 parse error: a quote that is not closed, an unknown escape
    b'set wlan.ssid "my': b"R200013\r\nParse error\r\n",
    b"set wlan.ssid \\q": b"R200013\r\nParse error\r\n",
    # 3 unknown command: also where only the case differs
    b"frobnicate 1": b"R300017\r\nUnknown command\r\n",
    b"GET wlan.ssid": b"R300017\r\nUnknown command\r\n",
    b"\xff\x00\x80": b"R300017\r\nUnknown command\r\n",
    # 4 too few, 5 too many arguments
    b"get": b"R400019\r\nToo few arguments\r\n",
    b"set wlan.ssid": b"R400019\r\nToo few arguments\r\n",
    b"stream_read 0": b"R400019\r\nToo few arguments\r\n",
    b"save now then": b"R500020\r\nToo many arguments\r\n",
    b"get wlan.ssid x": b"R500020\r\nToo many arguments\r\n",
    b"set wlan.ssid a b": b"R500020\r\nToo many arguments\r\n",
    b"get " + b"a " * 20: b"R500020\r\nToo many arguments\r\n",
    # 6 unknown variable, unknown option
    b"get no.such": b"R600018\r\nUnknown variable\r\n",
    b"set wlan.nothing 1": b"R600018\r\nUnknown variable\r\n",
    b"tcp_client -x a 1": b"R600016\r\nUnknown option\r\n",
    b"help frobnicate": b"R600016\r\nUnknown option\r\n",
    # 7 invalid argument: not of the type or range of the variable, or not to be set
    b"set wlan.join.retries many": b"R700018\r\nInvalid argument\r\n",
    b"set wlan.join.retries 99": b"R700018\r\nInvalid argument\r\n",
    b"set wlan.security rot13": b"R700018\r\nInvalid argument\r\n",
    b"set system.cmd.echo maybe": b"R700018\r\nInvalid argument\r\n",
    b"set system.print_level 6": b"R700018\r\nInvalid argument\r\n",
    b"set static.ip 1.2.3.400": b"R700018\r\nInvalid argument\r\n",
    b"set wlan.bssid 02:00": b"R700018\r\nInvalid argument\r\n",
    b"set wwep.led_gpio 6": b"R700018\r\nInvalid argument\r\n",
    b"set wlan.ssid " + b"s" * 33: b"R700018\r\nInvalid argument\r\n",
    b"set wlan.mac 00:11:22:33:44:55": b"R700011\r\nRead only\r\n",
    b"stream_poll x": b"R700018\r\nInvalid argument\r\n",
    # 8 overflow: a line that is too long
    b"get " + b"x" * 600: b"R800016\r\nOverflow error\r\n",
    b'"' * 5000: b"R800016\r\nOverflow error\r\n",
    # 9 bounds: a number that no stream, size or port has
    b"stream_poll 8": b"R900014\r\nBounds error\r\n",
    b"stream_poll -1": b"R900014\r\nBounds error\r\n",
    b"tcp_client 127.0.0.1 65536": b"R900014\r\nBounds error\r\n",
}


def test_frames(board):
    console = board.machine()
    for line, frame in FRAMES.items():
        console.send(line + b"\r\n")
        found = console.read(9) + console.read(len(frame) - 9)
        assert found == frame, line
    assert console.quiet() == b""


@pytest.mark.parametrize(
    "end", [b"\r", b"\n", b"\r\n", b"\n\r"], ids=["CR", "LF", "CR LF", "LF CR"]
)
def test_terminators(board, end):
    """One reply a line, whatever ends it, and in whatever pieces it comes."""
    console = board.machine()
    console.send(b"get wl j r" + end + b"get wl j t x" + end + end + b"get wl e" + end)
    assert [console.reply().text for _ in range(4)] == [
        b"3",
        b"Too many arguments",
        b"Ready",
        b"auto",
    ]
    for byte in b"get wlan.join.retries" + end:
        console.send(bytes([byte]))
        board_idle(board)
    assert console.reply().text == b"3"
    assert console.quiet() == b""
    assert console.ok("get wl e") == "auto"


def board_idle(board):
    """Wait until the firmware has taken what was sent, where that can be seen."""
    if "counters" in board.can:
        board.drained(1)


def test_the_end_of_an_overlong_line_is_no_command(board):
    """It is swallowed whole, and the next line is a line again, in one burst."""
    console = board.machine()
    console.send(b"x" * 512 + b" get wlan.mac\r\n" + b"get wl j r\r\n")
    assert (console.reply().code, console.reply().text) == (8, b"3")
    fits = b"set wwep.host " + b"h" * 253
    assert console.ok(fits + b" " * (512 - len(fits))) == "Set OK"
    assert console.run(fits + b" " * (513 - len(fits))).code == 8


def test_many_lines_in_one_burst(board):
    """Answered in order, none lost."""
    console = board.machine()
    lines = [f"set wlan.ssid {i}\r\nget wlan.ssid\r\n" for i in range(50)]
    console.send("".join(lines).encode())
    for i in range(50):
        assert console.reply().text == b"Set OK"
        assert console.reply().text == b"%d" % i


def test_groups_by_node_and_shortcut(board):
    console = board.machine()
    joined = [f"wlan.join.{leaf}" for leaf in ("result: 0", "retries: 3", "timeout: 10000")]
    for node in ("wlan.join", "wl j"):
        assert console.ok(f"get {node}").split("\r\n") == joined
    assert console.ok("get wl") == console.ok("get wlan")
    assert "\r\nwlan.ssid: \r\n" in console.ok("get wlan") + "\r\n"


def test_secrets_are_masked(board):
    console = board.machine()
    assert console.ok("get wlan.passkey") == ""
    board.configure(console, wlan_passkey="correct horse")
    for line in ("get wlan.passkey", "get wl p"):
        assert console.ok(line) == "********"
    for line in ("get wlan", "get all"):
        rows = console.ok(line).split("\r\n")
        assert "wlan.passkey: ********" in rows
        assert not any("horse" in row for row in rows)


def test_values_by_type(board):
    """What is set is read back, in one form."""
    console = board.machine()
    pairs = [
        ("network.dhcp.enabled", "off", "0"),
        ("network.dhcp.enabled", "true", "1"),
        ("static.ip", "010.001.2.3", "10.1.2.3"),
        ("wlan.bssid", "02aabbccddee", "02:AA:BB:CC:DD:EE"),
        ("system.print_level", "all", "5"),
        ("system.print_level", "0", "0"),
        ("wlan.ssid", '"quote \\" and \\\\ and \\x41"', 'quote " and \\ and A'),
        ("wlan.ssid", "ÄÖ☃", "ÄÖ☃"),
    ]
    for name, given, found in pairs:
        assert console.ok(f"set {name} {given}") == "Set OK"
        while console.data:  # a log block may follow a raised print level
            console.frame()
        assert console.ok(f"get {name}") == found


@pytest.mark.needs("wifi")
def test_log_blocks_never_cut_a_reply(board):
    """Levels: nothing at 0, messages in brackets at 1, status lines at 2. Each is a block."""
    console = board.machine()
    board.configure(console, wlan_ssid=board.wifi[0], wlan_passkey=board.wifi[1])
    said = {}
    for level in (0, 1, 2, 5):
        board.configure(console, system_print__level=level)
        logs = console.run("network_up").logs + console.run("network_down").logs
        said[level] = [line.decode() for line in logs]
    assert said[0] == []
    assert said[1] == [f"[Associating to {board.wifi[0]}]", "[Associated]", "[Disassociated]"]
    assert set(said[1]) < set(said[2])
    assert any(line.startswith("IPv4 address: ") for line in said[2])
    assert set(said[2]) <= set(said[5])


def test_the_parts_of_the_presets(board):
    """Echo, prompt and headers can be had one by one."""
    console = board.host
    console.sync()
    console.send(b"set system.cmd.echo off\r\n")
    console.until(b"Set OK\r\n> ")
    console.send(b"get wl j r\r\n")
    assert console.until(b"> ") == b"3\r\n> "
    console.send(b"set system.cmd.prompt_enabled 0\r\n")
    assert console.until(b"OK\r\n") == b"Set OK\r\n"
    console.send(b"get wl j r\r\n")
    assert console.quiet() == b"3\r\n"
    console.send(b"set sy c h 1\r\n")
    assert console.reply().text == b"Set OK"
    assert console.ok("get system.cmd.mode") == "machine"
    console.send(b"set system.cmd.mode human\r\n")
    assert console.until(b"> ") == b"Set OK\r\n> "
    assert console.command("get sy c e") == ["1"]


@pytest.mark.needs("uart1")
def test_two_uarts_never_mix(board):
    """Each port is answered what it asked, in order, while the other is busy."""
    one, two = board.uart0.machine(), board.uart1.machine()
    names = [v.name for v in declarations.variables(project.ROOT) if v.type == "bool"]
    lines = [f"help {name}".encode() for name in names] + [b"help tcpc", b"nothing", b""] * 3
    alone = [one.run(line) for line in lines]
    for console in (one, two):
        console.send(b"\r\n".join(lines) + b"\r\n" if console is two else b"")
    for line, expected in zip(lines, alone, strict=True):
        assert one.run(line) == expected
        while two.more(0):  # a port holds only so much that nobody reads
            pass
    for expected in alone:
        assert two.reply() == expected
    assert one.quiet() == two.quiet() == b""
