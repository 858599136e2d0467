# The variables: look-up by name or shortcut, check of values, and the values that differ from
# their defaults.
#
# The declarations are in groups/; the image build packs each group into one bytes constant
# (tables.GROUPS), because 160 rows as tuples would take 21 KB of RAM. A row is
#     "\n" leaf "\x01" shortcut-without-group "\x02" access type arguments "\x03" default
# access: w read/write, o read only, l live (computed, may be set), s secret. type: b bool, i
# integer MIN,MAX, t text MIN,MAX, e enum A|B|..., a IPv4 address, m MAC address, g GPIO or -1, v
# print level.
from firmware import board

from .tables import GROUPS, SHORT

_MAX_WORDS = 4  # the longest shortcut, "ud c r h"-like: group and three more words

values = {}  # full name -> value; only those that differ from the default
changed = None  # called with the full name after a set: services follow it (set by device.py)


class UnknownVariable(Exception):
    pass


class ReadOnly(Exception):
    pass


def _row(table, start):
    # -> (leaf, kind, default) of the row whose first byte after "\n" is at `start`.
    a = table.find(b"\x01", start)
    b = table.find(b"\x02", a)
    c = table.find(b"\x03", b)
    d = table.find(b"\n", c)
    return table[start:a], table[b + 1 : c], table[c + 1 : d if d >= 0 else len(table)]


def _by_name(name):
    # -> (name, kind, default, 1), or None. The way of every `get`: it takes only what it needs.
    dot = name.find(b".")
    table = GROUPS.get(name[:dot]) if dot > 0 else None
    if table is not None:
        leaf = name[dot + 1 :]
        row = b"\n%s\x01" % leaf
        # Rows are in order of their names: a search from the nearer end takes half as long.
        i = table.find(row) if leaf < b"n" else table.rfind(row)
        if i >= 0:
            b = table.find(b"\x02", i)
            c = table.find(b"\x03", b)
            d = table.find(b"\n", c)
            return name, table[b + 1 : c], table[c + 1 : d if d >= 0 else len(table)], 1
    return None


def _by_shortcut(words, count):
    for group in SHORT.get(words[0], ()):
        table = GROUPS[group]
        i = table.find(b"\x01%s\x02" % b" ".join(words[1:count]))
        if i >= 0:
            leaf, kind, default = _row(table, table.rfind(b"\n", 0, i) + 1)
            return b"%s.%s" % (group, leaf), kind, default, count
    return None


def find(words, spare=0):
    """The variable that `words` (list of bytes) begin with, leaving at least `spare` words for its
    value.

    Returns (name, kind, default, words used). A shortcut is matched by its longest list of words.
    Raises UnknownVariable.
    """
    row = _by_name(words[0])
    if row:
        return row
    for count in range(min(len(words) - spare, _MAX_WORDS), 1, -1):
        row = _by_shortcut(words, count)
        if row:
            return row
    raise UnknownVariable(words[0])


def under(words):
    """Yield (name, kind, default) of every variable below a node (`wlan`, `udp.client`, `ud c`) or
    of all (`all`), by name.
    """
    everything = len(words) == 1 and words[0] == b"all"
    node = words[0] if len(words) == 1 else None
    short = b" ".join(words[1:]) + b" "
    for group in sorted(GROUPS):
        named = everything or node == group or (node and node.startswith(group + b"."))
        if not named and group not in SHORT.get(words[0], ()):
            continue
        table = GROUPS[group]
        i = 0
        while i >= 0:
            leaf, kind, default = _row(table, i + 1)
            name = b"%s.%s" % (group, leaf)
            if everything or node == group or (node and name.startswith(node + b".")):
                yield name, kind, default
            elif not named:
                a = table.find(b"\x01", i)
                if len(words) == 1 or table[a + 1 : table.find(b"\x02", a)].startswith(short):
                    yield name, kind, default
            i = table.find(b"\n", i + 1)


def _integer(text, low, high):
    value = int(text.decode())  # ValueError when it is not a number
    if not low <= value <= high:
        raise ValueError
    return value


def _limits(kind):
    low, _, high = kind[2:].partition(b",")
    return int(low), int(high)


def _address(text):
    parts = text.split(b".")
    if len(parts) != 4:
        raise ValueError
    return b"%d.%d.%d.%d" % tuple([_integer(p, 0, 255) for p in parts])


def _mac(text):
    digits = text.replace(b":", b"").upper()
    if len(digits) != 12:
        raise ValueError
    int(digits.decode(), 16)
    return b":".join([digits[i : i + 2] for i in range(0, 12, 2)])


def parse(kind, text):
    """The value that `text` (bytes) means for a variable of `kind`: int or bytes. Raises
    ValueError.
    """
    t = kind[1]
    if t == 98:  # b
        if text in (b"1", b"on", b"true"):
            return 1
        if text in (b"0", b"off", b"false"):
            return 0
        raise ValueError
    if t == 118:  # v
        return 5 if text == b"all" else _integer(text, 0, 5)
    if t == 105:  # i
        return _integer(text, *_limits(kind))
    if t == 116:  # t
        low, high = _limits(kind)
        if not low <= len(text) <= high:
            raise ValueError
        return bytes(text)
    if t == 101:  # e
        if text not in kind[2:].split(b"|"):
            raise ValueError
        return bytes(text)
    if t == 97:  # a
        return _address(text)
    if t == 109:  # m
        return _mac(text)
    number = _integer(text, -1, 39)  # g
    if number >= 0 and not board.is_gpio(number, kind[2:] == b"out"):
        raise ValueError
    return number


def get(name):
    """The value of a stored variable (int or bytes) by its full name. Raises UnknownVariable."""
    value = values.get(name)
    if value is None:
        row = _by_name(name)
        if row is None:
            raise UnknownVariable(name)
        value = parse(row[1], row[2])
    return value


def put(name, kind, default, value):
    """Store a value; one that equals the default takes no room."""
    if value == parse(kind, default):
        values.pop(name, None)
    else:
        values[name] = value
    if changed:
        changed(name)


def assign(name, text):
    """Parse and store `text` for a variable by its full name. Raises UnknownVariable, ReadOnly,
    ValueError.
    """
    row = _by_name(name)
    if row is None:
        raise UnknownVariable(name)
    if row[1][0] == 111:  # o
        raise ReadOnly(name)
    put(name, row[1], row[2], parse(row[1], text))
