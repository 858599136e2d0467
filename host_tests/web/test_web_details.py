"""What the views of the web app tell where something is unusual: empty lists, odd names, ends."""

import socket

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
