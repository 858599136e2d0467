"""The thread of conversation: replies that are late, broken or of nobody, and how it is found.

The module here is a function from a line to its answer; what the firmware does is tested with it.
"""

import pytest

from airwire.client import LostFrame, Module, PortError, Timeout, UnknownCommand, link
from airwire.client.errors import shown
from airwire.wire import cmdline
from host_tests.client.conversations import (
    CONVERSATIONS,
    READY,
    SET_OK,
    SPOILT,
    FakeModule,
    LateModule,
    converse,
    once,
)
from host_tests.client.drivers import PythonDriver

# Long enough for an answer that is there, short enough to wait for one that is not.
BRIEF = 0.15


class FakePort:
    """A transport with the module at its other end."""

    name = "fake"

    def __init__(self, *answers, module=None):
        self.module = module or FakeModule(*answers)
        self.unread = b""
        self.closed = False

    def write(self, data):
        self.unread += self.module.feed(data)

    def read(self, size):
        data, self.unread = self.unread[:size], self.unread[size:]
        return data

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(link, "_TRIES", (BRIEF, BRIEF))
    monkeypatch.setattr(link, "_NEXT_TRIES", BRIEF)
    monkeypatch.setattr(link, "_QUIET_SECONDS", 0.01)


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda c: c.name)
def test_conversations(conversation):
    port = FakePort(module=conversation.module())
    with Module(port) as module:
        converse(PythonDriver(module), conversation, BRIEF)


def test_machine_mode_is_found():
    port = FakePort()
    with Module(port) as module:
        assert module._link.was_machine
        with pytest.raises(UnknownCommand):
            module.command("what")
    assert port.closed


def test_human_mode_is_left():
    human = b"\r\nParse error\r\n> set system.cmd.mode machine\r\n"
    port = FakePort((rb".*\\!\\!", human))
    with Module(port) as module:
        assert module._link.was_machine is False
    port = FakePort(module=LateModule((rb"\\!\\!", once(human, SPOILT))))
    with Module(port) as module:
        assert module._link.was_machine is False


@pytest.mark.parametrize(
    "typed", [b"reboot", b'set wlan.ssid "a b', b"x\\", b"x\\x", b"x\\x4", b'"\\', b"a" * 90]
)
def test_what_stands_on_the_line_is_not_run(typed):
    with pytest.raises(cmdline.ParseError):
        cmdline.split(typed + link._SPOIL)


def test_answers_to_older_tries_are_not_taken_for_new_ones():
    """A busy module answers three tries at once."""
    held = []
    port = FakePort(
        (rb"\\!\\!", lambda line: held.append(SPOILT) or b""),
        (rb"set .*", lambda line: held.append(SET_OK) or b""),
        (rb"", lambda line: held.append(READY) or (b"".join(held) if len(held) == 12 else b"")),
        (rb"ver", b"R000003\r\nx\r\n"),
    )
    with Module(port) as module:
        assert module.command("ver") == b"x"


def test_no_module_at_all():
    with pytest.raises(Timeout, match="does not answer within 0.4 s; is the module powered"):
        Module(FakePort((rb".*", b"")), attach_timeout=0.4)


@pytest.mark.parametrize(
    "answer, words",
    [(b"\x80\xf0\x00", "is the baud rate right"), (b"SyntaxError\r\n>>> ", "Ctrl-D")],
)
def test_something_else_at_the_port(answer, words):
    port = FakePort((rb".*", answer))
    with pytest.raises(LostFrame, match=words):
        Module(port, attach_timeout=0.2)
    assert port.closed


def test_a_late_answer_is_not_the_next_ones():
    port = FakePort((rb"slow", b""), (rb"ver", b"R000003\r\nx\r\n"))
    with Module(port) as module:
        with pytest.raises(Timeout, match="slow: no reply within 0.1 s"):
            module.command("slow", timeout=0.1)
        port.unread += b"R000006\r\nlate\r\n"
        assert module.command("ver") == b"x"


def test_two_answers_to_one_command():
    port = FakePort((rb"ver", once(READY + READY, b"R000003\r\nx\r\n")))
    with Module(port) as module:
        with pytest.raises(LostFrame, match="more than one reply"):
            module.command("ver")
        assert module.command("ver") == b"x"


def test_an_answer_with_a_byte_less():
    port = FakePort((rb"ver", once(b"R000011\r\n12345678\r\n", b"R000003\r\nx\r\n")))
    with Module(port) as module:
        with pytest.raises(LostFrame, match="no reply, but 19 other bytes") as lost:
            module.command("ver", timeout=BRIEF)
        assert lost.value.skipped == b"R000011\r\n12345678\r\n"
        assert module.command("ver") == b"x"


def test_an_answer_behind_noise_that_looks_like_a_header():
    port = FakePort((rb"ver", b"R099999\r\nR000003\r\nx\r\n"))
    with Module(port) as module:
        assert module.command("ver", timeout=BRIEF) == b"x"


@pytest.mark.parametrize(
    "said", [b"\r\n[Ready]\r\n", b"\r\n[2026-03-25 | 02:50:33: Ready]\r\n", b"Unknown\r\n> "]
)
def test_a_module_that_restarts_is_noticed_at_once(said):
    port = FakePort((rb"ver", once(said, b"R000003\r\nx\r\n")))
    with Module(port) as module:
        with pytest.raises(LostFrame, match="ver: the module has restarted"):
            module.command("ver", timeout=60)
        assert module.command("ver") == b"x"


def test_safe_mode_is_told():
    port = FakePort((rb"get .*", once(b"S000003\r\n1\r\n", b"R000003\r\n0\r\n")))
    with Module(port) as module:
        assert not module.safe_mode
        assert module.get("system.safemode") == "1"
        assert module.safe_mode
        assert module.get("system.safemode") == "0"
        assert not module.safe_mode


def test_a_port_that_goes_away():
    def gone(line):
        raise OSError("device reports readiness to read but returned no data")

    module = Module(FakePort((rb"ver", gone)))
    with pytest.raises(PortError, match="fake: the port is gone"):
        module.command("ver")
    module.close()
    with pytest.raises(PortError, match="fake is closed"):
        module.command("ver")


def test_words_are_quoted_and_data_follow():
    port = FakePort((rb"put .*", b"R000009\r\nSuccess\r\n"))
    with Module(port) as module:
        module.command("put", "a b", b'"\r\n\0\xff', 7, True, "", "é", data=b"12345")
    assert port.module.sent.endswith(
        b'put "a b" \\"\\r\\n\\0\xff 7 1 "" ' + "é".encode() + b"\r\n12345"
    )


def test_what_can_be_no_command():
    port = FakePort()
    with Module(port) as module:
        before = port.module.sent
        for name in ("", "a b", 'a"b"', "a\r\nreboot"):
            with pytest.raises(ValueError, match="is not one word"):
                module.command(name)
        for data in (b"", bytes(65_537)):
            with pytest.raises(ValueError, match="a command takes 1 to 65536"):
                module.command("put", data=data)
        assert port.module.sent == before


def test_human_mode_is_restored_where_it_was():
    for was_human in (True, False):
        answer = b"\r\nParse error\r\n> " if was_human else SPOILT
        port = FakePort((rb"\\!\\!", answer), (rb"set .* human", b"Set OK\r\n> "))
        Module(port, restore=True).close()
        assert (port.module.lines[-1] == b"set system.cmd.mode human") is was_human


def test_the_callback_may_use_the_module():
    port = FakePort((rb"ver", b"L000008\r\n[Home]\r\nL000005\r\nlog\r\nR000003\r\nx\r\n"))
    heard = []

    def hear(notification):
        heard.append((notification.text, module.command("do")))

    port.module.answers.append((rb"do", b"R000003\r\ny\r\n"))
    with Module(port, on_notification=hear) as module:
        assert module.command("ver") == b"x"
        assert heard == [("Home", b"y"), ("log", b"y")]


def test_passwords_are_not_shown():
    assert shown("set", ("wlan.passkey", "s3cret")) == "set wlan.passkey ********"
    assert shown("set", ("wl", "p", "s3cret", "x")) == "set wl p ********"
    assert shown("set", ("wlan.ssid", "passkey")) == "set wlan.ssid passkey"
    assert shown("set", ("wlan.passkey",)) == "set wlan.passkey"
    assert shown("get", ("wlan.passkey",)) == "get wlan.passkey"


def test_the_line_into_stream_mode_ends_with_one_byte():
    """The module waits but a moment for the LF of a CR LF; a late one would be data."""

    class Leaving(FakePort):
        def write(self, data):
            if data == b"exit\n":
                self.left = True
                self.unread += b"R000000\r\n"
            else:
                super().write(data)

    port = Leaving((rb"get .*", b"R000005\r\n$$$\r\n"))
    with Module(port) as module:
        module.stream_mode()
        assert port.left
