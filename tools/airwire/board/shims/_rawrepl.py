# The raw REPL on UART0, shared/runtime/pyexec.c's, for programs instead of people: no echo, code
# between Ctrl-D and Ctrl-D, its output and its exception behind it, each ended by Ctrl-D. Raw
# paste adds a window, so that code of any length comes without overrunning the ring.

import _console
import _exec
from _repl import CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E, read
from micropython import const

_WINDOW = const(128)  # half of MICROPY_REPL_STDIN_BUFFER_MAX
_END = b"\x04"


def _run(source, namespace):
    exec(compile(bytes(source), "<stdin>", "exec"), namespace)


def _execute(source, namespace):
    er = _exec.attempt(_run, source, namespace)
    _console.raw(_END)
    leaves = isinstance(er, SystemExit)
    if er and not leaves:
        _console.show(er)
    _console.raw(_END)
    if leaves:
        _exec.soft_reset()


def _paste(kind, namespace):
    if kind != b"A"[0]:
        _console.raw(b"R\x00")
        return
    _console.raw(b"R\x01" + bytes([_WINDOW & 255, _WINDOW >> 8, 1]))
    source = bytearray()
    left = _WINDOW
    er = None
    while True:
        c = read()
        if c == CTRL_C or c == CTRL_D:
            break
        if er is None:
            try:
                source.append(c)
            except MemoryError as told:
                er = told
                source = None
                _console.raw(_END)  # the host answers with its own
        left -= 1
        if left == 0 and er is None:
            left = _WINDOW
            _console.raw(b"\x01")
    if er is None:
        _console.raw(_END)
        if c == CTRL_C:
            er = KeyboardInterrupt()
    if er is None:
        _execute(source, namespace)
    else:
        _console.raw(_END)
        _console.show(er)
        _console.raw(_END)


def run(namespace):
    """Until Ctrl-B; Ctrl-D alone is a soft reset, which stays here."""
    fresh = True
    while True:
        if fresh:
            _console.raw("raw REPL; CTRL-B to exit\r\n")
        _console.raw(">")
        fresh = False
        line = bytearray()
        while True:
            c = read()
            if c == CTRL_A:
                fresh = len(line) != 2 or line[0] != CTRL_E
                if not fresh:
                    _paste(line[1], namespace)
                break
            if c == CTRL_B:
                _console.raw("\r\n")
                return
            if c == CTRL_C:
                line = bytearray()
            elif c == CTRL_D:
                _console.raw("OK")
                if not line:
                    _console.raw("\r\n")
                    _exec.soft_reset()
                _execute(line, namespace)
                break
            else:
                line.append(c)
