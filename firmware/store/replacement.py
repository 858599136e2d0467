# A file in the place of another one of that name: whatever happens, one of them is there, whole.
# Imported for it.
#
# When the new one is complete, its name gets a mark in front: from then on it counts, and what is
# left to do is done at the next start where the power goes away first.
import os
from errno import EINVAL

from micropython import const

from . import files

_FOLDER = "/user"
_MARK = "%~"
_ROOM = const(16_384)  # of a file whose size is not known: so much is asked for at a time


class Replacement(files.Writer):
    """A file being made, as files.Writer does, which takes the place of the one of its name when
    it is complete. `size` is None where only finish() tells.
    """

    replaces = True

    def __init__(self, name, size, flags, crc=None):
        self._endless = size is None
        self._asked = 0
        super().__init__(name, 1 if size is None else size, flags=flags, crc=crc)

    async def write(self, data):
        """As that of Writer."""
        if self._endless:
            if self.position >= self._asked:
                files.check_room(_ROOM)
                self._asked += _ROOM
            self.size = self.position + len(data) + 1  # there may be more
        await super().write(data)

    def finish(self):
        """There is no more. Raises OSError where the file has not appeared."""
        if self._endless and not self.ended:
            self._endless = False
            self.size = self.position
            self._put(b"")
        if not self.ended:
            raise OSError(EINVAL)

    def _appear(self, stored):
        for file in files._open:
            if file is not self and file.name == self.name:
                raise OSError(files.EBUSY)
        os.rename(self._path, "%s/%s%s" % (_FOLDER, _MARK, stored))
        settle(_MARK + stored)


def settle(marked):
    """Put a complete file into its place."""
    new = "%s/%s" % (_FOLDER, marked)
    stored = marked[len(_MARK) :]
    escaped = stored.rsplit(";", 4)[0].encode()
    old = []

    def take(row, size, path):
        if row[0] == escaped and path != stored.encode():
            old.append("%s/%s" % (_FOLDER, path.decode()))

    files._scan(take)
    try:
        for path in old:
            os.remove(path)
    except OSError as e:
        os.remove(new)
        raise e
    os.rename(new, "%s/%s" % (_FOLDER, stored))
