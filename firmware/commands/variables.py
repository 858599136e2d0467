# Variables by command: get, set, save.
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.store import settings, variables

_MASK = b"********"
_LIVE = (108, 111)  # access codes l and o: the value comes from firmware/live/


def _live(name):
    group, _, leaf = name.partition(b".")
    return __import__("firmware.live." + group.decode(), None, None, ("get",)), leaf


def _text(value):
    return b"%d" % value if isinstance(value, int) else value


def _value(session, name, kind):
    if kind[0] in _LIVE:
        module, leaf = _live(name)
        return _text(module.get(leaf, session))
    value = _text(variables.get(name))
    return _MASK if value and kind[0] == 115 else value  # s


@command(b"get", b"get", 1, None)
def get(session, args):
    """get <variable> | <group> | all
    Print a variable, or all variables of a group as lines of name and value.
    """
    try:
        name, kind, _, used = variables.find(args)
    except variables.UnknownVariable:
        lines = [b"%s: %s" % (n, _value(session, n, k)) for n, k, _ in variables.under(args)]
        if not lines:
            raise CommandError(errors.UNKNOWN_OPTION, b"Unknown variable")
        return lines
    if used < len(args):
        raise CommandError(errors.TOO_MANY)
    return _value(session, name, kind)


@command(b"set", b"set", 1, None)
def set_(session, args):
    """set <variable> <value>
    Change a variable until the next reset; `save` keeps all changes. Quote a value that has
    spaces; "" is empty.
    """
    try:
        name, kind, default, used = variables.find(args, 1)
    except variables.UnknownVariable:
        raise CommandError(errors.UNKNOWN_OPTION, b"Unknown variable")
    if used == len(args):
        raise CommandError(errors.TOO_FEW)
    if used + 1 < len(args):
        raise CommandError(errors.TOO_MANY)
    if kind[0] == 111:  # o
        raise CommandError(errors.BAD_ARGUMENT, b"Read only")
    try:
        value = variables.parse(kind, args[used])
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT)
    variables.put(name, kind, default, value)
    if kind[0] == 108:  # l
        module, leaf = _live(name)
        module.put(leaf, value, session)
    return b"Set OK"


@command(b"save", b"save")
def save(session, args):
    """save
    Keep the present values of all variables through resets.
    """
    try:
        settings.save()
    except OSError:
        raise CommandError(errors.FAILED, b"Flash full")
