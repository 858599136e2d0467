# Scenarios of user files: `file_create` and `file_delete`, as the commands do them, and what a
# download does with an old file, from several states of the flash. Files of up to 128 bytes lie
# inside a directory block of LittleFS, larger ones in blocks of their own.

import asyncio
import os

from settings import firmware

_FOLDER = "/user"
_BLOCK = 4096
_FILLER = "/fill"
_MAX_TRIES = 400  # until the folder's block is full and must be compacted
_PIECE = 250  # as a session's data phase hands data on

SMALL = b"small.txt", 100
LARGE = b"webapp/large.gz", 9000
OTHER = b"other", 300


def content(name, size):
    seed = sum(name)
    return bytes([(i * 7 + seed + i // 256) & 255 for i in range(size)])


async def _no_time(ms):
    # There is no loop here to give way to.
    pass


asyncio.sleep_ms = _no_time


class _Session:
    # What a command needs of a session: the bytes behind its line.
    def __init__(self, data=b""):
        self.data = data

    async def read_data(self, size, sink):
        assert size == len(self.data)
        view = memoryview(self.data)
        for i in range(0, size, _PIECE):
            waits = sink(view[i : i + _PIECE])
            if waits is not None:
                await waits


def _told(call):
    # Carries out a command (a function, or one that gives a coroutine).
    try:
        waits = call()
        if waits is not None:
            waits.send(None)
            raise AssertionError("the command waits for something")
    except StopIteration:
        pass
    except firmware("console.errors").CommandError as e:
        return e.text
    return b"Success"


def create(file):
    name, size = file
    session = _Session(content(name, size))
    args = [b"-u", name, b"%d" % size, b"1.2.3", b"C7"]
    return _told(lambda: firmware("commands.files").file_create(session, args))


def delete(file):
    return _told(lambda: firmware("commands.files").file_delete(_Session(), [file[0]]))


def _rows():
    files = firmware("store.files")
    return [files.row(entry) for entry in files.listing()]


class Create:
    """A file is made beside others."""

    keeps = False
    told = b"Success"
    state_name = "create"

    def __init__(self, file, before=()):
        self.name = "%s, %d bytes beside %d files" % (self.state_name, file[1], len(before))
        self.file = file
        self.before = before

    def prepare(self, bench):
        for file in self.before:
            assert create(file) == b"Success"

    def operation(self):
        # After a cut the file may be there already: then it is complete, and cannot be made again.
        there = any(row[0] == self.file[0] for row in _rows())
        told = create(self.file)
        assert told == (b"Command failed" if there else self.told), told

    def state(self):
        files = firmware("store.files")
        rows = _rows()
        if rows or self.before:
            stored = os.listdir(_FOLDER)
            assert len(stored) == len(rows), "left over: %r" % stored
        for row in rows:
            with open(files.find(row[0])[0], "rb") as f:
                assert f.read() == content(row[0], int(row[5])), "content of %r" % row[0]
        return rows

    def shows(self, bench):
        return True


class Delete(Create):
    """One of some files is deleted."""

    state_name = "delete"

    def operation(self):
        there = any(row[0] == self.file[0] for row in _rows())
        told = delete(self.file)
        assert told == (b"Success" if there else b"Command failed"), told


class Replace(Create):
    """A file is put in the place of one of its name, as a download does."""

    state_name = "replace"

    def __init__(self, name, old, new, endless):
        super().__init__((name, new), ((name, old), OTHER))
        self.endless = endless

    def operation(self):
        name, size = self.file
        data = content(name, size)

        async def replace():
            size = None if self.endless else len(data)
            replacement = firmware("store.replacement")
            flags = firmware("store.files").VALID
            file = replacement.Replacement(name, size, flags, None)
            for i in range(0, len(data), _PIECE):
                await file.write(data[i : i + _PIECE])
            file.finish()
            file.close()

        # What is kept free for other things is more than this flash has left.
        files = firmware("store.files")
        room, files.check_room = files.check_room, lambda size: None
        try:
            assert _told(replace) == b"Success"
        finally:
            files.check_room = room


class Compacting(Create):
    """The folder's block has so little room left that it must be rewritten."""

    state_name = "compacting"

    def prepare(self, bench):
        super().prepare(bench)
        for _ in range(_MAX_TRIES):
            before = bench.snapshot()
            bench.start()
            self.operation()
            if self.shows(bench):
                bench.restore(before)
                bench.start()
                return
            assert delete(self.file) == b"Success"
        raise AssertionError("this does not happen in %d tries" % _MAX_TRIES)

    def shows(self, bench):
        return any(kind == "erase" for kind, _ in bench.log)


class Full(Create):
    """The file fits by the count of blocks but not into the flash: it is refused at the end."""

    keeps = True
    told = b"Command failed"
    state_name = "full"

    def prepare(self, bench):
        super().prepare(bench)
        os.mkdir(_FILLER)
        count = 0
        try:
            while True:
                with open("%s/%d" % (_FILLER, count), "wb") as f:
                    f.write(bytes(_BLOCK))
                count += 1
        except OSError:
            os.remove("%s/%d" % (_FILLER, count))

    def operation(self):
        files = firmware("store.files")
        room, files.check_room = files.check_room, lambda size: None
        try:
            super().operation()
        finally:
            files.check_room = room


SCENARIOS = {
    "create": [Create(SMALL), Create((b"empty", 0), (SMALL,))],
    "create large": [Create(LARGE, (OTHER,))],
    "delete": [Delete(SMALL, (SMALL,)), Delete(LARGE, (OTHER, LARGE, SMALL))],
    "replace": [
        Replace(b"a", 100, 120, False),
        Replace(b"a", 3000, 5000, True),
    ],
    "compacting": [Compacting(SMALL, (OTHER,))],
    "full": [Full(LARGE, (SMALL,))],
}
