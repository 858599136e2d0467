# What http_whitelist.csv lets everybody do over HTTP. Imported to look for one call; nothing of it
# stays in RAM.
from micropython import const

from firmware import forget
from firmware.console import registry
from firmware.store import files, variables
from wire import cmdline, http_whitelist, quoting

_NAME = b"http_whitelist.csv"
_PIECE = const(256)  # bytes that are read at a time

_ON_VARIABLES = (b"get", b"set")


def is_listed(endpoint, command):
    """Whether the file has an entry for this, as it was sent or with full names."""
    try:
        path, _ = files.find(_NAME)
        file = open(path, "rb")
    except OSError:
        return False
    try:
        full = _canonical(command)
        rest = b""
        while True:
            piece = file.read(_PIECE)
            rest += piece
            end = http_whitelist.whole(rest) if piece else len(rest)
            if http_whitelist.covers(rest[:end], endpoint, command, full):
                return True
            if not piece:
                return False
            # An entry that is too long stays so, whatever follows.
            rest = rest[end:][: http_whitelist.MAX_ENTRY + 1]
    finally:
        file.close()
        forget("wire.http_whitelist")
        forget("wire.quoting")


def _canonical(command):
    # The command with its full name, and get and set with that of their variable; None where there
    # is no such command.
    try:
        words = cmdline.split(command)
        row = registry.row(words[0]) + 1
    except (cmdline.ParseError, registry.UnknownCommand, IndexError):
        return None
    words[0] = registry.INDEX[row : registry.INDEX.find(b"\x01", row)]
    if words[0] in _ON_VARIABLES and len(words) > 1:
        try:
            name, _, _, used = variables.find(words[1:], words[0] == b"set")
            words[1 : 1 + used] = [name]
        except variables.UnknownVariable:
            pass
    return b" ".join([quoting.quote(word) for word in words])
