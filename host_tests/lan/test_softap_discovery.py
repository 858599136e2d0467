"""Discovery on the soft-AP: a guest finds the module by name."""

import subprocess
import sys

import pytest

from airwire.lan import programs
from host_tests.lan.conftest import PATIENCE, running, until
from host_tests.lan.softap import SoftAp
from host_tests.lan.test_sockets import LOOK_UP

PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}

# Prints what a browser would show, and what it would take away again.
BROWSE = """
import sys, zeroconf
class Shown(zeroconf.ServiceListener):
    def add_service(self, client, kind, name):
        print("+", name, flush=True)
    def remove_service(self, client, kind, name):
        print("-", name, flush=True)
    def update_service(self, client, kind, name):
        pass
with zeroconf.Zeroconf() as client:
    zeroconf.ServiceBrowser(client, "_http._tcp.local.", Shown())
    sys.stdin.read()
"""


@pytest.fixture
def softap(lan, home, flash_image, interpreters):
    with running("amd64", lan, home, flash_image) as joined:
        yield SoftAp(lan, joined)


def guest(lan, softap):
    """A client of the soft-AP with an address."""
    softap.guest()
    box = programs.find("busybox")
    for words in ("addr add 10.10.10.50/24 dev eth0", "route add default via 10.10.10.1"):
        assert lan.run("guest", box, "ip", *words.split()).returncode == 0


@pytest.mark.parametrize("station", [False, True], ids=["alone", "with the station"])
def test_a_guest_finds_the_module(lan, softap, station):
    softap.joined.set("mdns.name", "hut")
    softap.joined.set("mdns.interface", "softap")
    softap.joined.set("mdns.enabled", "1")
    if station:
        softap.joined.join()
    softap.up()
    guest(lan, softap)

    def looked_up(place, name):
        words = [sys.executable, "-c", LOOK_UP, name, "1"]
        return lan.run(place, *words, timeout=PATIENCE).stdout.partition(" ")[0]

    until(lambda: looked_up("guest", "hut.local") == "10.10.10.1", "the name")
    assert softap.console.ok("get mdns.domain") == "hut.local"
    words = ["-I", "eth0", "-t", "1000", "hut"]
    found = lan.run("guest", programs.find("llmnr-query"), *words)
    assert "10.10.10.1" in found.stdout
    words = ["-B", "10.10.10.255", "hut"]
    found = lan.run("guest", programs.find("nmblookup"), *words, timeout=PATIENCE)
    assert "10.10.10.1 hut<00>" in found.stdout
    if station:
        assert looked_up("client", "hut.local") == ""
    softap.console.ok("network_down -i softap")
    until(lambda: softap.console.ok("get mdns.responder") == "none", "the end")
    softap.console.ok("network_up -i softap")
    until(lambda: softap.console.ok("get mdns.domain") == "hut.local", "the return")


def test_a_goodbye_comes_before_the_end(lan, softap):
    """Who leaves the air first would be shown for as long as its name may be remembered."""
    softap.joined.set("mdns.name", "hut")
    softap.joined.set("mdns.interface", "softap")
    softap.joined.set("mdns.service", "http")
    softap.joined.set("mdns.enabled", "1")
    softap.up()
    guest(lan, softap)
    with lan.popen("guest", [sys.executable, "-c", BROWSE], **PIPES) as browser:
        assert browser.stdout.readline() == "+ hut._http._tcp.local.\n"
        softap.console.ok("network_down -i softap")
        assert browser.stdout.readline() == "- hut._http._tcp.local.\n"
        browser.stdin.close()
