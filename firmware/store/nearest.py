# Which variables an unknown name could mean. Imported when a name was not found.
from micropython import const

from .tables import SHORT
from .variables import under

_ROOM = const(100)  # bytes of an answer: with what stands before it, a line of a wide terminal


def names(words):
    """b": could be ..." with the likeliest full names, within one bounded line; b"" when nothing
    is like it.
    """
    found = []
    word = words[0]
    if word in SHORT:
        # A shortcut that goes wrong somewhere: all that begin like it.
        count = len(words)
        while not found:
            count -= 1
            found = [name for name, _, _ in under(words[:count])]
    else:
        leaf = word[word.rfind(b".") + 1 :]
        near = []
        for name, _, _ in under((b"all",)):
            if len(word) > 1 and name.startswith(word):
                found.append(name)
            elif (
                _alike(name, word)
                or (len(leaf) > 2 and b".%s." % leaf in b".%s." % name)
                or (len(word) > 3 and word in name)
            ):
                near.append(name)
        found += near
    return _line(found)


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
