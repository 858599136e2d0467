# Runs source files and typed lines as shared/runtime/pyexec.c does: Ctrl-C interrupts, an
# exception is printed, and SystemExit (machine.soft_reset() and sys.exit()) restarts the board.

import builtins

import _board
import _console
import micropython
import uos

SOFT_RESET = 71  # exit codes agreed with the supervisor
_CTRL_C = micropython.const(3)


def protect(call, *args):
    """Calls call(*args). True when no exception came out of it."""
    try:
        micropython.kbd_intr(_CTRL_C)
        try:
            call(*args)
        finally:
            micropython.kbd_intr(-1)
    except SystemExit as er:
        if _board.leaving:  # not the firmware's: a reset on its way out
            raise er
        soft_reset()
    except BaseException as er:
        _unlock_heap()
        _console.show(er)
        return False
    return True


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
    _board.leave(SOFT_RESET)


def _is_file(name):
    try:
        return uos.stat(name)[0] & 0x8000 != 0
    except OSError:
        return False


def _file(name, namespace):
    return not _is_file(name) or protect(builtins.execfile, name, namespace)


def run(namespace):
    """boot.py, main.py (not after a failed boot.py), then the prompt for ever."""
    if _file("boot.py", namespace):
        _file("main.py", namespace)
    import _repl

    _repl.run(namespace)
