# What a session does when memory has run out: the command fails, with every byte accounted for.
# Data that were announced are taken and dropped, so that they never become commands; a line that
# could not be taken whole is refused whole. Imported when it is needed, as memory was made for it.
from wire import cmdline

from . import errors, registry, session

# Commands that announce bytes by their second argument that is no option.
_WITH_DATA = (b"stream_write", b"file_create")
_TEXT = b"Out of memory"


async def failed(session, line):
    """The result of the command line that found no memory, as execute() gives it."""
    registry.make_room()
    left = session.left
    if left is None:
        left = announced(line)
    if left:
        try:
            await session.read_data(left, _drop)
        except errors.CommandError:  # they did not come
            pass
    return errors.FAILED, _TEXT


def announced(line):
    """How many bytes follow the command line."""
    try:
        args = cmdline.split(line)
        name = registry.name(args.pop(0))
    except (cmdline.ParseError, registry.UnknownCommand, IndexError):
        return 0
    options = b"".join([arg for arg in args if arg[:1] == b"-"])
    words = [arg for arg in args if arg[:1] != b"-"]
    if name not in _WITH_DATA or b"o" in options or len(words) < 2 or not words[1].isdigit():
        return 0  # `-o` opens a stream for them
    return int(words[1])


def _drop(data):
    pass


async def recover(self):
    """Go on after memory ran out in the loop of the session `self`."""
    registry.make_room()
    if self.running:  # the reply found none
        self.running = False
        if session.busy:
            session.busy.end()
        await self.write(self._response(errors.FAILED, _TEXT))
    elif self.pos < self.end and not self.done:
        self.editor.spoil()
