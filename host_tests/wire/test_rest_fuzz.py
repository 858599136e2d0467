"""The messages of REST against CPython's json and base64."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import rest, rest_request
from wire.http_head import RemoteError

# What a message may leave out, and in which order it comes, is the client's.
MESSAGES = st.fixed_dictionaries(
    {"command": st.text().filter(lambda text: not set(text) & {"\r", "\n"})},
    optional={"data": st.text(), "more": st.one_of(st.none(), st.booleans(), st.floats(0, 1))},
)


def read(body):
    """(flags, command, data) of a message."""
    body = bytearray(body)
    flags, line, start, end = rest_request.parse(body)
    return flags, line, bytes(body[start:end])


@given(MESSAGES, st.booleans(), st.booleans())
def test_messages(message, ascii_alone, spread):
    body = json.dumps(message, ensure_ascii=ascii_alone, indent=2 if spread else None)
    wanted = 0, message["command"].encode(), message.get("data", "").encode()
    assert read(body.encode()) == wanted


@given(st.binary(), st.binary(), st.integers(0, 7))
def test_base64(command, data, flags):
    if set(command) & set(b"\r\n"):
        return
    message = {"flags": flags, "command": "a", "data": "b"}
    wanted = [flags, b"a", b"b"]
    if flags & 1:
        message["command"] = base64.b64encode(command).decode()
        wanted[1] = command
    if flags & 4:
        message["data"] = base64.b64encode(data).decode()
        wanted[2] = data
    assert read(json.dumps(message).encode()) == tuple(wanted)


@given(st.binary())
def test_any_bytes(body):
    """What is no message raises what is declared, and nothing else."""
    try:
        read(body)
    except RemoteError as error:
        assert error.status == 400


@given(st.text())
def test_text_in_an_answer(text):
    answer = rest.head(7, 1, 0) + rest.escaped(text.encode()) + rest.TAIL
    assert json.loads(answer) == {"id": 7, "code": 1, "flags": 0, "response": text}


@given(st.binary())
def test_bytes_in_an_answer(data):
    """It is JSON whatever comes, and what is no text is known by its numbers."""
    text = json.loads(b'"' + rest.escaped(data) + b'"')
    if not any(0x80 <= ord(c) <= 0xFF for c in text):
        assert text.encode() == data
    assert base64.b64decode(rest.encoded(data)) == data


@given(st.text(), st.integers(1, 7))
def test_an_answer_in_pieces(text, size):
    """Characters that end in the next piece wait for it."""
    data = text.encode()
    held = found = b""
    for at in range(0, len(data), size):
        held += data[at : at + size]
        end = len(held) - rest.unfinished(held)
        found += rest.escaped(held[:end])
        held = held[end:]
    assert json.loads(b'"' + found + rest.escaped(held) + b'"') == text


BAD = (b"", b"[]", b"{", b'{"command":}', b'{"command":"a"}x', b'{"command":"a",}', b'{"a":[]}')


@pytest.mark.parametrize("body", BAD)
def test_what_is_no_message(body):
    with pytest.raises(RemoteError):
        read(body)
