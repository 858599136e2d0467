"""The ten result codes, each by a command that provokes it, as a program and as a person see it;
and what the commands about the module itself take for arguments.
"""

import re

import pytest

# Code -> its name in the description, a line that provokes it, and the words.
CODES = {
    0: ("success", "save", "Success"),
    1: ("command failed", "stream_poll 0", "Command failed"),
    2: ("parse error", 'set wlan.ssid "my', "Parse error"),
    3: ("unknown command", "frobnicate", "Unknown command"),
    4: ("too few arguments", "gpio_get", "Too few arguments"),
    5: ("too many arguments", "version 1", "Too many arguments"),
    6: ("unknown option", "wlan_scan -x", "Unknown option"),
    7: ("invalid argument", "set uart.parity 1 maybe", "Invalid argument"),
    8: ("buffer overflow", "get " + "x" * 600, "Overflow error"),
    9: ("bounds error", "stream_poll 8", "Bounds error"),
}


def test_every_code_to_a_program(board):
    assert list(CODES) == list(range(10))
    console = board.machine()
    for code, (name, line, words) in CODES.items():
        console.send(line.encode() + b"\r\n")
        frame = b"R%d%05d\r\n%s\r\n" % (code, len(words) + 2, words.encode())
        assert console.read(len(frame)) == frame, name
    assert console.quiet() == b""


def test_every_code_to_a_person(board):
    console = board.host
    console.sync()
    for name, line, words in CODES.values():
        if len(line) > 512:  # its echo is cut
            console.send(line.encode() + b"\r\n")
            assert console.until(b"\r\n> ").endswith(b"\r\n%s\r\n> " % words.encode()), name
        else:
            assert console.command(line) == [words], name


# What the commands about the module itself refuse, with the code and the words.
REFUSED = {
    "reboot now": (5, "Too many arguments"),
    "sleep 5": (5, "Too many arguments"),
    "faults_print 1": (5, "Too many arguments"),
    "faur all": (5, "Too many arguments"),
    "factory_reset": (4, "Too few arguments"),
    "factory_reset 4C:55:CC:00:00:00": (7, "MAC address does not match"),
    "fac yes": (7, "MAC address does not match"),
    "fac {mac} now": (5, "Too many arguments"),
    "set system.uuid 1": (7, "Read only"),
    "set time.uptime 1": (7, "Read only"),
    "set system.memory.usage 1": (7, "Read only"),
    "set system.safemode 1": (7, "Read only"),
    "get time.uptime s": (7, "Invalid argument"),
    "get system.uuid 1": (5, "Too many arguments"),
    "get time.uptime ms ms": (5, "Too many arguments"),
    "set system.wakeup.timeout -1": (7, "Invalid argument"),
    "set system.gotosleep.timeout 4294968": (7, "Invalid argument"),
    "set system.oob.gpio 34": (7, "Invalid argument"),
}


def test_what_is_refused_changes_nothing(board):
    console = board.machine()
    mac = console.ok("get wlan.mac")
    board.configure(console, wlan_ssid="mine")
    for line, (code, words) in REFUSED.items():
        reply = console.run(line.format(mac=mac))
        assert (reply.code, reply.text.decode()) == (code, words), line
    assert console.ok("get wlan.ssid") == "mine"
    assert console.ok("faults_print") == "! 0 faults"


def test_what_the_module_is(board):
    console = board.machine()
    mac = console.ok("get wlan.mac")
    assert re.fullmatch(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", mac)
    assert console.ok("get system.uuid") == console.ok("get sy u") == mac.replace(":", "")
    assert 0 < int(console.ok("get system.memory.usage")) <= 100
    first = int(console.ok("get system.memory.used"))
    assert abs(int(console.ok("get system.memory.used")) - first) < 4096
    assert int(console.ok("get time.uptime ms")) // 1000 >= int(console.ok("get ti u"))
    assert console.ok("get system.safemode") == "0"


@pytest.mark.parametrize("form", ["{}", "{plain}", "{lower}"])
def test_the_mac_address_confirms_a_factory_reset(board, form):
    console = board.machine()
    board.configure(console, wlan_ssid="mine")
    console.ok("save")
    mac = console.ok("get wlan.mac")
    boots = board.boots()
    words = form.format(mac, plain=mac.replace(":", ""), lower=mac.lower())
    assert console.ok(f"factory_reset {words}") == "Rebooting"
    board.started(boots)
    assert board.machine().ok("get wlan.ssid") == ""


@pytest.mark.faulty
@pytest.mark.needs("counters")
def test_the_fault_log(board):
    """Faults stand with their tracebacks, oldest first, at most eight; faults_reset clears it, and
    both outlive a reset.
    """
    console = board.uart0
    console.sync()
    console.send(b"\x03")
    console.until(b">>> ")
    console.send(b"from firmware.store import faults\r\n")
    console.until(b">>> ")
    for i in range(10):
        console.send(b"faults.record('part', ValueError('fault %d'), 3)\r\n" % i)
        console.until(b">>> ")
    console.send(b"\x04")
    console.until(b"[Ready]\r\n")
    console.machine()
    lines = console.ok("faup").split("\r\n")
    assert lines[0] == "! 8 faults"
    assert [line for line in lines if line.startswith("# ")] == [
        f"# {i} 3 s, part" for i in range(8)
    ]
    assert [line for line in lines if "ValueError" in line] == [
        f"ValueError: fault {i}" for i in range(8)
    ]
    console.ok("faults_reset")
    assert console.ok("faults_print") == "! 0 faults"
    board.reset()
    assert console.machine().ok("faults_print") == "! 0 faults"


@pytest.mark.parametrize(
    "zone, local",
    [
        ("0", "2014-03-23T08:13:07."),
        ("5:30", "2014-03-23T13:43:07."),
        ("-9", "2014-03-22T23:13:07."),
        ("-0:30", "2014-03-23T07:43:07."),
    ],
)
def test_time_zone(board, zone, local):
    console = board.machine()
    console.ok("set time.rtc 1395562387")
    console.ok(f"set time.zone {zone}")
    hours, _, minutes = zone.lstrip("-").partition(":")
    offset = f"{'-' if zone[0] == '-' else '+'}{int(hours):02}:{minutes or '00'}"
    text = console.ok("get time.rtc local")
    assert text.endswith(offset)
    assert text[:19] in (local[:19], local[:18] + "8")
    assert console.ok("get ti r utc").startswith("2014-03-23T08:13:0")
