"""The clock from the network: a time server that we did not write, and some that misbehave."""

import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from airwire.lan import programs
from host_tests.lan.conftest import running

CHRONY = """
local stratum 3
allow
cmdport 0
pidfile {folder}/chronyd.pid
"""

# Asks until somebody answers.
WAIT = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(0.1)
    while True:
        try:
            s.sendto(b"\\x23" + bytes(47), ("127.0.0.1", 123))
            s.recv(100)
            break
        except OSError:
            pass
"""

# Answers as the last line of its standard input says, and prints a line for each question. A
# behaviour is an expression for the list of answers (bytes, seconds to wait before it).
SERVER = """
import socket, struct, sys, threading, time
behaviour = "[]"

def listen():
    global behaviour
    for line in sys.stdin:
        behaviour = line
        print("ready", flush=True)

def stamp(seconds):
    return struct.pack(">II", int(seconds) + 2208988800 & 0xFFFFFFFF, 0)

def answer(first=0x24, stratum=2, delay=0, reference=b"test", cookie=None, at=None):
    at = stamp(time.time() if at is None else at)
    head = bytes((first, stratum, 6, 236)) + struct.pack(">II", delay, 0) + reference
    return head + at + (cookie or data[40:48]) + at + at

threading.Thread(target=listen, daemon=True).start()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, \\
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
    s.bind(("", 123))
    print("up", flush=True)
    while True:
        data, peer = s.recvfrom(1000)
        print("asked", flush=True)
        for message, wait in eval(behaviour):
            time.sleep(wait)
            s.sendto(message, peer)
"""


@pytest.fixture
def real(lan, home, flash_image, interpreters):
    with running("i386", lan, home, flash_image) as real:
        real.set("system.print_level", "2")
        real.join()
        yield real


@contextmanager
def chrony(lan, home):
    config = home.parent / "chrony.conf"
    config.write_text(CHRONY.format(folder=home.parent))
    words = [programs.find("chronyd"), "-d", "-x", "-u", "root", "-f", config]
    with lan.popen("client", words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as it:
        try:
            done = lan.run("client", sys.executable, "-c", WAIT, timeout=20)
            assert done.returncode == 0, done.stderr
            yield
        finally:
            it.kill()


class Liar:
    """The server that misbehaves."""

    def __init__(self, process):
        self._process = process
        self._next("up")

    def _next(self, wanted, passing=None):
        while (line := self._process.stdout.readline().strip()) == passing:
            pass
        assert line == wanted

    def behave(self, behaviour):
        self._process.stdin.write(behaviour + "\n")
        self._process.stdin.flush()
        self._next("ready", passing="asked")

    def asked(self):
        self._next("asked")


@contextmanager
def lying(lan):
    """One at the LAN's client, which answers nobody until it is told how to behave."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with lan.popen("client", [sys.executable, "-c", SERVER], **pipes) as process:
        try:
            yield Liar(process)
        finally:
            process.kill()


@pytest.fixture
def liar(lan):
    with lying(lan) as liar:
        yield liar


def milliseconds(console):
    return int(console.ok("get time.rtc ms"))


def test_a_real_server(lan, real, home):
    console = real.console
    assert console.ok("get time.last_set") == "-1"
    assert console.ok("get time.rtc")[:2] == "94"  # the chip's clock begins in 2000
    with chrony(lan, home):
        real.set("ntp.server", "client.lan")
        assert console.log("Clock set") == "Clock set by NTP from client.lan"
        assert abs(milliseconds(console) - time.time() * 1000) < 500
        assert int(console.ok("get time.last_set")) < 30
        utc = console.ok("get time.rtc utc")
        assert len(utc) == 27 and utc[:13] == time.strftime("%Y-%m-%dT%H", time.gmtime())
        real.set("time.zone", "-3:30")
        assert console.ok("get time.rtc local").endswith("-03:30")
        # Uptime did not jump, and log lines have the time, which is UTC.
        assert int(console.ok("get time.uptime")) < 300
        stamped = console.run("tcp_client client.lan 9").logs[-1].decode()
        assert "Open failed" in stamped and stamped.startswith(
            time.strftime("[%Y-%m-%d | %H:", time.gmtime())
        )
        # Set wrong by hand, it is set right with the next answer.
        real.set("time.rtc", "1800000000")
        assert int(console.ok("get time.rtc")) // 10 == 180000000
        real.set("ntp.interval", "60")
        console.log("Clock set by NTP from client.lan")
        assert abs(milliseconds(console) - time.time() * 1000) < 500


# What the server does, and what the log says of it.
LIES = [
    ("[]", "no answer"),
    ("[(answer()[:47], 0)]", "no answer"),
    ("[(answer(cookie=bytes(8)), 0)] * 500", "no answer"),
    ("[(answer(first=0x25), 0), (data, 0), (b'', 0)]", "no answer"),
    ("[(answer(first=0xE4), 0)]", "its clock is not set"),
    ("[(answer(stratum=16), 0)]", "its clock is not set"),
    ("[(answer(delay=10 << 16), 0)]", "its clock is not exact"),
    ("[(answer(at=1_500_000_000), 0)]", "its clock is wrong"),
    ("[(answer(stratum=0, reference=b'RATE'), 0)]", "does not want to be asked: RATE"),
    ("[(answer(stratum=0, reference=b'DENY'), 0)]", "does not want to be asked: DENY"),
]


def test_servers_that_misbehave(real, liar):
    """The clock stays as it is, the log says why, and the console answers meanwhile."""
    console = real.console
    last = None
    for behaviour, words in LIES:
        liar.behave(behaviour)
        real.set("ntp.server", "client.lan")
        liar.asked()
        begun = time.monotonic()
        reply = console.run("get time.last_set")
        assert reply.text == b"-1" and time.monotonic() - begun < 1
        console.logs += reply.logs
        if words != last:
            assert words in console.log("NTP: ", 20), behaviour
        last = words
    # A late answer, and one from another address, are none; the one that follows counts.
    liar.behave("[(answer(at=1_900_000_000, cookie=b'x' * 8), 1), (answer(at=1_900_000_000), 0)]")
    real.set("ntp.server", "10.23.7.2")
    liar.asked()
    console.log("Clock set by NTP from 10.23.7.2", 20)
    assert int(console.ok("get time.rtc")) // 100 == 19_000_000
    assert console.ok("faults_print") == "! 0 faults"


def test_who_is_not_to_be_asked(real, liar):
    liar.behave("[(answer(), 0)]")
    real.set("ntp.enabled", "0")
    real.set("ntp.server", "client.lan")
    assert real.console.ok("get time.last_set") == "-1"
    real.set("ntp.enabled", "1")
    liar.asked()
    real.console.log("Clock set by NTP from client.lan")


def test_a_saved_server_is_asked_after_the_start(lan, real, liar):
    liar.behave("[(answer(), 0)]")
    console = real.console
    for name, value in (("wlan.auto_join.enabled", "1"), ("ntp.server", "client.lan")):
        real.set(name, value)
    liar.asked()
    console.log("Clock set by NTP")
    console.ok("save")
    boots = real.board.status()["boots"]
    real.board.power_cut()
    real.board.power_on()
    real.board.wait_boot(boots + 1)
    # Machine mode is not saved: it shows log lines as a person sees them.
    console.until(b"[Associated]\r\n")
    console.until(b"Clock set by NTP from client.lan\r\n")
    console.machine(2)
    assert abs(milliseconds(console) - time.time() * 1000) < 1000
