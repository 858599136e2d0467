"""What the firmware's sockets meet in LAN mode: true ports, broadcasts, multicasts, and the port
that the chip's own mDNS responder takes.
"""

import subprocess
import sys

import pytest

from airwire.lan.responder import answer
from host_tests.lan.conftest import WIFI, running, until

JOIN = f"""
import network, socket, time
w = network.WLAN(network.STA_IF)
w.active(False)
w.active(True)
w.connect("{WIFI}")
end = time.ticks_add(time.ticks_ms(), 20000)
while not w.isconnected() and time.ticks_diff(end, time.ticks_ms()) > 0:
    time.sleep_ms(20)
"""

OPEN = """
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.bind(("0.0.0.0", {port}))
group = bytes([239, 1, 2, 3]) + bytes(4)
if {member}: s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
"""

TALK = """
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.bind(("0.0.0.0", 68))
s.sendto(b"hello", ("{to}", {port}))
s.close()
"""

BIND = """
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    s.bind(("0.0.0.0", 5353))
    print("ours")
except OSError as er:
    print(er.errno)
"""

# Sends to an address every 50 ms until it is ended, from one socket.
SEND = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
while True:
    s.sendto(b"hi", (sys.argv[1], int(sys.argv[2])))
    time.sleep(0.05)
"""

HEAR = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[1])))
if sys.argv[2:]:
    group = socket.inet_aton(sys.argv[2]) + bytes(4)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
print("ready", flush=True)
print(*s.recvfrom(100), flush=True)
"""

# Asks by multicast, from an ordinary port.
LOOK_UP = """
import socket, sys
name = b"".join(bytes((len(p),)) + p.encode() for p in sys.argv[1].split(".")) + b"\\0"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(float(sys.argv[2]))
head = b"\\x12\\x34" + bytes(3) + b"\\1" + bytes(6)
s.sendto(head + name + b"\\0\\1\\0\\1", ("224.0.0.251", 5353))
answer, sender = s.recvfrom(500)
print(sender[0], socket.inet_ntoa(answer[-4:]))
"""


@pytest.fixture
def real(lan, home, flash_image, interpreters):
    """One interpreter is enough: the sockets are the shims', which are the same on both."""
    with running("amd64", lan, home, flash_image) as real:
        yield real


@pytest.fixture
def address(real, prompt):
    prompt(JOIN)
    real.board.wait("wlan", equals=1010)
    return real.board.status()["ip"]


def test_datagrams(lan, prompt, address):
    for to, port, member in (
        (address, 53, 0),
        ("255.255.255.255", 67, 0),
        ("10.23.7.255", 137, 0),
        ("239.1.2.3", 5355, 1),
    ):
        prompt(OPEN.format(port=port, member=member))
        with lan.popen("client", [sys.executable, "-c", SEND, to, str(port)]) as sender:
            got = prompt("print(s.recvfrom(100)[0], s.recvfrom(100)[1][0])\ns.close()\n")
            sender.kill()
        assert got == "b'hi' 10.23.7.2", to
    for to in ("10.23.7.2", "255.255.255.255", "10.23.7.255", "239.1.2.3"):
        words = [sys.executable, "-c", HEAR, "700", *([to] if to.startswith("239") else [])]
        with lan.popen("client", words, stdout=subprocess.PIPE, text=True) as hearer:
            assert hearer.stdout.readline() == "ready\n"
            prompt(TALK.format(to=to, port=700))
            assert hearer.stdout.readline() == f"b'hello' ('{address}', 68)\n", to


def test_the_responder_takes_its_port_with_the_first_address(lan, prompt, real):
    assert prompt(BIND + "s.close()\n") == "ours"
    prompt("network.hostname('kitchen')\n" + JOIN)
    ip = real.board.status()["ip"]
    assert prompt(BIND + "s.close()\n") == "112"
    found = lan.run("client", sys.executable, "-c", LOOK_UP, "kitchen.local", "10", timeout=20)
    assert found.stdout == f"{ip} {ip}\n", found.stderr
    prompt("w.active(False)\n")
    until(lambda: prompt(BIND + "s.close()\n") == "ours", "the port's release")


def test_whoever_is_first_keeps_the_port(lan, prompt, real):
    assert prompt(BIND) == "ours"
    prompt("network.hostname('kitchen')\n" + JOIN)
    assert real.board.status()["ip"] != "0.0.0.0"
    prompt("s.setsockopt(0, socket.IP_ADD_MEMBERSHIP, bytes([224, 0, 0, 251, 0, 0, 0, 0]))\n")
    found = lan.run("client", sys.executable, "-c", LOOK_UP, "kitchen.local", "0.3")
    assert "timed out" in found.stderr
    assert prompt("s.settimeout(5)\nprint(s.recvfrom(100)[1][0])\n") == "10.23.7.2"


def query(name, flags=0, kind=1, group=1):
    labels = b"".join(bytes((len(part),)) + part for part in name.split(b"."))
    head = b"\x12\x34" + flags.to_bytes(2) + b"\0\1\0\0\0\0\0\0"
    return head + labels + b"\0" + kind.to_bytes(2) + group.to_bytes(2)


def test_answers():
    ip = b"\x0a\x17\x07\x64"
    name = b"kitchen.local"
    record = b"\x07kitchen\x05local\0"
    everybody = b"\0\0\x84\0\0\0\0\1\0\0\0\0" + record + b"\0\1\x80\1\0\0\0\x78\0\4" + ip
    assert answer(query(b"Kitchen.LOCAL"), name, ip, False) == (everybody, True)
    assert answer(query(name, group=0x8001), name, ip, False) == (everybody, False)
    asked = record + b"\0\1\0\1"
    one = b"\x12\x34\x84\0\0\1\0\1\0\0\0\0" + asked + asked + b"\0\0\0\x0a\0\4" + ip
    assert answer(query(name), name, ip, True) == (one, False)
    for other in (
        query(b"pantry.local"),
        query(b"kitchen.lan"),
        query(name, flags=0x8400),
        query(name, kind=28),
        query(name)[:-3],
        b"",
    ):
        assert answer(other, name, ip, False) is None
