"""The bench's own parts: a row over its budget fails, the file has the agreed form, modules come
in the order of their imports. The measurements themselves are `make bench`.
"""

import io
import json

import pytest
from rich.console import Console

from airwire import project
from host_tests.bench import dct_load, dhcp_offer, imports, websocket
from host_tests.bench.rows import Row, publish

WITHIN = Row("live heap", 60_000, "bytes", 65_536, "shims alone", 55_000)
EXACT = Row("loaded .mpy", 28_672, "bytes", 28_672)
OVER = Row("get wlan.ssid", 90_001, "instructions", 90_000, "bare loop", 64_000)
FREE = Row("all .mpy", 40_000, "bytes")


def shown(rows, path):
    out = io.StringIO()
    code = publish(rows, path, Console(file=out, width=120))
    return code, out.getvalue()


def test_rows_within_their_budgets(tmp_path):
    path = tmp_path / "build" / "bench.json"
    code, text = shown([WITHIN, EXACT, FREE], path)
    assert code == 0 and "over budget" not in text
    assert "60,000" in text and "92 %" in text and "55,000" in text
    assert json.loads(path.read_text()) == [
        {
            "name": "live heap",
            "value": 60_000,
            "unit": "bytes",
            "budget": 65_536,
            "peer": "shims alone",
            "peer_value": 55_000,
        },
        {
            "name": "loaded .mpy",
            "value": 28_672,
            "unit": "bytes",
            "budget": 28_672,
            "peer": None,
            "peer_value": None,
        },
        {
            "name": "all .mpy",
            "value": 40_000,
            "unit": "bytes",
            "budget": None,
            "peer": None,
            "peer_value": None,
        },
    ]


@pytest.mark.parametrize("rows", [[OVER], [WITHIN, OVER, FREE]])
def test_a_row_over_its_budget_fails(rows, tmp_path):
    path = tmp_path / "bench.json"
    code, text = shown(rows, path)
    assert code != 0
    assert "over budget: get wlan.ssid: 90,001 instructions, 1 more than 90,000" in text
    assert len(json.loads(path.read_text())) == len(rows)  # written all the same


def test_modules_come_after_what_they_import():
    order = imports.ordered(project.ROOT, ["firmware.console.session", "firmware.device"])
    place = {name: i for i, name in enumerate(order)}
    assert place["firmware"] < place["firmware.version"] < place["firmware.board"]
    assert place["wire"] < place["wire.cmdline"] < place["firmware.console.session"]
    assert place["firmware.commands.index"] < place["firmware.console.registry"]
    assert place["firmware.store.variables"] < place["firmware.device"]
    assert not [name for name in order if name.startswith("firmware.services")]  # on first use


def test_an_offer_of_an_address_allocates_little(interpreters):
    if "i386" in interpreters:  # the bound is of objects of the chip's size
        assert 0 < dhcp_offer.SCRIPT.allocated("ours") <= dhcp_offer.MOST_BYTES


def test_an_identity_is_loaded_with_one_copy_of_it(interpreters):
    if "i386" in interpreters:
        assert 0 < dct_load.allocated() <= dct_load.MOST_BYTES
        # The bound would show a second copy.
        assert dct_load.allocated() + len(dct_load.CHAIN) > dct_load.MOST_BYTES


def test_a_websocket_message_allocates_little(interpreters):
    if "i386" in interpreters:
        for kind in websocket.KINDS:
            assert websocket.SCRIPT.allocated(kind) <= websocket.MOST_BYTES
