"""Long responses where memory runs out in the midst of them: they go on where they were, once
there is room again.
"""

import pytest

SCRIPT = """
import sys
sys.path[:0] = [{shipped!r}, {shipped!r} + "/lib"]

class Machine:  # no pin is ever used here
    Pin = None

sys.modules["machine"] = Machine
from firmware.console import registry
from firmware.console.listing import Listing

rooms = 0

def make_room():
    global rooms
    rooms += 1

registry.make_room = make_room

LINES = [b"%d" % n + b"x" * (n % 70) for n in range(100)] + [b"", b"end", b""]
WHOLE = b"\\r\\n".join(LINES)

class Scarce:
    # Lines of which those in `bad` find no memory, as often as each says.
    def __init__(self, bad):
        self.bad = bad
    def __call__(self):
        for n, line in enumerate(LINES):
            if self.bad.get(n):
                self.bad[n] -= 1
                raise MemoryError
            yield line

def listing(bad):
    listing = Listing(Scarce(bad))
    listing.size = len(WHOLE) + 2
    return listing
"""

HTTP = """
import asyncio

class Rest:  # it wants a board
    JSON = b""

sys.modules["firmware.services.http_rest"] = Rest
from firmware.services import http_rare
from wire import rest

class Request:
    chunks = True

class Connection:
    request = Request()
    sent = b""
    def head(self, status, fields, length):
        return b""
    async def send(self, data):
        self.sent += data

def body(text, base64):
    # What stands in the chunks of an answer.
    connection = Connection()
    asyncio.run(http_rare.stream(connection, b"{", text, base64))
    data, text = connection.sent, b""
    while data:
        size, data = data.split(b"\\r\\n", 1)
        size = int(size, 16)
        text += data[:size]
        assert data[size:size + 2] == b"\\r\\n"
        data = data[size + 2:]
    assert size == 0
    return text

good = rest.encoded, rest.escaped
"""


@pytest.fixture
def run(micropython, shipped):
    def run(script):
        done = micropython("-c", SCRIPT.format(shipped=str(shipped)) + script)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_the_lines_go_on_where_they_were(run):
    run("""
for bad in ({}, {0: 1}, {50: 1}, {102: 1}, {7: 1, 8: 1, 60: 1, 99: 1}):
    failures = len(bad)
    rooms = 0
    pieces = [bytes(piece) for piece in listing(bad).pieces(b"head", b"tail") if piece]
    assert b"".join(pieces) == b"head" + WHOLE + b"tail", (bad, pieces)
    assert rooms == failures
""")


def test_what_cannot_be_made_is_blank(run):
    """The length was told before."""
    run("""
for n in (0, 50, 102):
    text = b"".join([bytes(piece) for piece in listing({n: 2}).pieces(b"", b"tail") if piece])
    assert len(text) == len(WHOLE) + 4 and text.endswith(b"tail")
    told = text[:-4].rstrip(b" ")
    assert WHOLE.startswith(told) and b"%d" % (n - 9) in told + b"-9", (n, told)
""")


def test_answers_of_rest_go_on(run):
    """In pieces for which there is room: here for none of more than 100 bytes."""
    run(
        HTTP
        + """
import binascii

def failing(function):
    def scarce(text):
        if len(text) > 100:
            raise MemoryError
        return function(text)
    return scarce

for text in (lambda: WHOLE, lambda: bytes(range(256)) * 9, lambda: listing({30: 1})):
    for bad in (False, True):
        rest.encoded, rest.escaped = [failing(f) if bad else f for f in good]
        whole = text() if isinstance(text(), bytes) else WHOLE
        coded = body(text(), True)
        assert coded[:1] == b"{" and coded[-2:] == rest.TAIL
        assert binascii.a2b_base64(coded[1:-2]) == whole + b"\\r\\n"
        plain = body(text(), False)
        assert plain == b"{" + good[1](whole + b"\\r\\n") + rest.TAIL
"""
    )


def test_an_answer_for_which_there_is_no_room_ends(run):
    """The client sees that it is not whole."""
    run(
        HTTP
        + """
def none(text):
    raise MemoryError

rest.escaped = none
try:
    body(WHOLE, False)
except OSError:
    pass
else:
    assert False
"""
    )


def test_a_log_for_which_there_is_no_room_is_kept(run):
    """The server asks for the answer once more, when it has made room."""
    run("""
import asyncio

class Network:
    STA_IF, AP_IF = 0, 1
    WLAN = lambda n: None

sys.modules["network"] = Network
from firmware.services import http_rest

class Log:
    lines = [b"one", b"two"]
    def clear(self):
        self.lines = []

class Server:
    log = Log()

class Request:
    method = b"GET"
    length = 0
    def allow(self, methods):
        pass

class Connection:
    request = Request()
    server = Server()
    room = False
    def refused(self, endpoint, line):
        pass
    def reply(self, status, fields, body, begin, end):
        if not self.room:
            raise MemoryError
        self.said = begin + body + end

connection = Connection()
for connection.room in (False, True):
    try:
        asyncio.run(http_rest.answer(connection, b"/log"))
    except MemoryError:
        assert not connection.room
assert connection.said == b'{"logs":["one","two"]}'
assert connection.server.log.lines == []
""")
