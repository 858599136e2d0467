"""Takes the pictures of the web app for docs/images/, in a browser in front of a virtual board.

    .venv/bin/python tools/web_picture.py

Needs the packages of the tests and Chromium (`make programs`).
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from airwire.image import build  # noqa: E402
from host_tests.board.backends import Virtual  # noqa: E402 - found by the line above
from host_tests.web.conftest import ARGUMENTS, DESKTOP, PHONE, PORT  # noqa: E402

PICTURES = ROOT / "docs/images"
# View, words that are there when it is complete, colours, screen.
SHOTS = {
    "web-status": ("status", "Streams open", "light", DESKTOP | {"height": 620}),
    "web-wifi": ("wifi", "airwire-weak", "dark", PHONE | {"height": 620}),
}


def take(browser: Browser, address: str) -> None:
    for name, (view, words, scheme, viewport) in SHOTS.items():
        page = browser.new_page(color_scheme=scheme, viewport=viewport)
        page.goto(f"{address}/#{view}")
        page.get_by_text(words).wait_for()
        path = PICTURES / f"{name}.png"
        page.screenshot(path=path)
        page.close()
        print(f"docs/images/{path.name}: {path.stat().st_size} bytes")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        image = Path(folder) / "flash.bin"
        image.write_bytes(build.build_image())
        board = Virtual(image, "amd64")
        try:
            console = board.machine()
            board.join(console)
            board.configure(console, http_server_port=PORT, http_server_enabled=1)
            address = f"http://{console.ok('get network.ip')}:{PORT}"
            program = shutil.which("chromium")
            take(playwright.chromium.launch(executable_path=program, args=ARGUMENTS), address)
        finally:
            board.down()
            board.remove()


if __name__ == "__main__":
    main()
