# A link for the tests of the mDNS responder: its clock, and all that the boards on it multicast.
# Runs on CPython and on MicroPython.

from messages import Message

from wire import mdns

ADDRESS = b"\x0a\x00\x00\x05"
PEER = ("10.0.0.9", mdns.PORT)
HTTP = (b"_http._tcp", b"My Module", 80, [b"path=/"])
INSTANCE = b"My Module._http._tcp.local"
# Until the last announcement of a start.
START = 2200


class Link:
    """`now` is its clock; `sent` what was multicast, as (time, board's number, Message)."""

    def __init__(self, now=0):
        self.now = now
        self.boards = []
        self.sent = []
        self.replies = []  # (board's number, address, Message)
        self.buf = bytearray(mdns.BUFFER_SIZE)

    def board(self, name=b"box", services=(), address=ADDRESS, seed=1, **options):
        """A responder that has begun to probe."""
        responder = mdns.Responder(name, services, **options)
        responder.start(address, self.now, seed)
        self.boards.append(responder)
        return responder

    def started(self, *arguments, **options):
        """A responder that has its names, and nothing to say; what it said is forgotten."""
        responder = self.board(*arguments, **options)
        self.run(START)
        assert responder.established and responder.wait(self.now) is None
        del self.sent[:]
        return responder

    def run(self, span):
        """Let so many milliseconds pass; returns what was multicast meanwhile."""
        end = self.now + span
        first = len(self.sent)
        while True:
            waits = [board.wait(self.now) for board in self.boards]
            waits = [wait for wait in waits if wait is not None]
            if not waits or self.now + min(waits) > end:
                break
            self.now += min(waits)
            for number, board in enumerate(self.boards):
                size = board.poll(self.now, self.buf)
                if size:
                    datagram = bytes(self.buf[:size])
                    self.sent.append((self.now, number, Message(datagram, size)))
                    for reply in self.tell(datagram):
                        self.buf[: len(reply.buf)] = reply.buf
                        board.process(self.buf, len(reply.buf), PEER, self.now)
        self.now = end
        return self.sent[first:]

    def tell(self, datagram, address=PEER):
        """Let all boards hear this, its own sender too; returns the replies to its sender."""
        first = len(self.replies)
        for number, board in enumerate(self.boards):
            self.buf[: len(datagram)] = datagram
            size = board.process(self.buf, len(datagram), address, self.now)
            if size:
                self.replies.append((number, address, Message(self.buf, size)))
        return [reply for _, _, reply in self.replies[first:]]


def only(found):
    """The one thing that there is."""
    assert len(found) == 1, found
    return found[0]


def names(records):
    """What is there, as (name, type)."""
    return [(record[0], record[1]) for record in records]
