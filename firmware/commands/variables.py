# Variables by command: get, set, save. What has to do with files is in settings.py.
from firmware import board
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.store import variables

_MASK = b"********"
_LIVE = (108, 111, 118)  # access codes l, o, v: the value comes from firmware/live/


def _live(name):
    group, _, leaf = name.partition(b".")
    return __import__("firmware.live." + group.decode(), None, None, ("get",)), leaf


def _stored(values, name, kind, default, index=None):
    # What is printed of a variable that is kept in `values`; `kind` is the whole kind.
    if index is None:
        value = values.get(name)
    else:
        value = values.get(b"%s %s" % (name, index))
        default = variables.item(kind, default, index)[1]
    if value is None:
        return default
    return _MASK if kind[0] == 115 and value else value  # s


def _computed(session, name, kind, index):
    module, leaf = _live(name)
    if kind[1] == 120 or kind[1] == 102:  # x, f
        return module.get(leaf, index, session)
    return module.get(leaf, session)


def _value(session, name, kind, default, index=None):
    # What `get` prints for a plain variable, or for one item of an indexed one.
    if kind[0] in _LIVE:
        value = _computed(session, name, kind, index)
    else:
        value = _stored(variables.values, name, kind, default, index)
    return b"%d" % value if isinstance(value, int) else value


def _listing(session, rows):
    # The lines of `get <group>`, for the variables that rows() iterates. They are gone through
    # more than once, with others at work between: so all say what they said at first.
    values = dict(variables.values)
    computed = []

    def lines():
        n = 0
        for name, kind, default in rows():
            if kind == b"ol":
                continue  # text of several lines has no place in a list
            indexed = kind[1] == 120  # x
            for index in variables.indexes(kind) if indexed else (None,):
                key = b"%s %s" % (name, index) if indexed else name
                if kind[0] not in _LIVE:
                    if indexed and kind[2:4] == b"g:" and key not in values:
                        continue  # of GPIOs only those that differ from the default
                    value = _stored(values, name, kind, default, index)
                else:
                    if n == len(computed):
                        computed.append(_computed(session, name, kind, index))
                    value = computed[n]
                    n += 1
                if isinstance(value, int):
                    yield b"%s: %d" % (key, value)
                elif value and (min(value) < 32 or value[0] == 34):
                    # It must not pass for a line of its own. What begins with a quote is quoted,
                    # and nothing else.
                    from wire.quoting import quote

                    value = quote(value)
                    yield (b"%s: %s" if value[0] == 34 else b'%s: "%s"') % (key, value)
                else:
                    yield b"%s: %s" % (key, value)

    return lines


def _unknown(words):
    from firmware.store import nearest

    return CommandError(errors.UNKNOWN_OPTION, b"Unknown variable" + nearest.names(words))


@command(b"get", b"get", 1, None)
def get(session, args):
    """get <variable> [<index> | all | <format>] | <group> | all
    Print a variable, or all variables of a group as lines of name and value.
    """
    try:
        name, kind, default, used = variables.find(args)
    except variables.UnknownVariable:
        for _ in variables.under(args):
            return _listing(session, lambda: variables.under(args))
        raise _unknown(args)
    if kind[1] == 120 or kind[1] == 102:  # x, f
        return _item(session, name, kind, default, args[used:])
    if used < len(args):
        raise CommandError(errors.TOO_MANY)
    if kind[0] == 119:  # w: nearly every time, so it takes a call less
        value = variables.values.get(name, default)
        return b"%d" % value if isinstance(value, int) else value
    return _value(session, name, kind, default)


def _item(session, name, kind, default, rest):
    # `get` of an indexed variable, or of one with formats.
    index = None
    if len(rest) > 1:
        raise CommandError(errors.TOO_MANY)
    if rest:
        if kind[1] == 120 and rest[0] == b"all":
            return _listing(session, lambda: ((name, kind, default),))
        try:
            index = variables.known_index(kind, rest[0])
        except ValueError:
            raise CommandError(errors.BAD_ARGUMENT)
    elif kind[1] == 120:
        raise CommandError(errors.TOO_FEW)
    return _value(session, name, kind, default, index)


def understand(words, saved=False):
    """(name, kind, default, index or None, value) of a variable and its value in words; kind and
    default are those of the item where it is indexed. What was `saved` was accepted once.

    Raises CommandError.
    """
    try:
        name, kind, default, used = variables.find(words, 1)
    except variables.UnknownVariable:
        raise _unknown(words)
    rest = words[used:]
    if not rest:
        raise CommandError(errors.TOO_FEW)
    if kind[0] == 111:  # o
        raise CommandError(errors.BAD_ARGUMENT, b"Read only")
    index = None
    try:
        if kind[1] == 120:  # x
            if len(rest) < 2:
                raise CommandError(errors.TOO_FEW)
            index = variables.known_index(kind, rest.pop(0))
            kind, default = variables.item(kind, default, index)
        elif kind[1] == 102:  # f
            kind, default = variables.item(kind, default, None)
        if saved and kind[1] == 114:  # r
            rest.append(b"raw")
        if len(rest) > 1 and not variables.many_words(kind):
            raise CommandError(errors.TOO_MANY)
        return name, kind, default, index, variables.parse(kind, b" ".join(rest))
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT)


def change(session, name, kind, default, index, value):
    """Give a variable a value that understand() returned. Raises CommandError; then it has the
    value that it had.
    """
    key = name if index is None else b"%s %s" % (name, index)
    before = variables.values.get(key)
    try:
        module = None
        if kind[0] in _LIVE:
            module, leaf = _live(name)
            if hasattr(module, "check"):  # first: nothing follows a value that is refused
                module.check(leaf, index, value)
        if kind[0] != 118:  # v
            variables.put(name, kind, default, value, index)
        if hasattr(module, "put"):
            module.put(leaf, value, session)
    except CommandError:
        if before is None:
            variables.values.pop(key, None)
        else:
            variables.values[key] = before
        raise
    except board.GpioInUse as e:
        raise CommandError(errors.BAD_ARGUMENT, b"GPIO %d is used by %s" % tuple(e.args))


@command(b"set", b"set", 1, None)
def set_(session, args):
    """set <variable> [<index>] <value>
    Change a variable until the next reset; `save` keeps all changes. Quote a value that has
    spaces; "" is empty.
    """
    change(session, *understand(args))
    return b"Set OK"


@command(b"save", b"save", 0, 1)
def save(session, args):
    """save [<filename>]
    Keep the present values of all variables through resets; or write them to a file, without
    passwords.
    """
    if args:
        from .settings import save_as

        return save_as(args[0])
    if b"uart.baud 1" in variables.values:
        from firmware.store import lines

        refusal = lines.Settings(board.UART_HOST).refusal
        if refusal:  # after a reset the host could not talk to us
            raise CommandError(errors.FAILED, refusal)
    from firmware.store import settings

    try:
        settings.save()
    except OSError as e:
        text = b"Settings too large" if e.errno == settings.EFBIG else b"Flash full"
        raise CommandError(errors.FAILED, text)
