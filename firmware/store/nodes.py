# The variables below a node of their tree: what commands list, and the Tab key offers. Nobody but
# variables.py imports it.
from . import variables


def under(words):
    """See variables.under()."""
    everything = len(words) == 1 and words[0] == b"all"
    node = words[0] if len(words) == 1 else None
    short = b" ".join(words[1:]) + b" "
    short_groups = variables.groups(words[0])
    for group in variables.GROUPS.split():
        named = everything or node == group or (node and node.startswith(group + b"."))
        if not named and group not in short_groups:
            continue
        rows = variables.table(group)
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
