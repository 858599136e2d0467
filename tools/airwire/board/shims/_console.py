# What the ESP32 port does to text on its way to UART0: print() and tracebacks are "cooked" (LF
# becomes CR LF), standard error is the same UART, and C functions, which the shims stand for, have
# no line in a traceback. sys.stdout.write() cannot be reached and stays uncooked: the one
# difference.

import builtins
import io
import sys

import _board

_print = builtins.print
_raw = sys.stdout.buffer


def write(text):
    """Writes text (str) to UART0, LF as CR LF."""
    _raw.write(text.replace("\n", "\r\n"))


def raw(data):
    """Writes data to UART0 as it is."""
    _raw.write(data)


def print(*args, sep=" ", end="\n", file=None):
    if file is None or file is sys.stdout or file is sys.stderr:
        text = io.StringIO()
        _print(*args, sep=sep, end=end, file=text)
        write(text.getvalue())
    else:
        _print(*args, sep=sep, end=end, file=file)


def show(er):
    """Prints an exception as the port does."""
    text = io.BytesIO()  # what came at the prompt may be no UTF-8, and stands in it
    sys.print_exception(er, text)
    shims = _board.shims.encode()
    lines = [line for line in text.getvalue().split(b"\n") if shims not in line]
    _raw.write(b"\r\n".join(lines))


def _repl_print(value):
    if value is not None:
        print(repr(value))
        builtins._ = value


def install():
    builtins.print = print
    builtins.__repl_print__ = _repl_print
