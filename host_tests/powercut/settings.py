# Scenarios of the settings file: `save`, as the command does it, from several states of the
# flash.
#
# Small settings lie inside a directory block (LittleFS keeps files of up to 128 bytes there),
# large ones in a block of their own: both changes are tried in each state. The states are found by
# trying, and asserted, so that a change of LittleFS or of the file cannot empty the test.

import os

_BLOCK = 4096
_FILLER = "/fill"
# Enough for a file of some hundred bytes; a file of all would fill the root directory's log.
_LARGE_GROUPS = (b"network", b"tcp", b"wlan", b"wwep")
# Saves until the root directory must have been compacted, which takes about 15, and moved, which
# takes 100 compactions (block_cycles of VfsLfs2).
_MAX_SAVES = 2000
_ROOT = (0, 1)  # the file system's blocks with the root directory, where every save writes

SMALL_A = (False, b"one")
SMALL_B = (False, b"two")
LARGE_A = (True, b"one")
LARGE_B = (True, b"two")


def firmware(name):
    """A module of the firmware, imported from the flash at the first use after a start."""
    return __import__("firmware." + name, None, None, ("*",))


def change(content):
    """Set variables as a user would: two of them, or all texts and numbers of some groups too, to
    values that tell the mark, content[1]."""
    large, mark = content
    variables = firmware("store.variables")
    assign = firmware("store.saved").assign
    variables.values.clear()
    assign(b"wlan.passkey", b"caf\xc3\xa9 \\ password " + mark)
    assign(b"wlan.ssid", b"network " + mark)
    if not large:
        return
    for group in _LARGE_GROUPS:
        for name, kind, default in variables.under((group,)):
            limits = kind[2:].split(b",")
            if kind[:2] == b"wi":
                low, high = (limits[0], limits[1]) if mark == b"one" else (limits[1], limits[0])
                assign(name, low if low != default else high)
            elif kind[:2] == b"wt" and name != b"wlan.ssid":
                assign(name, (b"%s of %s " % (mark, name))[: int(limits[1])])


def save():
    """Carry out the command `save`. Returns what the user is told."""
    command = firmware("commands.variables")
    errors = firmware("console.errors")
    try:
        command.save(None, [])
    except errors.CommandError as e:
        return e.text
    return b"Success"


class Settings:
    """One set of settings saved over another. before: None is the factory's."""

    keeps = False
    told = b"Success"
    state_name = "fresh"

    def __init__(self, before, after):
        sizes = ["none" if c is None else "large" if c[0] else "small" for c in (before, after)]
        self.name = "%s, %s to %s" % (self.state_name, sizes[0], sizes[1])
        self.before = before
        self.after = after

    def save(self):
        return save()

    def prepare(self, bench):
        if self.before:
            change(self.before)
            assert save() == b"Success"

    def operation(self):
        change(self.after)
        told = self.save()
        assert told == self.told, told

    def state(self):
        # As device.run() loads them at a start. The names of the files tell of leftovers.
        loaded = firmware("store.saved").load()
        assert loaded is not None, "the settings file is damaged"
        files = sorted([entry[0] for entry in os.ilistdir("/")])
        assert "settings.new" not in files, "a file is left over"
        return loaded, files, sorted(firmware("store.variables").values.items())

    def shows(self, bench):
        return not _compacts(bench)


def _compacts(bench):
    # True when the root directory was rewritten since the start.
    return any(kind == "erase" and block in _ROOT for kind, block in bench.log)


class Compacting(Settings):
    """The root directory's block has so little room left that the save must compact it."""

    state_name = "compacting"

    def prepare(self, bench):
        super().prepare(bench)
        for _ in range(_MAX_SAVES):
            before = bench.snapshot()
            bench.start()
            self.operation()
            if self.shows(bench):
                bench.restore(before)
                return
            change(self.before)
            assert save() == b"Success"
        raise AssertionError("this does not happen in %d saves" % _MAX_SAVES)

    def shows(self, bench):
        return _compacts(bench)


class Moving(Compacting):
    """The root directory was compacted so often that LittleFS moves it, to spread the wear. The
    settings need no block of their own, so an erase elsewhere is the move's."""

    state_name = "moving"

    def shows(self, bench):
        return any(kind == "erase" and block not in _ROOT for kind, block in bench.log)


class NearlyFull(Settings):
    """Not one block could be taken away without the save failing."""

    state_name = "nearly full"

    def prepare(self, bench):
        super().prepare(bench)
        count = _fill()
        while not self._fits(bench):
            count -= 1
            os.remove("%s/%d" % (_FILLER, count))

    def _fits(self, bench):
        # Tries the operation and takes it back.
        before = bench.snapshot()
        bench.start()
        change(self.after)
        told = save()
        bench.restore(before)
        bench.start()
        return told == b"Success"

    def shows(self, bench):
        return True


class Full(Settings):
    """The save does not fit: it says so, and the old settings stay."""

    keeps = True
    told = b"Flash full"
    state_name = "full"

    def prepare(self, bench):
        super().prepare(bench)
        _fill()

    def shows(self, bench):
        return True


def _fill():
    # Files of one block until none fits any more. -> their number
    piece = bytes(_BLOCK)
    os.mkdir(_FILLER)
    count = 0
    while True:
        name = "%s/%d" % (_FILLER, count)
        try:
            with open(name, "wb") as f:
                f.write(piece)
        except OSError as e:
            assert e.errno == 28, e  # ENOSPC
            os.remove(name)
            return count
        count += 1


CHANGES = ((SMALL_A, LARGE_B), (LARGE_A, SMALL_B), (LARGE_A, LARGE_B))

SCENARIOS = {
    "fresh": [Settings(None, SMALL_A), Settings(None, LARGE_A)] + [Settings(*c) for c in CHANGES],
    "nearly full": [NearlyFull(*c) for c in CHANGES],
    "compacting": [Compacting(*c) for c in CHANGES],
    "moving": [Moving(SMALL_A, SMALL_B)],
    "full": [Full(SMALL_A, LARGE_B), Full(LARGE_A, LARGE_B)],
}
