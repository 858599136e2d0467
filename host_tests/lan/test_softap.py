"""The soft-AP of a board: its name and passkey, who is let in, both interfaces at once, its name
server, and who gets UDP port 67.
"""

import subprocess
import sys

import pytest

from airwire.board.client import Board
from airwire.errors import UserError
from airwire.lan import programs
from host_tests.board.console import Console
from host_tests.lan.conftest import Joined, running, until
from host_tests.lan.dhcp_programs import Program
from host_tests.lan.softap import PASSKEY, SoftAp
from host_tests.lan.test_traffic import ECHO

LETTERS = set("abcdefghijkmnpqrstuvwxyz23456789")


@pytest.fixture
def softap(lan, home, flash_image, interpreters):
    """A soft-AP on the interpreter with the chip's object sizes; not up yet."""
    with running("i386", lan, home, flash_image) as joined:
        yield SoftAp(lan, joined)


def busybox(lan, place, *words, timeout=30):
    return lan.run(place, programs.find("busybox"), *words, timeout=timeout)


def pings(lan, place, ip):
    return busybox(lan, place, "ping", "-c", "1", "-W", "2", ip).returncode == 0


def told(reply):
    """The passkey in the log lines before a reply, or None."""
    found = [line.decode() for line in reply.logs if line.startswith(b"Soft-AP passkey: ")]
    assert len(found) < 2
    return found[0].split(": ")[1] if found else None


def test_the_passkey_is_made_once(lan, real):
    softap = SoftAp(lan, real)
    console = softap.console
    usb = Console(str(real.board.uart0))
    boots = real.board.status()["boots"]
    mac = real.board.status()["mac"].upper()
    console.send(f"factory_reset {mac}\r\n".encode())
    real.board.wait_boot(boots + 1)
    console.machine(0)
    usb.until(b"Soft-AP passkey: ")
    key = usb.until(b"\r\n").decode().strip()
    usb.close()
    assert len(key) == 12 and set(key) <= LETTERS
    console.ok("set system.print_level 2")
    reply = console.run("network_up -i softap")
    assert reply.logs == [
        b"Soft-AP: Airwire-" + mac[-3:].encode(),
        b"IPv4 address: 10.10.10.1",
        b"[Soft-AP up]",
    ]
    assert console.ok("get softap.passkey") == "********"
    softap.passkey = key
    softap.guest()
    # Another one, by request; it is saved, and nothing else is.
    console.ok("set wlan.ssid unsaved")
    console.ok("set softap.passkey ********")
    other = told(console.run("network_restart -i softap"))
    assert other and other != key
    assert console.ok("get wlan.ssid") == "unsaved"
    boots = real.board.status()["boots"]
    real.board.power_cut()
    real.board.wait_boot(boots + 1)
    console.machine(2)
    assert console.ok("get wlan.ssid") == ""
    assert told(console.run("network_up -i softap")) is None
    softap.passkey = other
    lan.join("guest", softap.ssid(), other)


def test_who_is_let_in(lan, softap):
    softap.up(max_clients=2, ssid="Hut-####")
    ssid = f"Hut-{softap.joined.board.status()['mac'].upper()[-4:]}"
    assert softap.info() == {
        "state": "up",
        "ssid": ssid,
        "security": "WPA2-AES",
        "channel": "1",
        "ip": "10.10.10.1",
        "dhcp_server": "own",
        "dns_server": "off",
        "clients": "0",
    }
    lan.add_client("stranger", address=False)
    for key, reason in (("", "does not match"), (PASSKEY + "x", "wrong passphrase")):
        with pytest.raises(UserError, match=reason):
            lan.join("stranger", ssid, key)
    softap.guest("first")
    softap.guest("second")
    with pytest.raises(UserError, match="no further station"):
        lan.join("stranger", ssid, PASSKEY)
    lan.leave("first")
    lan.join("stranger", ssid, PASSKEY)
    # Open, because it is said so.
    softap.console.ok('set softap.passkey ""')
    softap.console.ok("network_restart -i softap")
    assert softap.info()["security"] == "Open"
    lan.join("first", ssid)
    with pytest.raises(UserError, match="does not match"):
        lan.join("second", ssid, PASSKEY)
    softap.console.ok("network_down -i softap")
    assert softap.info() == {"state": "down", "clients": "0"}
    with pytest.raises(UserError, match="no soft-AP"):
        lan.join("stranger", ssid, PASSKEY)


def test_the_client_list(lan, softap, tmp_path):
    softap.up(idle_timeout=0)
    first, second = (softap.guest(name) for name in ("first", "second"))
    assert softap.clients() == {first: ("#", "0.0.0.0"), second: ("#", "0.0.0.0")}
    ip = Program(lan, "second", "udhcpc", tmp_path).bound()
    assert softap.clients()[second] == ("#", ip)
    # With a time-out of 0 who has left stays in the list, with one of 1 s not for long.
    lan.leave("first")
    lan.leave("second")
    assert softap.clients() == {first: ("#", "0.0.0.0"), second: ("#", ip)}
    softap.joined.set("softap.idle_timeout", 1)
    until(lambda: softap.clients() == {second: ("-", ip)}, "the end of the time-out")
    assert softap.info()["clients"] == "0"


def test_both_interfaces_at_once(lan, softap, tmp_path):
    own = softap.joined.join()
    softap.joined.board.access_point("airwire-open", channel=9)
    softap.console.ok("network_restart")
    softap.up(channel=3)
    assert softap.info()["channel"] == "9"  # there is one radio
    softap.guest()
    ip = Program(lan, "guest", "udhcpc", tmp_path).bound()
    assert pings(lan, "client", own) and pings(lan, "guest", "10.10.10.1")
    assert pings(lan, "anna", ip)
    console = softap.console
    with lan.popen("guest", [sys.executable, "-c", ECHO], stdout=subprocess.PIPE) as echo:
        assert echo.stdout.readline() == b"ready\n"
        stream = console.ok(f"tcp_client {ip} 80")
        lose_and_regain_the_station(lan, softap)
        console.send(f"write {stream} 5\r\nhello".encode())
        assert console.reply().code == 0
        until(lambda: console.ok(f"read {stream} 5") == "hello", "the echo")
        echo.kill()
    softap.console.ok("network_down -i softap")
    until(lambda: pings(lan, "client", own), "the station's way")


def lose_and_regain_the_station(lan, softap):
    # The one's loss is not the other's.
    board = softap.joined.board
    board.access_point("airwire-open", present=False)
    board.wait("wlan", differs=1010)
    assert pings(lan, "guest", "10.10.10.1")
    board.access_point("airwire-open", present=True)
    board.wait("wlan", equals=1010)


def test_a_board_joins_a_board(lan, softap, home, flash_image):
    softap.up(ssid="hut")
    with Board.up("berta", flash=flash_image, home=home, arch="i386", lan=lan.name) as board:
        berta = Joined(board)
        berta.set("wlan.ssid", "hut")
        berta.set("wlan.join.retries", 1)
        for key, code in (("", 1), ('"tin snips 41"', 1), ('"tin snips 42"', 0)):
            berta.set("wlan.passkey", key or '""')
            assert berta.console.run("network_up").code == code, key
        ip = berta.console.ok("get network.ip")
        mac = ":".join(board.status()["mac"][i : i + 2] for i in range(0, 12, 2)).upper()
        assert softap.clients() == {mac: ("#", ip)}
        assert pings(lan, "berta", "10.10.10.1")
        # The soft-AP goes and comes: so does its client.
        softap.console.ok("network_down -i softap")
        board.wait("wlan", differs=1010)
        softap.console.ok("network_up -i softap")
        board.wait("wlan", equals=1010)
        until(lambda: pings(lan, "berta", "10.10.10.1"), "the way back")
        assert softap.clients() == {mac: ("#", ip)}


def test_it_starts_with_the_board(lan, softap):
    softap.console.ok("set softap.auto_start 1")
    softap.console.ok("set network.default_interface softap")
    softap.console.ok(f'set softap.passkey "{PASSKEY}"')
    softap.console.ok("save")
    softap.restart(softap.joined.board.reset)
    softap.guest()
    # `default` is the soft-AP now.
    softap.console.ok("network_down")
    assert softap.info()["state"] == "down"
    softap.console.ok("network_up")
    assert softap.info()["state"] == "up"


def test_its_names(lan, softap, tmp_path):
    softap.up(dns_server__url='"setup.com, www.setup.com"', static__ip="192.168.7.1")
    softap.guest()
    assert Program(lan, "guest", "udhcpc", tmp_path).bound() == "192.168.7.2"

    def looked_up(name):
        return busybox(lan, "guest", "nslookup", "-type=a", name, "192.168.7.1").stdout

    for name in ("setup.com", "WWW.setup.com"):
        assert "Address: 192.168.7.1" in looked_up(name)
    assert "REFUSED" in looked_up("example.com")


# The firmware, whose soft-AP believes itself in setup.
IN_SETUP = """
from firmware.services import softap
class Service(softap.SoftApService):
    def __init__(self, device):
        super().__init__(device)
        self.every = True
softap.SoftApService = Service
"""


def test_every_name_in_setup(lan, real, prompt, tmp_path):
    prompt(IN_SETUP)
    with open(real.board.uart0, "wb", buffering=0) as usb:
        usb.write(b"import main\r")
    real.console.machine(0)
    softap = SoftAp(lan, real).up()
    softap.guest()
    Program(lan, "guest", "udhcpc", tmp_path).bound()

    def looked_up(name):
        return busybox(lan, "guest", "nslookup", "-type=a", name, "10.10.10.1").stdout

    for name in ("example.com", "connectivitycheck.gstatic.com"):
        assert "Address: 10.10.10.1" in looked_up(name)
    assert "NXDOMAIN" in looked_up("printer.local")


BIND = """
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    s.bind(("0.0.0.0", 67))
    print("ours")
except OSError as er:
    print(er.errno)
"""
UP = """
a = network.WLAN(network.AP_IF)
a.active(True)
a.config(ssid="hut", security=3, key="tin snips 42")
"""
MOVE = """
try: a.ifconfig(("192.168.5.1", "255.255.255.0", "192.168.5.1", "{}"))
except RuntimeError as er: print(er)
"""
ASK = ("udhcpc", "-f", "-n", "-q", "-i", "eth0", "-t", "1", "-T", "1", "-s", "/bin/true")


def served(lan):
    """Who gives the guest an address: its own, or None."""
    said = busybox(lan, "guest", *ASK).stderr
    return said.split("obtained from ")[1].split(",")[0] if "obtained" in said else None


@pytest.fixture
def guest(lan):
    lan.add_client("guest", address=False)
    return lambda: lan.join("guest", "hut", PASSKEY)


def test_the_chip_takes_port_67_with_its_soft_ap(lan, prompt, guest):
    assert prompt(UP + BIND) == "112"
    guest()
    assert served(lan) == "192.168.4.1"
    assert prompt("print(a.status('stations'), a.isconnected())\n").endswith(",)] True")
    # Moved without a name server it gives the port up, with one it takes it again.
    assert prompt(MOVE.format("0.0.0.0") + BIND) == "Wifi Unknown Error 0x5001\r\nours"
    assert served(lan) is None
    assert prompt("s.close()\n" + MOVE.format("192.168.5.1") + BIND) == "112"
    assert served(lan) == "192.168.5.1"
    assert prompt("a.active(False)\n" + BIND) == "ours"


def test_whoever_is_first_keeps_port_67(lan, prompt, guest):
    assert prompt(BIND + UP) == "ours"
    guest()
    assert served(lan) is None
    prompt("s.close()\n")
    assert served(lan) is None
    assert prompt(MOVE.format("192.168.5.1") + BIND) == "112"
    assert served(lan) == "192.168.5.1"


def test_the_firmware_wins_the_port_from_the_chip(lan, real, prompt):
    prompt(UP)  # left on the air, with the chip's server
    boots = real.board.status()["boots"]
    usb_down(real)
    real.board.wait_boot(boots + 1)
    real.console.machine(0)
    softap = SoftAp(lan, real).up()
    softap.guest()
    assert softap.info()["dhcp_server"] == "own" and served(lan) == "10.10.10.1"


def usb_down(real):
    """Start the firmware again from the prompt: a soft reset."""
    with open(real.board.uart0, "wb", buffering=0) as usb:
        usb.write(b"\x04")


def test_without_a_socket_the_chip_serves(lan, real, prompt):
    prompt("held = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(10)]\n")
    with open(real.board.uart0, "wb", buffering=0) as usb:
        usb.write(b"import main\r")
    real.console.machine(2)
    real.console.ok(f'set softap.passkey "{PASSKEY}"')
    reply = real.console.run("network_up -i softap")
    assert reply.code == 0
    assert b"DHCP: No free socket: the built-in server serves" in reply.logs
    softap = SoftAp(lan, real)
    assert softap.info()["dhcp_server"] == "built-in"
    softap.guest()
    assert served(lan) == "10.10.10.1"
