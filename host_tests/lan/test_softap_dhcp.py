"""The DHCP server of the soft-AP, asked by the clients that people have."""

import subprocess
import sys
import time

import pytest

from airwire.lan import programs
from host_tests.board import live
from host_tests.lan.conftest import running, until
from host_tests.lan.dhcp_programs import Program
from host_tests.lan.softap import SoftAp

POOL = 12
# Sends the datagrams whose hexadecimal digits it reads, and after each part of them something that
# is always answered, a request that is refused, so that none is lost on the way.
STRANGER = """
import socket, sys
head = bytes.fromhex("010106004e4f5045") + bytes(20) + bytes.fromhex("020000000001") + bytes(202)
refused = head + bytes.fromhex("638253633501033204") + bytes((10, 10, 10, 250)) + b"\\xff"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
s.bind(("", 68))
s.settimeout(5)
for number, line in enumerate(sys.stdin):
    s.sendto(bytes.fromhex(line), ("255.255.255.255", 67))
    if number % 20 == 0:
        s.sendto(refused, ("255.255.255.255", 67))
        while s.recv(600)[4:8] != b"NOPE":
            pass
print("answered")
"""
KINDS = ("udhcpc", "dhclient", "dhcpcd")
# Asks once, and ends with its lease or without one.
ASK = ("udhcpc", "-f", "-n", "-q", "-i", "eth0", "-t", "1", "-T", "1", "-s", "/bin/true")


@pytest.fixture
def one(lan, home, flash_image, interpreters):
    """A soft-AP on the interpreter with the chip's object sizes."""
    with running("i386", lan, home, flash_image) as joined:
        yield SoftAp(lan, joined)


@pytest.mark.parametrize("kind", KINDS)
def test_get_renew_release(lan, one, tmp_path, kind):
    # dhclient renews when half of its time is over, the others when they are told to.
    seconds = 10 if kind == "dhclient" else 86400
    one.up(dhcp_server__lease_time=seconds)
    mac = one.guest()
    program = Program(lan, "guest", kind, tmp_path)
    ip = program.bound()
    assert ip == "10.10.10.2"
    assert one.clients() == {mac: ("#", ip)}
    assert one.console.ok("get softap.info").endswith("clients: 1")
    assert program.renewed() == ip
    assert one.clients() == {mac: ("#", ip)}
    renewed = time.monotonic()
    program.released()
    until(lambda: one.clients() == {mac: ("#", "0.0.0.0")}, "the end of the lease")
    assert time.monotonic() < renewed + seconds - 1  # it would have ended by itself
    assert one.info()["dhcp_server"] == "own"


def test_a_pool_of_twelve(lan, one, tmp_path):
    one.up(dhcp_server__pool=POOL, max_clients=15)
    names = [f"guest{i}" for i in range(POOL)]
    macs = [one.guest(name) for name in names]
    clients = [Program(lan, name, "udhcpc", tmp_path) for name in names]
    addresses = [client.bound() for client in clients]
    assert sorted(addresses) == sorted(f"10.10.10.{i}" for i in range(2, 2 + POOL))
    assert one.clients() == {mac: ("#", ip) for mac, ip in zip(macs, addresses, strict=True)}
    late = one.guest("late")
    none = lan.run("late", programs.find("busybox"), *ASK, timeout=30)
    assert none.returncode == 1 and "no lease" in none.stderr
    assert one.clients()[late] == ("#", "0.0.0.0")
    # One leaves: its address is free.
    clients[5].released()
    freed = Program(lan, "late", "udhcpc", tmp_path)
    assert freed.bound() == addresses[5]


def nonsense(rng):
    """A message of a stranger with some of it changed, or nothing that is one."""
    if rng.random() < 0.1:
        return rng.randbytes(rng.randrange(700))
    kind = bytes((53, 1, rng.randrange(10)))
    asked = bytes((50, 4, 10, 10, 10, rng.randrange(256)))
    server = bytes((54, 4, 10, 10, 10, 1))
    options = b"".join(part for part in (kind, asked, server) if rng.random() < 0.8)
    address = bytes((10, 10, 10, rng.randrange(256))) if rng.random() < 0.3 else bytes(4)
    mac = bytes((2, 0, 0, 1, rng.randrange(256), rng.randrange(4)))
    head = bytes((1, 1, 6, 0)) + rng.randbytes(4) + bytes(4) + address + bytes(12) + mac
    message = bytearray(head + bytes(202) + b"\x63\x82\x53\x63" + options + b"\xff")
    for _ in range(rng.choice((0, 0, 1, 1, 5, 50))):
        at = rng.randrange(len(message))
        if not 28 <= at < 34:  # it says who it is, and that is nobody else
            message[at] = rng.randrange(256)
    return bytes(message[: rng.choice((len(message), rng.randrange(len(message))))])


def test_strangers_do_no_harm(lan, one, tmp_path, rng, counts):
    one.up(max_clients=15)
    mac = one.guest("owner")
    owner = Program(lan, "owner", "udhcpc", tmp_path)
    ip = owner.bound()
    one.guest("stranger")
    address = ("ip", "address", "add", "10.10.10.240/24", "dev", "eth0")
    assert lan.run("stranger", programs.find("busybox"), *address).returncode == 0
    count = counts(150, 10_000)
    lines = "".join(nonsense(rng).hex() + "\n" for _ in range(count))
    script = tmp_path / "stranger.py"
    script.write_text(STRANGER)
    with lan.popen(
        "stranger",
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as stranger:
        said, _ = stranger.communicate(lines, timeout=30 + count)
    assert said == "answered\n"
    assert one.clients()[mac] == ("#", ip)
    assert owner.renewed() == ip
    assert one.console.ok("faults_print") == "! 0 faults"


# Renews the lease of its own address so often: address, count, MAC address.
RENEW = """
import socket, sys
ip = socket.inet_aton(sys.argv[1])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 68))
s.settimeout(20)
head = bytes.fromhex("0101060052454e55") + bytes(4) + ip + bytes(12)
request = head + bytes.fromhex(sys.argv[3].replace(":", "")) + bytes(202)
request += bytes.fromhex("63825363350103ff")
for _ in range(int(sys.argv[2])):
    s.sendto(request, ("10.10.10.1", 67))
    answer = s.recv(600)
    assert answer[240:243] == bytes((53, 1, 5)) and answer[16:20] == ip, answer
print("renewed")
"""


def test_a_long_life(lan, one, tmp_path, counts):
    """Renewals and restarts leave nothing behind."""
    one.up()
    mac = one.guest()
    client = Program(lan, "guest", "udhcpc", tmp_path)
    ip = client.bound()
    client.end()  # it would answer for the port

    def renewals(count):
        words = [sys.executable, "-c", RENEW, ip, str(count), mac]
        done = lan.run("guest", *words, timeout=30 + count)
        assert done.stdout == "renewed\n", done.stderr

    def restarts(count):
        for _ in range(count):
            one.console.ok("network_restart -i softap")
            one.clients()

    for often in (renewals, restarts):
        often(10)
        left = live.left_by(one.console, lambda often=often: often(counts(10, 70)))
        assert left <= live.SLACK
    assert one.console.ok("faults_print") == "! 0 faults"


def test_leases_survive_a_power_cut(lan, one, tmp_path):
    one.console.ok("set softap.auto_start 1")
    one.up()
    macs = [one.guest(name) for name in ("first", "second", "third")]
    held = {}
    for name, mac in zip(("third", "first"), (macs[2], macs[0]), strict=True):
        client = Program(lan, name, "udhcpc", tmp_path)
        held[mac] = client.bound()
        client.end()
    assert list(held.values()) == ["10.10.10.2", "10.10.10.3"]
    one.console.ok("save")
    one.restart(one.joined.board.power_cut)
    listed = one.clients()
    assert {mac: listed[mac][1] for mac in held} == held
    # Who has one gets it again, who has none gets another.
    addresses = [Program(lan, name, "udhcpc", tmp_path).bound() for name in ("second", "first")]
    assert addresses == ["10.10.10.4", "10.10.10.3"]


def test_a_client_that_was_told_is_known_after_any_cut(lan, one):
    one.console.ok("set softap.auto_start 1")
    one.up(max_clients=15)
    one.console.ok("save")
    board = one.joined.board

    def cut_at(operation, name):
        # -> the address that the client was told before the power went, or None
        cuts = board.status()["cuts"]
        board.power_cut(after=operation, torn=bool(operation % 2), stay_off=True)
        words = [programs.find("busybox"), *ASK]
        with lan.popen(name, words, stderr=subprocess.PIPE, text=True) as client:
            until(
                lambda: client.poll() is not None or board.status()["cuts"] > cuts,
                "a lease, or the cut",
            )
            client.kill()
            said = client.stderr.read()
        if board.status()["cuts"] == cuts:
            board.power_cut(stay_off=True)
        one.restart(board.power_on)
        return said.split("lease of ")[1].split()[0] if "obtained" in said else None

    untold = 0
    for operation in range(1, 30):
        name = f"guest{operation}"
        mac = one.guest(name)
        ip = cut_at(operation, name)
        if ip:
            assert one.clients()[mac] == ("#", ip)
            break
        untold += 1
        lan.leave(name)
    assert ip and untold >= 3
