# http_whitelist.csv: the calls of the REST API that need no credentials. Entries are separated by
# commas or line ends:
#     /log, /stream     an endpoint
#     get wl*           commands that begin so
#     help variables    this command
#     *                 everything
# A star is a wildcard at the end of an entry and nowhere else. Case counts, as in commands.

from . import const

# Longer ones are passed over: a command line that long is none that is free to all.
MAX_ENTRY = const(256)
_SPACE = const(0x20)


def covers(data, endpoint, command, canonical=None):
    """Whether one of the entries in `data` (bytes, of whole entries) is meant.

    `endpoint`: path of it. `command` is what it shall carry out, b"" where it carries out none,
    `canonical` the same with full names and single blanks, or None where nobody knows.
    """
    if command and min(command) < _SPACE:
        return False  # what is one line here may be two elsewhere
    for entry in data.replace(b"\n", b",").split(b","):
        if len(entry) > MAX_ENTRY:
            continue
        entry = entry.strip()
        if not entry:
            continue
        if entry[:1] == b"/":
            if _is(entry, endpoint):
                return True
        elif _is(entry, command) or canonical and _is(entry, canonical):
            return True
    return False


def _is(entry, text):
    if entry[-1:] == b"*":
        return text.startswith(entry[:-1])
    return text == entry


def whole(data):
    """How much of `data`, the beginning of something longer, are whole entries."""
    return max(data.rfind(b","), data.rfind(b"\n")) + 1
