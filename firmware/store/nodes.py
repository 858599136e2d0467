# The variables below a node of their tree: what commands list, and the Tab key offers. Nobody but
# variables.py imports it.
from micropython import const

from . import variables

_PIECE = const(256)  # bytes of a table at a time: they must fit in where the heap is nearly full


def _pieces(group):
    # Yields the packed rows of a group, some whole ones at a time.
    at = 0
    size = _PIECE
    while True:
        with open(variables.FOLDER + group.decode(), "rb") as f:
            f.seek(at)
            rows = f.read(size)
        if len(rows) < size:
            yield rows
            return
        end = rows.rfind(b"\n")
        if end > 0:
            yield rows[:end]
            at += end
            size = _PIECE
        else:  # a long row
            size += _PIECE


def under(words):
    """See variables.under()."""
    everything = len(words) == 1 and words[0] == b"all"
    node = words[0] if len(words) == 1 else None
    short = b" ".join(words[1:]) + b" "
    short_groups = variables.groups(words[0])
    groups = variables.GROUPS
    start = 1
    while start < len(groups):
        end = groups.find(b"\n", start)
        group = groups[start:end]
        start = end + 1
        named = everything or node == group or (node and node.startswith(group + b"."))
        if not named and group not in short_groups:
            continue
        for rows in _pieces(group):
            i = 0
            while i >= 0:
                leaf, kind, default = variables.row_at(rows, i + 1)
                name = b"%s.%s" % (group, leaf)
                if everything or node == group or (node and name.startswith(node + b".")):
                    yield name, kind, default
                elif not named:
                    a = rows.find(b"\x01", i)
                    if len(words) == 1 or rows[a + 1 : rows.find(b"\x02", a)].startswith(short):
                        yield name, kind, default
                i = rows.find(b"\n", i + 1)
