"""Discovery on the soft-AP: a guest finds the module by name."""

import re
import subprocess
import sys

import pytest

from airwire.lan import programs
from host_tests.lan.conftest import PATIENCE, running, until
from host_tests.lan.softap import SoftAp
from host_tests.lan.test_sockets import LOOK_UP


@pytest.fixture
def softap(lan, home, flash_image, interpreters):
    with running("amd64", lan, home, flash_image) as joined:
        yield SoftAp(lan, joined)


@pytest.mark.parametrize("station", [False, True], ids=["alone", "with the station"])
def test_a_guest_finds_the_module(lan, softap, station):
    softap.joined.set("mdns.name", "hut")
    softap.joined.set("mdns.interface", "softap")
    softap.joined.set("mdns.enabled", "1")
    if station:
        softap.joined.join()
    softap.up()
    softap.guest()
    box = programs.find("busybox")
    for words in ("addr add 10.10.10.50/24 dev eth0", "route add default via 10.10.10.1"):
        assert lan.run("guest", box, "ip", *words.split()).returncode == 0

    def looked_up(place, name):
        words = [sys.executable, "-c", LOOK_UP, name, "1"]
        return lan.run(place, *words, timeout=PATIENCE).stdout.partition(" ")[0]

    until(lambda: looked_up("guest", "hut.local") == "10.10.10.1", "the name")
    assert softap.console.ok("get mdns.domain") == "hut.local"
    words = ["-I", "eth0", "-t", "1000", "hut"]
    found = lan.run("guest", programs.find("llmnr-query"), *words)
    assert "10.10.10.1" in found.stdout
    found = lan.run("guest", programs.find("nmblookup"), "-B", "10.10.10.255", "hut")
    assert "10.10.10.1 hut<00>" in found.stdout
    if station:
        assert looked_up("client", "hut.local") == ""
    softap.console.ok("network_down -i softap")
    until(lambda: softap.console.ok("get mdns.responder") == "none", "the end")
    softap.console.ok("network_up -i softap")
    until(lambda: softap.console.ok("get mdns.domain") == "hut.local", "the return")
