# The raw REPL, byte for byte as shared/runtime/pyexec.c has it: what programs such as mpremote and
# ampy speak.

import pytest

HEADER = "raw REPL; CTRL-B to exit\r\n>"


@pytest.fixture
def raw(start):
    board = start("")
    board.expect(">>> ")
    board.type("\r\x01")
    board.expect(HEADER)
    return board


def run(board, source):
    """Runs source; its output and its exception."""
    board.type(source + "\x04")
    seen = board.expect("\x04>")
    assert seen.startswith("OK")
    out, err, end = seen[2:].split("\x04")
    assert end == ">"
    return out, err


def test_code_and_its_output(raw):
    assert run(raw, "print(6 * 7)\nprint('end')") == ("42\r\nend\r\n", "")
    assert run(raw, "x = 1\n1 + 1") == ("", "")  # nothing is shown of a value
    assert run(raw, "print(x)") == ("1\r\n", "")


def test_exceptions_come_apart_from_output(raw):
    out, err = run(raw, "print('before')\n1 / 0")
    assert out == "before\r\n"
    assert err == (
        'Traceback (most recent call last):\r\n  File "<stdin>", line 2, in <module>\r\n'
        "ZeroDivisionError: divide by zero\r\n"
    )
    out, err = run(raw, "a b")
    assert out == "" and "SyntaxError" in err


def test_control_characters(raw):
    raw.type("print('forgotten')\x03")  # Ctrl-C clears what was sent
    assert run(raw, "print(1)") == ("1\r\n", "")
    raw.type("half\x01")  # Ctrl-A starts anew
    raw.expect(HEADER)
    raw.type("\x02")
    raw.expect("\r\nMicroPython v1.")
    raw.expect(">>> ")
    raw.type("\x01")
    raw.expect(HEADER)


def test_ctrl_c_interrupts_what_runs(raw):
    raw.type("print('runs')\nwhile True: pass\x04")
    raw.expect("runs\r\n")
    raw.type("\x03")
    assert "KeyboardInterrupt" in raw.expect("\x04>")
    assert run(raw, "print(1)") == ("1\r\n", "")


def paste(board, source):
    """Raw paste: sends as much as the window allows, all of it and its end; then what comes."""
    board.console = b""
    board.type("\x05A\x01")
    board.until(lambda: len(board.console) >= 5)
    assert board.console[:5] == b"R\x01\x80\x00\x01"  # 128 bytes, and another 128 at once
    board.console = board.console[5:]
    left = 256
    while source:
        if not left:
            board.until(lambda: board.console[:1] == b"\x01")
            board.console = board.console[1:]
            left = 128
        board.type(source[:left])
        source, left = source[left:], left - len(source[:left])
    board.type("\x04")
    board.expect("\x04")
    return board.expect("\x04>")


@pytest.mark.parametrize("size", [1, 127, 128, 129, 256, 1000, 5000])
def test_raw_paste(raw, size):
    source = "print('x')\n" + "#" * size
    assert paste(raw, source) == "x\r\n\x04\x04>"
    assert paste(raw, "1 / 0").count("ZeroDivisionError") == 1


def test_raw_paste_is_cancelled(raw):
    raw.console = b""
    raw.type("\x05A\x01print(")
    raw.until(lambda: len(raw.console) >= 5)
    raw.console = b""
    raw.type("\x03")
    assert raw.expect("\x04>") == "\x04\x04KeyboardInterrupt: \r\n\x04>"
    assert run(raw, "print(1)") == ("1\r\n", "")


def test_other_ways_to_paste_are_declined(raw):
    raw.console = b""
    raw.type("\x05B\x01")
    assert raw.expect(">") == "R\x00>"


def test_a_paste_that_is_too_long_for_the_heap(start):
    board = start("", heap="64K")
    board.expect(">>> ")
    board.type("\x01")
    board.expect(HEADER)
    board.type("\x05A\x01")
    board.until(lambda: len(board.console) >= 5)
    board.console = b""
    sent = 0
    while not board.console.endswith(b"\x04") and sent < 200_000:
        board.type("#" * 128)
        sent += 128
        board.until(lambda: board.console[-1:] in (b"\x01", b"\x04"))
        board.console = board.console[-1:].replace(b"\x01", b"")
    board.type("\x04")
    assert "MemoryError" in board.expect("\x04>")
    assert run(board, "print(1)") == ("1\r\n", "")


@pytest.mark.parametrize("how", ["", "import machine; machine.soft_reset()", "raise SystemExit"])
def test_soft_reset_stays_raw(start, how):
    files = {"boot.py": "print('boot')\n"}
    board = start("print('main')\n", files=files)
    board.expect(">>> ")
    board.type("\x01")
    board.expect(HEADER)
    board.type(how + "\x04")
    assert board.wait() == 73
    assert board.console.endswith(b"soft reboot\r\n") and board.console.startswith(b"OK")
    # main.c: then main.py does not run, and there is no banner.
    seen = start(files=None, cause=5, raw=True).expect(HEADER)
    assert seen == "boot\r\n" + HEADER


def test_back_at_the_prompt_a_soft_reset_runs_main(raw):
    raw.type("\x02")
    raw.expect(">>> ")
    raw.type("\x04")
    assert raw.wait() == 71


def test_another_reset_leaves_raw_mode(raw):
    raw.type("import machine; machine.reset()\x04")
    assert raw.wait() == 70
