"""WebSocket with damaged frames: one of the two declared errors or none, the same verdict in any
pieces, and whatever is answered is a frame.

CPython only, as all *_fuzz.py.
"""

import pytest
from websocket_frames import by_hand, client, events, made, server

from wire import websocket
from wire.websocket import BINARY, LAST, NO_CODE, TEXT, LocalError, RemoteError

TEXTS = ("", "a", "h\u00e4llo", "\u20ac" * 50, "\U0001f600" * 9, "x" * 125, "y" * 126, "z" * 300)
SIZES = (0, 1, 125, 126, 127, 300)
CODES = (1000, 1001, 1005, 1006, 1015, 2999, 3000, 4999, 5000)


def frames(rng, masked):
    """Some good frames, most of them; a message in pieces with control frames between them."""

    def frame(first, payload):
        return by_hand(first, payload, masked, key=rng.randbytes(4))

    found = b""
    for _ in range(rng.randrange(1, 4)):
        kind = rng.choice((TEXT, BINARY))
        text = rng.choice(TEXTS).encode()
        payload = text if kind == TEXT else rng.randbytes(rng.choice(SIZES))
        at = rng.randrange(len(payload) + 1)
        found += frame(kind, payload[:at])
        if rng.random() < 0.5:
            found += frame(LAST | rng.choice((9, 10)), rng.randbytes(rng.choice((0, 1, 125))))
        found += frame(LAST, payload[at:])
    if rng.random() < 0.5:
        found += frame(0x88, rng.choice(CODES).to_bytes(2, "big") + rng.choice(TEXTS[:3]).encode())
    return found


def damaged(rng, data):
    """`data` with one to three bytes replaced, removed, inserted or doubled."""
    data = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data) + 1)
        if rng.random() < 0.4:  # heads are where the sense is
            at = min(at, rng.randrange(16))
        way = rng.randrange(4)
        if way == 0:
            data[at : at + 1] = rng.randbytes(1)
        elif way == 1:
            del data[at : at + rng.choice((1, 2, 8))]
        elif way == 2:
            data[at:at] = rng.choice((b"\xff", b"\x80", b"\x00", rng.randbytes(3)))
        else:
            data[at:at] = data[at : at + rng.randrange(1, 20)]
    return bytes(data)


@pytest.mark.parametrize("role", [server, client])
def test_damaged_frames(role, rng, counts):
    refused = 0
    for _ in range(counts(2000, 50_000)):
        data = damaged(rng, frames(rng, role is server))
        socket = role(frame_max=1000, message_max=2000)
        whole = events(socket, data)
        failed = whole[-1:] in ([1002], [1007], [1009])
        assert failed or not any(isinstance(row, int) for row in whole)
        refused += failed
        # What is answered is well formed, and ends with the close where there is one.
        replies = socket.replies()
        answers = events((client if role is server else server)(), replies)
        assert [kind for kind, _ in answers] in ([], [8], [10], [10, 8])
        assert failed <= socket.ended == (answers[-1:] != [] and answers[-1][0] == 8)
        # The same in pieces.
        cut = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(1, 6)))
        again = role(frame_max=1000, message_max=2000)
        assert events(again, data, cut) == whole
        assert again.replies() == replies
        assert (again.code, again.reason, again.ended) == (
            socket.code,
            socket.reason,
            socket.ended,
        )
    assert refused > counts(2000, 50_000) // 4


def test_any_bytes(rng, counts):
    for _ in range(counts(500, 20_000)):
        data = rng.randbytes(rng.randrange(200))
        for role in (server, client):
            found = events(role(), data)
            assert all(isinstance(row, tuple) for row in found[:-1])


def test_any_key(rng, counts):
    good = websocket.key(rng.randbytes(16))
    for _ in range(counts(500, 20_000)):
        try:
            assert len(websocket.accept(damaged(rng, good))) == 28
        except RemoteError as error:
            assert error.code == 1002


def test_any_use(rng, counts):
    """Calls at random, with what is allowed and what is not: LocalError, or a frame that a peer
    reads.
    """
    for _ in range(counts(300, 5000)):
        ours, peer = rng.choice(((server, client), (client, server)))
        ours, peer = ours(), peer()
        sent, refused = b"", 0
        for _ in range(rng.randrange(20)):
            payload = rng.choice((rng.randbytes(rng.choice(SIZES)), rng.choice(TEXTS).encode()))
            try:
                way = rng.random()
                if way < 0.7:
                    sent += made(ours, payload, rng.choice((TEXT, BINARY)) | rng.choice((0, LAST)))
                elif way < 0.9:
                    ours.ping(payload)
                elif way < 0.93:
                    ours.close(rng.choice((*CODES, -1, 1 << 20)), payload)
            except LocalError:
                refused += 1
            sent += ours.replies()
        found = events(peer, sent, sorted(rng.randrange(len(sent) + 1) for _ in range(5)))
        assert all(isinstance(row, tuple) for row in found)
        assert peer.ended == ours.closing and peer.code != NO_CODE
