# The settings by command: save, load.
from micropython import const

from firmware import board
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.store import settings, variables
from wire import cmdline

from .variables import change, understand

_SHOWN = const(3)  # wrong lines that an answer names; the others are counted


@command(b"save", b"save")
def save(session, args):
    """save
    Keep the present values of all variables through resets.
    """
    if b"uart.baud 1" in variables.values:
        from firmware.store import lines

        refusal = lines.Settings(board.UART_HOST).refusal
        if refusal:  # after a reset the host could not talk to us
            raise CommandError(errors.FAILED, refusal)
    try:
        settings.save()
    except OSError:
        raise CommandError(errors.FAILED, b"Flash full")


@command(b"load", b"load")
def load(session, args):
    """load
    Give all variables the values that were saved last.
    """
    try:
        with open(settings.PATH, "rb") as f:
            data = f.read(settings.MAX_SIZE)
    except OSError:
        data = settings.dump({})
    apply(session, data)


def apply(session, data):
    """Carry out the content of a settings file or a script of `set` lines: all of it or, when a
    line is wrong, nothing.

    A settings file gives all variables a value, those that are not in it their default; but a
    secret that is not in it stays. Raises CommandError, whose text names the wrong lines.
    """
    try:
        body = settings.body(data)
    except ValueError:
        raise CommandError(errors.FAILED, b"File damaged")
    found = []
    wrong = []
    number = 0
    for line in (data if body is None else body).split(b"\n"):
        number += 1
        try:
            words = cmdline.split(line)
            if not words or words[0][:1] == b"#":
                continue
            if body is None and words.pop(0) != b"set":
                raise CommandError(errors.UNKNOWN_COMMAND, b"Not a set line")
            if not words:
                raise CommandError(errors.TOO_FEW)
            found.append(understand(words, body is not None))
        except cmdline.ParseError:
            wrong.append(b"line %d: %s" % (number, errors.TEXTS[errors.PARSE]))
        except CommandError as e:
            wrong.append(b"line %d: %s" % (number, e.text))
    if wrong:
        text = b"; ".join(wrong[:_SHOWN])
        if len(wrong) > _SHOWN:
            text += b"; and %d more" % (len(wrong) - _SHOWN)
        raise CommandError(errors.FAILED, b"L" + text[1:])
    if body is not None:
        _forget([_key(name, index) for name, _, _, index, _ in found])
        # The preset first: it decides what others in the file say otherwise.
        found.sort(key=lambda row: row[0] != b"system.cmd.mode")
    for row in found:
        change(session, *row)


def _key(name, index):
    return name if index is None else b"%s %s" % (name, index)


def _forget(kept):
    # Back to the defaults, but for the variables in `kept` and for secrets.
    for key in list(variables.values):
        name = key.partition(b" ")[0]
        if key not in kept and not variables.secret(name):
            variables.values.pop(key)
            if variables.changed:
                variables.changed(name)
