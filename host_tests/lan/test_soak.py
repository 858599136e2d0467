"""A long life with every service on: networks joined and lost, leases renewed, announcements sent,
and nothing of it left behind in memory, sockets or the fault log.

Announcements are of both kinds that a module makes by itself: those of `broadcast.*`, which are
counted (each setting of the interval sends one at once, so that 2000 take no hours), and those of
mDNS, of which each network that is kept long enough hears one; RFC 6762 has it take 0.75 s.
"""

import subprocess
import sys
from contextlib import contextmanager

import pytest

from airwire.board.client import Board
from airwire.lan import programs
from host_tests.lan.conftest import PATIENCE, WIFI, Joined, until
from host_tests.lan.dhcp_programs import Program
from host_tests.lan.socket_table import settled, sockets
from host_tests.lan.softap import SoftAp
from host_tests.lan.test_ntp import chrony

# Full counts, on a machine that is busy with others.
pytestmark = pytest.mark.timeout(1800)

# A round is five joins and drops, ten announcements and a renewal: 1000, 2000 and 200 in all.
CYCLES = 4
# (parts of a run, rounds in each)
REDUCED, FULL = (5, 2), (10, 20)
# Every so many rounds a network is kept until mDNS has announced the name.
MDNS_ROUNDS = 2

# Live memory may grow by this much from the second tenth to the last.
MEMORY = 256

# The radio at its fastest: what it does is not the question here.
AIR = {"air": {"assoc_ms": 5, "beacon_timeout_ms": 5, "no_ap_ms": 50, "scan_ms": 50}}

# With the station's network down: the UDP server keeps its stream, and mDNS its port.
BASELINE = [f"udp 0.0.0.0:{port}" for port in (3001, 53, 5353, 67)]

# With the network: LLMNR, NetBIOS, the TCP server and the remote terminal besides.
WITH_NETWORK = len(BASELINE) + 4

# Prints a line for each announcement of broadcast.*.
EAR = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
    ear.bind(("", 55555))
    print("ready", flush=True)
    while True:
        ear.recvfrom(2000)
        print("heard", flush=True)
"""

# The same for mDNS: responses that begin with the address of kitchen.local, but for goodbyes.
MDNS_EAR = """
import socket
name = b"\\7kitchen\\5local\\0"
head = name + b"\\0\\1\\x80\\1"
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    ear.bind(("", 5353))
    group = socket.inet_aton("224.0.0.251") + bytes(4)
    ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    print("ready", flush=True)
    while True:
        data = ear.recvfrom(2000)[0]
        if data[2] & 0x80 and data[12:].startswith(head):
            at = 12 + len(head)
            if int.from_bytes(data[at : at + 4]):
                print("heard", flush=True)
"""

# Has the process of each line's number renew its lease.
RENEW = "while read pid; do kill -USR1 $pid; done"


@contextmanager
def ear(lan, path, script):
    """A program at the LAN's client; yields a function: how much it has heard."""
    with open(path, "wb") as out:
        process = lan.popen("client", [sys.executable, "-c", script], stdout=out)
    with process:
        try:
            until(lambda: path.read_text().startswith("ready\n"), "the ear")
            yield lambda: path.read_text().count("heard\n")
        finally:
            process.kill()


class Life:
    """What a board goes through, and how its memory is after each drop."""

    def __init__(self, joined, client, renewer, broadcasts, names):
        """`broadcasts` and `names` say how many announcements of either kind were heard."""
        self.joined, self.console = joined, joined.console
        self.client, self.renewer = client, renewer
        self.broadcasts, self.names = broadcasts, names
        self.joins = 0
        self.used = []

    def round(self, number):
        """Five joins and drops."""
        for cycle in range(CYCLES):
            names = self.names()
            self.console.ok("network_up")
            self.join()
            if cycle == 0:
                self.lose()
                self.join()
            elif cycle == 1:
                self.renew()
                if number % MDNS_ROUNDS == 0:
                    until(lambda before=names: self.names() > before, "the name")
            self.console.ok("network_down")
            self.used.append(int(self.console.ok("get system.memory.used")))

    def join(self):
        """In the network, and announced there."""
        self.joins += 1
        for seconds in (86399, 86400):
            before = self.broadcasts()
            self.joined.set("broadcast.interval", seconds)
            until(lambda before=before: self.broadcasts() > before, "the announcement")

    def lose(self):
        """Lose the access point, which comes back; so does the module."""
        board = self.joined.board
        board.access_point(WIFI, present=False)
        board.wait("wlan", differs=1010)
        board.access_point(WIFI, present=True)
        board.wait("wlan", equals=1010, timeout=PATIENCE)
        self.console.ok("network_up")  # waits for the rest of the join

    def renew(self):
        """The client of the soft-AP renews its lease."""
        before = self.renewals()
        self.renewer.write(self.client.pid.read_text())
        self.renewer.flush()
        until(lambda: self.renewals() > before, f"the renewal: {self.client.log()}")

    def renewals(self):
        """How many there were."""
        return self.client.events.read_text().count("renew ")


@contextmanager
def life(lan, home, flash_image, tmp_path):
    """A board with every service on, a guest in its soft-AP, and who hears it."""
    with (
        Board.up("anna", flash=flash_image, home=home, arch="i386", lan=lan.name, config=AIR) as b,
        ear(lan, tmp_path / "broadcasts", EAR) as broadcasts,
        ear(lan, tmp_path / "names", MDNS_EAR) as names,
        chrony(lan, home),
    ):
        joined = Joined(b)
        for name, value in {
            "broadcast.interval": 86400,
            "mdns.enabled": 1,
            "mdns.name": "kitchen",
            "ntp.interval": 16,  # the shortest
            "ntp.server": "client.lan",
            "remote_terminal.enabled": 1,
            "tcp.server.auto_start": 1,
            "udp.server.auto_start": 1,
            "udp.server.port": 3001,
            "wlan.ssid": WIFI,
            "wwep.enabled": 1,
        }.items():
            joined.set(name, value)
        softap = SoftAp(lan, joined).up(dns_server__url="setup.com")
        softap.guest()
        client = Program(lan, "guest", "udhcpc", tmp_path)
        client.bound()
        words = [programs.find("busybox"), "sh", "-c", RENEW]
        with lan.popen("guest", words, stdin=subprocess.PIPE, text=True) as renewer:
            try:
                yield Life(joined, client, renewer.stdin, broadcasts, names)
            finally:
                renewer.kill()
        joined.console.close()


def low(used):
    """What a part of a run holds: with full counts the least of it but for a tenth, since now and
    then 340 bytes less are in use: a lookup has just let go of a file that services load again.
    """
    return sorted(used)[len(used) // 10]


def growth(used):
    """Bytes that live memory has grown by, by what each part of the run holds.

    The collector takes what lies on the stack for pointers, so figures differ by some hundreds:
    in a short run what is left behind is what makes all parts grow, not only one.
    """
    if len(used) < FULL[0]:
        return min(after - before for before, after in zip(used[1:], used[2:], strict=False))
    return used[-1] - used[1]


def test_a_long_life(lan, home, flash_image, interpreters, tmp_path, counts, figure):
    parts, rounds = counts(REDUCED, FULL)
    with life(lan, home, flash_image, tmp_path) as it:
        board, console = it.joined.board, it.console
        console.ok("network_up")
        until(lambda: len(sockets(board)) == WITH_NETWORK, "all services")
        console.ok("network_down")
        settled(board, BASELINE)
        used = []
        for _ in range(parts):
            for number in range(rounds):
                it.round(number)
            used.append(low(it.used))
            it.used.clear()
        figure(
            f"{it.joins} joins and drops, {it.renewals()} renewals, {it.broadcasts()}"
            f" announcements and {it.names()} of mDNS: live memory {used}"
        )
        assert growth(used) <= MEMORY, used
        assert it.joins == 5 * parts * rounds and it.renewals() == parts * rounds
        assert it.broadcasts() >= 2 * it.joins
        settled(board, BASELINE)
        assert console.ok("faults_print") == "! 0 faults"
        for line in ("network_down -i softap", "udp_server stop", "set mdns.enabled 0"):
            console.ok(line)
        settled(board, [])
        assert board.status()["boots"] == 1
