"""Echo requests on a real network: to clients, to the router, to nobody, past a router; and what a
raw socket hears beside them.
"""

import re
import subprocess
import sys
import time

import pytest

from host_tests.lan.conftest import running, until

REPLY = re.compile(r"Ping reply in \d{1,3}ms")

# Echo replies that nobody has asked for, and requests, to an address: as fast as it goes.
NOISE = """
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
print("ready", flush=True)
while True:
    for kind in (0, 8, 3):
        s.sendto(struct.pack(">BBHHH", kind, 0, 0xFFFF ^ kind << 8, 0, 0), (sys.argv[1], 0))
"""


@pytest.fixture
def real(lan, home, flash_image, interpreters):
    """One interpreter is enough: the host's sockets are behind both."""
    with running("amd64", lan, home, flash_image) as real:
        yield real


def test_ping(lan, real):
    ip = real.join()
    console = real.console
    gateway = lan.status()["gateway"]
    assert console.ok("get network.gateway") == gateway
    for words in ("-g", gateway, "client.lan", "10.23.7.2", ip):
        assert REPLY.fullmatch(until(lambda w=words: console.ok(f"ping {w}"), words)), words
    begun = time.monotonic()
    reply = console.run("ping 10.23.7.250")
    assert (reply.code, reply.text) == (1, b"No reply")
    assert 2.9 < time.monotonic() - begun < 10
    # Beyond the router there is nothing; it says so, or is silent.
    reply = console.run("ping 192.0.2.1")
    assert reply.code == 1
    assert reply.text in (f"Host unreachable, says {gateway}".encode(), b"No reply")


def test_ping_in_noise(lan, real):
    ip = real.join()
    words = [sys.executable, "-c", NOISE, ip]
    with lan.popen("client", words, stdout=subprocess.PIPE, text=True) as noise:
        assert noise.stdout.readline() == "ready\n"
        for _ in range(3):
            real.console.run("ping -g")  # a reply may be lost in it
        reply = real.console.run("ping 10.23.7.250")
        assert reply.text == b"No reply"
        noise.kill()
    assert REPLY.fullmatch(real.console.ok("ping -g"))
