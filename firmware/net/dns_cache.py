# What the resolver has learned and may believe for a while. It stays in RAM when the resolver does
# not; all of it is forgotten with the network, or the name servers, that it came from.
from micropython import const

# A host talks to a few servers again and again; with the longest names these are 2 KB.
_MOST = const(8)

_source = None
_entries = []  # (name in lower case, address as text, second of the uptime at which it ends)


def use(source):
    """What is learned from now on comes from `source`; of another one nothing is kept."""
    global _source
    if source != _source:
        _source = source
        _entries.clear()


def get(name, now):
    """The address (str) of a name, or None."""
    for known, address, end in _entries:
        if known == name and now < end:
            return address
    return None


def put(name, address, ttl, now):
    """Keep an address for `ttl` seconds; what has ended, or ends first, gives way."""
    for i in range(len(_entries) - 1, -1, -1):
        if _entries[i][2] <= now or _entries[i][0] == name:
            _entries.pop(i)
    if ttl > 0:
        if len(_entries) >= _MOST:
            _entries.remove(min(_entries, key=lambda entry: entry[2]))
        _entries.append((name, address, now + ttl))
