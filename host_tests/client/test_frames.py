"""The parser of machine mode: every frame, however it is split, whatever stands around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airwire.client.frames import (
    MAX_PAYLOAD,
    FrameParser,
    Log,
    Reply,
    SafeModeReply,
    Skipped,
)

SET_OK = b"R000008\r\nSet OK\r\n"


def frame(event):
    """What the firmware writes for an event (console/session.py)."""
    if isinstance(event, Skipped):
        return event.data
    if isinstance(event, Log):
        return b"L0%05d\r\n%s\r\n" % (len(event.text) + 2, event.text)
    letter = b"S" if isinstance(event, SafeModeReply) else b"R"
    if not event.payload:
        return b"%s%d00000\r\n" % (letter, event.code)
    return b"%s%d%05d\r\n%s\r\n" % (letter, event.code, len(event.payload) + 2, event.payload)


def parse(*pieces, parser=None):
    """The events of bytes that come in these pieces."""
    parser = parser or FrameParser()
    found = []
    for piece in pieces:
        parser.feed(piece)
        found += parser.events()
    return found


def joined(events):
    """The same with each stretch of skipped bytes in one event."""
    out = []
    for event in events:
        if isinstance(event, Skipped) and out and isinstance(out[-1], Skipped):
            event = Skipped(out.pop().data + event.data)
        out.append(event)
    return out


# Payloads with what looks like frames inside, ends like frames, and anything.
payloads = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from([b"\r\n", b"R", b"000", b"00002", SET_OK, b"L0", b"x"])).map(
        b"".join
    ),
)
replies = st.builds(Reply, st.integers(0, 9), payloads)
events = st.one_of(
    replies, st.builds(SafeModeReply, st.integers(0, 9), payloads), st.builds(Log, payloads)
)
# What the line carries besides frames, without a whole header in it.
garbage = st.one_of(
    st.binary(max_size=80).filter(lambda data: not set(b"RSL") & set(data)),
    st.sampled_from(
        [
            b"ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n",
            b"\r\n> get wlan\r\nwlan.ssid: RRR\r\n> ",
            b"R0000",
            b"R0000080\r\n",
            b"L100008\r\n",
            b"[Ready]\r\n",
            b"RSLRSL",
            b"\xff\x00\xff",
        ]
    ),
)


def cuts(data):
    return st.lists(st.integers(0, len(data)), max_size=8).map(
        lambda at: [data[a:b] for a, b in zip([0, *sorted(at)], [*sorted(at), None], strict=True)]
    )


@pytest.mark.parametrize(
    "data, event",
    [
        (b"R000008\r\nSet OK\r\n", Reply(0, b"Set OK")),
        (b"R000009\r\nSuccess\r\n", Reply(0, b"Success")),
        (b"R000003\r\n0\r\n", Reply(0, b"0")),
        (b"R100016\r\nCommand failed\r\n", Reply(1, b"Command failed")),
        (b"R000000\r\n", Reply(0, b"")),
        (b"R000002\r\n\r\n", Reply(0, b"")),
        (b"L000014\r\nFile deleted\r\n", Log(b"File deleted")),
        (b"S300017\r\nUnknown command\r\n", SafeModeReply(3, b"Unknown command")),
        # Data that end with a line end keep it: only the one that was added is taken off.
        (b"R000007\r\nabc\r\n\r\n", Reply(0, b"abc\r\n")),
        (b"R000006\r\n\r\n\r\n\r\n", Reply(0, b"\r\n\r\n")),
    ],
)
def test_the_frames_of_the_spec(data, event):
    assert parse(data) == [event]
    assert parse(*(bytes((byte,)) for byte in data)) == [event]
    for cut in range(len(data)):
        assert parse(data[:cut]) == []
        assert parse(data[:cut], data[cut:]) == [event]
    assert parse(data + b"R0000") == [event]  # what begins the next frame is left alone


@given(st.lists(events, max_size=6), st.data())
def test_any_frames_in_any_pieces(wanted, data):
    stream = b"".join(map(frame, wanted))
    parser = FrameParser()
    assert parse(*data.draw(cuts(stream)), parser=parser) == wanted
    assert not parser.pending


@given(garbage, st.lists(events, min_size=1, max_size=4), garbage, st.data())
def test_garbage_around_frames(before, wanted, after, data):
    stream = before + b"".join(map(frame, wanted)) + after
    parser = FrameParser()
    found = parse(*data.draw(cuts(stream)), parser=parser)
    found = joined([*found, *parser.give_up()])
    expected = [Skipped(before)] * bool(before) + wanted + [Skipped(after)] * bool(after)
    assert found == expected
    assert not parser.pending


def same(data):
    """The bytes, with one way of writing an empty payload for both."""
    return data.replace(b"00002\r\n\r\n", b"00000\r\n")


mixtures = st.lists(
    st.one_of(st.binary(max_size=40), events.map(frame), garbage, st.just(b"R000040\r\n")),
    max_size=8,
).map(b"".join)


@given(mixtures, st.data())
def test_nothing_is_lost_or_invented(stream, data):
    """Whatever comes is in the events, in order, and nothing raises."""
    parser = FrameParser()
    found = parse(*data.draw(cuts(stream)), parser=parser)
    found += parser.give_up()
    assert same(b"".join(map(frame, found))) == same(stream)
    assert not parser.pending


@given(st.lists(replies, min_size=2, max_size=5), st.data())
def test_a_lost_byte_costs_one_frame(wanted, data):
    frames = [frame(Reply(reply.code, reply.payload.replace(b"R", b"_"))) for reply in wanted]
    at = data.draw(st.integers(0, len(frames[0]) - 1))
    broken = frames[0][:at] + frames[0][at + 1 :]
    parser = FrameParser()
    found = parse(broken, *frames[1:], parser=parser)
    found += parser.give_up()
    got = [event for event in found if isinstance(event, Reply)]
    assert got[-len(frames) + 1 :] == [
        Reply(reply.code, reply.payload.replace(b"R", b"_")) for reply in wanted[1:]
    ]


def test_a_false_header_holds_up_no_longer_than_until_it_is_given_up():
    parser = FrameParser()
    assert parse(b"xR099999\r\n" + SET_OK, parser=parser) == [Skipped(b"x")]
    assert parser.pending == 9 + len(SET_OK)
    assert joined(parser.give_up()) == [Skipped(b"R099999\r\n"), Reply(0, b"Set OK")]
    assert parse(SET_OK, parser=parser) == [Reply(0, b"Set OK")]


def test_the_buffer_is_bounded():
    parser = FrameParser()
    piece = bytes(1000)
    parse(b"R099999\r\n", parser=parser)
    for _ in range(300):
        parse(piece, parser=parser)
        assert parser.pending <= MAX_PAYLOAD + 9
    assert parser.pending == 0
    # A payload of the longest length is a frame like any other.
    longest = Reply(0, b"\0" * (MAX_PAYLOAD - 2))
    assert parse(frame(longest), parser=parser) == [longest]


def test_many_false_headers_take_linear_time():
    """Headers that all announce much, so that none can be refused at once: 2 MB in pieces."""
    parser = FrameParser()
    headers = b"R090000\r\n" * 1000
    for _ in range(222):
        parse(headers, parser=parser)
    assert parser.pending <= MAX_PAYLOAD + 9
