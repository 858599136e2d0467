# What a word of a command line may become, for the Tab key: commands, the words and options of a
# command's syntax, variables. Imported at the first Tab.
#
# The image build derives from each command's syntax what may stand at each of its places, and
# writes it to /completion.csv, a line for each command that has anything to offer:
#     name "|" option/option=/... place place ...
# A place is words/words; `<variable>` and `<command>` stand for all their names, `<index>` and
# `<value>` for those that the variable before them takes, `<>` for what has no names. An option
# with "=" takes a value. The file stays in flash.
from . import catalogue, registry

_FILE = "/completion.csv"


def complete(before, width, variables):
    """Complete the word that ends the text `before` the cursor.

    Returns (bytes to add to it, list for the screen): the list, of rows below `width` columns, has
    the names to choose from when nothing can be added, unless `width` is 0.
    """
    start = before.rfind(b" ") + 1
    word = before[start:]
    names = _candidates(before[:start].split(), word, variables)
    if not names:
        return b"", b""
    common = names[0]
    for name in names:
        while not name.startswith(common):
            common = common[:-1]
    add = common[len(word) :]
    if len(names) == 1 and not common.endswith(b"."):
        add += b" "
    return add, b"" if add or not width else _rows(names, width)


def _candidates(words, word, variables):
    # Sorted names that begin with `word`, which follows `words`.
    if not words:
        return [name for name, _ in catalogue.names() if name.startswith(word)]
    options, places = _syntax(words[0])
    place = 0
    value = False  # the next word is an option's value
    for w in words[1:]:
        if value:
            value = False
        elif w[:1] == b"-":
            value = w + b"=" in options
        else:
            place += 1
    if value:
        return []
    found = []
    if word[:1] == b"-":
        found = [o.rstrip(b"=") for o in options]
    elif place < len(places):
        for entry in places[place].split(b"/"):
            if entry == b"<variable>":
                found += _variables(word, variables)
            elif entry == b"<command>":
                found += [name for name, _ in catalogue.names()]
            elif entry == b"<index>" or entry == b"<value>":
                found += _values(words[1:], b"<value>" in places, variables)
            elif entry != b"<>":
                found.append(entry)
    return sorted([name for name in found if name.startswith(word)])


def _syntax(word):
    # (options, places) of a command by name or shortcut.
    try:
        row = b"\n%s|" % catalogue.name(word)
        with open(_FILE, "rb") as f:
            text = f.read()
    except (registry.UnknownCommand, OSError):
        return (), ()
    i = text.find(row)
    if i < 0:
        return (), ()
    i += len(row)
    fields = text[i : text.find(b"\n", i)].split(b" ")
    return fields[0].split(b"/") if fields[0] else (), fields[1:]


def _variables(word, variables):
    # Variables by full name; their groups, while the word may be several groups'.
    group, dot, _ = word.partition(b".")
    if not dot:
        groups = [g for g in variables.GROUPS.split() if g.startswith(word)]
        if len(groups) != 1:
            return [g + b"." for g in groups]
        group = groups[0]
    return [name for name, _, _ in variables.under((group,)) if name.startswith(group + b".")]


def _values(words, settable, variables):
    # The indexes of an indexed variable, or the values of one of few, whichever comes behind
    # `words`, the first of which is its name.
    try:
        _, kind, default, _ = variables.find(words[:1])
        indexed = kind[1] == 120  # x
        if indexed and len(words) == 1:
            return variables.indexes(kind)
        if indexed:
            kind, _ = variables.item(kind, default, words[1])
    except (variables.UnknownVariable, ValueError):
        return []
    if not settable or len(words) != 1 + indexed:
        return []
    if kind[1] == 98:  # b
        return [b"0", b"1"]
    return kind[2:].split(b"|") if kind[1] == 101 else []  # e


def _rows(names, width):
    # In columns, as `ls` has it: down, then across.
    wide = max([len(name) for name in names]) + 2
    columns = max(1, (width - 1) // wide)
    count = (len(names) + columns - 1) // columns
    out = bytearray()
    for row in range(count):
        line = b""
        for i in range(row, len(names), count):
            line += names[i] + b" " * (wide - len(names[i]))
        out.extend(line.rstrip())
        out.extend(b"\r\n")
    return bytes(out)
