"""Random commands for a module: valid ones whose answers are known, and what becomes of lines when
they are damaged. Pure; test_traffic.py sends them.
"""

from random import Random

from airwire import declarations, project
from airwire.client.hosts import MAX_EMAIL
from airwire.wire import cmdline

# Commands that a run may not use: they end it, or move the port under it.
LEFT_OUT = ("factory_reset", "reboot", "sleep", "uart_update")

# Variables that a run may set to anything. Not those that move the port under the run (system.*,
# bus.*), that make it wait (tcp.*, udp.*), that set another clock, that send to everybody at once
# when they change (broadcast.*, ntp.*), that start a service (enabled), or that take a GPIO.
GROUPS = (
    "email",
    "ioconn",
    "mdns",
    "network",
    "remote_terminal",
    "softap",
    "static",
    "stream",
    "wlan",
    "wwep",
)
LEFT_ALONE = (
    "ioconn.enabled",
    "mdns.enabled",
    "remote_terminal.enabled",
    "stream.auto_close",
    "wlan.network.status_gpio",
    "wwep.enabled",
    "wwep.server.enabled",
)
_TYPES = ("bool", "int", "text", "enum", "ip", "mac", "gpio", "only")

VARIABLES = [
    variable
    for variable in declarations.variables(project.ROOT)
    if variable.name.split(".")[0] in GROUPS
    and variable.access in ("rw", "secret")
    and variable.name not in LEFT_ALONE
    and variable.type.split(" ")[0] in _TYPES
]


def value(rng: Random, kind: str) -> tuple[bytes, bytes]:
    """A random value for a variable of one of _TYPES: as it is set, and as the module shows it."""
    name, _, limits = kind.partition(" ")
    if name == "bool":
        return rng.choice([(b"on", b"1"), (b"1", b"1"), (b"true", b"1"), (b"off", b"0")])
    if name == "int":
        low, high = map(int, limits.split())
        number = rng.choice([low, high, rng.randint(low, high)])
        return b"%d" % number, b"%d" % number
    if name == "text":
        low, high = map(int, limits.split())
        # Escaped, a byte may take four in a line of 512.
        size = rng.choice([low, min(high, 64), rng.randint(low, min(high, 40))])
        text = rng.choice([rng.randbytes(size), bytes(rng.choices(b'ab "\\\r\n,\0', k=size))])
        return text, text
    if name in ("enum", "only"):
        word = rng.choice(limits.split("|")).encode()
        return word, word
    if name == "ip":
        # One that a host may have.
        address = b"%d.%d.%d.%d" % (rng.choice([1, 10, 126, 128, 223]), *rng.randbytes(3))
        return address, address
    if name == "mac":
        mac = rng.randbytes(6)
        shown = mac.hex(":").upper().encode()
        return rng.choice([shown, mac.hex().encode()]), shown
    if name == "gpio":
        # 36 cannot drive a level.
        number = rng.choice([-1, 0, 2, 4, 5, 13, 27] + [36] * (limits != "out"))
        return b"%d" % number, b"%d" % number
    raise AssertionError(f"a type without values: {kind}")


def name(rng: Random, variable: declarations.Variable) -> str:
    """What a variable may be called: its name or its shortcut."""
    return rng.choice([variable.name, variable.shortcut])


# Lines to damage: every command, and what the lines of a host look like.
LINES = [
    *(command.name.encode() for command in declarations.commands(project.ROOT)),
    *(command.shortcut.encode() for command in declarations.commands(project.ROOT)),
    *(b"get " + v.name.encode() for v in declarations.variables(project.ROOT)),
    *(b"get " + v.shortcut.encode() for v in declarations.variables(project.ROOT)),
    *(b"set " + v.name.encode() + b" 1" for v in VARIABLES),
    b"get all",
    b"get wlan",
    b"help commands",
    b"help variables",
    b"help set",
    b'set wlan.ssid "two words \\" \\x41"',
    b'set wl p "\\\\ \\0\\xff"',
    b"tcp_client -l 50000 host.airwire 9",
    b"tcpc host.airwire 9",
    b"network_up -i wlan",
    b"network_down -i default",
    b"nup -i softap",
    b"ndo -i softap",
    b"network_restart -i wlan",
    b"nre softap",
    b"network_lookup host.airwire",
    b"nlo host.airwire",
    b'network_verify wifi "airwire-wpa2" 000000000000 1 4 ' + b"0123456789abcdef" * 4,
    b"nve wifi airwire-open 00:00:00:00:00:00 0",
    b"tcp_server -i wlan start 4000",
    b"tcps stop",
    b"tls_server start 4000",
    b"tlss stop",
    b"udp_server start 4000",
    b"udps stop 4000",
    b"ping -g",
    b"ping host.airwire",
    b"mdns http",
    b"smtp_send anna@example.com subject 12",
    b'smtp "Anna <anna@example.com>, bert@example.org" "a subject" 300',
    b"stream_poll 0",
    b"stream_read 0 4096",
    b"stream_write 0 12",
    b"read 7 1",
    b"write 7 300",
    b"close all",
    b"close 3",
    b"scan -v",
    b"save",
    b"save backup",
    b"selftest dct 21-22",
    b"selft flash ram",
    b"load",
    b"load backup",
    b"faup",
    b"udp_client host.airwire 9",
    b"udpc host.airwire 9 50001",
    b"file_create name 12",
    b'fcr -eu "a name" 300 1.5.0 02 89F6',
    b"file_create -o other 100",
    b"file_open name",
    b"fop other",
    b"file_stat name",
    b"fde name",
    b'file_delete "a name"',
    b"ls -v",
    b"format_flash 24:6F:28:AA:BB:CC",
    b"gpio_dir 21 input_pull_up",
    b"gdi 22 out 1",
    b"gpio_set 22 0",
    b"gge 21",
    b"gpios_dir 66666666666666666-33",
    b"gpios_set ------------------01 000000000000000000011",
    b"gges",
    b"adc 34",
    b"pwm_update 23 1000 50",
    b"pwm 23 stop",
    b"dac 25 128",
    b"get uart.baud 1",
    b"get gpio.alias all",
    b"get gpio.usage",
    b"get ti r utc",
    b"setup status",
    b"setup cmd name",
    b"rssi",
    b"exit",
    b"",
]
_TOKENS = [
    b" ",
    b'"',
    b"\\",
    b"\\x",
    b"\\n",
    b"-",
    b"all",
    b".",
    b"0",
    b"-1",
    b"99999999999",
    b"\t",
]
_LONGEST = 512


def damaged(rng: Random) -> bytes:
    """A line that was valid once, without a line end in it."""
    line = bytearray(rng.choice(LINES))
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randint(0, len(line))
        how = rng.randrange(8)
        if how == 0:
            line[at : at + rng.randint(1, 4)] = b""
        elif how == 1:
            line[at:at] = rng.choice(_TOKENS)
        elif how == 2:
            line[at : at + 1] = rng.randbytes(1)
        elif how == 3:
            line[at:at] = rng.randbytes(rng.randint(1, 8))
        elif how == 4:
            line += b" " + rng.choice(LINES)
        elif how == 5:
            line[at:at] = bytes(line) * rng.choice([1, 4])
        elif how == 6:
            words = line.split(b" ")
            rng.shuffle(words)
            line = bytearray(b" ".join(words))
        elif rng.random() < 0.3:
            line[at:at] = b"x" * rng.choice([_LONGEST - len(line) % _LONGEST, _LONGEST, 3000])
    return bytes(line).replace(b"\r", b"").replace(b"\n", b"")


# Groups of variables, by name and shortcut, that lines may not set.
_GROUPS = {
    word
    for variable in declarations.variables(project.ROOT)
    if variable.name.split(".")[0] not in GROUPS
    for word in (variable.name.split(".")[0].encode(), variable.shortcut.split()[0].encode())
}
_LEFT_ALONE = tuple(
    word.encode()
    for variable in declarations.variables(project.ROOT)
    if variable.name in LEFT_ALONE
    for word in (variable.name, variable.shortcut + " ")
)
_NAMES = {command.shortcut: command.name for command in declarations.commands(project.ROOT)}
_MAX_DATA = 65_536


def data_of(line: bytes) -> bytes | None:
    """What has to follow a line so that the module reads no command as data; None for a line that
    is not to be sent, because it would end the run, or because only the module knows what follows.
    """
    try:
        words = cmdline.split(line)
    except (cmdline.ParseError, cmdline.TooManyArguments):
        return b""
    if len(line) > _LONGEST or not words:
        return b""
    word, *arguments = words
    command = _NAMES.get(word.decode(errors="replace"), word.decode(errors="replace"))
    if command in LEFT_OUT:
        return None
    if command == "set" and arguments:
        if arguments[0].split(b".")[0] in _GROUPS or b" ".join(arguments).startswith(_LEFT_ALONE):
            return None
        return b""
    if command == "network_up" and b"-s" in arguments:
        return None  # it asks questions
    if command == "stream_write" and len(arguments) == 2:
        return _data(arguments[1], most=_MAX_DATA)
    if command == "smtp_send" and len(arguments) == 3:
        # What is no number is refused, as is one above the most, and has no data.
        return _data(arguments[2], most=MAX_EMAIL) if arguments[2].isdigit() else b""
    if command == "file_create" and 2 <= len(arguments) <= 8:
        options = b""
        while arguments and arguments[0][:1] == b"-":
            options += arguments.pop(0)[1:]
        if options.strip(b"euo") or not 2 <= len(arguments) <= 5:
            return b""
        return b"" if b"o" in options else _data(arguments[1], most=None)
    return b""


def _data(size: bytes, most: int | None) -> bytes | None:
    # The data phase that a number announces; one above `most` is refused, and has none.
    if not size.isdigit():
        return None
    count = int(size)
    if most is not None and count > most:
        return b""
    return bytes(count) if count <= _MAX_DATA else None
