# The prompt on UART0: shared/runtime/pyexec.c's friendly REPL, with a plain line editor (no
# history, no completion, no automatic indent). Reads bytes with Ctrl-C as a character, runs lines
# with Ctrl-C as an interrupt. MODES maps the control characters that leave the prompt.

import os
import select
import sys

import _board
import _console
import _exec
from micropython import const

CTRL_A = const(1)
CTRL_B = const(2)
CTRL_C = const(3)
CTRL_D = const(4)
CTRL_E = const(5)
_BACKSPACE = (8, 127)
_ESCAPE = const(27)
_COMPOUND = ("if", "while", "for", "try", "with", "def", "class", "async")

_byte = bytearray(1)
_input = sys.stdin.buffer
_poll = select.poll()
_poll.register(_input, select.POLLIN)


def read():
    """The next byte of UART0; the board is served while nothing comes."""
    _poll.ipoll()
    if not _input.readinto(_byte):
        _board.leave(1)
    return _byte[0]


def _line(prompt):
    # Reads a line: bytes, as the compiler takes them, also where they are no UTF-8 (a file that a
    # tool of the serial port left behind), or the control character that ended it. LF alone does
    # nothing.
    _console.raw(prompt)
    line = bytearray()
    escape = 0
    while True:
        c = read()
        if escape:  # cursor keys and the like: ESC [ ... letter
            escape = 2 if c in b"[O" and escape == 1 else (2 if c < 64 else 0)
        elif c == 13:
            _console.raw("\r\n")
            return bytes(line)
        elif c in _BACKSPACE:
            if line:
                line = line[:-1]
                _console.raw("\b \b")
        elif c == CTRL_C or (c in MODES and not line):
            return c
        elif c == _ESCAPE:
            escape = 1
        elif c == 9:
            line += b"    "
            _console.raw("    ")
        elif c >= 32:
            line.append(c)
            _console.raw(_byte)


def goes_on(text):
    """True if text needs another line: open brackets or triple quotes, a backslash at the end, a
    compound statement without its empty line (mp_repl_continue_with_input)."""
    depth = 0
    quote = ""
    i = 0
    while i < len(text):
        c = text[i]
        if quote:
            if c == "\\":
                i += 1
            elif text[i : i + len(quote)] == quote:
                i += len(quote) - 1
                quote = ""
        elif c in "'\"":
            quote = c * 3 if text[i : i + 3] == c * 3 else c
            i += len(quote) - 1
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        i += 1
    if len(quote) == 3 or (depth > 0 and not quote) or text[-1:] == "\\":
        return True
    first = ""
    for c in text:
        if not ("a" <= c <= "z"):
            break
        first += c
    after = text[len(first) : len(first) + 1]
    named = (
        after == "_" or after.isalpha() or after.isdigit()
    )  # `iffy = 1` is no compound statement
    return (text[0] == "@" or (first in _COMPOUND and not named)) and text[-1] != "\n"


def _banner():
    _console.raw("MicroPython " + os.version() + "; " + os.MACHINE + "\r\n")
    _console.raw('Type "help()" for more information.\r\n')


def _paste():
    # Returns what was pasted, or None when it was cancelled.
    _console.raw("paste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ")
    text = bytearray()
    while True:
        c = read()
        if c == CTRL_C:
            _console.raw("\r\n")
            return None
        if c == CTRL_D:
            _console.raw("\r\n")
            return bytes(text)
        text.append(10 if c == 13 else c)
        _console.raw("\r\n=== " if c == 13 else _byte)


def _statement(line):
    # Reads on until line is complete: the statement, or None after Ctrl-C.
    while goes_on("".join([chr(c) for c in line])):
        more = _line("... ")
        if more == CTRL_C:
            _console.raw("\r\n")
            return None
        if more == CTRL_D:
            break
        line += b"\n" + (more if isinstance(more, bytes) else b"")
    return line


def _execute(text, kind, namespace):
    exec(compile(text, "<stdin>", kind), namespace)


def _on_raw(namespace):
    import _rawrepl

    _exec.raw = True
    _rawrepl.run(namespace)
    _exec.raw = False
    _banner()


def _on_banner(namespace):
    _banner()


def _on_reset(namespace):
    _exec.soft_reset()


def _on_paste(namespace):
    text = _paste()
    if text:
        _exec.protect(_execute, text, "exec", namespace)


MODES = {CTRL_A: _on_raw, CTRL_B: _on_banner, CTRL_D: _on_reset, CTRL_E: _on_paste}


def run(namespace):
    """The prompt, until a reset."""
    if _exec.raw:
        _on_raw(namespace)
    else:
        _banner()
    while True:
        line = _line(">>> ")
        if not isinstance(line, bytes):
            if line != CTRL_A:
                _console.raw("\r\n")
            if line in MODES:
                MODES[line](namespace)
        elif line:
            line = _statement(line)
            if line:
                _exec.protect(_execute, line, "single", namespace)
