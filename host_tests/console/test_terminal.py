"""The line editor of a person's terminal: keys in, the screen out."""

import random

import pytest
from pyte.screens import wcwidth

from host_tests.console.session import DELETE, DOWN, END, HOME, LEFT, RIGHT, UP, Terminal

PROMPT = "> "
WIDTHS = (40, 80, 57)


@pytest.fixture
def narrow(session):
    return Terminal(session, 40)


def test_what_is_typed_is_echoed_byte_by_byte_and_nothing_else(session):
    assert session.first == b"> "
    for byte in b"version":
        assert session.type(bytes((byte,))) == bytes((byte,))
    assert session.type(b"\x7f") == b"\b \b"
    assert session.type(b"n\r").startswith(b"n\r\nAirwire-")


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n", b"\n\r"])
def test_each_line_ending_is_one(session, ending):
    assert session.type(b"foo" + ending) == b"foo\r\nUnknown command\r\n> "
    for byte in ending:  # and when its bytes come alone
        session.type(bytes((byte,)))
    assert session.type(b"foo" + ending + b"foo" + ending).count(b"Unknown") == 2
    assert session.line == b""


KEYS = {
    "insert in the middle": (b"hallo" + LEFT * 3 + b"X", "haXllo", 3),
    "left stops at the start": (b"ab" + LEFT * 5 + b"X", "Xab", 1),
    "right stops at the end": (b"ab" + LEFT + RIGHT * 5 + b"X", "abX", 3),
    "home, end": (b"abc" + HOME + b"X" + END + b"Y", "XabcY", 5),
    "home ESC [ 1 ~": (b"abc\x1b[1~X", "Xabc", 1),
    "home ESC [ 7 ~": (b"abc\x1b[7~X", "Xabc", 1),
    "home ESC O H": (b"abc\x1bOHX", "Xabc", 1),
    "end ESC [ 4 ~": (b"abc" + HOME + b"\x1b[4~X", "abcX", 4),
    "end ESC [ 8 ~": (b"abc" + HOME + b"\x1b[8~X", "abcX", 4),
    "end ESC O F": (b"abc" + HOME + b"\x1bOFX", "abcX", 4),
    "cursor keys in application mode": (b"abc\x1bOD\x1bOD\x1bOCX", "abXc", 3),
    "delete": (b"abc" + HOME + DELETE * 2, "c", 0),
    "delete at the end": (b"abc" + DELETE, "abc", 3),
    "backspace": (b"abc" + LEFT + b"\b\x7f", "c", 0),
    "backspace at the start": (b"ab" + HOME + b"\b\b", "ab", 0),
    "ctrl-a, ctrl-e": (b"abc\x01X\x05Y", "XabcY", 5),
    "ctrl-b, ctrl-f, ctrl-d": (b"abcd\x02\x02\x02\x06\x04", "abd", 2),
    "ctrl-k": (b"abcdef" + LEFT * 2 + b"\x0b", "abcd", 4),
    "ctrl-u": (b"abcdef" + LEFT * 2 + b"\x15", "ef", 0),
    "ctrl-w": (b"get  wlan.ssid  \x17X", "get  X", 6),
    "ctrl-w in the middle": (b"one two three" + LEFT * 3 + b"\x17", "one two ree", 8),
    "utf-8 is one character": ("aäö€漢".encode() + LEFT * 2 + b"\x7f", "aä€漢", 2),
    "utf-8 deleted": ("äöü".encode() + HOME + RIGHT + DELETE, "äü", 1),
    "unknown sequences": (b"a\x1b[5~\x1b[1;5C\x1b[[A\x1bOP\x1bx\x1b[200~\x1b[?1;2cb", "ab", 2),
    "a long sequence": (b"a\x1b[" + b"1;" * 100 + b"~b", "ab", 2),
    "a control code ends a sequence": (b"ab\x1b[\x7fX", "aX", 2),
    "other control codes": (b"a\x00\x0c\x0f\x12\x14\x1cb", "ab", 2),
}


@pytest.mark.parametrize("keys, text, cursor", KEYS.values(), ids=KEYS)
def test_keys(session, keys, text, cursor):
    terminal = Terminal(session, 40)
    terminal.type(keys)
    assert session.line.decode() == text
    assert len(session.line[: session.cursor].decode()) == cursor
    check_screen(terminal, text, cursor)


@pytest.mark.parametrize("keys, text, cursor", KEYS.values(), ids=KEYS)
def test_keys_split_at_every_byte(session, keys, text, cursor):
    terminal = Terminal(session, 40)
    terminal.type(*(bytes((byte,)) for byte in keys))
    assert session.line.decode() == text
    check_screen(terminal, text, cursor)


def test_the_line_runs_wherever_the_cursor_is(session):
    assert session.type(b"ersion" + HOME + b"v\r").endswith(b"\r\n> ")
    assert b"Airwire-" in session.type(UP + HOME + RIGHT + b"\n")


def test_ctrl_c_gives_the_line_up(narrow, session):
    narrow.type(b"get wlan" + LEFT * 2 + b"\x03")
    assert (session.line, narrow.rows()) == (b"", ["> get wl^C", "> "[:1]])
    narrow.type(b"foo\r")
    assert narrow.rows()[1:] == ["> foo", "Unknown command", ">"]


def test_an_overlong_line_is_refused_whole(session):
    session.type(b"version " * 80)
    shown = session.type(b"\r")
    assert shown == b"\r\nOverflow error\r\n> "
    assert session.type(b"foo\r") == b"foo\r\nUnknown command\r\n> "


def test_an_overlong_line_can_be_given_up(session):
    session.type(b"x" * 600 + b"\x15")
    assert session.type(b"foo\r").endswith(b"\r\nUnknown command\r\n> ")


def test_the_longest_line_is_taken(session):
    assert session.type(b"x" * 512 + b"\r").endswith(b"\r\nUnknown command\r\n> ")
    assert session.type(b"x" * 513 + b"\r").endswith(b"\r\nOverflow error\r\n> ")


# History


def recalled(session, presses=1):
    session.type(UP * presses)
    line = session.line
    session.type(DOWN * presses)
    return line


def test_history_has_five_lines(session):
    for line in (b"one", b"two", b"three", b"four", b"five", b"six"):
        session.type(line + b"\r")
    session.type(b"draft")
    seen = []
    for _ in range(7):
        session.type(UP)
        seen.append(session.line)
    assert seen == [b"six", b"five", b"four", b"three", b"two", b"two", b"two"]
    for line in (b"three", b"four", b"five", b"six", b"draft", b"draft"):
        session.type(DOWN)
        assert session.line == line
    assert session.cursor == 5


def test_history_has_no_line_twice_in_a_row_and_no_empty_one(session):
    for line in (b"one", b"two", b"two", b"", b"two", b""):
        session.type(line + b"\r")
    assert [recalled(session, n) for n in (1, 2, 3)] == [b"two", b"one", b"one"]


def test_a_recalled_line_can_be_changed_and_run(session):
    session.type(b"foo\r")
    assert session.type(UP + b"\x17version\r").count(b"Airwire-") == 1
    assert [recalled(session, n) for n in (1, 2)] == [b"version", b"foo"]


def test_history_is_bounded_in_bytes(session):
    for letter in b"abcde":
        session.type(bytes((letter,)) * 300 + b"\r")
    assert [recalled(session, n)[:1] for n in (1, 2, 3)] == [b"e", b"d", b"d"]


@pytest.mark.parametrize(
    "line",
    [
        b"set wlan.passkey hunter22",
        b"set wl p hunter22",
        b'set wlan.passkey "hunter 22"',
        b'set "wlan.passkey" hunter22',
        b'set wlan.passkey "hunter22',
        b'  set   wl  p  "hunter 22"',
    ],
)
def test_history_keeps_no_secret(session, line):
    session.type(b"foo\r" + line + b"\r")
    assert recalled(session) == b"foo"


def test_history_keeps_what_is_no_secret(session):
    for line in (b"set wlan.ssid x", b"get wlan.passkey", b"set wl s x", b"set", b"get wl"):
        session.type(line + b"\r")
        assert recalled(session) == line


# Narrow windows


def test_a_line_that_only_grows_wraps_as_the_terminal_does(narrow):
    narrow.type(b"0123456789" * 6)
    assert narrow.rows() == ["> " + ("0123456789" * 4)[:38], "89" + "0123456789" * 2]


def test_a_wrapped_line_that_is_edited_is_drawn_in_a_window(narrow, session):
    text = "".join(chr(48 + i % 70) for i in range(90)).replace("\\", "/")
    narrow.type(text.encode())
    above = narrow.rows()[:2]
    for key in (LEFT, HOME, RIGHT, END, LEFT * 40, b"\x7f", b"X", END):
        narrow.type(key)
        check_window(narrow, session)
    assert narrow.rows()[:2] == above
    assert len(narrow.rows()) == 4
    narrow.type(b"\r")
    assert narrow.rows()[4:] == ["Unknown command", ">"]


def test_a_wide_terminal_is_asked_and_used(session):
    terminal = Terminal(session, 80)
    terminal.type(b"x" * 60)
    terminal.type(HOME + b"y")
    assert terminal.rows() == ["> y" + "x" * 60]
    terminal.type(END + b"z" * 30 + LEFT)
    check_window(terminal, session)


def test_a_terminal_that_became_narrow_is_asked_again(session):
    terminal = Terminal(session, 80)
    terminal.type(b"x" * 60, LEFT, b"\x03")
    terminal.screen.resize(columns=50)
    terminal.type(b"y" * 60)
    terminal.type(HOME)
    check_window(terminal, session)
    assert max(map(len, terminal.rows())) == 50


@pytest.mark.parametrize(
    "answer", [b"", b"\x1b[24;5R", b"\x1b[R", b"\x1b[;R", b"\x1b[9;x0R", b"\x1b[0R", b"\x1b[9;80t"]
)
def test_a_terminal_that_gives_no_answer_of_use_is_taken_as_narrow(session, answer):
    terminal = Terminal(session, 80, mute=True)
    terminal.type(b"x" * 60, LEFT, answer, LEFT)
    check_window(terminal, session)
    assert len(terminal.rows()[-1]) < 40


# Log lines


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("typed", ["", "get wl", "x" * 100, "漢字 über"])
@pytest.mark.parametrize("keys", [b"", LEFT, HOME])
def test_a_log_line_goes_above_the_line_that_is_typed(session, width, typed, keys):
    terminal = Terminal(session, width)
    terminal.type(typed.encode())
    terminal.type(keys)
    terminal.log(b"[Associated]")
    assert "[Associated]" in terminal.rows()
    cursor = len(session.line[: session.cursor].decode())
    assert session.line.decode() == typed
    check_screen(terminal, typed, cursor)
    terminal.type(b"!")
    check_screen(terminal, typed[:cursor] + "!" + typed[cursor:], cursor + 1)


# Anything


def columns(text):
    return sum(wcwidth(c) for c in text)


def shown_row(terminal):
    """The cursor's row as text; a wide character's second cell is empty."""
    row = terminal.screen.buffer[terminal.at[1]]
    return "".join(row[x].data for x in range(terminal.screen.columns)).rstrip()


def check_window(terminal, session):
    text = session.line.decode()
    check_screen(terminal, text, len(session.line[: session.cursor].decode()))


def check_screen(terminal, text, cursor):
    """The terminal shows the prompt and the line, whole or a window of it, and its cursor is where
    the line's is.
    """
    x, y = terminal.at
    width = terminal.screen.columns
    row = shown_row(terminal)
    if cursor == len(text) and columns(text) + 2 >= width:
        # It may have been typed without a pause: then it has wrapped, and its end is here.
        joined = "".join(
            terminal.screen.buffer[line][column].data
            for line in range(y + 1)
            for column in range(width)
        ).rstrip()
        shown = (PROMPT + text).rstrip()
        # On a low screen its start may have scrolled away.
        scrolled = y == terminal.screen.lines - 1 and joined
        if joined.endswith(shown) or (scrolled and shown.endswith(joined)):
            return
    assert row.startswith(PROMPT.rstrip()), row
    for first in range(cursor + 1):
        head = PROMPT + ("<" if first else "")
        if columns(head + text[first:cursor]) == x and row.startswith(
            (head + text[first:cursor]).rstrip()
        ):
            rest = row[len(head + text[first:cursor]) :]
            tail = text[cursor:].rstrip()
            if rest == tail or (rest.endswith(">") and text[cursor:].startswith(rest[:-1])):
                assert columns(row) < width
                return
    raise AssertionError(f"{row!r}, cursor at {x}: not a view of {text!r} at {cursor}")


class Model:
    """What the editor should have: characters, a cursor, and a history."""

    def __init__(self):
        self.text, self.at = "", 0
        self.history, self.back, self.draft = [], 0, ""

    def key(self, key):
        text, at = self.text, self.at
        if key == LEFT:
            self.at = max(0, at - 1)
        elif key == RIGHT:
            self.at = min(len(text), at + 1)
        elif key in (HOME, b"\x01"):
            self.at = 0
        elif key in (END, b"\x05"):
            self.at = len(text)
        elif key == b"\x7f":
            self.cut(max(0, at - 1), at)
        elif key == DELETE:
            self.cut(at, at + 1)
        elif key == b"\x0b":
            self.cut(at, len(text))
        elif key == b"\x15":
            self.cut(0, at)
        elif key == b"\x17":
            word = text[:at].rstrip(" ")
            self.cut(word.rfind(" ") + 1, at)
        elif key == UP:
            self.recall(self.back + 1)
        elif key == DOWN:
            self.recall(self.back - 1)
        elif key == b"\r":
            if text and text not in self.history[-1:]:
                self.history = (self.history + [text])[-5:]
                while sum(len(line.encode()) for line in self.history) > 640:
                    self.history.pop(0)
            self.text, self.at, self.back = "", 0, 0
        else:
            self.text = text[:at] + key.decode() + text[at:]
            self.at += len(key.decode())

    def cut(self, start, end):
        self.text, self.at = self.text[:start] + self.text[end:], start

    def recall(self, back):
        if 0 <= back <= len(self.history):
            if not self.back:
                self.draft = self.text
            self.back = back
            self.text = self.history[-back] if back else self.draft
            self.at = len(self.text)


SPECIAL = (LEFT, LEFT, LEFT, RIGHT, HOME, END, b"\x01", b"\x05", b"\x7f", b"\x7f", DELETE, b"\x0b")
SPECIAL += (b"\x15", b"\x17", UP, DOWN, b"\r")
LOW = 5
LETTERS = "abc def ghi.jkl äöü€漢字😀"


def keys_of(rng: random.Random):
    while True:
        if rng.random() < 0.35:
            yield rng.choice(SPECIAL) if rng.random() < 0.9 else rng.choice((LEFT, HOME, UP)) * 3
        elif rng.random() < 0.1:
            yield "".join(rng.choices(LETTERS, k=rng.randrange(30, 60))).encode()
        else:
            yield rng.choice(LETTERS).encode()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("height", [LOW, 100])
def test_random_keys(session, rng, counts, width, height):
    """Any keys, in reads that split anything: the line is the model's, and the screen shows it;
    rows above the line are never touched.
    """
    terminal = Terminal(session, width, height)
    model = Model()
    keys = keys_of(rng)
    prompt_row, above = 0, []
    for _ in range(counts(60, 5000)):
        typed = b""
        for _ in range(rng.randrange(1, 4)):
            key = next(keys)
            if len(model.text.encode()) + len(key) > 400:
                key = b"\x15"
            size = 3 if key in (LEFT * 3, HOME * 3, UP * 3) else 1
            for _ in range(size):
                model.key(key[: len(key) // size])
            typed += key
        cuts = sorted(rng.choices(range(len(typed) + 1), k=rng.randrange(4)))
        pieces = [typed[a:b] for a, b in zip([0, *cuts], [*cuts, len(typed)], strict=True)]
        terminal.type(*filter(None, pieces))
        assert session.line.decode() == model.text
        assert len(session.line[: session.cursor].decode()) == model.at
        check_screen(terminal, model.text, model.at)
        if height == LOW:
            continue  # it scrolls
        if not model.text:
            if terminal.at[1] > height - 20:
                terminal.screen.erase_in_display(2)
                terminal.screen.cursor_position()
                terminal.show(b"> ")
            prompt_row = terminal.at[1]
            above = terminal.screen.display[:prompt_row]
        else:
            assert terminal.screen.display[:prompt_row] == above
