"""The web app in a browser: every view, and what can be done there."""

import gzip
import json
import re
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from airwire.image import layout, littlefs
from host_tests.board.backends import Virtual
from host_tests.board.peers import Wwep
from host_tests.conftest import ROOT, figures
from host_tests.web.conftest import DESKTOP, PATIENCE, PHONE

pytestmark = pytest.mark.sampled(7)

# Each view, and words that are there when it has asked the module.
VIEWS = {
    "status": "Hardware id",
    "wifi": "airwire-open",
    "settings": "remote_terminal",
    "streams": "No stream is open.",
    "files": "There are no files.",
    "gpio": "factory reset button",
    "wwep": "The client does not run.",
    "certificates": "There are none.",
    "terminal": "earlier lines",
    "log": "Pause",
    "system": "0 faults",
}

# Compressed bytes of all pages, and of airwire.js among them.
MOST, MOST_MODULE = 60 * 1024, 6 * 1024

LOOKS = [("light", DESKTOP), ("dark", PHONE)]
if figures().full:
    LOOKS += [("light", PHONE), ("dark", DESKTOP)]

HIDDEN = "airwire-hidden", "correct horse"
WIDE = "document.documentElement.scrollWidth > innerWidth"


def read(site, name):
    """What the module serves under this name."""
    with urllib.request.urlopen(f"{site.address}/{name}", timeout=PATIENCE / 1000) as answer:
        return answer.read()


def test_sizes(flash_image, figure):
    flash = flash_image.read_bytes()[layout.VFS.offset :][: layout.VFS.size]
    files = littlefs.read(flash).files
    pages = {name: len(files[name]) for name in files if name.startswith("firmware/web/")}
    assert {"firmware/web/index.html.gz", "firmware/web/language.json.gz"} <= set(pages)
    figure(f"{sum(pages.values())} bytes of pages")
    assert sum(pages.values()) <= MOST
    assert pages["firmware/web/airwire.js.gz"] <= MOST_MODULE


@pytest.mark.parametrize("scheme, viewport", LOOKS)
def test_every_view(visit, scheme, viewport):
    """Fits its screen, has its colours, and nothing that keeps anybody out. How it looks is for
    people to see: build/web/ has pictures.
    """
    page = visit("status", color_scheme=scheme, viewport=viewport)
    for view, words in VIEWS.items():
        page.goto(page.url.split("#")[0] + f"#{view}")
        expect(page.locator("#view")).to_contain_text(words)
        expect(page.locator(f"#nav a[href='#{view}']")).to_have_attribute("aria-current", "page")
        if view == "settings":
            page.locator("summary", has_text="uart").click()
            expect(page.get_by_label("uart.baud 1", exact=True)).to_have_value("115200")
        assert not page.evaluate(WIDE), view
        picture = f"{view}-{scheme}-{viewport['width']}.png"
        page.screenshot(path=ROOT / "build" / "web" / picture, full_page=True)
        found = Axe().run(page).response["violations"]
        serious = [v for v in found if v["impact"] in ("serious", "critical")]
        assert not serious, f"{view}: {json.dumps(serious, indent=1)}"
    page_colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert page_colour == {"light": "rgb(244, 246, 248)", "dark": "rgb(17, 21, 26)"}[scheme]
    theme = page.get_by_role("button", name="Theme:")
    while theme.inner_text() != {"light": "Dark", "dark": "Light"}[scheme]:
        theme.click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != page_colour


def test_by_keyboard(visit):
    page = visit("status")
    expect(page.locator("#view")).to_contain_text("Gateway")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Terminal")
    while not link.evaluate("link => link === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    line = page.get_by_label("Command", exact=True)
    expect(line).to_be_focused()
    page.keyboard.type("gpio_dir")
    expect(page.locator("#syntax")).to_contain_text("gpio_dir <GPIO> <direction> [<level>]")
    line.fill("get wlan.ssid")
    page.keyboard.press("Enter")
    answers = page.get_by_role("log")
    expect(answers).to_contain_text("> get wlan.ssid\nairwire-wpa2")
    line.fill("nonsense")
    page.keyboard.press("Enter")
    expect(answers).to_contain_text("Unknown command")
    expect(line).to_have_value("")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(line).to_have_value("get wlan.ssid")


def test_a_variable_is_edited(visit, site):
    page = visit("settings")
    page.get_by_label("Search all settings").fill("rssi")
    control = page.get_by_label("wlan.rssi_average", exact=True)
    control.fill("99")  # the browser knows the range, and does not let it go out
    page.get_by_role("button", name="Set wlan.rssi_average").click()
    assert not control.evaluate("control => control.validity.valid")
    control.fill("7")
    page.get_by_role("button", name="Set wlan.rssi_average").click()
    expect(page.locator("#view")).to_contain_text("Set. Takes effect at once.")
    assert site.console.ok("get wlan.rssi_average") == "7"

    page.get_by_label("Search all settings").fill("mdns.name")
    page.get_by_label("mdns.name", exact=True).fill("no host name")
    page.get_by_role("button", name="Set mdns.name").click()
    expect(page.locator("#view")).to_contain_text("letters, digits, - and . alone")
    assert site.console.ok("get mdns.name") == "airwire-###"

    expect(page.locator("#unsaved")).to_contain_text("unless they are saved")
    page.locator("#unsaved").get_by_role("button", name="Save").click()
    expect(page.locator("#messages")).to_contain_text("Saved.")
    expect(page.locator("#unsaved")).to_be_empty()
    site.console.ok("set wlan.rssi_average 1")
    site.console.ok("load")
    assert site.console.ok("get wlan.rssi_average") == "7"


def test_files(visit, site, rng, tmp_path):
    """Up, down, and away again."""
    page = visit("files")
    expect(page.locator("#view")).to_contain_text("There are no files.")
    path = tmp_path / "some data.bin"
    path.write_bytes(rng.randbytes(9000))
    page.evaluate(
        """() => {
            window.seen = [];
            const bar = document.querySelector("progress");
            const see = new MutationObserver(() => window.seen.push(bar.value));
            see.observe(bar, { attributes: true });
        }"""
    )
    page.get_by_label("File", exact=True).set_input_files(path)
    expect(page.get_by_label("Name on the module")).to_have_value(path.name)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#view")).to_contain_text("some data.bin is on the module")
    assert any(0 < value < 100 for value in page.evaluate("window.seen")), "no progress was shown"
    assert read(site, "some%20data.bin") == path.read_bytes()

    with page.expect_download() as download:
        page.get_by_role("button", name=f"Download {path.name}").click()
    assert download.value.suggested_filename == path.name
    assert download.value.path().read_bytes() == path.read_bytes()

    page.get_by_role("button", name=f"Delete {path.name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#view")).to_contain_text("There are no files.")


def test_a_page_of_the_user(visit, site):
    """Takes the place of the one that came with the module."""
    name = "views/log.js"
    page = b"export const show = (place) => place.append('All is well.');"
    site.console.ok(f"file_create {name} {len(page)}", page)
    try:
        page = visit("log")
        expect(page.locator("#view")).to_contain_text("All is well.")
    finally:
        site.console.ok(f"file_delete {name}")
    assert gzip.decompress(read(site, name)) == (ROOT / "firmware/web" / name).read_bytes()


def test_the_button_and_the_led(visit, site):
    with Wwep() as server:
        site.console.ok("set wwep.host host.airwire")
        site.console.ok(f"set wwep.port {server.port}")
        site.console.ok(f"set wwep.timeout {PATIENCE}")
        page = visit("wwep")
        page.get_by_label("Write to a server at each press").check()
        lamps = page.locator(".big")
        expect(lamps).to_contain_text("LED dark")
        expect(lamps).to_contain_text("Button released")
        site.board.hold()
        expect(lamps).to_contain_text("Button pressed")
        expect(lamps).to_contain_text("LED lit")
        site.board.release()
        expect(lamps).to_contain_text("Button released")
        site.board.press()
        expect(lamps).to_contain_text("LED dark")
        assert [server.next().message[-1:] for _ in range(2)] == [b"1", b"0"]
        page.get_by_label("Write to a server at each press").uncheck()
        expect(lamps).to_contain_text("The client does not run.")


def test_a_gpio(visit, site):
    page = visit("gpio")
    page.get_by_label("Direction of GPIO 18", exact=True).select_option("output")
    page.get_by_role("button", name="Set direction of GPIO 18").click()
    page.get_by_role("button", name="Switch GPIO 18").click()
    site.board.wait_pin(18, 1)
    row = page.get_by_role("listitem").filter(has_text="GPIO 18")
    expect(row).to_contain_text("high")
    assert not page.evaluate(WIDE)
    page.get_by_label("Direction of GPIO 18", exact=True).select_option("none")
    page.get_by_role("button", name="Set direction of GPIO 18").click()
    expect(page.get_by_role("button", name="Switch GPIO 18")).to_have_count(0)


def test_the_log(visit, site):
    page = visit("log")
    expect(page.get_by_role("log")).to_be_visible()
    assert site.console.run("tcp_client host.airwire 1").code == 1
    expect(page.get_by_role("log")).to_contain_text("[Opening: host.airwire:1]")
    expect(page.get_by_role("log")).to_contain_text("[Open failed]")


def test_a_network_is_joined(visit, site):
    """On a phone; a wrong password costs nothing, and is told as what it is."""
    page = visit("wifi")
    outcome = page.locator(".message")

    def join(ssid, password=""):
        page.get_by_role("button", name=f"Join {ssid}").click()
        dialog = page.get_by_role("dialog")
        if password:
            dialog.get_by_label("Password", exact=True).fill(password)
        dialog.get_by_role("button", name="Join").click()
        expect(outcome).not_to_contain_text("Joining")

    join("airwire-open")
    expect(outcome).to_contain_text("Joined airwire-open. The module's address is 127.")
    assert site.console.ok("get wlan.ssid") == "airwire-open"
    ssid, password = Virtual.wifi
    # What was set for the network before is not for another one.
    (bssid,) = re.findall(r"(\S+) airwire-open\b", site.console.ok("wlan_scan"))
    site.console.ok(f"set wlan.bssid {bssid}")
    site.console.ok("set wlan.security open")
    join(ssid, "wrong horse")
    expect(outcome).to_contain_text("was not joined. Wrong password")
    assert site.console.ok("get wlan.ssid") == "airwire-open"
    assert site.console.ok("get wlan.bssid") == bssid
    assert site.console.ok("get wlan.security") == "open"
    assert site.console.ok("get wlan.network.status") == "2"
    join(ssid, password)
    expect(outcome).to_contain_text(f"Joined {ssid}.")
    assert site.console.ok("get wlan.ssid") == ssid
    assert site.console.ok("get wlan.bssid") == "00:00:00:00:00:00"
    assert site.console.ok("get wlan.security") == "auto"
    # While the module was between two networks it could not be asked.
    visit.complaints[:] = [c for c in visit.complaints if "net::ERR_" not in c]


def test_another_network_is_joined(visit, site):
    """One that is not in the list, by its name: what is wrong costs nothing here either."""
    page = visit("wifi")
    outcome = page.locator(".message")

    def join(ssid, password):
        page.get_by_role("button", name="Other network").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Network", exact=True).fill(ssid)
        dialog.get_by_label("Password", exact=True).fill(password)
        dialog.get_by_role("button", name="Join").click()
        expect(outcome).to_contain_text(f"Joining {ssid}...")
        expect(outcome).not_to_contain_text("Joining")

    ssid, password = Virtual.wifi
    site.console.ok("set wlan.ssid airwire-open")
    site.console.ok("network_up")
    for name, key, why in (
        ("no such net", "", "The network was not found."),
        (HIDDEN[0], "wrong horse", "Wrong password"),
        (ssid, "wrong horse", "Wrong password"),
        ("airwire-open", "needless", "The password is missing, or one was given for an open"),
    ):
        join(name, key)
        expect(outcome).to_contain_text(f"{name} was not joined. {why}")
        assert site.console.ok("get wlan.network.status") == "2"
        assert site.console.ok("get wlan.ssid") == "airwire-open"
    join(*HIDDEN)
    expect(outcome).to_contain_text(f"Joined {HIDDEN[0]}.")
    join(ssid, password)
    expect(outcome).to_contain_text(f"Joined {ssid}.")
    join(ssid, "wrong horse")  # the module is in it
    expect(outcome).to_contain_text(f"{ssid} was not joined. Wrong password")
    assert site.console.ok("get wlan.network.status") == "2"
    visit.complaints[:] = [c for c in visit.complaints if "net::ERR_" not in c]


def test_restart(visit, site):
    """The page finds the module again."""
    site.console.ok("set wlan.auto_join.enabled 1")
    site.console.ok("save")
    boots = site.board.status()["boots"]
    page = visit("system")
    page.get_by_role("button", name="Restart").click()
    page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    expect(page.locator("#view")).to_contain_text("The module is back.")
    assert site.board.status()["boots"] == boots + 1
    visit.complaints[:] = [c for c in visit.complaints if "net::ERR_" not in c]
