"""Boards and clients of a LAN meet: addresses by DHCP, names, packets, and no way out."""

import socket
import subprocess
import sys

from airwire.lan import programs
from host_tests.lan.conftest import PATIENCE, until

# Serves one connection on a privileged port, sends back what comes, and tells who it was.
ECHO = """
import socket
with socket.create_server(("", 80)) as server:
    print("ready", flush=True)
    connection, address = server.accept()
    print(address[0], flush=True)
    while data := connection.recv(1000):
        connection.sendall(data)
"""

CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)
except OSError as error:
    sys.exit(str(error))
"""


def test_a_board_joins_and_talks_to_a_client(lan, real):
    ip = real.join()
    until(lambda: ip in [lease["ip"] for lease in lan.status()["leases"]], "the lease")
    assert real.board.status()["ip"] == ip

    ping = until(lambda: _pings(lan, "anna"), "ping by the board's name")
    assert f"({ip})" in ping

    server = lan.popen("client", [sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True)
    with server:
        assert server.stdout.readline() == "ready\n"
        stream = real.console.ok("tcp_client client.lan 80")
        assert server.stdout.readline() == f"{ip}\n"
        real.console.send(f"write {stream} 5\r\nhello".encode())
        assert real.console.reply().code == 0
        until(lambda: real.console.ok(f"read {stream} 5") == "hello", "the echo")
        real.console.ok(f"close {stream}")
    assert server.returncode == 0

    real.set("system.print_level", 2)
    for name in ("nosuch.lan", "nosuch", "nosuch.example.com"):
        reply = real.console.run(f"network_lookup {name}")
        assert (reply.code, reply.text) == (1, b"Name not found"), name


def _pings(lan, where):
    done = lan.run("client", *_busybox(), "ping", "-c", "1", "-W", "1", where)
    return done.stdout if done.returncode == 0 else ""


def _busybox():
    return [programs.find("busybox")]


def test_addresses_come_from_the_server(lan, radio):
    boards = [radio(name) for name in ("anna", "berta")]
    for number, board in enumerate(boards):
        board.join(hostname=f"sensor{number}")
    addresses = [board.address() for board in boards]
    assert len(set(addresses)) == 2
    leases = until(lambda: _leases(lan, 2), "both leases")
    assert [leases[name]["ip"] for name in ("sensor0", "sensor1")] == addresses
    macs = [board.board.status()["mac"] for board in boards]
    assert [leases[name]["mac"].replace(":", "") for name in ("sensor0", "sensor1")] == macs
    for name, ip in zip(("sensor0.lan", "anna.board"), (addresses[0],) * 2, strict=True):
        until(lambda name=name, ip=ip: ip in _looked_up(lan, name), f"{name} in the DNS")


def _leases(lan, count):
    """By name, once there are so many; the server writes its file after it has answered."""
    leases = {lease["name"]: lease for lease in lan.status()["leases"]}
    return leases if len(leases) == count else None


def _looked_up(lan, name):
    return lan.run("client", *_busybox(), "nslookup", "-type=a", name).stdout


def test_an_access_point_out_of_range_carries_nothing(lan, radio):
    board = radio()
    board.join()
    ip = board.address()
    assert _pings(lan, ip)
    board.board.access_point("airwire-open", present=False)
    assert not _pings(lan, ip)
    board.board.wait("wlan", differs=1010, timeout=PATIENCE)
    assert board.board.status()["ip"] == "0.0.0.0"
    board.board.access_point("airwire-open", present=True)
    assert board.address() == ip
    assert _pings(lan, ip)


def test_a_static_address(lan, real):
    fixed = {"ip": "10.23.7.77", "netmask": "255.255.255.0", "gateway": "10.23.7.1"}
    for name, value in fixed.items():
        real.set(f"static.{name}", value)
    real.set("network.dhcp.enabled", "0")
    assert real.join() == "10.23.7.77"
    assert "(10.23.7.77)" in until(lambda: _pings(lan, "anna"), "ping by the board's name")
    assert lan.status()["leases"] == []
    # Back to DHCP.
    real.console.ok("network_down")
    real.set("network.dhcp.enabled", "1")
    ip = real.join()
    assert ip in [lease["ip"] for lease in until(lambda: lan.status()["leases"], "the lease")]


def test_an_access_point_that_withholds_dhcp(lan, radio):
    board = radio()
    board.board.access_point("airwire-open", dhcp=False)
    board.join()
    until(lambda: board.board.status()["wlan"]["ssid"], "the association")
    assert board.board.status()["wlan"]["address"] is None
    board.board.access_point("airwire-open", dhcp=True)
    assert board.address()


def test_a_client_without_an_address_gets_one_by_itself(lan):
    assert lan.add_client("guest", address=False) == ""
    asked = lan.run(
        "guest", *_busybox(), "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-s", "/bin/true"
    )
    assert asked.returncode == 0, asked.stderr
    (lease,) = until(lambda: _leases(lan, 1), "the lease").values()
    assert f"lease of {lease['ip']} obtained" in asked.stderr


def test_clients_do_not_reach_the_machine(lan):
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", lan.status()["gateway"]):
            tried = lan.run("client", sys.executable, "-c", CONNECT, host, str(port))
            assert "refused" in tried.stderr
    # A documentation address: the router has no way to it, and tells that or nothing.
    tried = lan.run("client", sys.executable, "-c", CONNECT, "192.0.2.1", "80")
    assert tried.returncode == 1
