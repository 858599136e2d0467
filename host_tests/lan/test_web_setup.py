"""The web setup for somebody who has joined its soft-AP: address, names, the way to the page."""

import json

import pytest

from airwire.lan import programs
from host_tests.lan.conftest import WIFI, running, until
from host_tests.lan.dhcp_programs import Program
from host_tests.lan.softap import SoftAp

OWN = "10.10.10.1"
PASSKEY = "tin snips 42"


@pytest.fixture
def setup(lan, home, flash_image, interpreters):
    """A board in setup, and a guest in its soft-AP."""
    with running("amd64", lan, home, flash_image) as joined:
        joined.console.ok(f'set setup.web.passkey "{PASSKEY}"')
        joined.console.ok("setup web")
        yield SoftAp(lan, joined)


def asked(lan, url, *more):
    """What curl says of a URL in the guest's place, where every name means the module."""
    words = ("curl", "-sS", "--compressed", "--connect-to", f"::{OWN}:80", "-m", "20")
    done = lan.run("guest", *words, *more, url)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_guest_sets_it_up(lan, setup, tmp_path):
    assert setup.ssid().startswith("Airwire-Setup-")
    setup.guest()
    assert Program(lan, "guest", "udhcpc", tmp_path).bound() == "10.10.10.2"
    busybox = programs.find("busybox")
    for name in ("connectivitycheck.gstatic.com", "setup.com"):
        found = lan.run("guest", busybox, "nslookup", "-type=a", name, OWN).stdout
        assert f"Address: {OWN}" in found
    page = asked(lan, "http://connectivitycheck.gstatic.com/generate_204", "-L")
    assert "<h1>Set up Airwire</h1>" in page
    # Nobody is served on another interface than the soft-AP.
    assert setup.console.ok("get network.ip") == "0.0.0.0"
    wish = json.dumps({"ssid": WIFI, "passkey": ""})
    asked(lan, f"http://{OWN}/setup/join", "-d", wish)

    def outcome():
        state = json.loads(asked(lan, f"http://{OWN}/setup/state"))
        return state["state"] != "joining" and state

    state = until(outcome, "the outcome")
    assert (state["state"], state["ssid"]) == ("joined", WIFI)
    assert state["address"] == setup.console.ok("get network.ip")
    # The setup serves its guests alone, also while the module is in the network.
    client = lan.run("client", "curl", "-sS", "-m", "5", f"http://{state['address']}/")
    assert client.returncode == 7, client
    until(lambda: not setup.is_on_the_air(), "the end of the setup")
    assert setup.console.ok("setup status") == "0"
