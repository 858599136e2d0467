"""docs/tls.md has every code that a handshake's error line can have, and no other."""

import re

from airwire.wire import tls_errors
from host_tests.conftest import ROOT


def documented():
    found = set()
    for first, last in re.findall(
        r"^\| (\d{4})(?: to (\d{4}))? \|", (ROOT / "docs/tls.md").read_text(), re.MULTILINE
    ):
        found.update(range(int(first), int(last or first) + 1))
    return found


def test_every_code():
    states = range(16)
    codes = {tls_errors.code(OSError(number), s) for number in range(-0x8000, 0) for s in states}
    texts = (words for words, _ in tls_errors._CHECKS)
    codes |= {tls_errors.code(ValueError(text), 3) for text in (*texts, "", "invalid key")}
    codes -= {tls_errors.NO_MEMORY}  # which the line does not name
    assert codes == documented()
