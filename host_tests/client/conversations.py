"""Conversations in which something goes wrong, for every driver of a module: what comes over the
line, what the driver must make of it, and that the command behind it is answered right.
"""

import re
from dataclasses import dataclass

from host_tests.client.conftest import PATIENCE
from host_tests.client.drivers import LOST, TIMEOUT, Driver

# The lines of a greeting, which end with an empty one or more.
SPOIL = rb"\!\!"
MODE = b"set system.cmd.mode machine"

SPOILT = b"R200013\r\nParse error\r\n"
SET_OK = b"R000008\r\nSet OK\r\n"
READY = b"R000007\r\nReady\r\n"
X = b"R000003\r\nx\r\n"

# Any result: drivers may differ in how soon they notice.
ANY = None


def once(*answers):
    """Answers for a line's first occurrences; the last one stays."""
    left = list(answers)
    return lambda line: left.pop(0) if len(left) > 1 else left[0]


class FakeModule:
    """What stands at the other end of the line: it answers each line at once. `answers` are
    (pattern of a line, answer), tried in order; an answer may be a function of the line.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = b""
        self.lines = []
        self._line = b""

    def feed(self, data):
        """Bytes that come; what is answered."""
        self.sent += data
        self._line += data
        answered = b""
        while b"\r\n" in self._line:
            line, _, self._line = self._line.partition(b"\r\n")
            self.lines.append(line)
            answered += self._answer(line)
        return answered

    def _answer(self, line):
        for pattern, answer in self.answers:
            if re.fullmatch(pattern, line):
                return answer(line) if callable(answer) else answer
        if not line:
            return READY
        if line == MODE:
            return SET_OK
        return SPOILT if line == SPOIL else b"R300017\r\nUnknown command\r\n"


class LateModule(FakeModule):
    """Answers to each of the first two greetings when what follows it has begun."""

    def __init__(self, *answers):
        super().__init__(*answers)
        self._greetings = 0
        self._held = b""

    def _answer(self, line):
        answer = super()._answer(line)
        self._greetings += line == SPOIL
        if self._greetings < 3 and line in (MODE, b""):
            self._held += answer
            return b""
        before, self._held = self._held, b""
        if self._greetings < 3 and line == SPOIL:
            self._held = answer
            return before
        return before + answer


@dataclass(frozen=True)
class Conversation:
    """What is answered to `do`; its result, and the log lines that come with it; the data that it
    has; what is answered to other lines. Of answers each is given once, but for the last.
    """

    name: str
    answers: tuple[bytes, ...]
    result: tuple[int | str, bytes] | None
    others: tuple[tuple[bytes, tuple[bytes, ...]], ...] = ()
    data: bytes | None = None
    logs: tuple[str, ...] = ()
    kind: type[FakeModule] = FakeModule

    def module(self) -> FakeModule:
        """The module of this conversation, with nothing said yet."""
        others = [(pattern, once(*answers)) for pattern, answers in self.others]
        return self.kind(*others, (rb"do", once(*self.answers)), (rb"ver", X))


def converse(driver: Driver, conversation: Conversation, brief: float) -> None:
    """Check a driver. `brief`: seconds to wait for what does not come."""
    answered = conversation.result and conversation.result[0] not in (LOST, TIMEOUT)
    timeout = PATIENCE if answered else brief
    result = driver.command("do", data=conversation.data, timeout=timeout)
    if conversation.result is not ANY:
        assert (result[0], b"" if result[0] in (LOST, TIMEOUT) else result[1]) == (
            conversation.result
        )
    assert driver.command("ver", timeout=PATIENCE) == (0, b"x")
    # Ready comes outside of frames: to airwire.client that is a notification as well.
    logs = tuple(line for line in driver.logs() if not line.endswith("Ready]"))
    assert logs == conversation.logs


def plain(name, answer, result, **more):
    """A conversation about one answer."""
    return Conversation(name, (answer, X), result, **more)


CONVERSATIONS = [
    plain("an answer", X, (0, b"x")),
    plain("an empty one", b"R000000\r\n", (0, b"")),
    plain("an empty one with its line end", b"R000002\r\n\r\n", (0, b"")),
    plain("line ends within", b"R000007\r\n\r\na\r\n\r\n", (0, b"\r\na\r\n")),
    plain("a frame within", b"R000014\r\n" + X + b"\r\n", (0, X)),
    plain(
        "a prompt within", b"R000017\r\n\r\n> \r\n[Ready]\r\n\r\n", (0, b"\r\n> \r\n[Ready]\r\n")
    ),
    plain("every byte", b"R000258\r\n%s\r\n" % bytes(range(256)), (0, bytes(range(256)))),
    plain("a refusal", b"R700018\r\nInvalid argument\r\n", (7, b"Invalid argument")),
    plain("safe mode", b"S000003\r\nx\r\n", (0, b"x")),
    plain(
        "log lines before",
        b"L000008\r\n[Home]\r\nL000000\r\nL000005\r\nlog\r\n" + X,
        (0, b"x"),
        logs=("[Home]", "", "log"),
    ),
    plain("noise before", b"\xff\x00R0Ready\r\nets Jun  8 2016\r\n" + X, (0, b"x")),
    plain("half a header before", b"R00000" + X, (0, b"x")),
    plain("another header before", b"S00000R1L0" + X, (0, b"x")),
    plain("a log line of a kind that there is not", b"L100003\r\n" + X, (0, b"x")),
    plain("a length that cannot be", b"R000001\r\n" + X, (0, b"x")),
    plain("no answer", b"", (TIMEOUT, b"")),
    plain("only a log line", b"L000008\r\n[Home]\r\n", (TIMEOUT, b""), logs=("[Home]",)),
    plain("a byte less", b"R000011\r\n12345678\r\n", (LOST, b"")),
    plain("a header with a byte less", b"R00003\r\nx\r\n", (LOST, b"")),
    plain("a line end with a byte less", b"R000003\r\nx\n", (LOST, b"")),
    plain("something else", b"Guru Meditation Error\r\n", (LOST, b"")),
    plain("a payload cut off", b"R004096\r\nabc", (LOST, b"")),
    plain("the longest length", b"R099999\r\nabc", (LOST, b"")),
    plain("a start", b"\r\n[Ready]\r\n", (LOST, b"")),
    plain("a start, with the time", b"\r\n[2026-03-25 | 02:50:33: Ready]\r\n", (LOST, b"")),
    plain("a prompt", b"do\r\nUnknown command\r\n> ", (LOST, b"")),
    plain("two answers", X + b"R000003\r\ny\r\n", ANY),
    # It comes with the answers to the next greeting.
    Conversation(
        "a late answer",
        (b"", X),
        (TIMEOUT, b""),
        others=((rb"\\!\\!", (SPOILT, b"R000006\r\nlate\r\n" + SPOILT)),),
    ),
    # The data run as commands then, and are answered.
    Conversation(
        "a refusal before the data",
        (b"R500020\r\nToo many arguments\r\n", X),
        ANY,
        data=b"\r\ndata\r\n",
    ),
    Conversation(
        "human mode at first",
        (X, X),
        (0, b"x"),
        others=((rb"\\!\\!", (b"\\!\\!\r\nParse error\r\n> set system.cmd.m", SPOILT)),),
    ),
    Conversation(
        "a greeting that is lost",
        (X, X),
        (0, b"x"),
        others=((rb"", (b"", READY)),),
    ),
    Conversation(
        "a start while it is greeted",
        (X, X),
        (0, b"x"),
        others=((rb"\\!\\!", (b"[Ready]\r\n> ", SPOILT)), (rb"set .*", (b"", SET_OK))),
    ),
    Conversation("answers to greetings that are late", (X, X), (0, b"x"), kind=LateModule),
]
