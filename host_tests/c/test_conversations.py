"""The driver in C when something goes wrong: the same conversations as airwire.client has, and
what only it can meet: buffers that are too small, lines that it does not send.
"""

import contextlib
import os
import select
import socket
import threading

import pytest

from host_tests.c.driver import CUT, NOT_SENT, UNEXPECTED, CDriver
from host_tests.client.conversations import CONVERSATIONS, FakeModule, converse

# Time-outs are shorter by this: the first try to be heard waits 125 ms, the second 1.4 s.
DIVISOR = 8
# For what does not come, before the division.
BRIEF = 1.2


@contextlib.contextmanager
def talking(conform, module):
    """The driver at a line with this module at its other end."""
    ours, theirs = socket.socketpair()
    done, tell = os.pipe()

    def answer():
        while done not in select.select([ours, done], [], [])[0]:
            ours.sendall(module.feed(ours.recv(4096)))

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        number = theirs.fileno()
        with CDriver(conform, f"fd:{number}", DIVISOR, number) as driver:
            driver.line_of_module = ours
            yield driver
    finally:
        os.write(tell, b"x")
        thread.join()
        for end in (done, tell):
            os.close(end)
        ours.close()
        theirs.close()


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda c: c.name)
def test_conversations(conform, conversation):
    with talking(conform, conversation.module()) as driver:
        converse(driver, conversation, BRIEF)


def answering(answer):
    return FakeModule((rb"(get|do|stream_\w+|tcp_client) .*|do", answer))


@pytest.mark.parametrize("room", range(8))
def test_an_answer_longer_than_its_room(conform, room):
    """It is cut and counted; one byte is for the end. The thread is not lost."""
    with talking(conform, answering(b"R000007\r\nabcde\r\n")) as driver:
        for _ in range(2):
            result, (_, size, text) = driver.ask("command", 1000, room, "do")
            assert (result, size) == (0 if room > 5 else CUT, "5")
            assert text == b"abcde"[: max(0, room - 1)]
            result, (text,) = driver.ask("get", b"x", room)
            assert (result, text) == (0 if room > 5 else CUT, b"abcde"[: max(0, room - 1)])


def test_a_refusal_is_told_whatever_the_room(conform):
    with talking(conform, answering(b"R100016\r\nCommand failed\r\n")) as driver:
        assert driver.ask("command", 1000, 4, "do") == (1, ["0", "14", b"Com"])
        assert driver.ask("tcp", b"host", 80) == (1, ["99", b"Command failed"])


def test_data_have_all_of_their_room(conform):
    with talking(conform, answering(b"R000007\r\nabcde\r\n")) as driver:
        assert driver.ask("read", 0, 5) == (0, [b"abcde"])
        # More than was asked for: that is not the answer to this.
        assert driver.ask("read", 0, 4)[0] == UNEXPECTED
        assert driver.ask("read", 0, 0) == (NOT_SENT, [b""])


@pytest.mark.parametrize("answer", [b"R000000\r\n", b"R000003\r\n8\r\n", b"R000004\r\n00\r\n"])
def test_a_handle_that_is_none(conform, answer):
    with talking(conform, answering(answer)) as driver:
        assert driver.ask("tcp", b"host", 80)[:1] == (UNEXPECTED,)
        assert driver.ask("poll", 0) == (UNEXPECTED, ["0"])


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"0,314",
        b"! # Type  Info\r\n0 TCPC  a",
        b"! # Type  Info\r\n# 8 TCPC  a",
        b"! # Type  Info" + b"\r\n# 0 TCPC  a" * 9,
    ],
)
def test_a_table_that_is_none(conform, table):
    answer = b"R0%05d\r\n%s\r\n" % (len(table) + 2, table) if table else b"R000000\r\n"
    with talking(conform, FakeModule((rb"stream_list", answer))) as driver:
        assert driver.ask("list", 500)[0] == UNEXPECTED
        assert driver.ask("list", 500)[0] == UNEXPECTED


def test_what_is_not_sent(conform):
    """Nothing but the greeting goes out, and nothing for a line that cannot be one."""
    module = answering(b"R000009\r\nSuccess\r\n")
    with talking(conform, module) as driver:
        assert driver.ask("command", 1000, 50, "do")[0] == 0
        sent = module.sent
        for line in (b"a\r\nb", b"a\nb", b"x" * 513):
            assert driver.ask("line", 1000, 50, line)[0] == NOT_SENT
        assert driver.ask("get", b"a\r\nreboot", 50)[0] == NOT_SENT
        assert driver.ask("set", b"a", b"\r" * 255)[0] == NOT_SENT
        for size in (0, 65_537):
            assert driver.ask("command", 1000, 50, "do", "+", bytes(size))[0] == NOT_SENT
        assert module.sent == sent
        # As long as a line may be.
        assert driver.ask("line", 1000, 50, b"do " + b"x" * 509)[0] == 0
        assert module.lines[-1] == b"do " + b"x" * 509


def test_words_are_quoted_and_data_follow(conform):
    module = FakeModule((rb"put .*|.*set uart.*", b"R000009\r\nSuccess\r\n"))
    with talking(conform, module) as driver:
        words = (b"a b", b'"\r\n\t\0\\\xff\x7f\x01', b"7", b"")
        assert driver.command("put", *words, data=b"12345") == (0, b"Success")
        assert driver.ask("set", b"uart.baud 1", b"a b")[0] == 0
        assert module.lines[-2:] == [
            b'put "a b" \\"\\r\\n\\t\\0\\\\\xff\\x7f\\x01 7 ""',
            b'12345set uart.baud 1 "a b"',
        ]


def test_a_stream_is_written_in_pieces(conform):
    module = FakeModule((rb".*stream_write .*", b"R000009\r\nSuccess\r\n"))
    with talking(conform, module) as driver:
        driver.ask("piece", 4)
        assert driver.ask("write", 3, b"abcdefghij") == (0, [])
        assert driver.ask("write", 3, b"") == (0, [])
        assert driver.ask("write", 3, b"x") == (0, [])
        written = b"stream_write 3 4", b"abcdstream_write 3 4", b"efghstream_write 3 2"
        assert module.lines[-4:] == [*written, b"ijstream_write 3 1"]


def test_the_module_starts_between_two_commands(conform):
    """That is told before the next one is sent."""
    module = answering(b"R000003\r\nx\r\n")
    with talking(conform, module) as driver:
        assert driver.ask("command", 1000, 50, "do")[0] == 0
        lines = len(module.lines)
        driver.line_of_module.sendall(b"\r\n[Ready]\r\n> ")
        assert driver.ask("command", 1000, 50, "do")[0] == -3
        assert len(module.lines) == lines
        assert driver.ask("command", 1000, 50, "do")[0] == 0


def test_log_lines_between_two_commands(conform):
    with talking(conform, answering(b"R000003\r\nx\r\n")) as driver:
        assert driver.ask("command", 1000, 50, "do")[0] == 0
        driver.line_of_module.sendall(b"L000014\r\n[Associated]\r\nL000700\r\n" + b"x" * 698)
        driver.line_of_module.sendall(b"\r\nL000008\r\n[H")
        assert driver.ask("listen", 400) == (0, [])
        assert driver.logs() == ["[Associated]", "x" * 599]  # cut to its buffer
        driver.line_of_module.sendall(b"ome]\r\n")
        assert driver.ask("command", 1000, 50, "do")[0] == 0
        assert driver.logs() == ["[Home]"]


def test_no_module_at_all(conform):
    module = FakeModule((rb".*", b""))
    with talking(conform, module) as driver:
        assert driver.ask("sync") == (-1, [])
        assert driver.ask("command", 1000, 50, "do")[0] == -1
        assert b"do" not in module.sent
        module.answers = [(rb".*", b"\x80\xf0")]
        assert driver.ask("sync") == (-2, [])
