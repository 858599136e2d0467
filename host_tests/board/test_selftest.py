"""selftest: every part passes on a board that is as it should be, and fails on one whose subject
of that part is broken; nobody else is disturbed.
"""

import ast
import re
import socket
import time

import pytest

from airwire.client import replies
from airwire.image import layout, littlefs
from airwire.image.partitions import Partition, Table
from airwire.wire import dct
from host_tests.board.console import PATIENCE
from host_tests.conftest import ROOT

ALWAYS = ["flash", "files", "dct", "ram", "loop", "wifi"]
ENTRIES = [(dct.MANUFACTURING, b"serial", dct.TEXT, b"EW-00017")]
ERASED = b"\xff" * dct.COPY
UNFINISHED = dct.MARK

README_FREE = re.compile(r"^- (\d+) KB for files", re.MULTILINE)

# To write all of the flash.
FILL_PATIENCE = 4 * PATIENCE
PATTERN = bytes(i * 11 & 31 for i in range(64))

# What must be free for a stream (device.py); and so much less that it stays less when commands are
# forgotten, and is enough for the test itself.
STREAM_ROOM = 18_432
LITTLE = 12_000

# At the prompt: files until the flash is full, of which LittleFS may then count less than no
# blocks as free; and what a file of the user would be told.
FILL = """\
from firmware.store import files
for blocks in (8, 1):
    for i in range(999):
        try:
            with open('/filler%d.%d' % (blocks, i), 'wb') as f:
                for _ in range(blocks):
                    f.write(bytes(4000))
        except OSError:
            break
try:
    files.check_room(1)
except OSError as e:
    print('fil' + 'led', e.errno)
"""


def parts_of(console, *names, code=0):
    """The rows of a test that ends with this code, by part."""
    reply = console.run(" ".join(["selftest", *names]))
    assert reply.code == code, reply
    head, columns, *_ = reply.text.split(b"\r\n")
    rows = replies.selftest(reply.text)
    failed = [row.part for row in rows if row.result == "fail"]
    assert bool(failed) == bool(code)
    assert head == b"! %d parts, %d failed" % (len(rows), len(failed))
    assert columns == b"!  # Part  Result  Figure Unit Text"
    return {row.part: row for row in rows}


def row(console, part, code=0):
    """(result, text) of one part."""
    found = parts_of(console, part, code=code)[part]
    return found.result, found.text


def settled(console, *names):
    """The rows of a test that passes. A machine that is busy holds the virtual board's loop as a
    scan holds a chip's: then once more.
    """
    end = time.monotonic() + PATIENCE
    while True:
        reply = console.run(" ".join(["selftest", *names]))
        failed = [row for row in replies.selftest(reply.text) if row.result == "fail"]
        if [row.part for row in failed] != ["loop"] or time.monotonic() > end:
            break
    assert not failed
    return {row.part: row for row in replies.selftest(reply.text)}


def refused(console, line, text, code=1):
    reply = console.run(line)
    assert (reply.code, reply.text.decode()) == (code, text)


def reflashed(board, change):
    """Change what is in the flash of a board without power, and start it. `change` takes a
    bytearray.
    """
    boots = board.boots()
    board.board.power_cut(stay_off=True)
    board.board.wait_off()
    flash = bytearray(board.board.flash.read_bytes())
    change(flash)
    board.board.flash.write_bytes(flash)
    board.board.power_on()
    board.started(boots)
    return board.uart1.machine()


def with_files(change):
    """A change of the flash: of the files in it, a dictionary."""

    def apply(flash):
        area = slice(layout.VFS.offset, layout.VFS.end)
        files = dict(littlefs.read(bytes(flash[area])).files)
        change(files)
        flash[area] = littlefs.build(files, layout.VFS)

    return apply


def test_the_partitions_are_those_of_the_image():
    """What the module expects is what the image is built with."""
    source = ast.parse((ROOT / "firmware/selftest/flash.py").read_text())
    [table] = [
        node.value
        for node in source.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "TABLE"
    ]
    kinds = {"_APP": 0, "_DATA": 1}
    rows = [
        tuple(kinds[e.id] if isinstance(e, ast.Name) else e.value for e in row.elts)
        for row in table.elts
    ]
    assert rows == [(p.label, p.type, p.offset, p.size) for p in layout.TABLE]


@pytest.mark.needs("uart1", "led", "flash")
def test_a_good_board(board):
    """All parts pass; variables, files, streams, GPIOs and the radio are as before, and no memory
    is gone.
    """
    console = board.machine()
    console.ok("file_create notes.txt 5", b"notes")
    assert console.ok("file_open notes.txt") == "0"
    console.ok("gpio_dir 22 output 1")
    asked = ("get system", "get wlan", "ls -v", "stream_list", "get gpio.usage", "faup")

    def state():
        lines = "\n".join(console.ok(line) for line in asked).split("\n")
        changing = ("time.", "system.memory", "wlan.rssi")
        return [line for line in lines if not line.startswith(changing)]

    before = state()
    rows = settled(console)
    assert list(rows) == ALWAYS
    # A scan holds the module while somebody may send.
    assert (rows.pop("wifi").result, {row.result for row in rows.values()}) == ("skip", {"pass"})
    assert rows["dct"].text == "entries; copies: erased, erased"
    stated = int(README_FREE.search((ROOT / "README.md").read_text())[1])
    assert stated <= rows["flash"].figure < layout.VFS.size // 1024
    assert rows["ram"].figure >= STREAM_ROOM
    assert state() == before
    assert board.board.status()["wlan"]["ssid"] is None
    assert console.ok("read 0 5") == "notes"  # the end closes it
    # By name it is carried out beside streams too.
    assert console.ok("file_open notes.txt") == "0"
    found = parts_of(console, "wifi")["wifi"]
    assert (found.result, found.figure, found.unit) == ("pass", -48, "dBm")
    assert state() == before
    console.ok("close 0")
    assert settled(console)["wifi"].text == "is the best of 4 networks"
    used = int(console.ok("get system.memory.used"))
    settled(console)
    assert int(console.ok("get system.memory.used")) - used < 200
    refused(console, "selftest flash fish", "Unknown option", 6)
    assert not [name for name in board.files() if "selftest." in name and "firmware" not in name]


@pytest.mark.parametrize(
    "rows,flash,dct_row",
    [
        (
            [layout.NVS, layout.PHY_INIT, layout.FACTORY, layout.VFS],
            ("fail", "No partition dct"),
            ("fail", "No partition dct"),
        ),
        (
            [
                Partition("nvs", 1, 0x02, 0x9000, 0x5000),
                *(layout.PHY_INIT, layout.FACTORY, layout.DCT, layout.VFS),
            ],
            ("fail", "Partition nvs has 0x5000 bytes at 0x9000"),
            ("pass", "entries; copies: erased, erased"),
        ),
    ],
    ids=["no dct", "another nvs"],
)
@pytest.mark.needs("uart1", "flash")
def test_another_partition_table(board, rows, flash, dct_row):
    """The table that somebody else has written."""
    table = Table(tuple(rows)).to_bytes(layout.FLASH_SIZE)

    def change(data):
        data[0x8000 : 0x8000 + len(table)] = table

    console = reflashed(board, change)
    assert row(console, "flash", 1) == flash
    assert row(console, "dct", dct_row[0] == "fail") == dct_row


def unfinished(copy):
    """A copy whose commit mark was never written."""
    return copy[:UNFINISHED] + b"\xff" * 4 + copy[UNFINISHED + 4 :]


def damaged(copy, at=40):
    return copy[:at] + bytes([copy[at] ^ 1]) + copy[at + 1 :]


@pytest.mark.needs("uart1", "flash")
def test_the_dct(board):
    """Each state of the two copies, and whether it is one that the firmware has made."""
    first, second = (dct.encode(ENTRIES, sequence) for sequence in (1, 2))
    cases = [
        (first + ERASED, "pass", "in force, erased; sequence 1"),
        (first + second, "pass", "spare, in force; sequence 2"),
        (second + unfinished(first), "pass", "in force, unfinished; sequence 2"),
        (unfinished(first) + ERASED, "pass", "unfinished, erased"),
        (damaged(first) + second, "fail", "damaged, in force; sequence 2"),
        (first + damaged(second), "fail", "in force, damaged; sequence 1"),
        (first + damaged(second, 0), "fail", "in force, damaged; sequence 1"),
        (damaged(first) + ERASED, "fail", "damaged, erased"),
        (unfinished(first) + unfinished(second), "fail", "unfinished, unfinished"),
    ]
    for data, result, text in cases:

        def change(flash, data=data):
            flash[layout.DCT.offset : layout.DCT.end] = data

        console = reflashed(board, change)
        assert row(console, "dct", result == "fail") == (result, "entries; copies: " + text)


@pytest.mark.faulty  # the settings that are lost at the start
@pytest.mark.needs("uart1", "flash")
def test_files(board):
    """A settings file whose check is wrong, and a flash without room."""
    console = board.machine()
    console.ok("set wlan.ssid somewhere")
    console.ok("save")
    assert row(console, "files") == ("pass", "of settings")

    @with_files
    def damage(files):
        files["settings"] = files["settings"].replace(b"somewhere", b"something")

    def with_passkey(flash):
        # A module without one makes one at its start, and saves it with what it then has.
        damage(flash)
        passkey = (dct.VARIABLES, b"softap.passkey", dct.TEXT, b"factory key")
        flash[layout.DCT.offset : layout.DCT.end] = dct.image([passkey])

    console = reflashed(board, with_passkey)
    assert row(console, "files", 1) == ("fail", "of settings: damaged")
    # To the last block: what is tried leaves nothing behind.
    usb = board.uart0
    usb.send(b"\x03")
    usb.until(b">>> ")
    usb.send(f"exec({FILL!r})\r\n".encode())
    usb.until(b"filled 28\r\n", FILL_PATIENCE)
    boots = board.boots()
    usb.send(b"\x04")
    board.started(boots)
    console = board.uart1.machine()
    assert row(console, "files", 1) == ("fail", "File system full")
    assert parts_of(console, "flash")["flash"].figure == 0
    assert not [name for name in board.files() if name.startswith("selftest.")]


def test_memory(starving):
    """Less than a stream needs, whatever makes room; and then enough again."""
    console = starving.machine()
    assert row(console, "ram")[0] == "pass"
    console.ok(f"leave {LITTLE}")
    found = parts_of(console, "ram", code=1)["ram"]
    assert (found.result, found.unit) == ("fail", "B")
    assert 0 < found.figure < STREAM_ROOM
    console.ok("leave")
    found = parts_of(console, "ram")["ram"]
    assert found.figure >= STREAM_ROOM


@pytest.mark.air(scan_ms=2000)
@pytest.mark.needs("uart1", "air")
def test_a_loop_that_is_held(board):
    """By a scan that the other console has asked for."""
    console = board.machine()
    usb = board.uart0.machine()
    assert settled(console, "loop")
    end = time.monotonic() + PATIENCE
    while True:
        usb.send(b"scan\r\n")
        reply = console.run("selftest loop")
        assert usb.reply().code == 0
        if reply.code:
            break
        assert time.monotonic() < end, "the scan was never within the test"
    [found] = replies.selftest(reply.text)
    assert (found.result, found.unit) == ("fail", "ms")
    assert found.figure >= 500


@pytest.mark.air({"ssid": "gone", "security": "open", "present": False})
@pytest.mark.needs("uart1", "air")
def test_an_empty_air(board):
    assert row(board.machine(), "wifi", 1) == ("fail", "No network in reach")


@pytest.mark.needs("uart1", "wifi")
def test_a_scan_in_the_network(board):
    """It is joined yet, and so is its stream."""
    console = board.machine()
    board.join(console)
    address = console.ok("get network.ip")
    assert row(console, "wifi")[0] == "pass"
    assert console.ok("get network.ip") == address


@pytest.mark.needs("uart1", "flash")
def test_a_pair_of_gpios(board):
    """Joined by a jumper or not, held by something else, and those that cannot be tested."""
    console = board.machine()
    usage = console.ok("get gpio.usage")
    board.board.jumper(12, 14)
    board.board.jumper(13, 34)
    console.ok("set gpio.alias 14 probe")
    rows = parts_of(console, "12-14", "probe-12", "13-34", "34-13")
    assert [row.figure for row in rows.values()] == [4, 4, 2, 2]
    board.board.pin(14, 0)  # a wire that touches ground
    found = parts_of(console, "12-14", "13-34", code=1)
    assert found["12-14"].text == "GPIO 14 does not follow GPIO 12 to 1"
    assert found["13-34"].result == "pass"
    board.board.pin(14, None)
    board.board.jumper(12, 14, False)
    board.board.jumper(13, 34, False)
    for pair, first in (("12-14", "14 does not follow GPIO 12 to 0"), ("18-19", None)):
        result, text = row(console, pair, 1)
        assert (result, text) == ("fail", f"GPIO {first or '19 does not follow GPIO 18 to 0'}")
    # Free again, as they were.
    assert console.ok("get gpio.usage") == usage
    assert [board.board.pad(n) for n in (12, 14, 13, 34)] == [{}] * 4
    console.ok("gpio_dir 18 output 1")
    refused(console, "selftest 18-19", "GPIO 18 is used by GPIO output")
    refused(console, "selftest dct 12-17", "GPIO 17 is used by UART1 TX")
    assert board.board.pin(18) == 1
    refused(console, "selftest 12-12", "GPIO 12 twice", 7)
    refused(console, "selftest 12-99", "No such GPIO", 7)
    refused(console, "selftest 34-35", "GPIO 34 can only be an input", 7)
    refused(console, "selftest 12-", "No such GPIO", 7)


@pytest.mark.needs("uart1", "flash", "wifi")
def test_a_loop_of_a_uart(board):
    """UART1 with a jumper, without one, and the console that is on it."""
    usb = board.uart0.machine()
    host = board.uart1.machine(print_level=3)
    refused(host, "selftest uart", "UART1 is where this command came from")
    board.board.jumper(17, 16)
    for _ in range(3):
        found = parts_of(usb, "uart", "dct")["uart"]
        assert (found.result, found.figure) == ("pass", 64)
        assert found.text == "came back at 11520 bytes a second"
    board.board.jumper(17, 16, False)
    assert host.ok("get uart.baud 1") == "115200"  # nothing of it is left
    assert row(usb, "uart", 1) == ("fail", "came back, not the 64 that were sent")
    host.quiet()  # where there is no wire, the pattern goes to whoever is there
    # What the console has to say waits for the end of a part.
    host.ok("set stream.auto_close 1")
    board.join(host)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        host.ok(f"tcp_client {board.peer(host)} {listener.getsockname()[1]}")
        stranger, _ = listener.accept()
    host.logs.clear()
    usb.send(b"selftest" + b" uart" * 4 + b"\r\n")
    host.until(PATTERN)
    stranger.close()
    assert host.until(b"Closed: 0]\r\n").count(PATTERN) * len(PATTERN) % 64 == 0
    assert usb.reply().code == 1
    host.quiet()
    # A line that came meanwhile was not its own.
    board.board.jumper(17, 16)
    host.send(b"get uart.baud 1\r\n")
    assert parts_of(usb, "uart")["uart"].result == "pass"
    board.board.jumper(17, 16, False)
    assert host.ok("get uart.baud 1") == "115200"
