# The variables: look-up by name or shortcut, check of values, and the values that differ from
# their defaults.
#
# The declarations are in groups/; the image build packs each group into one bytes object, because
# 170 rows as tuples would take 21 KB of RAM. Each is a file, read when it is needed: that takes
# 2 ms and no RAM. Rows that running code reads often are constants besides (tables.RESIDENT). The
# rows of a table are sorted by leaf. A row is
#     "\n" leaf "\x01" shortcut-without-group "\x02" kind "\x03" default
# and a kind is: access (w read/write, o read only, l live, v volatile, s secret), then for an
# indexed variable "x" indexes ":" and for one with formats "f" names ":", then a letter for the
# type, and its arguments: see parse() and kinds.py. A read-only one has the type t, or l: lines.
from firmware import board, forget

from .tables import ALIASES, GROUPS, RESIDENT

_MAX_WORDS = 4  # the longest shortcut, "so d e"-like: group and at most three more words
FOLDER = "/firmware/store/rows/"
_AS_WRITTEN = b"tkeamndpzwy"  # types whose values are text as it was declared
_MANY_WORDS = b"rd"  # types whose value may be several words: baud rate, GPIO direction

# Full name, for an indexed variable followed by a space and its index -> value; only those that
# differ from the default.
values = {}
_read = (None, None)  # (group, table) of the group last read from the file
# called with the full name, and the index, after a set: services follow it (set by device.py)
changed = None


class UnknownVariable(Exception):
    pass


class ReadOnly(Exception):
    pass


def table(group):
    """The packed rows of a group (bytes), or None where there is no such group."""
    global _read
    if b"\n" in group or b"\n%s\n" % group not in GROUPS:
        return None
    if _read[0] != group:
        _read = (None, None)  # never two at a time
        with open(FOLDER + group.decode(), "rb") as f:
            size = f.seek(0, 2)
            f.seek(0)
            _read = (group, f.read(size))  # without it, room for twice as much is taken
    return _read[1]


def groups(word):
    """The groups (list of bytes) whose shortcuts begin with `word`: with two letters of theirs."""
    return [group for group in GROUPS.split() if group[:2] == word]


def row_at(rows, start):
    """(leaf, kind, default) of the row whose first byte after "\\n" is at `start`."""
    a = rows.find(b"\x01", start)
    b = rows.find(b"\x02", a)
    c = rows.find(b"\x03", b)
    d = rows.find(b"\n", c)
    return rows[start:a], rows[b + 1 : c], rows[c + 1 : d if d >= 0 else len(rows)]


def by_name(name):
    """(name, kind, default, 1), or None, by the full name. The way of every `get`: it takes only
    what it needs.
    """
    dot = name.find(b".")
    rows = None
    if dot > 0:
        rows = RESIDENT.get(name[:dot]) or table(name[:dot])
    leaf = name[dot + 1 :]
    row = b"\n%s\x01" % leaf
    while rows:
        # Rows are in order of their names: a search from the nearer end takes half as long.
        middle = rows.find(b"\n", len(rows) >> 1)
        if middle >= 0 and leaf >= rows[middle + 1 : rows.find(b"\x01", middle)]:
            i = rows.rfind(row)
        else:
            i = rows.find(row)
        b = rows.find(b"\x02", i)
        if i >= 0 and b > i + len(leaf):  # else the "leaf" is the text of several rows
            c = rows.find(b"\x03", b)
            d = rows.find(b"\n", c)
            return name, rows[b + 1 : c], rows[c + 1 : d if d >= 0 else len(rows)], 1
        rows = None if rows is _read[1] else table(name[:dot])
    return None


def _by_shortcut(words, count):
    for group in groups(words[0]):
        rows = table(group)
        i = rows.find(b"\x01%s\x02" % b" ".join(words[1:count]))
        if i >= 0:
            leaf, kind, default = row_at(rows, rows.rfind(b"\n", 0, i) + 1)
            return b"%s.%s" % (group, leaf), kind, default, count
    return None


def _by_alias(words):
    alias = b"\n%s\x01" % b" ".join(words)
    i = ALIASES.find(alias)
    if i < 0 or alias.rfind(b"\n"):
        return None
    i += len(alias)
    return by_name(ALIASES[i : ALIASES.find(b"\n", i)])[:3] + (len(words),)


def secret(name):
    """True for a variable, by its full name, whose value is never printed."""
    row = by_name(name)
    return row is not None and row[1][0] == 115  # s


def find(words, spare=0):
    """The variable that `words` (list of bytes) begin with, leaving at least `spare` words for its
    value.

    Returns (name, kind, default, words used). A shortcut is matched by its longest list of words.
    Raises UnknownVariable.
    """
    row = by_name(words[0])
    if row:
        return row
    for count in range(min(len(words) - spare, _MAX_WORDS), 1, -1):
        row = _by_shortcut(words, count) or _by_alias(words[:count])
        if row:
            return row
    row = _by_alias(words[:1])
    if row:
        return row
    raise UnknownVariable(words[0])


def under(words):
    """Yield (name, kind, default) of every variable below a node (`wlan`, `udp.client`, `ud c`) or
    of all (`all`), by name.
    """
    from . import nodes

    forget("firmware.store.nodes")  # in RAM while somebody iterates
    return nodes.under(words)


# Indexed variables


def indexes(kind):
    """The indexes of an indexed variable, or the formats of one that has some, in order."""
    spec = kind[2 : kind.find(b":")]
    if spec == b"g":
        return [b"%d" % n for n in range(40) if board.is_gpio(n)]
    if spec[0] < 58:  # a digit
        low, _, high = spec.partition(b",")
        return [b"%d" % n for n in range(int(low), int(high) + 1)]
    return spec.split(b"|")


def known_index(kind, text):
    """The index that `text` means, as it is kept. Raises ValueError."""
    if kind[2:4] == b"g:":
        text = b"%d" % gpio(text)
    elif text.isdigit():
        text = b"%d" % int(text)
    if text not in indexes(kind):
        raise ValueError
    return text


def item(kind, default, index):
    """(kind, default) of one item of an indexed variable, as of a plain one."""
    if kind[1] == 120 and b";" in default:  # x: a default for each index
        default = default.split(b";")[indexes(kind).index(index)]
    plain = kind[:1] + kind[kind.find(b":") + 1 :]
    if plain[1] == 112:  # p: as many states as the default has
        plain += b"%d" % (default.count(b"|") + 1)
    return plain, default


# Values


def integer(text, low, high):
    """A decimal number between two bounds. Raises ValueError."""
    if not (text[1:] if text[:1] in (b"-", b"+") else text).isdigit():
        raise ValueError  # int() takes spaces and underscores too
    value = int(text)
    if not low <= value <= high:
        raise ValueError
    return value


def gpio(text):
    """The GPIO number that a number or an alias means, -1 for none. Raises ValueError."""
    for key in values:
        if key[:11] == b"gpio.alias " and values[key] == text:
            return int(key[11:])
    return integer(text, -1, 39)


def limits(kind):
    """The two numbers in the arguments of a plain kind."""
    low, _, high = kind[2:].partition(b",")
    return int(low), int(high)


def many_words(kind):
    """True where the value of a plain kind may be several words."""
    return kind[1] in _MANY_WORDS


def parse(kind, text):
    """The value, int or bytes, that `text` (bytes) means for a variable of a plain kind; several
    words come joined by spaces. Raises ValueError.
    """
    t = kind[1]
    if t == 98 or t == 111:  # b, o: a switch that prints as off and on
        on = text in (b"1", b"on", b"true")
        if not on and text not in (b"0", b"off", b"false"):
            raise ValueError
        return int(on) if t == 98 else b"on" if on else b"off"
    if t == 105:  # i
        return integer(text, *limits(kind))
    if t == 116 or t == 107:  # t, k: a key, which may also be empty
        low, high = limits(kind)
        if not low <= len(text) <= high and (t == 116 or text):
            raise ValueError
        return bytes(text)
    if t == 101:  # e
        if text not in kind[2:].split(b"|"):
            raise ValueError
        return bytes(text)
    if t == 103:  # g, for outputs with an argument
        number = gpio(text)
        if number >= 0 and not board.is_gpio(number, kind[2:] == b"out"):
            raise ValueError
        return number
    if t == 118:  # v
        return 5 if text == b"all" else integer(text, 0, 5)
    from . import kinds

    return kinds.parse(kind, text)


def get(name, index=None):
    """The value of a stored variable, int or bytes, by its full name and, where it is indexed, its
    index (bytes or int). Raises UnknownVariable, ValueError when there is no such index.
    """
    key = name
    if index is not None:
        if isinstance(index, int):
            index = b"%d" % index
        key = b"%s %s" % (name, index)
    value = values.get(key)
    if value is None:
        row = by_name(name)
        if row is None:
            raise UnknownVariable(name)
        kind, default = row[1:3]
        if index is not None:
            kind, default = item(kind, default, index)
        # A default is written as it is kept, but for numbers: kinds.py is not needed for it.
        if kind[1] in _AS_WRITTEN:
            return default
        value = int(default) if kind[1] == 114 else parse(kind, default)  # r
    return value


def put(name, kind, default, value, index=None):
    """Store a value (of a plain kind); one that equals the default takes no room.

    What the part that follows the variable raises, board.GpioInUse for one, comes through, and
    then the variable is as before.
    """
    key = name if index is None else b"%s %s" % (name, index)
    before = values.pop(key, None)
    if value != parse(kind, default):
        values[key] = value
    if changed:
        try:
            changed(name, index)
        except:
            values.pop(key, None)
            if before is not None:
                values[key] = before
            raise
