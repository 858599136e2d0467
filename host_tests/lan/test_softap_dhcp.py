"""The DHCP server of the soft-AP, asked by the clients that people have."""

import subprocess
import time

import pytest

from airwire.lan import programs
from host_tests.lan.conftest import running, until
from host_tests.lan.dhcp_programs import Program
from host_tests.lan.softap import SoftAp

POOL = 12
KINDS = ("udhcpc", "dhclient", "dhcpcd")
# Asks once, and ends with its lease or without one.
ASK = ("udhcpc", "-f", "-n", "-q", "-i", "eth0", "-t", "1", "-T", "1", "-s", "/bin/true")


@pytest.fixture
def softap(lan, real):
    return SoftAp(lan, real)


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


def test_a_pool_of_twelve(lan, softap, tmp_path):
    softap.up(dhcp_server__pool=POOL, max_clients=15)
    names = [f"guest{i}" for i in range(POOL)]
    macs = [softap.guest(name) for name in names]
    clients = [Program(lan, name, "udhcpc", tmp_path) for name in names]
    addresses = [client.bound() for client in clients]
    assert sorted(addresses) == sorted(f"10.10.10.{i}" for i in range(2, 2 + POOL))
    assert softap.clients() == {mac: ("#", ip) for mac, ip in zip(macs, addresses, strict=True)}
    late = softap.guest("late")
    none = lan.run("late", programs.find("busybox"), *ASK, timeout=30)
    assert none.returncode == 1 and "no lease" in none.stderr
    assert softap.clients()[late] == ("#", "0.0.0.0")
    # One leaves: its address is free.
    clients[5].released()
    freed = Program(lan, "late", "udhcpc", tmp_path)
    assert freed.bound() == addresses[5]


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
