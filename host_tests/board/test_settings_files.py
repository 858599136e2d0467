"""`save` and `load` with files: a backup without passwords, and scripts of `set` lines that are
carried out whole or not at all.
"""

import re

from host_tests.board.console import Reply
from host_tests.conftest import ROOT

FAILED, BAD_ARGUMENT, BOUNDS = 1, 7, 9

# Bytes of the largest settings file, as the firmware has it.
SOURCE = (ROOT / "firmware/store/settings.py").read_text()
MOST = int(re.search(r"^MAX_SIZE = ([\d_]+)", SOURCE, re.MULTILINE)[1])


def create(console, name, text):
    data = text.encode()
    assert console.ok(f"file_create {name} {len(data)}", data) == "Success"


def content(console, name):
    handle = console.ok(f"file_open {name}")
    text = console.ok(f"stream_read {handle} 4096")
    if handle in [row.split()[1] for row in console.ok("list").split("\r\n")[1:]]:
        console.ok(f"close {handle}")
    return text


def test_a_backup(board):
    console = board.machine()
    board.configure(console, wlan_ssid="a network", wlan_passkey="correct horse")
    for line in (
        "set uart.baud 1 12345 raw",
        "set gpio.init 22 output 1",
        'set gpio.alias 22 "a lamp"',
        "set wlan.join.retries 5",
        "save backup.txt",
    ):
        console.ok(line)
    text = content(console, "backup.txt")
    assert 'wlan.ssid "a network"\n' in text and "horse" not in text and "passkey" not in text
    # Restored: what the file has, defaults for the others, and the password as it is.
    board.configure(console, wlan_ssid="other", wlan_passkey="another horse", time_zone="5")
    for line in ("set uart.baud 1 9600", "set gpio.init 22 none", "set wwep.host x"):
        console.ok(line)
    assert console.ok("load backup.txt") == "Success"
    for name, value in (
        ("wlan.ssid", "a network"),
        ("wlan.passkey", "********"),
        ("wlan.join.retries", "5"),
        ("uart.baud 1", "12345"),
        ("gpio.init 22", "output 1"),
        ("gpio.alias 22", "a lamp"),
        ("time.zone", "0"),
        ("wwep.host", "wwep.ww101.cypress.com"),
        ("system.cmd.mode", "machine"),
    ):
        assert console.ok(f"get {name}") == value, name
    # Nothing of it is kept before it is saved; and what was saved last has no password.
    assert console.ok("load") == "Success"
    assert console.ok("get wlan.ssid") == "" and console.ok("get wlan.passkey") == ""


def test_saved_again(board):
    console = board.machine()
    assert console.ok("save mine") == "Success"
    assert console.run("save mine") == Reply(FAILED, b"File exists")
    assert console.ok("file_delete mine") == "Success"
    assert console.ok("save mine") == "Success"
    assert console.run('save ""').code == BAD_ARGUMENT
    assert console.run("save a b").code == 5


def test_scripts(board):
    console = board.machine()
    create(
        console,
        "site.txt",
        '# the office\r\nset wlan.ssid office\r\n\r\nset wl p "one \\"two\\""\n'
        "set uart.baud 0 9600\n  set so s i 10.1.1.1",
    )
    board.configure(console, time_zone="5")
    assert console.ok("load site.txt") == "Success"
    assert console.ok("get wlan.ssid") == "office"
    assert console.ok("get uart.baud 0") == "9600"
    assert console.ok("get softap.static.ip") == "10.1.1.1"
    assert console.ok("get time.zone") == "5"  # a script sets what it says and no more
    create(console, "empty", "")
    assert console.ok("load empty") == "Success"


def test_wrong_lines_change_nothing(board):
    console = board.machine()
    for name, text, answer in (
        (
            "a",
            "set wlan.ssid x\nset wlan.sidd y\n",
            "Line 2: Unknown variable: could be wlan.ssid",
        ),
        ("b", "set wlan.ssid x\nreboot", "Line 2: Not a set line"),
        ("c", 'set wlan.ssid x\nset wlan.ssid "y', "Line 2: Parse error"),
        (
            "d",
            "set wlan.ssid x\nset\nset wlan.ssid\n",
            "Line 2: Too few arguments; line 3: Too few",
        ),
        ("e", "set wlan.mac 1\nset wlan.ssid x", "Line 1: Read only"),
        ("f", "wlan.ssid x", "Line 1: Not a set line"),
        (
            "g",
            "set uart.data 1 9\n" * 9,
            "Line 1: Invalid argument; line 2: Invalid argument; line 3",
        ),
    ):
        create(console, name, text)
        reply = console.run(f"load {name}")
        assert (reply.code, reply.text.decode()[: len(answer)]) == (FAILED, answer)
        assert console.ok("get wlan.ssid") == ""
    assert reply.text.endswith(b"; and 6 more")


def test_damaged_and_missing(board):
    console = board.machine()
    board.configure(console, wlan_ssid="kept")
    console.ok("save good")
    text = content(console, "good")
    for number, damaged in enumerate(
        (text.replace("kept", "lost"), text[:-2] + "x\n", text + "\n")
    ):
        create(console, f"bad{number}", damaged)
        assert console.run(f"load bad{number}").code == FAILED
    assert console.run("load bad0") == Reply(FAILED, b"File damaged")
    assert console.run("load nothing") == Reply(FAILED, b"File not found")
    create(console, "large", "#" * (MOST + 1))
    assert console.run("load large") == Reply(BOUNDS, b"File too large")
    assert console.ok("get wlan.ssid") == "kept"
