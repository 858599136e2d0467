# Which variables an unknown name could mean. Imported when a name was not found.
from micropython import const

from .variables import GROUPS, groups, table, under

_ROOM = const(100)  # bytes of an answer: with what stands before it, a line of a wide terminal
_LEAST = const(3)  # letters that make part of a name worth looking for


def names(words):
    """b": could be ..." with the likeliest full names, within one bounded line; b"" when nothing
    is like it.
    """
    word = words[0]
    group, dot, leaf = word.partition(b".")
    found = []
    if groups(word):
        # A shortcut that goes wrong somewhere: all that begin like it.
        count = len(words)
        while not found:
            found = _names(words[:count])
            count -= 1
    elif group in GROUPS.split():
        found = _names((group,))
        found = [n for n in found if n.startswith(word)] or [n for n in found if _alike(n, word)]
    else:
        for other in GROUPS.split():
            if dot and _alike(other, group):
                if b"\n%s\x01" % leaf in table(other):
                    found.append(b"%s.%s" % (other, leaf))
            elif len(group) > 1 and other.startswith(group) or _alike(other, group):
                found += _names((other,))
    if not found:
        part = word[word.rfind(b".") + 1 :]
        if len(part) >= _LEAST:
            for group in GROUPS.split():
                _with_part(group, part, found)
    return _line(found)


def _names(words):
    return [name for name, _, _ in under(words)]


def _with_part(group, part, found):
    # Adds the variables of a group of whose name a part, between dots, begins so.
    rows = table(group)
    i = rows.find(part)
    while i >= 0:
        end = i + 1
        if rows[i - 1] in b"\n.":
            start = rows.rfind(b"\n", 0, i) + 1
            end = rows.find(b"\x01", start)
            if i < end:  # not in a default
                found.append(b"%s.%s" % (group, rows[start:end]))
        i = rows.find(part, max(end, i + 1))


def _alike(a, b):
    # True where all but two bytes next to each other are the same: a letter wrong, too many or
    # too few, or two exchanged.
    short = min(len(a), len(b))
    long = max(len(a), len(b))
    if long - short > 2 or short < 4:
        return False
    i = 0
    while i < short and a[i] == b[i]:
        i += 1
    j = 0
    while j < short - i and a[-1 - j] == b[-1 - j]:
        j += 1
    return i + j >= long - 2


def _line(found):
    line = b""
    for name in found:
        if len(line) + len(name) > _ROOM:
            return line + b" ..."
        line += (b", %s" if line else b": could be %s") % name
    return line
