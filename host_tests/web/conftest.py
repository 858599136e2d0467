"""A board that serves the web app, and Chromium in front of it: one of each for a file."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from airwire.board.client import Board
from airwire.image import build
from host_tests.board.console import Console
from host_tests.board.watched import watched
from host_tests.conftest import runnable

PORT = 8080

# Milliseconds: longer than anything here takes, on however slow a machine.
PATIENCE = 60_000

# Nothing that runs by itself, and nothing that a machine of tests need not have.
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1100, "height": 800}


@dataclass
class Site:
    """A board in its network, its console for a program, and the address of its pages."""

    board: Board
    console: Console
    address: str


@pytest.fixture(scope="session")
def flash_image(tmp_path_factory):
    """The image that `make image` builds."""
    path = tmp_path_factory.mktemp("web") / "flash.bin"
    path.write_bytes(build.build_image())
    return path


@pytest.fixture(scope="module")
def site(flash_image, interpreters) -> Iterator[Site]:
    """A board that has neither crashed nor logged a fault when all tests are done."""
    runnable("amd64", interpreters)  # heaps have tests of their own
    with watched(flash_image, "amd64") as virtual:
        console = virtual.machine()
        virtual.join(console)
        virtual.configure(console, http_server_port=PORT, http_server_enabled=1)
        yield Site(virtual.board, console, f"http://{console.ok('get network.ip')}:{PORT}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    assert program, "no chromium: make programs"
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        yield playwright.chromium.launch(executable_path=program, args=ARGUMENTS)


@pytest.fixture
def visit(site, browser) -> Iterator[Callable[..., Page]]:
    """visit(view, **context): a page of a browser that was never here, on a phone unless told.

    In the end it has had nothing to complain of, has asked nobody but the module, and never for
    more than two things at a time.
    """
    contexts = []
    complaints: list[str] = []
    asked = set()
    most = 0

    def start(request) -> None:
        nonlocal most
        if not request.url.startswith(site.address):
            complaints.append(f"asked for {request.url}")
            return
        if not request.is_navigation_request():  # when a page's parts are asked for, it is there
            asked.add(request)
            most = max(most, len(asked))

    def end(request) -> None:
        asked.discard(request)

    def read(line) -> None:
        # A browser asks for an icon by itself where a page has none.
        if line.type == "error" and not line.location["url"].endswith("/favicon.ico"):
            complaints.append(line.text)

    def visit(view: str, **context) -> Page:
        contexts.append(browser.new_context(**{"viewport": PHONE} | context))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", read)
        page.on("request", start)
        page.on("requestfinished", end)
        page.on("requestfailed", end)
        page.goto(f"{site.address}/#{view}")
        return page

    visit.complaints = complaints
    yield visit
    for context in contexts:
        context.close()
    assert not complaints
    assert most <= 2
