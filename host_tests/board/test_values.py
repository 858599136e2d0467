"""Values of any bytes on their whole way: set, get, save, reset, get; and secrets, which come out
nowhere.
"""

import pytest

from airwire import declarations, project
from airwire.wire.cmdline import split
from airwire.wire.quoting import quote
from host_tests.board.console import Reply
from host_tests.board.test_files import content

FAILED = 1
EVERY_BYTE = bytes(range(256))

# One for each of these variables, within the length that it takes.
NAMES = (
    *("wlan.ssid", "softap.ssid", "wwep.host", "broadcast.data", "tcp.client.remote_host"),
    *("udp.client.remote_host", "udp.server.remote_host", "ioconn.remote_host", "ntp.server"),
)
VALUES = (
    (
        *(b"my network", 'ÄÖ☃ "日本"'.encode(), EVERY_BYTE[:250], EVERY_BYTE[56:]),
        *(b"", b" before and behind ", b"a, b,c\\,", b'"', b"\0NUL\0"),
    ),
    (
        *(b"\\", b'\\"', EVERY_BYTE[3:], b"\r\n# 1\n", b"\\x41\\n\\0"),
        *(b"\x1b[2J\x07\x7f\t", b"\xff\xfe\xc3", b"''", b'" " "'),
    ),
)


def escaped(value):
    return b"".join(b"\\x%02x" % byte for byte in value) or b'""'


SECRET = 'S"3\\, cr€t'.encode()
PART = "cr€t".encode()


def secrets():
    return [v.name for v in declarations.variables(project.ROOT) if v.access == "secret"]


def give(person):
    """Type all secrets."""
    person.sync()
    for name in secrets():
        assert person.command(b"set %s %s" % (name.encode(), quote(SECRET))) == ["Set OK"]


def set_as(console, name, word):
    assert console.ok(b"set %s %s" % (name.encode(), word)) == "Set OK", name


@pytest.mark.parametrize("values", VALUES, ids=["words", "controls"])
def test_any_value_survives(board, values):
    console = board.uart1.machine()
    pairs = dict(zip(NAMES, values, strict=True))
    for name, value in pairs.items():
        for form in (quote, escaped):
            if len(form(value)) < 490:  # what a line holds
                set_as(console, name, form(value))
                assert console.run(f"get {name}") == Reply(0, value), name
    console.ok("save")
    board.reset()
    console.sync()
    console.machine()
    for name, value in pairs.items():
        assert console.run(f"get {name}") == Reply(0, value), name
    # A list has a line for each, whatever is in it.
    rows = console.run("get all").text.split(b"\r\n")
    for name, value in pairs.items():
        shown = value
        if value and (min(value) < 32 or value[:1] == b'"'):
            # It must not pass for a line of its own, nor for a value without its quotes.
            shown = quote(value)
            shown = shown if shown[:1] == b'"' else b'"%s"' % shown
        assert rows.count(b"%s: %s" % (name.encode(), shown)) == 1, name


@pytest.mark.needs("uart1", "wifi")
def test_secrets_are_not_shown(board):
    """Not in lists, help, log lines, the history or the fault log."""
    console = board.uart1.machine(print_level=5)
    person = board.uart0
    person.sync()
    give(person)
    said = []
    for name in secrets():
        shortcut = console.ok(f"help {name}").partition("\r\n")[0].partition(" : ")[2]
        for words in (name, shortcut):
            assert console.ok(f"get {words}") == "********"
        person.send(b"\x1b[A" * 3 + b"\x15\r\n")
        assert PART not in person.until(b"Ready\r\n> ")
        said.append(console.run(f"set {name} {'x' * 99}"))
    console.ok(f"set wlan.ssid {board.wifi[0]}")
    said.append(console.run("nup"))
    assert said[-1].code == FAILED and said[-1].logs  # a wrong password
    for line in ("get all", "get wlan", "get softap", "help variables", "faults_print"):
        said.append(console.run(line))
    assert PART not in b"\n".join([b"\n".join([reply.text, *reply.logs]) for reply in said])


@pytest.mark.needs("uart1", "flash")
def test_secrets_are_in_no_file_of_the_user(board):
    """Nor in a response that is kept; but they are saved."""
    console = board.uart1.machine()
    give(board.uart0)
    console.ok("set wlan.ssid shown")
    console.ok("save backup")
    said = content(console, "backup")
    console.ok("load backup")
    console.ok("save")
    console.ok("set system.cmd.buffered 1")
    handle, size = console.ok("get wlan").split(",")
    said += console.run(f"read {handle} {size}").text
    assert said.count(b"shown") == 2 and b"********" in said and PART not in said
    kept = dict(split(line) for line in board.files()["settings"].splitlines()[:-1])
    assert len(secrets()) >= 3
    for name in secrets():
        assert kept[name.encode()] == SECRET


@pytest.mark.whole_heap
def test_as_much_as_can_be_set(board):
    """All of it is saved and read again, on a chip's heap."""
    console = board.uart1.machine()
    expected = {}

    def take(name, value):
        word = value if value[:1] == b"\x01" else quote(value)  # escaped, it is no line any more
        if console.run(b"set %s %s" % (name.encode(), word)).code == 0:
            expected[name] = value

    for variable in declarations.variables(project.ROOT):
        kind, *arguments = variable.type.split()
        if kind == "text" and variable.access == "rw":
            take(variable.name, b"\x01" * int(arguments[1]))
        elif kind == "int" and variable.access == "rw":
            take(variable.name, b"%d" % (int(arguments[1]) - 1))
    for number in (n for n in range(40) if console.run(f"get gpio.alias {n}").code == 0):
        take(f"gpio.alias {number}", b"\\" * 13 + b"%02d" % number)
        take(f"gpio.sleep {number}", b"input_pull_down")
        take(f"gpio.init {number}", b"output_open_drain_pull_up")
    console.ok("save")
    console.ok("save backup")
    assert int(console.ok("ls").split()[-3]) > 12_000
    board.reset()
    console.sync()
    console.machine()
    for name, value in expected.items():
        if name.startswith("gpio.init"):
            value += b" 0"
        assert console.run(f"get {name}") == Reply(0, value), name
