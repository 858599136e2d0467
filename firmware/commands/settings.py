# The settings from and to files: load, and what `save` does with a file's name.
import errno

from micropython import const

from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.store import saved, settings, variables
from wire import cmdline

from .variables import change, understand

_REASONS = {
    errno.EEXIST: b"File exists",
    errno.ENOENT: b"File not found",
    23: b"Too many files",  # ENFILE
    settings.EFBIG: b"Settings too large",
}
_SHOWN = const(3)  # wrong lines that an answer names; the others are counted


async def save_as(name):
    """Write the present values to a new file, without secrets. Raises CommandError."""
    from firmware.store import files

    values = variables.values
    shown = [key for key in values if not variables.secret(key.partition(b" ")[0])]
    try:
        writer = files.Writer(name, settings.size(values, shown))
        try:
            for line in settings.pieces(values, shown):
                await writer.write(line)
        finally:
            writer.close()
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT)
    except OSError as e:
        raise _failed(e)


def _failed(e):
    return CommandError(errors.FAILED, _REASONS.get(e.errno, b"Flash full"))


@command(b"load", b"load", 0, 1)
def load(session, args):
    """load [<filename>]
    Give all variables the values that were saved last, or those of a file that `save` wrote; or
    carry out a file of `set` lines. A file with a wrong line changes nothing.
    """
    if args:
        apply(session, _content(args[0]))
        return
    try:
        with open(saved.PATH, "rb") as f:
            size = f.seek(0, 2)
            f.seek(0)
            data = f.read(min(size, settings.MAX_SIZE))  # read(n) takes n bytes of RAM at once
    except OSError:
        data = settings.dump(_factory())
    apply(session, data, True)


def _factory():
    # The factory's settings, as full name, and index, -> text.
    from firmware.store import factory

    known = {}
    try:
        for row in factory.rows():
            try:
                understand(row, True)
            except CommandError:  # a later version's: it is passed over at a start, too
                pass
            else:
                known[b" ".join(row[:-1])] = row[-1]
    finally:
        factory.done()
    return known


def _content(name):
    from firmware.store import files

    try:
        reader = files.Reader(name)
    except OSError as e:
        raise _failed(e)
    try:
        if reader.size > settings.MAX_SIZE:
            raise CommandError(errors.BOUNDS, b"File too large")
        return reader.read(reader.size)
    finally:
        reader.close()


def apply(session, data, secrets=False):
    """Carry out the content of a settings file or a script of `set` lines: all of it or, when a
    line is wrong, nothing.

    A settings file gives all variables a value, those that are not in it their default; but a
    secret that is not in it stays, unless `secrets`. Raises CommandError, whose text names the
    wrong lines.
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
        _forget([_key(name, index) for name, _, _, index, _ in found], secrets)
        # The preset first: it decides what others in the file say otherwise. Flow control is what
        # a high baud rate needs.
        found.sort(key=lambda row: row[0] not in (b"system.cmd.mode", b"uart.flow"))
    for row in found:
        change(session, *row)


def _key(name, index):
    return name if index is None else b"%s %s" % (name, index)


def _forget(kept, secrets):
    # Back to the defaults, but for the variables in `kept` and, unless `secrets`, for secrets.
    for key in list(variables.values):
        name, _, index = key.partition(b" ")
        if key not in kept and (secrets or not variables.secret(name)):
            variables.values.pop(key)
            if variables.changed:
                variables.changed(name, index or None)
