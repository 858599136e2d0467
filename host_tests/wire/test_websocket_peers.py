"""WebSocket against the package `websockets`, in both roles: what one sends the other reads, and
what one refuses the other refuses with the same code.

CPython only, as all *_peers.py.
"""

import pytest
from websocket_frames import KEY, by_hand, client, events, made, server
from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.frames import Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from airwire.image import bytecode
from host_tests.conftest import LIB
from wire import websocket
from wire.websocket import BINARY, CLOSE, LAST, NO_CODE, PING, PONG, TEXT

TEXTS = ("", "plain", "h\u00e4 \u20ac \U0001f600", "x" * 125, "y" * 126, "\u20ac" * 30_000)
SIZES = (0, 1, 2, 3, 125, 126, 127, 1000, 65535, 65536)
MANY_CUTS = 9

# Ours, and theirs for it.
SERVER = (server, lambda: ClientProtocol(parse_uri("ws://a/b"), state=State.OPEN))
CLIENT = (client, lambda: ServerProtocol(state=State.OPEN))


@pytest.fixture(params=[SERVER, CLIENT], ids=["our-server", "our-client"])
def ends(request):
    ours, theirs = request.param
    return ours(), theirs()


def cuts(rng, data):
    """Offsets at which `data` is cut, none to a few."""
    return sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(MANY_CUTS)))


def fragments(rng, data):
    cut = cuts(rng, data)
    return [data[at:end] for at, end in zip([0, *cut], [*cut, len(data)], strict=True)]


def message(rng):
    if rng.random() < 0.5:
        return TEXT, rng.choice(TEXTS).encode()
    return BINARY, rng.randbytes(rng.choice(SIZES))


def test_handshake(rng):
    theirs = ClientProtocol(parse_uri("ws://module.local/stream"))
    request = theirs.connect()
    headers = Headers(Upgrade="websocket", Connection="Upgrade")
    accept = websocket.accept(request.headers["Sec-WebSocket-Key"].encode())
    headers["Sec-WebSocket-Accept"] = accept.decode()
    theirs.send_request(request)
    theirs.receive_data(Response(101, "Switching Protocols", headers).serialize())
    theirs.events_received()
    assert theirs.handshake_exc is None and theirs.state is State.OPEN

    request.headers["Sec-WebSocket-Key"] = ""
    del request.headers["Sec-WebSocket-Key"]
    key = websocket.key(rng.randbytes(16))
    request.headers["Sec-WebSocket-Key"] = key.decode()
    response = ServerProtocol().accept(request)
    assert response.status_code == 101
    assert response.headers["Sec-WebSocket-Accept"].encode() == websocket.accept(key)


def test_they_read_what_we_send(ends, rng, counts):
    ours, theirs = ends
    for _ in range(counts(30, 1000)):
        kind, data = message(rng)
        payloads = fragments(rng, data)
        sent = b"".join(made(ours, payload, kind) for payload in payloads[:-1])
        theirs.receive_data(sent + made(ours, payloads[-1], kind | LAST))
        assert theirs.parser_exc is None
        found = theirs.events_received()
        assert [bytes(frame.data) for frame in found] == payloads
        assert found[0].opcode == kind and found[-1].fin
    ours.ping(b"there?")
    theirs.receive_data(ours.replies())
    assert events(ours, b"".join(theirs.data_to_send())) == [(PONG, b"there?")]
    ours.close(4321, b"enough \xe2\x82\xac")
    theirs.receive_data(ours.replies())
    assert (theirs.close_rcvd.code, theirs.close_rcvd.reason) == (4321, "enough \u20ac")
    assert events(ours, b"".join(theirs.data_to_send()))[-1][0] == CLOSE
    assert ours.code == 4321


def test_we_read_what_they_send(ends, rng, counts):
    ours, theirs = ends
    for _ in range(counts(30, 1000)):
        kind, data = message(rng)
        payloads = fragments(rng, data)
        pings = []
        for number, payload in enumerate(payloads):
            last = number == len(payloads) - 1
            if number:
                theirs.send_continuation(payload, fin=last)
            elif kind == TEXT:
                theirs.send_text(payload, fin=last)
            else:
                theirs.send_binary(payload, fin=last)
            if rng.random() < 0.3:
                pings.append((PING, b"%d" % number))
                theirs.send_ping(pings[-1][1])
        sent = b"".join(theirs.data_to_send())
        found = events(ours, sent, cuts(rng, sent))
        assert [row for row in found if row[0] != PING] == [(kind, data)]
        assert [row for row in found if row[0] == PING] == pings
        theirs.receive_data(ours.replies())
        answered = theirs.events_received()
        assert [frame.opcode for frame in answered] == [Opcode.PONG] * bool(pings)
    theirs.send_close(1001, "so long")
    assert events(ours, b"".join(theirs.data_to_send()))[-1][0] == CLOSE
    assert (ours.code, ours.reason) == (1001, b"so long")
    theirs.receive_data(ours.replies())
    assert theirs.close_rcvd.code == 1001


def test_a_close_without_a_code(ends):
    ours, theirs = ends
    theirs.send_close()
    assert events(ours, b"".join(theirs.data_to_send())) == [(CLOSE, b"")]
    assert ours.code == NO_CODE
    theirs.receive_data(ours.replies())
    assert theirs.close_rcvd.code == NO_CODE


# By whom a frame comes, its first byte, its payload.
BAD = [
    (0x80, b"no beginning"),
    (0x83, b""),
    (0x8B, b""),
    (0xC1, b"reserved"),
    (0xA2, b"reserved"),
    (0x91, b"reserved"),
    (0x09, b"in pieces"),
    (0x89, b"too long".ljust(126)),
    (0x88, b"\x03"),
    (0x88, b"\x03\xed"),
    (0x88, b"\x03\xee"),
    (0x88, b"\x03\xf7"),
    (0x88, b"\x0b\xb7"),
    (0x88, b"\x13\x88"),
    (0x88, b"\x03\xe8\xff"),
    (0x81, b"\xff"),
    (0x81, b"\xed\xa0\x80"),
    (0x81, b"\xe2\x82"),
]


@pytest.mark.parametrize("first, payload", BAD)
def test_both_refuse_with_the_same_code(first, payload):
    refuses = server()
    (code,) = events(refuses, by_hand(first, payload))
    theirs = ServerProtocol(state=State.OPEN)
    theirs.receive_data(by_hand(first, payload))
    if theirs.parser_exc is None:
        # Of texts they leave the check to who puts the fragments together.
        assert first == 0x81 and code == 1007
        with pytest.raises(UnicodeDecodeError):
            payload.decode()
    else:
        assert theirs.close_sent.code == code
    # What we say of it they read.
    reader = ClientProtocol(parse_uri("ws://a/b"), state=State.OPEN)
    reader.receive_data(refuses.replies())
    assert reader.parser_exc is None and reader.close_rcvd.code == code


@pytest.mark.parametrize("ours, masked", [(server, False), (client, True)])
def test_both_refuse_the_other_mask(ours, masked):
    frame = by_hand(0x82, b"abc", masked, key=KEY)
    assert events(ours(), frame) == [1002]
    theirs = (SERVER if ours is client else CLIENT)[1]()
    theirs.receive_data(frame)
    assert theirs.close_sent.code == 1002


# Machine code


def test_it_ships_as_source():
    assert bytecode.needs_source((LIB / "wire" / "websocket_fast.py").read_bytes())
    assert not bytecode.needs_source((LIB / "wire" / "websocket.py").read_bytes())


def test_the_pure_one_takes_its_place(micropython, tmp_path):
    """An interpreter without the native emitter refuses the decorator with a SyntaxError."""
    folder = tmp_path / "wire"
    folder.mkdir()
    for name in ("__init__", "websocket", "websocket_plain", "websocket_fast"):
        source = (LIB / "wire" / f"{name}.py").read_text()
        assert ("@micropython.viper" in source) == (name == "websocket_fast")
        (folder / f"{name}.py").write_text(source.replace("micropython.viper", "micropython.none"))
    words = (
        "from wire import websocket, websocket_plain as plain; "
        "print(websocket.mask is plain.mask, websocket.utf8 is plain.utf8)"
    )
    done = micropython("-c", words, cwd=tmp_path, path=(tmp_path,))
    assert done.stdout == "True True\n", done.stdout + done.stderr
