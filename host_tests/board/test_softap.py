"""The soft-AP by command, where nobody can join it: words, states, and who gets its sockets. Who
joins is in host_tests/lan.
"""

import pytest

from host_tests.board.console import Reply

TOO_FEW, TOO_MANY, UNKNOWN_OPTION, BAD_ARGUMENT = 4, 5, 6, 7
PASSKEY = '"tin snips 42"'


def info(console):
    return dict(line.split(": ") for line in console.ok("get softap.info").split("\r\n"))


@pytest.fixture
def console(board):
    console = board.machine(print_level=2)
    console.ok(f"set softap.passkey {PASSKEY}")
    return console


def test_words(board, console):
    for line, code in (
        ("network_up -i", TOO_FEW),
        ("network_restart -i", TOO_FEW),
        ("network_down -x", UNKNOWN_OPTION),
        ("network_restart ethernet", BAD_ARGUMENT),
        ("network_up -s softap", BAD_ARGUMENT),
        ("nre softap wlan", TOO_MANY),
    ):
        assert console.run(line).code == code, line
    up = console.run("nup softap")
    assert up.code == 0 and up.logs[-1] == b"[Soft-AP up]"
    assert console.run("network_up -i softap") == Reply(0, b"Success")
    again = console.run("nre -i softap")
    assert again.code == 0
    assert (again.logs[0], again.logs[-1]) == (b"[Soft-AP down]", b"[Soft-AP up]")
    assert console.run("ndo softap") == Reply(0, b"Success", [b"[Soft-AP down]"])
    assert console.run("ndo softap") == Reply(0, b"Success")


def test_its_servers(board, console):
    for switches, dhcp, dns in (
        ({}, "own", "off"),
        ({"dns_server.url": "setup.com"}, "own", "own"),
        ({"dhcp_server.enabled": 0, "dns_server.enabled": 0}, "off", "off"),
    ):
        for name, value in switches.items():
            console.ok(f"set softap.{name} {value}")
        console.ok("network_restart -i softap")
        assert (info(console)["dhcp_server"], info(console)["dns_server"]) == (dhcp, dns)
    # What is no name is said, and the others are served.
    console.ok("set softap.dns_server.url setup..com,setup.com")
    console.ok("set softap.dns_server.enabled 1")
    logs = console.run("network_restart -i softap").logs
    assert b"DNS: not a name: setup..com" in logs
    assert info(console)["dns_server"] == "own"


def test_pools(board, console):
    """Of any address and any size a pool fits, or the driver's server serves."""
    for own, pool, server in (
        ("10.1.2.1", 100, "own"),
        ("10.1.2.50", 100, "own"),
        ("10.1.2.254", 100, "own"),
        ("10.1.2.2", 12, "own"),
        ("10.1.2.101", 100, "own"),
    ):
        console.ok(f"set softap.static.ip {own}")
        console.ok(f"set softap.dhcp_server.pool {pool}")
        console.ok("network_restart -i softap")
        assert info(console)["dhcp_server"] == server, own
        assert info(console)["ip"] == own


def test_what_is_never_an_address(console):
    for name, none in (("softap.static.ip", BAD_ARGUMENT), ("static.ip", 0)):
        for ip in ("0.0.0.1", "224.0.0.1", "255.255.255.255"):
            assert console.run(f"set {name} {ip}").code == BAD_ARGUMENT, ip
        # A virtual board's own address is one of these.
        assert console.run(f"set {name} 127.0.0.1").code == none
        assert console.run(f"set {name} 0.0.0.0").code == none
        for ip in ("1.0.0.1", "126.1.2.3", "128.0.0.1", "223.255.255.254"):
            assert console.ok(f"set {name} {ip}") == "Set OK"


def test_an_address_that_its_network_does_not_have(console):
    for ip in ("192.168.7.255", "192.168.7.0"):
        console.ok(f"set softap.static.ip {ip}")
        reply = console.run("network_up -i softap")
        assert reply == Reply(
            1,
            b"Command failed",
            [
                b"Soft-AP: %s is the network's own or its broadcast address" % ip.encode(),
                b"[Soft-AP failed]",
            ],
        )
        assert info(console)["state"] == "failed"
    console.ok("set softap.static.ip 192.168.7.1")
    console.ok("network_up -i softap")


@pytest.mark.needs("wifi")
def test_the_network_of_the_station(board, console):
    for name, value in (("ip", "10.10.10.5"), ("netmask", "255.255.0.0")):
        console.ok(f"set static.{name} {value}")
    console.ok("set network.dhcp.enabled 0")
    board.join(console)
    for ip, up in (("10.10.10.1", False), ("10.10.77.1", False), ("10.11.10.1", True)):
        console.ok(f"set softap.static.ip {ip}")
        reply = console.run("network_up -i softap")
        assert (reply.code == 0) == up, reply
        if not up:
            words = b"Soft-AP: %s is in the network that the station has joined" % ip.encode()
            assert reply.logs == [words, b"[Soft-AP failed]"]


@pytest.mark.needs("air")
def test_it_ends_with_the_firmware(board, console):
    console.ok("network_up -i softap")
    assert board.board.status()["softap"]["active"]
    usb = board.uart0
    usb.send(b"\x03")
    usb.until(b">>> ")
    assert not board.board.status()["softap"]["active"]
    usb.send(b"\x04")
    usb.until(b"[Ready]")


@pytest.mark.needs("led")
def test_its_indicator(board, console):
    console.ok("set system.indicator.gpio softap 23")
    console.ok("set system.indicator.state softap static_off|static_off|static_on|static_off")
    console.ok("network_up -i softap")
    board.board.wait_pin(23, 1)
    console.ok("network_down -i softap")
    board.board.wait_pin(23, 0)


@pytest.mark.whole_heap
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_server_that_brings_it_up(board, console, kind):
    """The one that starts with the network does not get in its way, and it is the one to stop."""
    for name, value in (
        ("network.default_interface", "softap"),
        (f"{kind}.server.auto_start", 1),
        (f"{kind}.server.auto_interface", "softap"),
    ):
        console.ok(f"set {name} {value}")
    for _ in range(2):
        reply = console.run(f"{kind}_server -i softap start")
        assert (reply.code, reply.text) == (0, b"Success")
        again = console.run(f"{kind}_server start")
        assert again.text.startswith(b"The server is running on port ")
        assert console.run(f"{kind}_server stop").code == 0
        assert console.run(f"{kind}_server stop").text == b"No such server"
        assert console.ok("stream_list") == "! # Type  Info"
        console.ok("network_down -i softap")
