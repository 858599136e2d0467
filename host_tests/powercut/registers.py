# Scenarios of the WWEP server's registers in a file: the file is replaced by one with other
# registers, few of which lie in a directory block of LittleFS and many in blocks of their own.

import asyncio

from settings import firmware

NAME = b"registers.txt"


async def _no_time(ms):
    # There is no loop here to give way to.
    pass


asyncio.sleep_ms = _no_time


def _save(registers):
    database = firmware("services.wwep_file").wwep_db.Database()
    for row in registers:
        assert database.put(*row)
    waits = firmware("services.wwep_file").save(NAME, database)
    try:
        waits.send(None)
    except StopIteration:
        return
    raise AssertionError("the save waits for something")


class Replace:
    """A file of registers takes the place of another one, or is the first."""

    keeps = False

    def __init__(self, before, after):
        self.name = "%d registers in the place of %d" % (after, before)
        self.before = [(n, 1, 7) for n in range(before)]
        self.after = [(n, 2, 8) for n in range(after)]

    def prepare(self, bench):
        if self.before:
            _save(self.before)

    def operation(self):
        _save(self.after)

    def state(self):
        database = firmware("services.wwep_file").wwep_db.Database()
        there = firmware("services.wwep_file").load(NAME, database)
        assert there == bool(len(database))
        return database.items()

    def shows(self, bench):
        return True


SCENARIOS = {
    "first": [Replace(0, 3)],
    "replace": [Replace(3, 5)],
    "replace many": [Replace(300, 301)],
}
