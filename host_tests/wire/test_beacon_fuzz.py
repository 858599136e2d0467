"""Whatever a network calls itself, the announcement is JSON in UTF-8."""

import json

from hypothesis import given
from hypothesis import strategies as st

from wire import beacon
from wire.utf8 import is_utf8


@given(st.binary(max_size=32) | st.text(max_size=16).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_make_json(data):
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        assert not is_utf8(data)
    else:
        assert is_utf8(data)
    message = beacon.message([(b"ssid", data), (b"rssi", -40)])
    assert json.loads(message.decode()) == {"ssid": text, "rssi": -40}


@given(st.binary(max_size=200))
def test_any_list_chooses_items(text):
    for name in beacon.chosen(text):
        assert name in beacon.ORDER or beacon.pad(name)
