"""What the views of the web app tell where something is unusual: empty lists, odd names, ends."""

import re
import socket
from itertools import zip_longest

import pytest
from playwright.sync_api import expect

from host_tests import wwep_vectors
from host_tests.board import peers


def test_registers(visit, site):
    """Of the WWEP server: none, and one."""
    port = int(site.console.ok("get wwep.server.port"))
    page = visit("wwep")
    serve = page.get_by_label("Keep registers for others")
    serve.check()
    expect(page.locator("#view")).to_contain_text("No register was written yet.")
    address = site.console.ok("get network.ip")
    with socket.create_connection((address, port), peers.WAIT) as connection:
        assert wwep_vectors.send(connection, (b"W0FAC0B1234",)) == b"A0FAC0B1234"
    rows = page.locator(".row")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Device 0FAC")
    expect(rows).to_contain_text("register 0B = 1234")
    serve.uncheck()
    expect(page.locator("#view")).to_contain_text("The server is not running")


# Names of files that a listing could get wrong.
NAMES = [" lead", "  two  blanks ", "a\u2028b"]


def test_names_with_blanks(visit, site):
    for name in NAMES:
        site.console.ok(f'file_create "{name}" 5', b"hello")
    page = visit("files")
    titles = page.locator(".title")
    expect(titles).to_have_count(len(NAMES))
    assert sorted(titles.all_text_contents()) == sorted(NAMES)
    blanks = titles.evaluate_all("all => all.map((title) => getComputedStyle(title).whiteSpace)")
    assert set(blanks) == {"pre-wrap"}
    rows = page.locator(".row")
    for left in reversed(range(len(NAMES))):
        with page.expect_download() as download:
            rows.first.get_by_role("button", name="Download").click()
        assert download.value.path().read_bytes() == b"hello"
        rows.first.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(rows).to_have_count(left)
    assert site.console.ok("ls").count("\n") == 0


def test_the_end_of_a_stream(visit, site):
    """Told as such; and one that was refused says where the reason is."""
    page = visit("streams")
    with peers.Peer() as peer:
        peer.serve = peers.say(b"Good bye.\n")
        page.get_by_label("Host").fill("host.airwire")
        page.get_by_label("Port").fill(str(peer.port))
        page.get_by_role("button", name="Open", exact=True).click()
        output = page.get_by_role("log")
        expect(output).to_have_text("Good bye.\nClosed.\n")
        expect(page.get_by_role("button", name="Send")).to_be_disabled()
        expect(page.locator("#view")).to_contain_text("No stream is open.")
    page.get_by_label("Port").fill("1")
    page.get_by_role("button", name="Open", exact=True).click()
    said = page.locator(".message")
    expect(said).to_contain_text("Not opened: Command failed. The log says why.")
    # The reason is left for the log's readers.
    assert "[Open failed]" in page.evaluate(
        """async () => {
            const { Airwire } = await import("/airwire.js");
            return (await new Airwire().log()).join();
        }"""
    )


def test_a_direction_by_keyboard(visit, site):
    """Is carried out when it was chosen, and none on the way there; the focus stays."""
    page = visit("gpio")
    direction = page.get_by_label("Direction of GPIO 25", exact=True)
    direction.focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    expect(direction).to_have_value("output")
    expect(direction).to_be_focused()
    # Another's change draws all anew: what was chosen here stays, and so does the focus.
    site.console.ok("gpio_dir 26 output")
    expect(page.get_by_role("button", name="Switch GPIO 26")).to_be_visible()
    expect(direction).to_have_value("output")
    expect(direction).to_be_focused()
    assert "# 25 " not in site.console.ok("get gpio.usage")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Set direction of GPIO 25")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Switch GPIO 25")).to_be_visible()
    expect(direction).to_be_focused()
    assert "# 25 GPIO output" in site.console.ok("get gpio.usage")
    direction.press("Home")
    expect(page.get_by_role("button", name="Switch GPIO 25")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Set direction of GPIO 25")).to_be_hidden()
    expect(direction).to_be_focused()
    assert "# 25 " not in site.console.ok("get gpio.usage")
    site.console.ok("gpio_dir 26 none")


def test_files_by_keyboard(visit, site):
    """The focus is on what takes the place of a file that was deleted."""
    for name in ("a", "b"):
        site.console.ok(f"file_create {name} 5", b"hello")
    page = visit("files")

    def delete(name):
        page.get_by_role("button", name=f"Delete {name}", exact=True).focus()
        page.keyboard.press("Enter")
        button = page.get_by_role("dialog").get_by_role("button", name="Delete")
        button.focus()
        page.keyboard.press("Enter")

    delete("b")
    expect(page.get_by_role("button", name="Download a", exact=True)).to_be_focused()
    delete("a")
    expect(page.get_by_role("region", name="On the module")).to_be_focused()


@pytest.mark.parametrize("lost", [r"/command$", r"/views/files\.js|/command$"])
def test_a_view_that_does_not_come(visit, site, lost):
    """Or one whose first question was lost: it comes by itself when the module answers again."""
    page = visit("log")
    expect(page.get_by_role("log")).to_be_visible()
    page.route(re.compile(lost), lambda route: route.abort())
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Files").click()
    said = page.locator(".message")
    expect(said).to_contain_text("The module does not answer. This view opens when it does.")
    expect(page.locator("#reach")).to_have_text("No answer")
    page.unroute(re.compile(lost))
    expect(page.locator("#view")).to_contain_text("There are no files.")
    expect(page.get_by_role("heading", name="On the module")).to_have_count(1)
    expect(said).to_have_count(0)
    expect(page.locator("#reach")).to_have_text("Connected")
    visit.complaints[:] = [c for c in visit.complaints if "net::ERR_" not in c]


def test_the_log_tells_whether_the_module_answers(visit, site):
    """Also as the first view."""
    page = visit("log")
    reach = page.locator("#reach")
    expect(reach).to_have_text("Connected")
    page.route(re.compile(r"/log$"), lambda route: route.abort())
    expect(reach).to_have_text("No answer")
    page.unroute(re.compile(r"/log$"))
    expect(reach).to_have_text("Connected")
    visit.complaints[:] = [c for c in visit.complaints if "net::ERR_" not in c]


def test_a_view_that_is_wrong(visit, site):
    """One of the user's: what is wrong with it is told, and it is not opened again."""
    name, page = "views/log.js", b"export const show = () => nonsense();"
    site.console.ok(f"file_create {name} {len(page)}", page)
    try:
        page = visit("log")
        expect(page.locator(".message")).to_contain_text("nonsense is not defined")
    finally:
        site.console.ok(f"file_delete {name}")


# Lines that may hold a password, as a console sees it, and others. Each is wrong and does nothing.
SECRETS = [
    "set wlan.passkey correct horse",
    "set wl p correct horse",
    'set "http.server.password"   correct horse',
    "nve wifi net 000000000000 1 4 correct_horse",
    "nonsense http://me:correct_horse@host.airwire/",
]
KEPT = ["set wlan.passkey", "set wlan.ssid wlan.passkey net", "nonsense network_verify x", "nve"]


def test_passwords_in_the_terminal(visit, site):
    """Are not kept for the up key."""
    page = visit("terminal")
    line = page.get_by_label("Command", exact=True)
    expect(line).to_be_focused()
    for text in [text for both in zip_longest(KEPT, SECRETS) for text in both if text]:
        line.fill(text)
        line.press("Enter")
        expect(page.get_by_role("log")).to_contain_text(f"> {text}\n")
        expect(page.locator("[aria-busy]")).to_have_count(0)
    for text in [*reversed(KEPT), KEPT[0]]:
        line.press("ArrowUp")
        expect(line).to_have_value(text)


def test_a_restart_by_the_terminal(visit, site):
    """Ends what was not saved, as `load` does. The last test here: the module is off its network
    afterwards.
    """
    site.console.ok("save")
    boots = site.board.status()["boots"]
    page = visit("terminal")
    line = page.get_by_label("Command", exact=True)
    unsaved = page.locator("#unsaved")
    expect(line).to_be_focused()

    def run(text):
        line.fill(text)
        line.press("Enter")
        expect(page.get_by_role("log")).to_contain_text(f"> {text}\n")
        expect(page.locator("[aria-busy]")).to_have_count(0)

    run("set nonsense 1")
    expect(unsaved).to_be_empty()
    for end in ("load", "save", "reboot"):
        run("set wl r a 2")
        expect(unsaved).to_contain_text("unless they are saved")
        run(end)
        expect(unsaved).to_be_empty()
    site.board.wait_boot(boots + 1)
