"""Playing the transcripts of the specification on a board's console, character by character; and
those that are played on more than one kind of network.

Not compared is what stands there for something else: addresses, times, the module's name and
version, and `example.com`.
"""

import re

from host_tests.docs.transcripts import Screen

TIME = r"\d{4}-\d\d-\d\d \| \d\d:\d\d:\d\d"
UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
# What the specification prints, and what the module may print there.
FILLERS = (
    (TIME, TIME),
    (
        r"WiConnect-2[^\r\n]*",
        r"[A-Z]\w+-\d+\.\d+\.\d+, Built:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d for \w+, Board:[\w-]+",
    ),
    (r"10\.5\.6\.108|10\.1\.54\.\d+", r"\d+\.\d+\.\d+\.\d+"),
    (UTC, UTC),
    (r"example\.com", r"[\w.:]+"),  # also the exact form of host and port is not known
)
_FILLER = re.compile("|".join(f"({filler})" for filler, _ in FILLERS))

# The access point of the transcripts of joins, and what a module joins it with.
PASSKEY = "secret key"
ACKME = {"ssid": "ackme", "security": "wpa2", "password": PASSKEY, "channel": 6}
READY_FOR_ACKME = (
    "set wlan.ssid ackme",
    f'set wlan.passkey "{PASSKEY}"',
    "set mdns.name mymodule",
    "set mdns.enabled 1",
)

# 5.2: a join of that network, the first.
JOIN = """\
> get wl n s
0
> get wlan.join.result
0
> network_up
[Associating to ackme]
Security type from probe: WPA2-AES
Obtaining IPv4 address via DHCP
IPv4 address: 10.5.6.108
Starting mDNS
mDNS domain: mymodule.local
[Associated]
Success
> get wl n s
2
> get wlan.join.result
1
"""

# 12: the announcement of a module in a network called chomperExtreme.
DATAGRAM = (
    '{"mac":"58:8E:81:92:52:7B","bssid":"B6:B9:8A:62:3C:E9","channel":1,"ip":"192.168.1.125",'
    '"ssid":"chomperExtreme","rssi":-40,"remote_terminal_port":2000,"time":1665662949795,'
    '"version":"...-0.0.0.1, 2019-10-23T20:22:36Z, ZentriOS-W-3.6.3.0",'
    '"uuid":"36413041000000004D0026001251373036363735"}'
)
# The module's own identity and address, the time; all else is compared.
ANNOUNCED = {
    "58:8E:81:92:52:7B": r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}",
    "192.168.1.125": r"\d+\.\d+\.\d+\.\d+",
    "1665662949795": r"\d{12,13}",
    "...-0.0.0.1, 2019-10-23T20:22:36Z, ZentriOS-W-3.6.3.0": r'Airwire-\d+\.\d+\.\d+, [^"]+',
    "36413041000000004D0026001251373036363735": r"[0-9A-F]+",
}


def pattern(text):
    """The regular expression of what the module may print where the specification has `text`."""
    made, end = "", 0
    for found in _FILLER.finditer(text):
        made += re.escape(text[end : found.start()]) + FILLERS[found.lastindex - 1][1]
        end = found.end()
    return re.compile(made + re.escape(text[end:]))


def same(shown, expected):
    assert pattern(expected).fullmatch(shown), f"{shown!r}\nis not\n{expected!r}"


def play(console, transcript, data=None):
    """Type the lines behind a prompt, each once the one before is answered, and compare all that
    is seen. `data`: what the host sends in the data phase of a line.
    """
    for exchange in re.split("^> ", transcript, flags=re.MULTILINE)[1:]:
        line, _, answer = exchange.partition("\n")
        console.send(line.encode() + b"\r\n")
        assert console.until(b"\n") == line.encode() + b"\r\n"
        console.send((data or {}).get(line, b""))
        same(console.until(b"\r\n> ").decode(), answer.replace("\n", "\r\n") + "> ")


def quietly(console, *lines):
    """What a transcript takes for granted."""
    console.sync()
    for line in lines:
        assert console.command(line)[-1] in ("Set OK", "Success"), line
    return console


def rows(console, until):
    """The rows of a terminal, once the last ones are `until` and the prompt."""
    screen = Screen()
    screen.feed(b"> ")
    while screen.rows[-2:] != [until, "> "]:
        screen.feed(console.read(1))
    return screen.rows


def announced(datagram):
    """The regular expression of a datagram like this one of any module."""
    wanted = re.escape(datagram)
    for filler, found in ANNOUNCED.items():
        wanted = wanted.replace(re.escape(filler), found)
    return wanted
