"""The transcripts of the specification, sections 5.2 (joins), 12 (announcement) and 13 (clock).

Left out is the row of a join that belongs to the web server: HTTP and REST API server listening on
port: 80. The announcement by HTTP is not there yet either. What needs a real network is in
host_tests/lan/test_spec_transcripts.py.
"""

import hashlib
import re

import pytest

from airwire.board.client import Board
from host_tests.board.console import Console
from host_tests.board.ear import Ear
from host_tests.board.spec import (
    ACKME,
    DATAGRAM,
    JOIN,
    PASSKEY,
    READY_FOR_ACKME,
    announced,
    play,
    quietly,
    same,
)

# 5.2 network_up

# "With a static IP the DHCP line is absent."
STATIC = """\
> nup
[Associating to ackme]
Security type from probe: WPA2-AES
IPv4 address: 10.5.6.108
Starting mDNS
mDNS domain: mymodule.local
[Associated]
Success
"""

# The web app's lines: BSSID without colons, channel, security code, PBKDF2 of the passkey.
VERIFY = """\
> nve wifi "ackme" {bssid} 6 4 {right}
Success
> nve wifi "ackme" {bssid} 6 4 {wrong}
Command failed
> get wl n s
0
> get wlan.join.result
0
"""


class TestNetwork:
    # mDNS and a join together have no room beside the virtual board's own modules.
    pytestmark = [pytest.mark.air(ACKME), pytest.mark.needs("air"), pytest.mark.whole_heap]

    def test_join(self, board):
        play(quietly(board.uart0, *READY_FOR_ACKME), JOIN)

    def test_static_address(self, board):
        ip = board.board.status()["ip"]  # the loopback has no other for this board
        static = ("set network.dhcp.enabled 0", f"set static.ip {ip}", "set st n 255.0.0.0")
        play(quietly(board.uart0, *READY_FOR_ACKME, *static), STATIC)

    def test_address_at_once(self, flash_image, tmp_path):
        """The rows are the same where DHCP answers before the module has seen the association."""
        config = {"air": {"assoc_ms": 0, "dhcp_ms": 0, "access_point": [ACKME]}}
        with Board.up("quick", flash=flash_image, config=config, home=tmp_path) as board:
            console = Console(str(board.uart0))
            play(quietly(console, *READY_FOR_ACKME), JOIN)
            console.close()

    def test_verify(self, board):
        (point,) = board.board.access_points()
        keys = {
            which: hashlib.pbkdf2_hmac("sha1", word.encode(), b"ackme", 4096, 32).hex()
            for which, word in (("right", PASSKEY), ("wrong", PASSKEY + "s"))
        }
        bssid = point["bssid"].replace(":", "")
        usb = quietly(board.uart0, "set system.print_level 0")
        play(usb, VERIFY.format(bssid=bssid, **keys))


# 12 Broadcast status announcement


@pytest.mark.air(
    {"ssid": "chomperExtreme", "bssid": "B6:B9:8A:62:3C:E9", "channel": 1, "rssi": -40}
)
@pytest.mark.needs("wifi", "air")
def test_announcement(board):
    """It comes by itself with factory settings, from port 55555 to port 55555."""
    console = board.machine()
    console.ok("set wlan.ssid chomperExtreme")
    with Ear(board.board.status()["ip"]) as ear:
        console.ok("network_up")
        data, port, _ = ear.next()
    assert port == 55555
    assert re.fullmatch(announced(DATAGRAM), data.decode()), data


# The table of variables, in the order of `get all`.
BROADCAST = """\
> get br
broadcast.data: mac,bssid,channel,ip,ssid,rssi,remote_terminal_port,time,uuid,version
broadcast.http.host: None
broadcast.interface: default
broadcast.interval: 10
broadcast.udp.ip: 255.255.255.255
broadcast.udp.port: 55555
"""


def test_variables_of_the_announcement(board):
    play(quietly(board.uart0), BROADCAST)


# 13 Time and NTP

NTP = """\
> get nt
ntp.enabled: 1
ntp.interface: default
ntp.interval: 3600
ntp.server: pool.ntp.org
> get ti z
0
> get ti l
-1
"""

# The moment of the example, and the length that it has there.
EXAMPLE = 1395562387
CLOCK = (
    ("get time.last_set", r"-1"),
    (f"set ti r {EXAMPLE}", r"Set OK"),
    ("get ti r", rf"{EXAMPLE}|{EXAMPLE + 1}"),
    ("get ti r ms", rf"(?:{EXAMPLE}|{EXAMPLE + 1})\d\d\d"),
    ("get ti l", r"[01]"),
    ("get ti l ms", r"\d{1,4}"),
    ("get ti u", r"\d+"),
    ("get ti u ms", r"\d+"),
    ("set ti z -12:30", r"Set OK"),
    ("get ti z", r"-12:30"),
    ("set ti z +12:30", r"Set OK"),
    ("get ti z", r"12:30"),
)


def test_variables_of_the_clock(board):
    play(quietly(board.uart0), NTP)


def test_clock(board):
    console = board.machine()
    for line, wanted in CLOCK:
        assert re.fullmatch(wanted, console.ok(line)), line
    console.ok(f"set ti r {EXAMPLE}")
    console.send(b"get ti r utc\r\n")
    shown = console.read(len("R000029\r\n") + 29).decode()
    same(shown, "R000029\r\n2014-03-23T08:13:07.010248Z\r\n")
    assert shown[9:28] in ("2014-03-23T08:13:07", "2014-03-23T08:13:08")
