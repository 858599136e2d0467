"""The servers of a board on real ports, bound to its interface; a datagram to everybody."""

import subprocess
import sys

from airwire.lan import programs
from host_tests.lan.conftest import until

# Sends a datagram to all of the network of an address, and prints what comes back.
SHOUT = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.settimeout(20)
    sock.sendto(b"who is there?", (sys.argv[1].rpartition(".")[0] + ".255", 7))
    print(*sock.recvfrom(100))
"""


def test_tcp_and_udp_on_a_privileged_port(lan, real):
    """Both servers at once: nc calls one, a socket that shouts the other."""
    ip = real.join()
    console = real.console
    assert console.ok("tcp_server -i wlan start 23") == "Success"
    assert console.ok("udp_server -i wlan start 7") == "Success"

    nc = [programs.find("busybox"), "nc", ip, "23"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with lan.popen("client", nc, **pipes) as caller:
        caller.stdin.write("hello\n")
        until(lambda: console.run("poll 1").text == b"1", "the caller's data")
        assert console.run("read 1 10").text == b"hello\n"
        assert f"# 1 TCPS  {ip}:23 " in console.ok("list")
        console.ok("write 1 6", b"howdy\n")
        assert caller.stdout.readline() == "howdy\n"
        console.ok("close 1")
        assert caller.wait(20) == 0

    with lan.popen("client", [sys.executable, "-c", SHOUT, ip], **pipes) as caller:
        until(lambda: console.ok("poll 0") == "1", "the datagram")
        assert console.run("read 0 100").text == b"who is there?"
        console.ok("write 0 2", b"me")
        assert caller.stdout.readline() == f"b'me' ('{ip}', 7)\n"
        assert caller.wait(20) == 0
    console.ok("tcp_server stop")
    console.ok("udp_server stop")
