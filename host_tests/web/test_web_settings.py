"""The settings of the web app: every variable can be found, read and changed there."""

import re

import pytest
from playwright.sync_api import expect

from airwire import declarations
from host_tests.conftest import ROOT

# What is shown of a password that is set.
HIDDEN = "********"


@pytest.fixture(scope="module")
def variables():
    return declarations.variables(ROOT)


def rows(variable):
    """How many rows a variable has: one for each of a few indices, and one for all GPIOs."""
    kind, _, rest = variable.type.partition(" ")
    choices = rest.split(" ")[0]
    if kind != "index" or choices == "gpio":
        return 1
    return len(choices.replace("-", "|").split("|"))


def seek(page, words):
    page.get_by_label("Search all settings").fill(words)


def test_every_group(visit, variables):
    """Opens, with all its rows. That no page had an error is looked at in the end."""
    page = visit("settings")
    groups = {}
    for variable in variables:
        groups.setdefault(variable.name.split(".")[0], []).append(variable)
    parts = page.locator("details")
    expect(parts).to_have_count(len(groups))
    for part in parts.all():
        part.locator("summary").click()
        name = part.locator("summary").inner_text().split()[0]
        count = sum(rows(variable) for variable in groups.pop(name))
        expect(part.locator(".variable")).to_have_count(count)
    assert not groups


def test_when_they_apply(variables):
    """There are words for each time that a declaration names, and for no other."""
    source = (ROOT / "firmware" / "web" / "views" / "settings.js").read_text()
    (words,) = re.findall(r"^const APPLIES = \{\n(.*?)^\};", source, re.DOTALL | re.MULTILINE)
    named = re.findall(r'^  (\w+): ".+",$', words, re.MULTILINE)
    assert sorted(named) == sorted({variable.applies for variable in variables})


def test_a_variable_of_each_gpio(visit, site):
    site.console.ok("set gpio.alias 18 lamp")
    page = visit("settings")
    seek(page, "alias")
    expect(page.locator(".variable")).to_have_count(1)
    alias = page.get_by_label("gpio.alias", exact=True)
    index = page.get_by_label("GPIO of gpio.alias")
    index.select_option("5")
    expect(alias).to_have_value("")
    alias.fill("relay")
    page.get_by_role("button", name="Set gpio.alias").click()
    expect(page.get_by_text("Set. Takes effect at once.")).to_be_visible()
    assert site.console.ok("get gpio.alias 5") == "relay"
    index.select_option("18")
    expect(alias).to_have_value("lamp")
    index.select_option("5")
    expect(alias).to_have_value("relay")
    site.console.ok('set gpio.alias 5 ""')
    site.console.ok('set gpio.alias 18 ""')


def test_a_secret(visit, site):
    """Typing and deleting leaves it as it is; it is emptied by who wants that."""

    page = visit("settings")
    seek(page, "remote_terminal.password")
    control = page.get_by_label("remote_terminal.password", exact=True)
    button = page.get_by_role("button", name="Set remote_terminal.password")
    expect(button).to_be_disabled()
    control.fill("open sesame")
    button.click()
    expect(page.get_by_text("Set. Takes effect at once.")).to_be_visible()
    expect(control).to_have_value("")
    assert site.console.ok("get remote_terminal.password") == HIDDEN
    control.press("x")
    expect(button).to_be_enabled()
    control.press("Backspace")
    expect(button).to_be_disabled()
    control.press("Enter")

    remove = page.get_by_role("button", name="Remove remote_terminal.password")
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(remove).to_be_enabled()
    assert site.console.ok("get remote_terminal.password") == HIDDEN
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(remove).to_be_enabled()
    assert site.console.ok("get remote_terminal.password") == ""


def test_a_variable_of_each_session(visit, site):
    """Is the host's after the next start: the page says so, and does what it says."""
    before = site.console.ok("get system.cmd.timestamp")
    page = visit("settings")
    seek(page, "system.cmd.timestamp")
    expect(page.locator(".variable")).to_contain_text("in this page's own session")
    page.get_by_label("system.cmd.timestamp", exact=True).select_option("uptime")
    page.get_by_role("button", name="Set system.cmd.timestamp").click()
    words = "Set. Takes effect in the host's console after Save and a restart."
    expect(page.get_by_text(words)).to_be_visible()
    assert site.console.ok("get system.cmd.timestamp") == before != "uptime"
    page.locator("#unsaved").get_by_role("button", name="Save").click()
    expect(page.locator("#messages")).to_contain_text("Saved.")
    page.close()
    site.console.ok("reboot")
    site.board.wait_boot(2)
    site.console.sync()
    assert site.console.ok("get system.cmd.timestamp") == "uptime"
