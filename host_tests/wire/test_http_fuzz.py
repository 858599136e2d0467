"""HTTP with random damage: the two declared errors or none, the same however the bytes come, and
nothing is taken that h11 would not take, or take for something else.

On CPython, as all *_fuzz.py; the machine code and its twin are compared on MicroPython by
http_driver.py.
"""

import re

import h11
import http_messages as messages
import pytest
from http_messages import LIMIT

from airwire.image import bytecode
from host_tests.conftest import LIB
from wire import http, http_client

HERE = "host_tests/wire/http_driver.py"


def h11_head(data, role):
    """What h11 makes of a head without the body, or why it does not."""
    peer = h11.Connection(role, max_incomplete_event_size=len(data) + 1)
    if role is h11.CLIENT:
        peer.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
        peer.send(h11.EndOfMessage())
    peer.receive_data(data)
    try:
        return peer.next_event()
    except h11.RemoteProtocolError as error:
        return error


def check_head(data, head, at, role):
    """That h11 reads the head in data[:at] and finds in it what we found."""
    theirs = h11_head(data[:at].lstrip(b"\r\n"), role)
    assert not isinstance(theirs, Exception | type), (data, theirs)
    names = []
    for name, value in theirs.headers:
        # h11 gives codings in lower case.
        found = head.values(name) or b""
        assert value in (found.lower() if name == b"transfer-encoding" else found), (data, name)
        names.append(name)
    assert len(names) == sum(1 for line in data[:at].strip().splitlines()) - 1, data
    return theirs


def request(data):
    ours = http.Request(LIMIT)
    buf = bytearray(data)
    ours.begin(buf, 0)
    try:
        at = ours.read(len(buf))
    except http.RemoteError:
        return False
    if at:
        theirs = check_head(data, ours, at, h11.SERVER)
        assert theirs.method == ours.method, data
        assert theirs.target.partition(b"?")[2] == ours.query(), data
    return at > 0


def response(data):
    ours = http_client.Response(LIMIT)
    buf = bytearray(data)
    ours.begin(buf, 0)
    try:
        at = ours.read(len(buf))
    except http.RemoteError:
        return False
    # h11 takes no status above 999 either, but leaves no 1xx but 101 to its reader.
    if at and ours.status >= 200:
        theirs = check_head(data, ours, at, h11.CLIENT)
        assert (theirs.status_code, theirs.reason.strip()) == (ours.status, ours.phrase()), data
    return at > 0


@pytest.mark.parametrize(
    "good, read, judge",
    [
        (messages.REQUESTS, messages.request, request),
        (messages.RESPONSES, messages.response, response),
    ],
    ids=["requests", "responses"],
)
def test_damaged(good, read, judge, rng, counts):
    for data in good:
        judge(data)
    taken = 0
    count = counts(2_000, 50_000)
    for _ in range(count):
        data = messages.mutated(rng, good)
        whole = read(data, [len(data)])
        pieces = messages.cuts(rng, len(data))
        assert read(data, pieces) == whole, (data, pieces)
        taken += judge(data)
    assert count / 10 < taken < count * 0.9  # else the damage is too great, or too small


CHUNKS = (
    b"5\r\nhello\r\n00a;x=y\r\n0123456789\r\n0\r\nDigest: x\r\n\r\n",
    b"1\r\n!\r\nA\r\n01\r\n456789\r\n0\r\n\r\n",
)
POST = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


def h11_body(data):
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(POST + data)
    found = b""
    while True:
        event = peer.next_event()
        if isinstance(event, h11.Data):
            found += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return found, len(POST + data) - len(peer.trailing_data[0])
        elif event is h11.NEED_DATA:
            return None


def test_damaged_chunks(rng, counts):
    taken = 0
    for _ in range(counts(2_000, 50_000)):
        data = messages.mutated(rng, CHUNKS)
        whole = messages.request(POST + data, [len(POST + data)])
        if whole[-1] is True and not re.search(rb"[ \t];", data):
            # h11 knows no blanks before an extension, and reads more into a trailer.
            taken += 1
            if b"Content-Length" in data or b"Transfer-Encoding" in data:
                continue
            assert h11_body(data) == (whole[-3], whole[-2]), data
    assert taken > 100


def test_on_micropython(micropython, seed, counts):
    count = counts(300, 2_000)
    done = micropython(HERE, str(seed), str(count), path=(LIB, LIB.parent / "host_tests/wire"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"{count}\n"


def test_machine_code_ships_as_source():
    assert bytecode.needs_source((LIB / "wire" / "http_fast.py").read_bytes())


def test_the_pure_one_takes_its_place(micropython, tmp_path):
    """An interpreter without the native emitter refuses the decorator with a SyntaxError."""
    wire = tmp_path / "wire"
    wire.mkdir()
    for name in ("__init__", "http_head", "http_plain", "http_fast"):
        source = (LIB / "wire" / f"{name}.py").read_text()
        (wire / f"{name}.py").write_text(source.replace("@micropython.viper", "@micropython.none"))
    words = "from wire import http_head, http_plain; print(http_head.scan is http_plain.scan)"
    done = micropython("-c", words, path=(tmp_path,))
    assert done.stdout == "True\n", done.stdout + done.stderr
