"""The transcripts of the specification, character by character, in the order of its sections.
Those of joins, announcement and clock are in test_spec_network.py.

Rows of services that this firmware does not have yet are left out (web server, websockets), and so
are the files that only another module has.
"""

import re
import socket

import pytest

from host_tests.board.console import PATIENCE
from host_tests.board.spec import ACKME, READY_FOR_ACKME, play, quietly, rows, same

CLOCK = 1790000000  # in 2026: a clock that says less was never set

# The air of sections 2.5 and 4: the network of the transcript, and the hosts' names.
HOSTS = ("juicenet-udp-prod3-usa.enelx.com", "example.com")
AIR = pytest.mark.air(
    {
        "ssid": "SiliconLabsGuest",
        "bssid": "FE:EC:DA:81:30:32",
        "channel": 1,
        "rssi": -72,
        "names": dict.fromkeys(HOSTS, "127.0.0.1"),
    }
)


def test_fillers_are_not_compared_and_all_else_is():
    same(
        "[2026-01-02 | 03:04:05: Opening: a.b:1]", "[2015-03-25 | 02:50:33: Opening: example.com]"
    )
    same("IPv4 address: 127.0.0.2", "IPv4 address: 10.5.6.108")
    for shown in ("[Closed: 0]", "[2014-04-23 | 19:40:40: closed: 0]", "[2014-04-23: Closed: 0]"):
        with pytest.raises(AssertionError):
            same(shown, "[2014-04-23 | 19:40:40: Closed: 0]")


# 1.5 Response formats


def test_responses(board):
    console = board.machine()
    for line, frame in (
        ("set uart.baud 0 460800", b"R000008\r\nSet OK\r\n"),
        ("set uart.baud 0 115200", b"R000008\r\nSet OK\r\n"),
        ("get uart.baud 0", b"R000008\r\n115200\r\n"),
        ("save", b"R000009\r\nSuccess\r\n"),
        ("get wlan.network.status", b"R000003\r\n0\r\n"),
        ("file_delete missing.txt", b"R100016\r\nCommand failed\r\n"),
        ("get wlan.ssid", b"R000000\r\n"),
        ("", b"R000007\r\nReady\r\n"),
    ):
        console.send(line.encode() + b"\r\n")
        assert console.read(len(frame)) == frame, line
    assert console.quiet() == b""


def test_a_person_sees_no_headers(board):
    usb = quietly(board.uart0)
    usb.send(b"\r\n")
    assert usb.until(b"> ") == b"\r\nReady\r\n> "
    play(usb, "> set uart.baud 0 115200\nSet OK\n> save\nSuccess\n> get wlan.ssid\n\n")


LOG_BLOCK = """\
fde myfile.txt
L000014
File deleted
R000009
Success
"""


def test_log_blocks(board):
    console = board.machine()
    wanted = LOG_BLOCK.replace("\n", "\r\n").encode()
    for level, seen in ((2, wanted), (0, wanted[:16] + wanted[-18:])):
        console.ok(f"set system.print_level {level}")
        console.ok("file_create myfile.txt 3", b"abc")
        console.logs.clear()
        console.ok("set system.cmd.echo 1")  # the transcript shows what was typed
        console.send(b"fde myfile.txt\r\n")
        assert console.read(len(seen)) == seen
        console.send(b"set system.cmd.echo 0\r\n")
        console.until(b"Set OK\r\n")


# `[Ready]` and what is printed without a clock; the row of the web server is left out:
# HTTP and REST API server listening on port: 80
BOOT = """\
> reboot
Rebooting
[Disassociated]
WiConnect-2.2.0.12, Built:2015-04-08 20:12:21 for AMW004.3, Board:AMW004-E03.3
[Ready]
[Associating to ackme]
Security type from probe: WPA2-AES
Obtaining IPv4 address via DHCP
IPv4 address: 10.5.6.108
Starting mDNS
mDNS domain: mymodule.local
[Associated]
> \
"""


@pytest.mark.air(ACKME)
@pytest.mark.needs("wifi", "air")
@pytest.mark.whole_heap
def test_reboot(board):
    """The prompt, which WiConnect leaves where it was, is drawn again below each log line."""
    usb = quietly(
        board.uart0,
        *READY_FOR_ACKME,
        "set wlan.auto_join.enabled 1",
        "save",
        "network_up",
    )
    usb.send(b"reboot\r\n")
    same("\n".join(rows(usb, "[Associated]")), BOOT)


# 2.2 get: names, a colon, values; nothing behind the colon of an empty one

UD = """\
> get ud
udp.client.auto_interface: default
udp.client.auto_retry: 0
udp.client.auto_start: 0
udp.client.local_port: 0
udp.client.remote_host:
udp.client.remote_port: 3000
udp.server.auto_interface: default
udp.server.auto_start: 0
udp.server.data_gpio: -1
udp.server.lock_client: 0
udp.server.port: 3000
udp.server.remote_host:
udp.server.remote_port: 0
"""


def test_get_a_group(board):
    # "Empty values print as `name: `": the space at the end of a line is not seen in print.
    play(quietly(board.uart0), re.sub("host:$", "host: ", UD, flags=re.MULTILINE))


# 2.5 scan

SCAN = """\
> scan
! 1 networks found
!  # Ch RSSI MAC (BSSID)       Network (SSID)
#  0  1  -72 FE:EC:DA:81:30:32 SiliconLabsGuest
"""


@AIR
@pytest.mark.needs("air")
def test_scan(board):
    usb = quietly(board.uart0)
    play(usb, SCAN)
    *heads, row = usb.command("scan -v")
    assert all(head.startswith("!") for head in heads)
    words = row.split()
    assert words[:5] == ["#", "0", "1", "-72", "FE:EC:DA:81:30:32"]
    assert words[5].isdigit() and words[6] == "Open"
    assert words[8:] == [str(len("SiliconLabsGuest")), "SiliconLabsGuest"]


# 4 Streams

# The rows of the transcript are of several moments; that of a websocket is left out.
LIST_HEAD = "! # Type  Info\n"
LIST_FILE = "# 0 FILE  webapp/index.html-1.4.0.24 (1995, 0)\n"
LIST_SERVER = "# 0 TCPS  10.1.54.31:12345 10.1.54.11:59584\n"
LIST_UDP = "# 1 UDPC  juicenet-udp-prod3-usa.enelx.com:8047 (26674)\n"

# 4.5; the response at its end is inferred there.
CLOSE = """\
> stream_close 0
Closing: 0
[2014-04-23 | 19:40:40: Closed: 0]
Success
"""

# 4.6, of another command there; the response is the handle.
OPEN = """\
> tcp_client example.com {}
[2014-04-23 | 19:40:23: Opening: example.com]
[2014-04-23 | 19:40:23: Opened: 0]
0
"""
OPEN_FAILED = """\
> tcp_client example.com {}
[2015-03-25 | 02:50:33: Opening: example.com]
Connection refused
[2015-03-25 | 02:50:33: Open failed]
Command failed
"""


@AIR
@pytest.mark.needs("wifi", "air")
def test_messages_of_streams(board, peer, closed_port):
    usb = quietly(
        board.uart0,
        "set wlan.ssid SiliconLabsGuest",
        f"set time.rtc {CLOCK}",
        "network_up",
    )
    play(usb, OPEN_FAILED.format(closed_port))
    play(usb, OPEN.format(peer.port))
    play(usb, CLOSE)


def test_list_of_files(board):
    board.machine().ok("file_create webapp/index.html 1995 1.4.0.24", b"." * 1995)
    usb = quietly(board.uart0)
    play(usb, "> list\n" + LIST_HEAD)
    assert usb.command("file_open webapp/index.html")[-1] == "0"
    play(usb, "> list\n" + LIST_HEAD + LIST_FILE)


@AIR
@pytest.mark.needs("wifi", "air")
def test_list_of_connections(board):
    usb = quietly(board.uart0, "set wlan.ssid SiliconLabsGuest", "network_up")
    assert usb.command("udp_client 127.0.0.1 8047")[-1] == "0"
    assert usb.command(f"udp_client {HOSTS[0]} 8047 26674")[-1] == "1"
    assert usb.command("close 0")[-1] == "Success"
    play(usb, "> list\n" + LIST_HEAD + LIST_UDP)


@AIR
@pytest.mark.needs("wifi", "air")
def test_list_of_guests(board):
    usb = quietly(board.uart0, "set wlan.ssid SiliconLabsGuest", "tcp_server start 12345")
    ip = usb.command("get network.ip")[-1]
    with socket.create_connection((ip, 12345), PATIENCE) as guest:
        usb.until(b"Opened: 0]\r\n> ")
        port = str(guest.getsockname()[1])
        play(usb, "> list\n" + LIST_HEAD + LIST_SERVER.replace("59584", port))


@pytest.mark.needs("wifi")
def test_messages_of_the_network(board):
    usb = quietly(
        board.uart0,
        f"set wlan.ssid {board.wifi[0]}",
        f'set wlan.passkey "{board.wifi[1]}"',
        "set system.print_level 1",
    )
    play(usb, f"> network_up\n[Associating to {board.wifi[0]}]\n[Associated]\nSuccess\n")
    play(usb, "> network_down\n[Disassociated]\nSuccess\n")
    quietly(usb, f"set time.rtc {CLOCK}", "network_up")
    play(usb, "> network_down\n[2015-01-15 | 23:48:42: Disassociated]\nSuccess\n")


# 16 Files

LS = """\
> ls
!  #   Size   Version  Filename
#  0   1995     1.5.0  webapp/index.html
#  1  22670     1.5.0  webapp/zentrios.css.gz
"""

# A file of the user among those of that module; number and sector (Hnd) are the other module's.
LS_V = """\
> ls -v
!  # Type  Flags  Hnd    Size    Version  Filename
#  0 e-FE   0021    0    2074    1.0.0.0  my_ca.pem
"""

HELLO = """\
> file_create     hello.txt 12
Hello World!
Success
> file_open       hello.txt
0
> stream_read     0 3
Hel
> stream_read     0 50
lo World!
> file_delete     hello.txt
Success
"""


def test_files(board):
    console = board.machine()
    console.ok("file_create my_ca.pem 2074", b"." * 2074)
    usb = quietly(board.uart0, "set system.print_level 0")
    play(usb, LS_V)
    console.ok("file_delete my_ca.pem")
    play(usb, HELLO, {"file_create     hello.txt 12": b"Hello World!"})
    for name, size in (("webapp/zentrios.css.gz", 22670), ("webapp/index.html", 1995)):
        console.ok(f"file_create {name} {size} 1.5.0", b"." * size)
    play(usb, LS)
