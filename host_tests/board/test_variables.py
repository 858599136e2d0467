"""Variables by command: every one of them, every kind of value, lists, shortcuts, what an unknown
name is told, and the clock.
"""

import re
import time

from airwire import declarations, project
from host_tests.board.console import Reply

# The description's own listing of a group; an empty value has a space before it.
UDP = """udp.client.auto_interface: default
udp.client.auto_retry: 0
udp.client.auto_start: 0
udp.client.local_port: 0
udp.client.remote_host:\x20
udp.client.remote_port: 3000
udp.server.auto_interface: default
udp.server.auto_start: 0
udp.server.data_gpio: -1
udp.server.lock_client: 0
udp.server.port: 3000
udp.server.remote_host:\x20
udp.server.remote_port: 0"""

# What they print changes by itself.
MOVING = ("time.", "system.memory.", "network.buffer.usage")
# Setting them changes the console that the test talks to.
CONSOLE = ("system.cmd.", "system.print_level")

BAD_ARGUMENT, UNKNOWN_OPTION, TOO_FEW, TOO_MANY = 7, 6, 4, 5


def declared():
    return declarations.variables(project.ROOT)


def words(variable):
    """(kind of type, its arguments, the index to use as text with a space before it)"""
    name, _, rest = variable.type.partition(" ")
    index = ""
    if name in ("index", "formats"):
        choices, _, rest = rest.partition(" ")
        if name == "index":
            first = {"gpio": "21", "0-1": "1"}.get(choices, choices.partition("|")[0])
            index = f" {first}"
        name, _, rest = rest.partition(" ")
    return name, rest, index


def test_every_variable(board):
    """Each can be read by its name and by its shortcut, its group shows it, and `get all` is
    sorted.
    """
    console = board.machine()
    rows = dict(row.split(": ", 1) for row in console.ok("get all").split("\r\n"))
    assert list(rows) == sorted(rows)
    shown = set()
    for variable in declared():
        name, _, index = words(variable)
        value = console.ok(f"get {variable.name}{index}")
        if variable.name.startswith(MOVING):
            shown.add(variable.name)
            continue
        assert console.ok(f"get {variable.shortcut}{index}") == value, variable.shortcut
        key = variable.name + index
        if name == "lines" or variable.type.startswith("index gpio "):
            assert key not in rows  # of GPIOs, those with a value of their own
        else:
            assert rows[key] == value
            shown.update(row for row in rows if row.partition(" ")[0] == variable.name)
    assert shown == set(rows)
    for group in sorted({name.partition(".")[0] for name in rows} - {"time", "system"}):
        expected = [f"{name}: {rows[name]}" for name in rows if name.startswith(group + ".")]
        assert console.ok(f"get {group}").split("\r\n") == expected


def test_what_can_be_set(board):
    """Each takes its default and prints it again, and what is computed cannot be set."""
    console = board.machine()
    for variable in declared():
        name, _, index = words(variable)
        if variable.access == "ro":
            reply = console.run(f"set {variable.name}{index} 1")
            assert reply == Reply(BAD_ARGUMENT, b"Read only"), variable.name
        elif variable.access != "volatile" and not variable.name.startswith(CONSOLE):
            value = console.ok(f"get {variable.name}{index}")
            assert console.ok(f'set {variable.shortcut}{index} "{value}"') == "Set OK"
            assert console.ok(f"get {variable.name}{index}") == value
    assert console.run("get gpio") == Reply(0, b"")  # a default takes no room


def test_bounds(board):
    """Numbers up to their bounds and not beyond; texts up to their length."""
    console = board.machine()
    for value in ("x", "1.5", "", "0x10", "1_0", 10**400, "1 2"):
        assert console.run(f'set wwep.port "{value}"').code == BAD_ARGUMENT, value
    for variable in declared():
        name, arguments, index = words(variable)
        if variable.access not in ("rw", "secret") or name not in ("int", "text", "key"):
            continue
        low, high = map(int, arguments.split())
        if name == "int":
            good, bad = [low, high], [low - 1, high + 1]
        else:
            good, bad = ["a" * low, "a" * high], ["a" * (high + 1)] + ["a" * (low - 1)] * (low > 1)
            good += [""] * (name == "key")
        for value in good:
            assert console.ok(f'set {variable.name}{index} "{value}"') == "Set OK"
            if variable.access == "rw":
                assert console.ok(f"get {variable.name}{index}") == str(value)
        for value in bad:
            reply = console.run(f'set {variable.name}{index} "{value}"')
            assert reply == Reply(BAD_ARGUMENT, b"Invalid argument"), (variable.name, value)


def test_a_protocol_that_is_not_there_yet(board):
    console = board.machine()
    assert console.run("set ioconn.protocol web").code == BAD_ARGUMENT
    assert console.ok("get ioconn.protocol") == "tcp"


# What this hardware, or its driver, cannot do otherwise.
ONLY = {
    "bus.data_bus": ("uart1", "uart0"),
    "bus.log_bus": ("all", "uart1"),
    "network.buffer.rxtx_ratio": ("50", "20"),
    "network.buffer.size": ("92160", "40000"),
    "network.tls.version": ("12", "13"),
    "system.activity.gpio": ("none", "2"),
    "system.activity.gpio_level": ("on", "0"),
    "system.adc.vref": ("3300", "1100"),
    "system.boot_app": ("main.py", "wiconnect.exe"),
    "system.powersave.mode": ("off", "on"),
    "tcp.keepalive.enabled": ("off", "1"),
    "tcp.keepalive.initial_timeout": ("7200", "10"),
    "tcp.keepalive.retry_count": ("9", "1"),
    "tcp.keepalive.retry_timeout": ("75", "1"),
    "wlan.antenna.select": ("1", "2"),
    "wlan.hide_passkey": ("true", "0"),
    "wlan.scan.active_dwell": ("default", "100"),
    "wlan.scan.channel_mask": ("default", "1"),
    "wlan.scan.home_dwell": ("default", "30"),
    "wlan.scan.num_probes": ("default", "2"),
    "wlan.scan.passive_dwell": ("default", "110"),
    "wlan.scan.type": ("active", "passive"),
}


def test_only_the_truth(board):
    console = board.machine()
    assert {v.name for v in declared() if words(v)[0] == "only"} == set(ONLY)
    for name, (true, false) in ONLY.items():
        before = console.ok(f"get {name}")
        assert console.ok(f"set {name} {true}") == "Set OK"
        assert console.run(f"set {name} {false}").code == BAD_ARGUMENT, name
        assert console.ok(f"get {name}") == before


def test_a_group_as_the_description_prints_it(board):
    console = board.machine()
    for node in ("ud", "udp"):
        assert console.ok(f"get {node}").replace("\r\n", "\n") == UDP
    assert console.run("get ud").text.decode() == UDP.replace("\n", "\r\n")
    assert console.ok("get udp.client") == console.ok("get ud c")
    # Two groups may begin with the same letters.
    assert console.ok("get st").split("\r\n")[-4:] == [
        "static.netmask: 0.0.0.0",
        "stream.auto_close: 1",
        "stream.lock_timeout: 0",
        "stream.overruns: 0",
    ]


def test_shortcuts_go_by_all_their_words(board):
    console = board.machine()
    for line in ("set so s network", "set so s i 10.1.1.1", "set br i 20", "set br i f wlan"):
        assert console.ok(line) == "Set OK"
    assert console.ok("get softap.ssid") == "network"
    assert console.ok("get softap.static.ip") == "10.1.1.1"
    assert console.ok("get broadcast.interval") == "20"
    assert console.ok("get broadcast.interface") == "wlan"
    assert int(console.ok("get sy o")) > 0 and console.ok("get sy o g") == "-1"
    assert console.ok("set so s i") == "Set OK"  # the network's name is i
    assert console.ok("get so s") == "i" and console.ok("get so s i") == "10.1.1.1"


def test_indexes(board):
    console = board.machine()
    for line, answer in (
        ("set uart.baud 0 9600", "Set OK"),
        ("get uart.baud 0", "9600"),
        ("get ua b 1", "115200"),
        ("get ua b 01", "115200"),
        ("get uart.baud all", "uart.baud 0: 9600\r\nuart.baud 1: 115200"),
        ("set uart.flow 1 true", "Set OK"),
        ("get uart.flow all", "uart.flow 0: off\r\nuart.flow 1: on"),
        ("set sy i g wlan 21", "Set OK"),
        ("get sy i g wlan", "21"),
        ("set gp a 22 led", "Set OK"),
        ('set gpio.alias 4 "button one"', "Set OK"),
        ("get gp a all", "gpio.alias 4: button one\r\ngpio.alias 22: led"),
        ('set gpio.alias 4 ""', "Set OK"),
        ("get gpio", "gpio.alias 22: led"),
        ("get gp a 4", ""),
    ):
        assert console.ok(line) == answer, line
    for line, code in (
        ("get uart.baud", TOO_FEW),
        ("get uart.baud 2", BAD_ARGUMENT),
        ("get uart.baud x", BAD_ARGUMENT),
        ("get uart.baud 0 1", TOO_MANY),
        ("get uart.baud all 1", TOO_MANY),
        ("set uart.baud 0", TOO_FEW),
        ("set uart.baud all 9600", BAD_ARGUMENT),
        ("set uart.data 0 8 8", TOO_MANY),
        ("get gpio.alias 6", BAD_ARGUMENT),  # the flash chip's
        ("get gpio.alias 40", BAD_ARGUMENT),
        ("get gpio.alias " + "9" * 300, BAD_ARGUMENT),
        ("get wlan.ssid 1", TOO_MANY),
        ("get time.rtc iso", BAD_ARGUMENT),
        ("get time.rtc ms ms", TOO_MANY),
    ):
        assert console.run(line).code == code, line


# Name and index; what is taken and how it is printed then, the last once more at the end; what
# is not taken.
KINDS = [
    (
        "uart.baud 1",
        {"300": "300", "921600": "921600", "12345 raw": "12345", "9600 raw": "9600"},
        ("12345", "0", "99 raw", "6000000 raw", "9600 Raw", "9600 raw raw", "raw", "9600 8"),
    ),
    (
        "gpio.init 22",
        {
            "out": "output 0",
            "output 1": "output 1",
            "ood 1": "output_open_drain 1",
            "input pull up": "input_pull_up",
            "in": "input_highz",
            "-1": "none",
        },
        ("up", "in 1", "output 2", "1", "none 0", "out 1 1", '""'),
    ),
    (
        "time.zone",
        {"+5": "5", "-3:30": "-3:30", "12:30": "12:30", "-0": "0", "-0:30": "-0:30"},
        ("13", "5:15", "--5", "+-5", "5:", ":30", "1:30:30", "12:3", '""'),
    ),
    (
        "system.wakeup.events",
        {"gpio4": "gpio4", "gpio027_low": "gpio27_low", "none": "none"},
        ("gpio22", "gpio", "gpio4|", "gpio4|gpio27", "gpio4_", "gpio4_high", "gpio40", "4", '""'),
    ),
    (
        "system.indicator.state network",
        {"static_on|slow_blink|medium_blink": "static_on|slow_blink|medium_blink"},
        ("static_on", "static_on|static_on|static_on|static_on", "on|on|on", "||"),
    ),
    (
        "static.ip",
        {"1.2.3.4": "1.2.3.4", "010.001.000.255": "10.1.0.255"},
        ("1.2.3", "1.2.3.256", "1.2.3.4.5", "a.b.c.d", "1.2.3.-4", "1..2.3"),
    ),
    (
        "wlan.bssid",
        {"02:aa:BB:cc:dd:ee": "02:AA:BB:CC:DD:EE", "02aabbccddee": "02:AA:BB:CC:DD:EE"},
        ("02aabbccdde", "02aabbccddeg", "02aabbccddee0", "0x2aabbccddee"),
    ),
    ("uart.flow 1", {"on": "on", "1": "on", "false": "off"}, ("2", "yes", "ON")),
    ("wlan.network.status_gpio", {"21": "21", "-1": "-1"}, ("34", "6", "-2", "40", "x")),
    ("ioconn.control_gpio", {"34": "34"}, ("6", "40")),
]


def test_kinds_of_values(board):
    console = board.machine()
    for name, good, bad in KINDS:
        for value, printed in good.items():
            assert console.ok(f"set {name} {value}") == "Set OK", (name, value)
            assert console.ok(f"get {name}") == printed
        for value in bad:
            assert console.run(f"set {name} {value}").code == BAD_ARGUMENT, (name, value)
        assert console.ok(f"get {name}") == printed


# Line -> what follows `Unknown variable`, or its beginning.
UNKNOWN = [
    ("get wlan.sid", ": could be wlan.bssid, wlan.ssid"),
    ("set wlan.sisd x", ": could be wlan.ssid"),
    ("get wlam.ssid", ": could be wlan.ssid"),
    ("get ssid", ": could be setup.web.ssid, softap.ssid, wlan.ssid"),
    ("get wlan.join.re", ": could be wlan.join.result, wlan.join.retries"),
    ("get uart.bud 0", ": could be uart.baud"),
    ("get ud c x", ": could be udp.client.auto_interface, udp.client.auto_retry, "),
    (
        "set st",
        ": could be static.dns, static.gateway, static.ip, static.netmask, stream.auto",
    ),
    ("set remote 1", ": could be remote_terminal.connected_gpio, remote_terminal.enabled, "),
    ("get x", ""),
    ('get ""', ""),
    ("get .", ""),
    ("get no.such.thing", ""),
    # What the tables look like inside is no name.
    ('get "wwep.port\\x01p\\x02wi1,65535\\x0327708\\nregister"', ": could be wwep.port"),
    ('get "wl\\x01wlan\\nww"', ""),
]


def test_unknown_names_say_what_they_could_be(board):
    console = board.machine()
    for line, answer in UNKNOWN:
        reply = console.run(line)
        assert reply.code == UNKNOWN_OPTION, line
        text = reply.text.decode()
        assert text.startswith(f"Unknown variable{answer}"), line
        assert len(text) <= 130 and "\r" not in text
        assert answer or text == "Unknown variable"


def test_the_clock(board):
    console = board.machine()
    assert console.ok("get time.last_set") == "-1"
    assert console.ok("get ti l ms") == "-1"
    before = int(console.ok("get time.uptime ms"))
    # 2014-03-23 08:13:07, the description's example
    assert console.ok("set ti r 1395562387") == "Set OK"
    assert re.fullmatch(r"2014-03-23T08:13:0[78]\.\d{6}Z", console.ok("get ti r utc"))
    assert int(console.ok("get ti r")) in (1395562387, 1395562388)
    assert 0 <= int(console.ok("get time.rtc ms")) - 1395562387000 < 2000
    assert 0 <= int(console.ok("get ti l ms")) < 2000
    # The time since the start goes on as if nothing had happened, whichever way the clock went.
    console.ok("set time.rtc 4102444799")
    after = int(console.ok("get time.uptime ms"))
    assert before <= after < before + 60_000
    assert int(console.ok("get ti u")) in (after // 1000, after // 1000 + 1)
    for value in ("946684799", "4102444800", "now", "-1"):
        assert console.run(f"set time.rtc {value}").code == BAD_ARGUMENT
    assert console.ok("save") == "Success"  # the clock is not a setting
    assert console.ok("load") == "Success"
    assert console.ok("get time.rtc utc").startswith("2099-12-31T23:59:59.") or int(
        console.ok("get ti r")
    ) >= int(time.mktime(time.gmtime(4102444799)))


def test_help(board):
    """Groups and every variable explain themselves."""
    console = board.machine()
    assert console.ok("help all").split("\r\n") == [
        *console.ok("help commands").split("\r\n"),
        *console.ok("help variables").split("\r\n"),
    ]
    for variable in declared():
        lines = console.ok(f"help {variable.name}").split("\r\n")
        assert lines[0] == f"{variable.name} : {variable.shortcut}"
        assert len(lines) == 3 and lines[2] == variable.help
    assert console.ok("help udp.client").split("\r\n") == [
        f"rw {v.name}" for v in declared() if v.name.startswith("udp.client.")
    ]
    assert console.ok("help ud c") == console.ok("help udp.client")
    for line in ("help nothing", "help wl s z", "help get set"):
        assert console.run(line) == Reply(UNKNOWN_OPTION, b"Unknown option"), line
