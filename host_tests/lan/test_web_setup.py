"""The web setup for somebody who has joined its soft-AP: address, names, the way to the page."""

import os
import shlex
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from airwire.lan import programs
from host_tests.lan.conftest import WIFI, running, until
from host_tests.lan.dhcp_programs import Program
from host_tests.lan.softap import SoftAp

OWN = "10.10.10.1"
PASSKEY = "tin snips 42"
SECURED = "airwire-wpa2"
PHONE = {"width": 360, "height": 740}
# Milliseconds: longer than anything here takes, on however slow a machine.
PATIENCE = 60_000
# Nothing that runs by itself; every name means the module, as its DNS server has it.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
# A folder for pictures of the page, for who wants to look at it.
PICTURES = os.environ.get("AIRWIRE_PICTURES")
EVERY_NAME = f"--host-resolver-rules=MAP * {OWN}"


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


@pytest.fixture
def chromium(lan, tmp_path):
    """A program that is Chromium in the guest's place."""
    program = tmp_path / "chromium"
    found = shutil.which("chromium")
    assert found, "no chromium: make programs"
    lan.add_client("guest", address=False)
    with lan.popen("guest", ["true"]) as way:
        words = [*way.args[:-1], found]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def page(chromium):
    """A page on a phone, which has nothing to complain of and asks nobody else in the end."""
    complaints = []
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*ARGUMENTS, EVERY_NAME], timeout=PATIENCE
        )
        page = browser.new_context(viewport=PHONE, has_touch=True).new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: line.type == "error" and complaints.append(line.text))
        yield page
        browser.close()
    assert not complaints


def look(page, name):
    """Nothing is wider than the phone, and nobody is kept out, in light and in dark."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page).response["violations"]
        serious = [v["id"] for v in found if v["impact"] in ("serious", "critical")]
        assert not serious, (name, scheme, serious)
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/setup-{name}-{scheme}.png")


def test_a_guest_sets_it_up(lan, setup, page, tmp_path):
    assert setup.ssid().startswith("Airwire-Setup-")
    lan.join("guest", setup.ssid(), PASSKEY)
    assert Program(lan, "guest", "udhcpc", tmp_path).bound() == "10.10.10.2"
    busybox = programs.find("busybox")
    for name in ("connectivitycheck.gstatic.com", "setup.com"):
        found = lan.run("guest", busybox, "nslookup", "-type=a", name, OWN).stdout
        assert f"Address: {OWN}" in found
    text = asked(lan, "http://connectivitycheck.gstatic.com/generate_204", "-L")
    assert "<h1>Set up Airwire</h1>" in text
    # Nobody is served on another interface than the soft-AP.
    assert setup.console.ok("get network.ip") == "0.0.0.0"
    page.goto("http://connectivitycheck.gstatic.com/generate_204")
    assert page.url == f"http://{OWN}/"
    expect(page.get_by_role("button", name=WIFI)).to_be_visible()
    look(page, "networks")
    page.get_by_role("button", name=SECURED).click()
    page.get_by_label("Password", exact=True).fill("wrong horse")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("alert")).to_have_text("The password is wrong.")
    look(page, "wrong")
    page.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="Other network").click()
    page.get_by_label("Network name").fill(WIFI)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Connected")).to_be_visible()
    address = setup.console.ok("get network.ip")
    expect(page.get_by_text(address, exact=True)).to_be_visible()
    expect(page.get_by_text(f"The module has joined {WIFI}.")).to_be_visible()
    look(page, "connected")
    # The setup serves its guests alone, also while the module is in the network.
    client = lan.run("client", "curl", "-sS", "-m", "5", f"http://{address}/")
    assert client.returncode == 7, client
    until(lambda: not setup.is_on_the_air(), "the end of the setup")
    assert setup.console.ok("setup status") == "0"
