"""WWEP under hypothesis: whatever a peer sends raises RequestError or nothing."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from wire import wwep, wwep_db

DEVICE = st.integers(0, 0xFFFF)
REGISTER = st.integers(0, 0xFF)
VALUE = st.integers(0, 0xFFFF)
WRITES = st.builds(lambda d, r, v: b"W%04X%02X%04X" % (d, r, v), DEVICE, REGISTER, VALUE)
READS = st.builds(lambda d, r: b"R%04x%02x" % (d, r), DEVICE, REGISTER)


@st.composite
def damaged(draw, messages):
    """A good message with a few bytes replaced, removed or inserted."""
    data = bytearray(draw(messages))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(data)


MESSAGES = st.one_of(
    st.binary(max_size=64),
    damaged(st.one_of(WRITES, READS)),
    st.text("WRXA0123456789abcdefABCDEF\n\0 ", max_size=24).map(str.encode),
)

# The protocol's description once more, as patterns.
STRICT = re.compile(rb"(?:W[0-9A-Fa-f]{10}|R[0-9A-Fa-f]{6})\n?\Z")
TOLERANT = re.compile(rb"(?:W[0-9A-Fa-f]{10}|R[0-9A-Fa-f]{6})\n?(?:\0.*)?\Z", re.DOTALL)
ACCEPT = re.compile(rb"A[0-9A-Fa-f]{10}(?:\n|\0.{0,8})?\Z", re.DOTALL)


@given(MESSAGES, st.booleans())
@example(b"W0FAC0B1234\n\n", False)
@example(b"W0FAC0B1234\0" + b"a" * 8, True)
@example(b"W0FAC0B1234\0" + b"a" * 9, True)
def test_a_request_is_taken_exactly_when_the_protocol_says_so(data, tolerant):
    allowed = len(data) <= 20 and TOLERANT.match(data) if tolerant else STRICT.match(data)
    try:
        command, device, register, value = wwep.parse_request(data, tolerant)
    except wwep.RequestError as error:
        assert not allowed
        assert error.reason in (wwep.BAD_LENGTH, wwep.BAD_COMMAND, wwep.BAD_CHARACTER)
    else:
        assert allowed
        text = b"%s%04X%02X" % (command, device, register)
        text += b"" if value is None else b"%04X" % value
        assert data.upper().startswith(text)


@given(DEVICE, REGISTER, VALUE, st.booleans())
def test_what_we_write_we_read(device, register, value, tolerant):
    write = wwep.write_request(device, register, value)
    assert len(write) == wwep.WRITE_SIZE
    assert wwep.parse_request(write, tolerant) == (b"W", device, register, value)
    read = wwep.read_request(device, register)
    assert len(read) == wwep.READ_SIZE
    assert wwep.parse_request(read, tolerant) == (b"R", device, register, None)
    reply = wwep.accepted(device, register, value)
    assert wwep.parse_reply(reply) == (wwep.ACCEPTED, device, register, value)


@given(
    st.one_of(
        st.binary(max_size=100),
        damaged(st.one_of(WRITES.map(lambda w: b"A" + w[1:]), st.just(b"X Not Found"))),
        st.binary(max_size=80).map(lambda tail: b"X" + tail),
        st.binary(max_size=12).map(lambda tail: b"A0FAC050001" + tail),
    ),
    st.booleans(),
)
def test_a_reply_is_sorted_as_the_protocol_says(data, closed):
    found = wwep.parse_reply(data, closed)
    if ACCEPT.match(data):
        assert found[0] == wwep.ACCEPTED
        assert b"A%04X%02X%04X" % found[1:] == data[:11].upper()
    elif data[:1] == b"X" and len(data) <= wwep.X_MAX:
        assert found is None if not closed else found[0] == wwep.REFUSED
        assert not closed or all(32 <= c < 127 for c in found[1])
    elif found is None:
        assert not closed
        assert not data or re.match(rb"A[0-9A-Fa-f]{0,9}\Z", data)
    else:
        assert found == (wwep.MALFORMED, data[: wwep.X_MAX + 1])


@given(st.lists(MESSAGES, max_size=30), st.booleans(), st.booleans(), st.integers(0, 5))
def test_a_server_answers_anything_and_agrees_with_a_plain_dict(
    messages, tolerant, reasons, pairs
):
    database = wwep_db.Database(pairs)
    model = {}
    for data in messages:
        reply = wwep_db.answer(database, data, tolerant, reasons)
        assert 1 <= len(reply) <= wwep.X_MAX
        assert wwep.parse_reply(reply, True)[0] in (wwep.ACCEPTED, wwep.REFUSED)
        assert reasons or len(reply) in (1, 11)
        text = data.split(b"\0")[0] if tolerant else data
        if len(data) <= 20 and STRICT.match(text):
            key = text[1:7].upper()
            if text[:1] == b"W" and (key in model or len(model) < pairs):
                model[key] = text[7:11].upper()
                assert reply == b"A" + key + model[key]
            elif text[:1] == b"R" and key in model:
                assert reply == b"A" + key + model[key]
            else:
                assert reply[:1] == b"X"
        else:
            assert reply[:1] == b"X"
    assert {b"%04X%02X" % (d, r): b"%04X" % v for d, r, v in database.items()} == model
