"""Random commands for a module: valid ones whose answers are known, and what becomes of lines when
they are damaged. Pure; test_traffic.py sends them.
"""

from random import Random

from airwire import declarations, project
from airwire.wire import cmdline

# Variables that a run may set to anything. Not those that move the port under the run (system.*),
# that make it wait (tcp.*), or that start a service (wwep.enabled).
GROUPS = ("network", "static", "stream", "wlan", "wwep")
LEFT_ALONE = ("wwep.enabled", "stream.auto_close")

VARIABLES = [
    variable
    for variable in declarations.variables(project.ROOT)
    if variable.name.split(".")[0] in GROUPS
    and variable.access in ("rw", "secret")
    and variable.name not in LEFT_ALONE
]


def value(rng: Random, kind: str) -> tuple[bytes, bytes] | None:
    """A random value for a variable of that type: as it is set, and as the module shows it.

    None for a type that this file does not know.
    """
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
    if name == "enum":
        word = rng.choice(limits.split("|")).encode()
        return word, word
    if name == "ip":
        address = b"%d.%d.%d.%d" % tuple(rng.randbytes(4))
        return address, address
    if name == "mac":
        mac = rng.randbytes(6)
        shown = mac.hex(":").upper().encode()
        return rng.choice([shown, mac.hex().encode()]), shown
    if name == "gpio":
        # 36 cannot drive a level.
        number = rng.choice([-1, 0, 2, 4, 5, 13, 27] + [36] * (limits != "out"))
        return b"%d" % number, b"%d" % number
    return None


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
    b"stream_poll 0",
    b"stream_read 0 4096",
    b"stream_write 0 12",
    b"read 7 1",
    b"write 7 300",
    b"close all",
    b"close 3",
    b"scan -v",
    b"save",
    b"faup",
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


def data_of(line: bytes) -> bytes | None:
    """What has to follow a line so that the module reads no command as data; None for a line that
    is not to be sent, because it would end the run, or because only the module knows what follows.
    """
    try:
        words = cmdline.split(line)
    except cmdline.ParseError:
        return b""
    if len(line) > _LONGEST or not words:
        return b""
    command, *arguments = words
    if command in (b"reboot", b"factory_reset", b"fac"):
        return None
    if command in (b"set", b"save") and arguments:
        group = arguments[0].split(b".")[0]
        return None if group in (b"system", b"sy", b"tcp", b"tc", b"wwep", b"ww") else b""
    if command in (b"stream_write", b"write") and len(arguments) == 2:
        if not arguments[1].isdigit():
            return None
        size = int(arguments[1])
        return bytes(size) if 1 <= size <= 65_536 else b""
    return b""
