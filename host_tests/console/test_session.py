"""Sessions of programs: frames, lines in any pieces, data phases, log lines, safe mode."""

import re

import pytest

from airwire import declarations, project

ENDINGS = [b"\r", b"\n", b"\r\n", b"\n\r"]
RETRIES = b"R000003\r\n3\r\n"


def pieces(data, rng):
    """The data in reads of any size."""
    cuts = sorted(rng.choices(range(len(data) + 1), k=rng.randrange(len(data))))
    return filter(None, (data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)))


def typed(session, reads):
    return b"".join(session.type(piece) for piece in reads)


# Lines


LINES = {
    b"get wlan.join.retries": RETRIES,
    b"  get   wl j   r ": RETRIES,
    b"": b"R000007\r\nReady\r\n",
    b"get wlan.ssid": b"R000000\r\n",
    b'set wwep.host "a\tb\x08\x1b[Dc"': b"R000008\r\nSet OK\r\n",  # nothing is edited
    b"\xff\x00": b"R300017\r\nUnknown command\r\n",
    b'get "': b"R200013\r\nParse error\r\n",
    b"get wlan.ssid" + b" " * 499: b"R000000\r\n",
    b"get wlan.ssid" + b" " * 500: b"R800016\r\nOverflow error\r\n",
    b"x" * 5000: b"R800016\r\nOverflow error\r\n",
    b"get": b"R400019\r\nToo few arguments\r\n",
}


@pytest.mark.parametrize("end", ENDINGS)
def test_lines_in_any_pieces(session, rng, counts, end):
    """One answer a line, whatever ends it and however it comes."""
    session.machine()
    for _ in range(counts(10, 300)):
        lines = rng.choices(list(LINES), k=rng.randrange(1, 9))
        shown = typed(session, pieces(b"".join(line + end for line in lines), rng))
        assert shown == b"".join(LINES[line] for line in lines), lines


@pytest.mark.parametrize("machine", [True, False], ids=["machine", "human"])
@pytest.mark.parametrize("end", [(b"\r", b"\n"), (b"\r\n",), (b"\n",)], ids=len)
def test_a_very_long_line_is_swallowed_whole(session, machine, end):
    """All of it, though it holds quotes, commands and what keys send, and none of its end."""
    if machine:
        session.machine()
    piece = b'get wlan.join.retries " \\ set wlan.ssid x ' * 6
    for _ in range(100_000 // len(piece)):
        session.type(piece)
    shown = b"".join(session.type(byte) for byte in end)
    overflow = b"R800016\r\nOverflow error\r\n" if machine else b"\r\nOverflow error\r\n> "
    assert shown == overflow
    shown = session.type(b"get wlan.join.retries\r\n")
    assert shown == (RETRIES if machine else b"get wlan.join.retries\r\n3\r\n> ")
    assert session.type(b"get wlan.ssid\n").endswith(b"R000000\r\n" if machine else b"\r\n\r\n> ")


def test_endings_may_change(session, rng, counts):
    """What is ambiguous is not mixed: a CR that follows an LF, and the other way round."""
    session.machine()
    for _ in range(counts(20, 500)):
        lines = rng.choices([line for line in LINES if line], k=rng.randrange(1, 9))
        data = b"".join(line + rng.choice(ENDINGS) for line in lines)
        assert typed(session, pieces(data, rng)) == b"".join(LINES[line] for line in lines)


def test_echo_may_be_switched_between_two_lines_of_a_read(session):
    shown = session.type(b"set sy c e 0\rget wl j r\rset sy c e 1\rget wl j r\r")
    assert shown == (b"set sy c e 0\r\nSet OK\r\n> 3\r\n> Set OK\r\n> get wl j r\r\n3\r\n> ")
    assert session.type(b"set sy c e 0\r").endswith(b"Set OK\r\n> ")
    assert session.type(b"\n") == b""  # the other half of the CR LF
    assert session.type(b"\r\n") == b"Ready\r\n> "


def test_the_prompt_comes_with_headers_too(session):
    assert session.type(b"set sy c h 1\r").endswith(b"R000008\r\nSet OK\r\n> ")
    assert session.type(b"get wl s\r").endswith(b"\r\nR000000\r\n> ")
    assert session.type(b"set sy c p 0\r").endswith(b"R000008\r\nSet OK\r\n")
    assert session.type(b"set sy c h 0\r").endswith(b"\r\nSet OK\r\n")
    assert session.log(b"hello") == b"hello\r\n"


def test_long_responses_are_the_lines_joined(session):
    session.machine()
    shown = session.type(b"help variables\n")
    code, size, body = re.fullmatch(rb"R(.)(.....)\r\n(.*)", shown, re.DOTALL).groups()
    assert (code, int(size)) == (b"0", len(body))
    rows = body.split(b"\r\n")
    names = [v.name.encode() for v in declarations.variables(project.ROOT)]
    assert [row.partition(b" ")[2] for row in rows] == [*names, b""]
    assert len(body) > 1024  # more than one piece
    session.type(b"set sy c m human\n")
    shown = session.type(b"get static\r")
    rows = [b"static.%s: 0.0.0.0\r\n" % leaf for leaf in (b"dns", b"gateway", b"ip", b"netmask")]
    assert shown == b"get static\r\n" + b"".join(rows) + b"> "


def test_a_list_without_lines(session):
    """An answer all the same, with its prompt."""
    assert session.type(b"get gpio\r") == b"get gpio\r\n\r\n> "
    assert session.machine().type(b"get gpio\n") == b"R000000\r\n"


def test_lists_have_a_line_for_each_value(session):
    """A value with line ends is not two lines: it is written as one would type it."""
    session.machine()
    session.type(b'set wwep.host "a\\r\\nwwep.port: 1"\n')
    assert b'\r\nwwep.host: "a\\r\\nwwep.port: 1"\r\n' in session.type(b"get wwep\n")
    assert session.type(b"get wwep.host\n") == b"R000017\r\na\r\nwwep.port: 1\r\n"


def test_safe_mode_is_in_each_header(session):
    session.machine()
    session.safe_mode(True)
    assert session.type(b"get wl j r\n") == b"S000003\r\n3\r\n"
    assert session.type(b"get wl s\n") == b"S000000\r\n"
    assert session.type(b"get\n") == b"S400019\r\nToo few arguments\r\n"
    assert session.type(b"help commands\n").startswith(b"S00")
    session.type(b"set sy p all\n")
    assert session.log(b"hello") == b"L000007\r\nhello\r\n"
    session.safe_mode(False)
    assert session.type(b"get wl j r\n") == RETRIES


HUMAN = ("terminal", "human", "completion")


def test_a_program_pays_for_no_editor(session):
    """Nothing of a person's console is imported before the first byte to an echoing session, nor
    completion before the first Tab; the switch to machine mode gives it all back.
    """

    def loaded():
        return [name for name in HUMAN if session.loaded(f"firmware.console.{name}")]

    session.event(b"Ready")
    assert loaded() == []
    session.type(b"get wl j r\r")
    assert loaded() == ["terminal", "human"]
    session.type(b"ver\t\r")
    assert loaded() == list(HUMAN)
    session.machine()
    session.type(b"get wl j r\n")
    assert loaded() == []
    assert session.loaded("firmware.console.data") is False


# Log lines


def test_print_levels(session):
    session.machine().type(b"set sy c t none\n")
    for level, said in ((0, b""), (1, b"[x]"), (2, b"[x]y"), (5, b"[x]y")):
        session.type(b"set sy p %d\n" % level)
        shown = session.event(b"x") + session.log(b"y")
        assert re.sub(rb"L0\d{5}\r\n(.*?)\r\n", rb"\1", shown) == said


def test_timestamps(session):
    session.machine()
    session.type(b"set sy p 1\n")
    date = rb"L000036\r\n\[20\d\d-\d\d-\d\d \| \d\d:\d\d:\d\d: Opened: 0\]\r\n"
    assert re.fullmatch(date, session.event(b"Opened: 0"))
    session.type(b"set system.cmd.timestamp uptime\n")
    assert session.event(b"Opened: 0") == b"L000023\r\n[25:01:01: Opened: 0]\r\n"
    session.type(b"set sy c t none\n")
    assert session.event(b"Opened: 0") == b"L000013\r\n[Opened: 0]\r\n"
    assert session.type(b"set sy c t iso\n").startswith(b"R7")
    assert session.type(b"get sy c t\n") == b"R000006\r\nnone\r\n"


def test_no_log_line_inside_a_data_phase(session):
    session.machine()
    session.type(b"set sy p all\n")
    assert session.type(b"data 4\nab") == b""
    assert session.log(b"one") == session.log(b"two") == b""
    assert session.type(b"cd") == b"L000005\r\none\r\nL000005\r\ntwo\r\nR000010\r\n61626364\r\n"


def test_log_lines_that_are_lost_are_counted(session):
    session.machine()
    session.type(b"set sy p all\n")
    session.type(b"data 1\n")
    for i in range(30):
        session.log(b"%d" % i)
    shown = session.type(b"x")
    assert re.findall(rb"L0.....\r\n(.*?)\r\n", shown) == [
        *(b"%d" % i for i in range(24)),
        b"[6 log lines lost]",
    ]
    assert session.log(b"more") == b"L000006\r\nmore\r\n"


# Data phases


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_data_are_exactly_the_announced_bytes(session, rng, counts, end):
    """Any of the 256 values, in any pieces, and what follows is a line again."""
    session.machine()
    for _ in range(counts(20, 500)):
        size = rng.randrange(1, 700)
        data = rng.randbytes(size)
        if end == b"\r" and data[:1] == b"\n":
            continue  # taken for the LF of a CR LF
        line = b"data %d" % size + end + data + b"get wl j r\n"
        hexed = data.hex().encode()
        answer = b"R0%05d\r\n%s\r\n" % (len(hexed) + 2, hexed) + RETRIES
        assert typed(session, pieces(line, rng)) == answer


def test_what_cannot_be_kept_is_taken(session):
    """A data phase ends with its last byte, also when its taker has failed with the first."""
    session.machine()
    assert session.type(b"refuse 300\n" + b"get wl s\n" * 20) == b""
    assert session.type(b"\n" * 120) == b"R100016\r\nCommand failed\r\n"
    assert session.type(b"get wl j r\n") == RETRIES


@pytest.mark.parametrize("split", range(1, 8))
def test_all_bytes_that_mean_something_are_data(session, split):
    data = b"\n\r\n\x03$$$\x1b[A\t\x7f\0\xff"
    session.machine()
    line = b"data %d\n" % len(data) + data
    read = [line[i : i + split] for i in range(0, len(line), split)]
    assert typed(session, read).endswith(data.hex().encode() + b"\r\n")


def test_data_are_echoed_where_lines_are(session):
    data = b"Hel\x1b[Alo\tWorld\r\n!"
    shown = session.type(b"data %d\r\n" % len(data) + data)
    assert shown == b"data %d\r\n" % len(data) + data + b"\r\n" + data.hex().encode() + b"\r\n> "
    assert session.type(b"data 300\r") == b"data 300\r\n"
    assert session.type(b"x" * 200) == b"x" * 200
    assert session.type(b"x" * 100 + b"ver").startswith(b"x" * 100 + b"\r\n" + b"78" * 300)
    assert session.line == b"ver"


@pytest.mark.parametrize("echo", [b"0", b"1"])
def test_silence_ends_a_data_phase(session, echo):
    session.type(b"set sy c e %s\r" % echo)
    newline = b"\r\n" if echo == b"1" else b""
    session.type(b"data 5\r\nabc")
    assert session.silence(20) == newline + b"Data time-out\r\n> "
    assert session.type(b"get wl j r\r").endswith(b"3\r\n> ")
    session.silence(10_000 // 1000)  # nothing waits for data: nothing happens
    assert session.type(b"data 1\rx").endswith(b"78\r\n> ")
