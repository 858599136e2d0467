"""The module is found by real clients: Avahi, python-zeroconf, for LLMNR systemd-resolved and that
of llmnrd, for NetBIOS Samba's. Names that two want, and goodbyes.
"""

import json
import re
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

from airwire.lan import programs
from host_tests.lan import avahi, resolved
from host_tests.lan.conftest import PATIENCE, WIFI, running, until
from host_tests.lan.test_sockets import LOOK_UP

pytestmark = pytest.mark.sampled(8)

# What the issue allows a client to wait for an answer, seconds; reduced counts are run on
# machines that are shared, where a program may take several times as long to start.
SOON = 1.0
SOON_REDUCED = 15.0
# Longer than an answer takes that is not to come.
SILENCE = 1.0

LLMNR = ["llmnr-query", "-I", "eth0", "-t", "1000"]
SERVICES = '"http 8080 My%20page path=/index.html;telnet 2000"'


def discoverable(real, name, services=""):
    """The board is found by this name once it joins; returns its address."""
    real.set("mdns.name", name)
    if services:
        real.set("mdns.service", services)
    real.set("mdns.enabled", "1")
    real.console.ok("set system.print_level 3")
    real.set("wlan.ssid", WIFI)
    reply = real.console.run("network_up")
    assert reply.code == 0
    log = [line.decode() for line in reply.logs]
    at = log.index("Starting mDNS")
    assert log[at + 1] == f"mDNS domain: {name}.local" and log[-1] == "[Associated]"
    return real.console.ok("get network.ip")


# Runs a program at a terminal of its own, so that it does not keep its lines back; the first line
# on standard error is the seconds until the text came that is waited for, or it ended: from its
# start, or from when it said that it asks.
TIMED = """
import os, pty, sys, time
asked, wanted, *command = sys.argv[1:]
start = time.monotonic()
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen, took = b"", None
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if asked and asked.encode() in seen:
        start, asked = time.monotonic(), ""
    if took is None and not asked and wanted.encode() in seen:
        took = time.monotonic() - start
    os.write(1, data.replace(b"\\r", b""))
print(time.monotonic() - start if took is None else took, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


class Client:
    """Runs programs in a place, and tells how long they took for what is wanted of them."""

    def __init__(self, lan, place, env=None):
        self._lan, self._place, self._env = lan, place, env
        self.seconds = 0.0

    @contextmanager
    def start(self, program, *words, asked="", wanted="\n"):
        """The process, which ends here; its standard output is the program's."""
        words = [sys.executable, "-c", TIMED, asked, wanted, programs.find(program), *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with self._lan.popen(self._place, words, env=self._env, **pipes) as process:
            try:
                yield process
            finally:
                process.kill()

    def __call__(self, program, *words, asked="", wanted="\n", code=0):
        with self.start(program, *words, asked=asked, wanted=wanted) as process:
            out, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, (out, said)
        self.seconds = float(said)
        return out


@pytest.fixture
def real(lan, home, flash_image, interpreters):
    """One interpreter is enough, the one with the chip's object sizes: host_tests/wire runs the
    protocols on both.
    """
    arch = "i386" if "i386" in interpreters else "amd64"
    with running(arch, lan, home, flash_image) as real:
        yield real


@pytest.fixture
def soon(counts):
    return counts(SOON_REDUCED, SOON)


@pytest.fixture
def client(lan):
    return Client(lan, "client")


@pytest.fixture
def avahi_client(lan, tmp_path):
    with avahi.running(lan, "client", tmp_path / "avahi") as env:
        yield Client(lan, "client", env)


def test_avahi(lan, real, avahi_client, soon):
    ip = discoverable(real, "kitchen", SERVICES)
    until(lambda: avahi_client("avahi-browse", "-ktp", "_http._tcp"), "the service")
    rows = avahi_client("avahi-browse", "-krtp", "_http._tcp", wanted="=;").splitlines()
    assert avahi_client.seconds < soon
    page = r"eth0;IPv4;My\032page;_http._tcp;local"
    assert rows == [f"+;{page}", f'=;{page};kitchen.local;{ip};8080;"path=/index.html"']
    rows = avahi_client("avahi-browse", "-krtp", "_telnet._tcp").splitlines()
    assert rows[1].endswith(f";kitchen;_telnet._tcp;local;kitchen.local;{ip};2000;")
    types = avahi_client("avahi-browse", "-katp").splitlines()
    assert sorted(row.split(";")[4] for row in types) == ["_http._tcp", "_telnet._tcp"]
    assert avahi_client("avahi-resolve", "-4n", "kitchen.local") == f"kitchen.local\t{ip}\n"
    assert avahi_client.seconds < soon
    assert avahi_client("avahi-resolve", "-a", ip) == f"{ip}\tkitchen.local\n"
    assert avahi_client.seconds < soon


def test_a_goodbye_removes_it(lan, real, avahi_client):
    discoverable(real, "kitchen", "http")
    with avahi_client.start("avahi-browse", "-kp", "_http._tcp") as browser:
        for turn_off, turn_on in (
            ("network_down", "network_up"),
            ("set mdns.enabled 0", "set mdns.enabled 1"),
            ("set mdns.service telnet", "set mdns.service http"),
        ):
            assert browser.stdout.readline() == "+;eth0;IPv4;kitchen;_http._tcp;local\n"
            real.console.ok(turn_off)
            assert browser.stdout.readline() == "-;eth0;IPv4;kitchen;_http._tcp;local\n"
            real.console.ok(turn_on)
        assert browser.stdout.readline() == "+;eth0;IPv4;kitchen;_http._tcp;local\n"
        real.console.ok("reboot")
        assert browser.stdout.readline() == "-;eth0;IPv4;kitchen;_http._tcp;local\n"


ZEROCONF = """
import json, sys, time, zeroconf
found = {}
with zeroconf.Zeroconf() as client:
    for name in sys.argv[1:]:
        start = time.monotonic()
        if name.startswith("_") or "._" not in name:
            asked = zeroconf.AddressResolverIPv4(name)
        else:
            asked = zeroconf.ServiceInfo(name.partition(".")[2], name)
        done = asked.request(client, 20000)
        took = time.monotonic() - start
        found[name] = [done and asked.parsed_addresses(), took, asked.port, asked.server]
        if asked.properties:
            found[name].append({k.decode(): v.decode() for k, v in asked.properties.items()})
print(json.dumps(found))
"""


def test_zeroconf(lan, real, soon):
    ip = discoverable(real, "kitchen", SERVICES)
    service = "My page._http._tcp.local."
    words = [sys.executable, "-c", ZEROCONF, "kitchen.local.", service]
    done = lan.run("client", *words, timeout=PATIENCE)
    found = json.loads(done.stdout)
    for name, (addresses, seconds, *_) in found.items():
        assert addresses == [ip], name
        assert seconds < soon, name
    assert found[service][2:] == [8080, "kitchen.local.", {"path": "/index.html"}]


def test_ordinary_resolvers(lan, real):
    """A question from any port is answered to it; what is not ours by silence."""
    ip = discoverable(real, "kitchen")
    until(lambda: looked_up(lan, "kitchen.local") == ip, "the answer")
    assert looked_up(lan, "pantry.local") == ""


def test_the_name_comes_back_with_the_link(lan, real):
    """After the access point was away, and it is the one that DHCP is told."""
    ip = discoverable(real, "kitchen")
    assert [lease["name"] for lease in lan.status()["leases"]] == ["kitchen"]
    real.board.access_point(WIFI, present=False)
    real.console.log("[Disassociated]")
    assert real.console.ok("get mdns.domain") == ""
    real.board.access_point(WIFI, present=True)
    real.console.log("mDNS domain: kitchen.local")
    until(lambda: looked_up(lan, "kitchen.local") == ip, "the answer")


def looked_up(lan, name):
    """The address of who answers, "" for nobody."""
    words = [sys.executable, "-c", LOOK_UP, name, str(SILENCE)]
    return lan.run("client", *words, timeout=PATIENCE).stdout.partition(" ")[0]


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "at once"])
def test_two_boards_with_one_name(lan, home, flash_image, interpreters, together):
    with ExitStack() as stack:
        boards = []
        for name, arch in (("anna", "amd64"), ("berta", "i386")):
            if arch not in interpreters:
                arch = "amd64"
            board = stack.enter_context(running(arch, lan, home, flash_image, name))
            board.set("mdns.name", "twin")
            board.set("mdns.service", "http")
            board.set("mdns.enabled", "1")
            board.set("wlan.ssid", WIFI)
            boards.append(board)
        for board in boards:
            if together:
                board.console.send(b"network_up\r\n")
            else:
                board.console.ok("network_up")
                until(lambda b=board: looked_up(lan, b.console.ok("get mdns.domain")), "a name")
        if together:
            for board in boards:
                assert board.console.reply().code == 0
        want = ["twin-2.local", "twin.local"]
        until(lambda: sorted(b.console.ok("get mdns.domain") for b in boards) == want, want)
        domains = [board.console.ok("get mdns.domain") for board in boards]
        assert together or domains == want[::-1]
        for board, domain in zip(boards, domains, strict=True):
            ip = board.console.ok("get network.ip")
            until(lambda d=domain, ip=ip: looked_up(lan, d) == ip, domain)
        # One board asks for the other: by mDNS, since no name server knows it.
        ip = boards[0].console.ok("get network.ip")
        assert boards[1].console.ok(f"network_lookup {domains[0]}") == ip


def claimed(real, client):
    """The board has the name kitchen, for which it looked whether another one has it, and answers
    for it by LLMNR; returns its address.
    """
    ip = discoverable(real, "kitchen")
    until(lambda: ip in client(*LLMNR, "kitchen"), "the name by LLMNR")
    return ip


def test_windows_names(lan, real, client, soon):
    ip = claimed(real, client)
    assert client.seconds < soon
    assert ip in client(*LLMNR, "KITCHEN")
    assert ip not in client(*LLMNR, "pantry")
    for name in ("kitchen", "KITCHEN"):
        answer = f"{ip} {name}<00>"
        # It says what it asks before it does; what is before that is its start.
        asked = f"querying {name}"
        out = client("nmblookup", "-B", "10.23.7.255", name, asked=asked, wanted=answer)
        assert answer in out
        assert client.seconds < soon
    status = client("nmblookup", "-A", ip)
    assert re.search(r"^\s+KITCHEN\s+<00> -", status, re.M)
    mac = real.console.ok("get wlan.mac").replace(":", "-")
    assert f"MAC Address = {mac}" in status
    client("nmblookup", "-B", "10.23.7.255", "pantry", code=1)


def test_systemd_resolved(lan, real, client, tmp_path, soon):
    """Its name is found by LLMNR, and nobody else's."""
    ip = claimed(real, client)
    with resolved.running(lan, "client", tmp_path / "resolved") as env:
        client = Client(lan, "client", {**env, "SYSTEMD_COLORS": "0"})
        query = ["resolvectl", "--protocol=llmnr-ipv4", "--legend=no", "query"]
        out = client(*query, "kitchen")
        assert out.split() == ["kitchen:", ip, "--", "link:", "eth0"]
        assert client.seconds < soon
        assert "not found" in client(*query, "pantry", code=1)


def test_a_name_too_long_for_netbios(lan, real, client):
    ip = discoverable(real, "kitchenfan")
    real.console.log("NetBIOS is off: kitchenfan.local has more than 15 characters")
    until(lambda: ip in client(*LLMNR, "kitchenfan"), "the name by LLMNR")
    client("nmblookup", "-B", "10.23.7.255", "kitchenfan", code=1)


def test_the_chip_was_first(lan, real):
    """Switched on behind a join, mDNS is the chip's until the next one; LLMNR is ours at once."""
    ip = real.join()
    real.console.ok("set system.print_level 2")
    real.set("mdns.name", "kitchen")
    real.set("mdns.enabled", "1")
    real.console.log("mDNS: the chip's responder is used until network_restart")
    assert real.console.ok("get mdns.responder") == "chip"
    real.console.ok("network_down")
    assert real.console.ok("get mdns.responder") == "none"
    real.console.ok("network_up")
    assert real.console.ok("get mdns.responder") == "module"
    until(lambda: looked_up(lan, "kitchen.local") == ip, "the answer")


# Sends what is nearly a question or an answer, and what is not, to the ports of discovery.
NOISE = r"""
import random, socket, sys
ip, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)
names = [b"\7kitchen\5local\0", b"\7kitchen\0", b"\5_http\4_tcp\5local\0", b"\xc0\x0c"]
names.append(b"\x20" + b"EL" * 16 + b"\0")
kinds = [b"\0\1\0\1", b"\0\xff\x80\1", b"\0\1\x80\1\0\0\0\x78\0\4abcd"]
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
sockets[1].bind(("", 5353))
for _ in range(count):
    data = bytes(random.choice((0, 0, 1, 0x84, random.randrange(256))) for _ in range(12))
    for _ in range(random.randrange(6)):
        data += random.choice(names) + random.choice((*kinds, random.randbytes(9)))
    data += random.randbytes(random.choice((0, 0, 40, 1400)))
    for port, group in ((5353, "224.0.0.251"), (5355, "224.0.0.252"), (137, "10.23.7.255")):
        sender = random.choice(sockets)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.sendto(data[:1472], (random.choice((ip, group)), port))
"""


def test_noise(lan, real, counts, rng):
    """Whatever is sent to its ports, the module is found afterwards, and has no faults."""
    ip = discoverable(real, "kitchen", "http")
    until(lambda: looked_up(lan, "kitchen.local") == ip, "the answer")
    for _ in range(counts(4, 40)):
        words = [sys.executable, "-c", NOISE, ip, "100", str(rng.randrange(1 << 30))]
        done = lan.run("client", *words, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        real.console.ok("get mdns.domain")
    assert "kitchen" in real.console.ok("get mdns.domain")
    until(lambda: looked_up(lan, real.console.ok("get mdns.domain")) == ip, "the answer")
    assert real.console.ok("faults_print") == "! 0 faults"


def test_no_socket_is_left(lan, real):
    """Ten sockets: what finds none is left out, says so, and comes with the next start."""
    real.join()
    for port in range(8):
        real.console.ok(f"udp_client 10.23.7.2 {1000 + port}")
    real.console.ok("network_down")
    real.console.ok("set system.print_level 2")
    real.set("mdns.name", "kitchen")
    real.set("mdns.enabled", "1")
    real.console.ok("network_up")
    real.console.log("NetBIOS: No free socket")
    real.console.ok("close all")
    real.set("mdns.enabled", "0")
    real.set("mdns.enabled", "1")
    real.console.log("mDNS domain: kitchen.local")


def test_the_board_looks_for_services(lan, real):
    """python-zeroconf's services, and its own: all of them, and those of one type."""
    ip = discoverable(real, "kitchen", "ntp")
    words = [sys.executable, "-c", PUBLISH]
    with lan.popen("client", words, stdout=subprocess.PIPE, text=True) as publisher:
        try:
            assert publisher.stdout.readline() == "ready\n"
            page = '_http._tcp      10.23.7.2:8080        pantry.local         "My page"'
            page += ' "note=a b" path=/'
            clock = f"_ntp._udp       {ip}:123       kitchen.local        kitchen"
            rows = real.console.ok("mdns_discover").split("\r\n")
            assert rows[0] == "! 2 services found"
            assert rows[2:] == [f"#  0 {page}", f"#  1 {clock}"]
            for kind in ("http", "_HTTP._tcp.local"):
                assert real.console.ok(f"mdns {kind}").split("\r\n")[2:] == [f"#  0 {page}"]
            assert real.console.ok("mdns ntp.udp").split("\r\n")[2:] == [f"#  0 {clock}"]
            assert real.console.ok("mdns ssh").startswith("! 0 services found")
            for wrong in ("http.sctp", "a.b.c.d", "_"):
                assert real.console.run(f"mdns {wrong}").code == 7
            assert real.console.ok("network_lookup pantry.local") == "10.23.7.2"
        finally:
            publisher.kill()


def test_a_name_that_somebody_else_has(lan, real, avahi_client):
    ip = discoverable(real, avahi.HOST)
    real.console.log(f"mDNS domain: {avahi.HOST}-2.local")
    found = avahi_client("avahi-resolve", "-4n", f"{avahi.HOST}-2.local")
    assert found == f"{avahi.HOST}-2.local\t{ip}\n"
    assert real.console.ok(f"network_lookup {avahi.HOST}.local") == "10.23.7.2"


PUBLISH = """
import socket, threading, zeroconf
with zeroconf.Zeroconf() as server:
    kind = "_http._tcp.local."
    server.register_service(zeroconf.ServiceInfo(
        kind, "My page." + kind, 8080, properties={"note": "a b", "path": "/"},
        server="pantry.local.", addresses=[socket.inet_aton("10.23.7.2")]))
    print("ready", flush=True)
    threading.Event().wait()
"""
