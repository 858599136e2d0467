# Runs source files and typed lines as shared/runtime/pyexec.c does: Ctrl-C interrupts, an
# exception is printed, and SystemExit (machine.soft_reset() and sys.exit()) restarts the board.

import builtins

import _board
import _console
import micropython
import uos

SOFT_RESET = 71  # exit codes agreed with the supervisor
RAW_SOFT_RESET = 73  # in the raw REPL, which goes on behind it
_CTRL_C = micropython.const(3)


raw = False  # the REPL is, or is going to be, the raw one


def attempt(call, *args):
    """Calls call(*args). The exception that came out of it, None without one."""
    try:
        micropython.kbd_intr(_CTRL_C)
        try:
            call(*args)
        finally:
            micropython.kbd_intr(-1)
    except SystemExit as er:
        if _board.leaving:  # not the firmware's: a reset on its way out
            raise er
        return er
    except BaseException as er:
        _unlock_heap()
        return er


def protect(call, *args):
    """Calls call(*args) and prints its exception. True when there was none."""
    er = attempt(call, *args)
    if isinstance(er, SystemExit):
        soft_reset()
    if er:
        _console.show(er)
    return er is None


def _unlock_heap():
    # "If the GC is locked at this point there is no way out except a reset."
    while True:
        try:
            return bytearray(1)
        except MemoryError:
            micropython.heap_unlock()


def soft_reset():
    """Ends the process as Ctrl-D at the prompt does."""
    _console.raw("MPY: soft reboot\r\n")
    _board.leave(RAW_SOFT_RESET if raw else SOFT_RESET)


def _is_file(name):
    try:
        return uos.stat(name)[0] & 0x8000 != 0
    except OSError:
        return False


def _file(name, namespace):
    return not _is_file(name) or protect(builtins.execfile, name, namespace)


def run(namespace):
    """boot.py, main.py (not after a failed boot.py, nor in the raw REPL), then the prompt for
    ever."""
    global raw
    raw = _board.config["raw"]
    if _file("boot.py", namespace) and not raw:
        _file("main.py", namespace)
    import _repl

    _repl.run(namespace)
