# What only an echoing session has: the terminal's line editor, with completion, and the rule which
# lines its history may keep. Imported when the first byte comes to such a session.
from firmware import forget as drop
from wire import cmdline

from . import catalogue, log
from .terminal import Terminal

_SECRET = 115  # access code s of a variable (firmware/store/variables.py)


def editor(session):
    """A line editor for a session that echoes."""

    def complete(before, width):
        from . import completion

        return completion.complete(before, width, session.device.variables)

    return Terminal(complete, session.port)


def forget():
    """Give the memory of the line editor back, where no session has one any more."""
    for session in log.sessions:
        if session.editor.human:
            return
    for name in ("completion", "terminal", "human"):
        drop("firmware.console." + name)


def remember(session, line):
    """Put a line into the history of the session's editor, unless it may hold a password: that of
    a command with one, or a secret variable's.
    """
    try:
        words = cmdline.split(line)
    except cmdline.ParseError:
        words = line.replace(b'"', b"").split()
    if 0 <= line.find(b":") < line.rfind(b"@"):  # a URL with credentials
        return
    if len(words) > 1:
        if catalogue.secret(words[0]):
            return
        variables = session.device.variables
        try:
            _, kind, _, used = variables.find(words[1:], 1)
        except variables.UnknownVariable:
            used = len(words)
        if used + 1 < len(words) and kind[0] == _SECRET:
            return
    session.editor.remember(line)
