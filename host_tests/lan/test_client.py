"""The Python client where the network is real: services that others announce, and guests."""

import subprocess
import sys

import pytest

from airwire.board.client import Board
from airwire.client import Module, Service, SoftApClient
from host_tests.lan.conftest import WIFI
from host_tests.lan.softap import PASSKEY
from host_tests.lan.test_discovery import PUBLISH


@pytest.fixture
def module(lan, home, flash_image, interpreters, monkeypatch):
    """One interpreter is enough, the one with the chip's object sizes."""
    monkeypatch.setenv("AIRWIRE_HOME", str(home))
    with (
        Board.up("anna", flash=flash_image, home=home, arch="i386", lan=lan.name) as board,
        Module("board:anna/uart1") as module,
    ):
        yield module
        assert board.status()["panics"] == 0


def test_services(lan, module):
    module.set("wlan.ssid", WIFI)
    words = [sys.executable, "-c", PUBLISH]
    with lan.popen("client", words, stdout=subprocess.PIPE, text=True) as publisher:
        try:
            assert publisher.stdout.readline() == "ready\n"
            texts = ("note=a b", "path=/")
            page = Service("_http._tcp", "My page", "10.23.7.2", 8080, "pantry.local", texts)
            assert module.mdns_discover() == module.mdns_discover("http") == [page]
            assert module.mdns_discover("ssh") == []
            assert module.network_lookup("pantry.local") == "10.23.7.2"
            assert 0 <= module.ping("pantry.local") < 1000
        finally:
            publisher.kill()


def test_guests_of_the_soft_ap(lan, module):
    module.set("softap.ssid", "hut")
    module.set("softap.passkey", PASSKEY)
    module.network_up("softap")
    assert module.softap_clients() == []
    lan.add_client("guest", address=False)
    lan.join("guest", "hut", PASSKEY)
    [place] = [place for place in lan.status()["places"] if place["name"] == "guest"]
    assert module.softap_clients() == [SoftApClient(place["mac"].upper(), None, True)]
