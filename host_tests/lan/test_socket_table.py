"""Ten sockets for all: which of them are open with factory settings and with every service on, and
what becomes of whoever asks for an eleventh.
"""

import subprocess
import sys
from contextlib import contextmanager

import pytest

from airwire.lan import programs
from host_tests.board.console import PATIENCE
from host_tests.lan.conftest import running, until
from host_tests.lan.dhcp_programs import Program
from host_tests.lan.socket_table import settled, sockets
from host_tests.lan.softap import SoftAp
from host_tests.lan.test_ntp import chrony, lying
from host_tests.lan.test_sockets import LOOK_UP

# What lwIP has on a chip.
SOCKETS = 10
PEER = "10.23.7.2"  # the client of the LAN
OWN = "10.10.10.1"  # of the soft-AP
CONTROL, STATUS = 18, 19  # GPIOs of ioconn

# Sends back what comes on any number of connections, to port 7.
ECHO = """
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(1000):
            self.request.sendall(data)
class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
with Server(("", 7), Echo) as server:
    print("ready", flush=True)
    server.serve_forever()
"""

# Prints the first byte of whoever listens there, nothing when it closes.
KNOCK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 20) as peer:
    try:
        print(*peer.recv(1))
    except ConnectionResetError:
        print()
"""

# Prints the announcements that come.
EAR = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
    ear.bind(("", 55555))
    print("ready", flush=True)
    while True:
        print(ear.recvfrom(2000)[0].decode(), flush=True)
"""


@contextmanager
def server(lan, *words):
    """A program in the client's place that says with its first line that it serves."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with lan.popen("client", [sys.executable, *words], **pipes) as process:
        try:
            assert process.stdout.readline().startswith(("ready", "WWEP server on"))
            yield process.stdout
        finally:
            process.kill()


@pytest.fixture
def real(lan, home, flash_image, interpreters):
    """One interpreter is enough: sockets are counted by the shims, which are the same on both."""
    with running("amd64", lan, home, flash_image) as real:
        yield real


@pytest.fixture
def echo(lan):
    with server(lan, "-c", ECHO):
        yield


def says(console, line, *words):
    """Send a command that succeeds; its log has, before the response or after it, all these."""
    reply = console.run(line)
    assert reply.code == 0, (line, reply)
    console.logs[:0] = reply.logs
    for word in words:
        console.log(word)


def refused(console, line):
    """The command finds no socket: the documented error."""
    reply = console.run(line)
    assert reply.code == 1, (line, reply)
    assert b"No free socket" in (reply.text, *reply.logs), (line, reply)


def answered(console, handle, text):
    """What is sent on a stream to the echo server comes back."""
    console.ok(f"write {handle} {len(text)}", text.encode())
    until(lambda: console.ok(f"poll {handle}") == "1", "the echo")
    assert console.ok(f"read {handle} 100") == text


def handles(console):
    """Of the connections of ioconn and tcp_client."""
    rows = console.ok("list").split("\r\n")[1:]
    return [int(row[2]) for row in rows if " TCPC " in row]


def test_factory_settings_keep_none(real, echo, figure):
    """All ten are for whoever uses the module: eight streams, and two for names and presses."""
    settled(real.board, [])
    ip = real.join()
    settled(real.board, [])
    # The soft-AP, which is off, brings its DHCP server when it is started, and nothing else.
    real.console.ok("network_up -i softap")
    settled(real.board, ["udp 0.0.0.0:67"])
    real.console.ok("network_down -i softap")
    settled(real.board, [])
    streams = [real.console.ok(f"tcp_client {PEER} 7") for _ in range(8)]
    assert streams == [str(handle) for handle in range(8)]
    settled(real.board, [f"tcp {ip}:* {PEER}:7"] * 8)
    assert real.console.run(f"tcp_client {PEER} 7").code == 1  # no free stream
    assert real.console.ok("network_lookup client.lan") == PEER
    real.console.ok("close all")
    settled(real.board, [])
    figure("factory settings: no socket, joined or not; with eight streams eight")


@contextmanager
def everything(lan, real, home):
    """Every service on, and what they talk to; yields (table, soft-AP, lines that the ear
    prints), the table as line -> whose it is.
    """
    words = ("-m", "airwire", "wwep-server")
    with chrony(lan, home), server(lan, *words), server(lan, "-c", EAR) as ear:
        console = real.console
        for name, value in {
            "system.print_level": 2,
            "mdns.enabled": 1,
            "mdns.name": "kitchen",
            "remote_terminal.enabled": 1,
            "tcp.server.auto_start": 1,
            "udp.server.auto_start": 1,
            "udp.server.port": 3001,
            "wwep.host": PEER,
            "wwep.enabled": 1,
            "ntp.interval": 604800,
            "broadcast.interval": 86400,
            "ioconn.control_gpio": CONTROL,
            "ioconn.status_gpio": STATUS,
            "ioconn.remote_host": PEER,
            "ioconn.remote_port": 7,
            "ioconn.enabled": 1,
        }.items():
            real.set(name, value)
        ip = real.join()
        says(console, f"set ntp.server {PEER}", f"Clock set by NTP from {PEER}")
        softap = SoftAp(lan, real).up(dns_server__url="setup.com")
        real.board.pin(CONTROL, 1)
        real.board.wait_pin(STATUS, 1)
        table = {
            "udp 0.0.0.0:53": "DNS of the soft-AP",
            "udp 0.0.0.0:67": "DHCP of the soft-AP",
            "udp 0.0.0.0:137": "NetBIOS",
            "udp 0.0.0.0:3001": "UDP server",
            "udp 0.0.0.0:5353": "mDNS",
            "udp 0.0.0.0:5355": "LLMNR",
            f"tcp {ip}:2000 listens": "remote terminal",
            "tcp 0.0.0.0:3000 listens": "TCP server",
            f"tcp {ip}:* {PEER}:7": "ioconn",
        }
        settled(real.board, sorted(table))
        assert ear.readline().startswith("{")
        yield table, softap, ear


@pytest.fixture
def guest(lan, tmp_path):
    """A function: somebody joins the soft-AP, gets an address and looks a name up."""

    def visit(softap, name):
        softap.guest(name)
        client = Program(lan, name, "udhcpc", tmp_path)
        assert client.bound()
        words = [programs.find("busybox"), "nslookup", "-type=a", "setup.com", OWN]
        assert f"Address: {OWN}" in lan.run(name, *words, timeout=PATIENCE).stdout
        client.end()

    return visit


def test_every_service_on(lan, real, home, echo, guest, figure):
    console = real.console
    with everything(lan, real, home) as (table, softap, ear):
        ip = console.ok("get network.ip")

        def run(*words):
            return lan.run("client", sys.executable, "-c", *words, timeout=PATIENCE).stdout

        def unharmed(name):
            """Everybody who has a socket."""
            (handle, *more) = handles(console)
            for number in (handle, *more):
                answered(console, number, f"hello {number}")
            assert run(LOOK_UP, "kitchen.local", "10").startswith(f"{ip} ")
            guest(softap, name)
            assert until(lambda: len(sockets(real.board)) == SOCKETS, "a steady table")

        def pressed(answer):
            real.board.press()
            assert console.log("WWEP: W").endswith(answer)

        # One is left, for those who need one now and then.
        pressed(" accepted")
        stream = console.ok(f"tcp_client {PEER} 7")
        full = sorted([*table, f"tcp {ip}:* {PEER}:7"])
        settled(real.board, full)
        assert len(full) == SOCKETS

        for line in (f"tcp_client {PEER} 7", f"udp_client {PEER} 7", "network_lookup client.lan"):
            refused(console, line)
        pressed(" No free socket")
        says(console, "set broadcast.interval 86399", "Broadcast failed: No free socket")
        says(console, "set ntp.interval 604799", "NTP: No free socket")
        real.set("ntp.enabled", 0)  # it would ask again while the last one changes hands
        for port, name in ((2000, "Remote terminal"), (3000, "TCP server")):
            assert run(KNOCK, ip, str(port)) == "\n"
            console.log(f"{name}: No free socket")
        assert sockets(real.board) == full
        unharmed("first")

        # Who gives one back lets the next in.
        for other in (f"udp_client {PEER} 7", f"tcp_client {PEER} 7"):
            console.ok(f"close {stream}")
            stream = console.ok(other)
            refused(console, f"tcp_client {PEER} 7")
        console.ok(f"close {stream}")
        assert console.ok("network_lookup client.lan") == PEER
        pressed(" accepted")
        says(console, "set broadcast.interval 86400")
        assert ear.readline().startswith("{")
        assert run(KNOCK, ip, "2000") == "255\n"  # IAC
        settled(real.board, sorted(table))
        console.ok(f"tcp_client {PEER} 7")
        unharmed("second")
        console.ok("close 2")
    rows = [f"{table[line]} ({line})" for line in sorted(table)]
    figure(f"every service on: {len(rows)} of {SOCKETS} sockets: {', '.join(rows)}")
    assert console.ok("faults_print") == "! 0 faults"


def test_services_find_none_and_come_back(lan, real, echo):
    """Each says so. Some look again by themselves, the others when their interface is started."""
    console = real.console
    real.set("system.print_level", 2)
    real.set("ntp.enabled", 0)  # it would have the last one for a moment
    real.set("remote_terminal.enabled", 1)
    ip = real.join()
    for _ in range(8):
        console.ok(f"tcp_client {PEER} 7")
    real.set("tcp.server.auto_start", 1)
    real.set("softap.dns_server.url", "setup.com")
    lost = ("DNS: No free socket", "TCP server: No free socket")
    says(console, "network_up -i softap", *lost)
    says(console, "set broadcast.interval 1", "Broadcast failed: No free socket")
    lost = ("mDNS: No free socket", "LLMNR: No free socket", "NetBIOS: No free socket")
    real.set("mdns.name", "kitchen")
    says(console, "set mdns.enabled 1", *lost)
    terminal, stream = f"tcp {ip}:2000 listens", f"tcp {ip}:* {PEER}:7"
    settled(real.board, sorted([terminal, *[stream] * 8, "udp 0.0.0.0:67"]))
    assert console.ok("get mdns.responder") == "chip"

    with server(lan, "-c", EAR) as ear:
        says(console, "set remote_terminal.enabled 0", "TCP server listening on port: 3000")
        says(console, "set remote_terminal.enabled 1", "Remote terminal: No free socket")
        console.ok("close 0")
        until(lambda: terminal in sockets(real.board), "the terminal")
        console.ok("close all")
        assert ear.readline().startswith("{")
    real.set("broadcast.interval", 0)
    says(console, "network_restart -i softap", "[Soft-AP up]")
    says(console, "network_restart", "mDNS domain: kitchen.local", "[Associated]")
    assert console.ok("get mdns.responder") == "module"
    wanted = [f"udp 0.0.0.0:{port}" for port in (53, 67, 137, 5353, 5355)]
    settled(real.board, sorted([*wanted, terminal, "tcp 0.0.0.0:3000 listens"]))
    assert console.ok("faults_print") == "! 0 faults"


def test_the_clock_gives_its_socket_to_a_stream(lan, real, echo):
    """A question for the time holds the last one for seconds; a host that opens a stream meanwhile
    has it, for the name and for the connection, and the question is put again.
    """
    console = real.console
    real.set("tcp.server.auto_start", 1)
    real.set("remote_terminal.enabled", 1)
    real.set("ntp.enabled", 0)
    real.set("ntp.server", PEER)
    with lying(lan) as silent:
        real.join()
        for _ in range(7):
            console.ok(f"tcp_client {PEER} 7")
        until(lambda: len(sockets(real.board)) == SOCKETS - 1, "all but one")
        for line in (f"tcp_client {PEER} 7", "tcp_client client.lan 7", f"udp_client {PEER} 9"):
            real.set("ntp.enabled", 0)
            real.set("ntp.enabled", 1)
            silent.asked()
            assert console.ok(line) == "7"
            if "tcp" in line:
                answered(console, 7, "after all")
            console.ok("close 7")
        silent.asked()
    assert console.ok("faults_print") == "! 0 faults"
