# Cuts the power at every flash operation of something that the firmware does, and looks at what
# the next start finds. Runs on MicroPython, in one process: the flash is a bytearray under the
# virtual board's own _flash.Flash and esp32.Partition, the file system is the real VfsLfs2 mounted
# on /, and the firmware is imported from that file system, so a cut that damages it shows as well.
#
# What is tried is a scenario, an object with
#     name        str, for the report
#     prepare(bench)
#                 brings the flash into the state before, the board being started; it may try
#                 things on snapshots
#     operation() what is interrupted; it may be called again after a start
#     state()     what the firmware knows after a start, as a value that can be compared; it may
#                 raise AssertionError when something else is wrong
#     shows(bench)
#                 True when the operation, just done, did what the state was made for (bench.log)
#     keeps       True when the operation is one that fails and must change nothing
# The state before and the state after an operation that was not interrupted are found by trying;
# after every cut one of the two must be there. Which one it is does not matter.

import gc
import os
import sys

import _board
import _flash
import esp32
import vfs

_PARTITION = "vfs"
_OURS = ("firmware", "wire", "main")  # modules that a start imports anew
_MAX_REPORTED = 8  # faults described in full: one is enough to begin with


_board.glance = lambda: None  # there is no supervisor whose cuts would have to be taken first


class PowerCut(BaseException):
    """The power is gone. Not an Exception: no `except Exception` of the firmware sees it."""


def _off():
    raise PowerCut


class Chip(_flash.Flash):
    """A flash chip that keeps a list of its operations: ("erase" or "program", block)."""

    def __init__(self, medium):
        super().__init__(medium, on_cut=_off)
        self.log = []

    def erase(self, at):
        self.log.append(("erase", at // _flash.BLOCK))
        super().erase(at)

    def program(self, at, buf):
        self.log.append(("program", at // _flash.BLOCK))
        super().program(at, buf)


class _Disk:
    # A partition that stays with the chip of its own start. A file that the collector finds after
    # the power was cut is closed by its finaliser: that gets EIO (and MicroPython prints a line),
    # and must not reach the chip of the next start.
    # Reading goes straight to the medium: thousands of reads a start, and no cut comes there.
    def __init__(self, chip, partition, medium):
        self._chip = chip
        self._partition = partition
        start, size = partition.info()[2:4]
        self._mem = memoryview(medium)[start : start + size]

    def readblocks(self, block, buf, offset=0):
        if _board.flash is not self._chip:
            return -5
        if self._chip.dead:
            raise PowerCut
        at = block * _flash.BLOCK + offset
        buf[:] = self._mem[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        if _board.flash is not self._chip:
            return -5
        return self._partition.writeblocks(block, buf, offset)

    def ioctl(self, op, arg):
        if _board.flash is not self._chip:
            return -5
        return self._partition.ioctl(op, arg)


class Bench:
    """A board reduced to its flash: start, stop, snapshots."""

    def __init__(self, image):
        self._image = memoryview(image)
        self.medium = bytearray(image)
        self.chip = None
        self.first = 0  # the file system's first block, in blocks of the chip
        self._mounted = False

    @property
    def log(self):
        """Flash operations since the start: ("erase" or "program", block of the file system)."""
        return [(kind, block - self.first) for kind, block in self.chip.log]

    def start(self):
        """Power on: mounts the file system, forgets every module of the firmware."""
        self.stop()
        self.chip = _board.flash = Chip(self.medium)
        for name in list(sys.modules):
            if name.split(".")[0] in _OURS:
                del sys.modules[name]
        partition = esp32.Partition(_PARTITION)
        self.first = partition.info()[2] // _flash.BLOCK
        vfs.mount(vfs.VfsLfs2(_Disk(self.chip, partition, self.medium)), "/")
        self._mounted = True
        os.chdir("/")

    def stop(self):
        """Power off: nothing is written."""
        if self._mounted:
            vfs.umount("/")
            self._mounted = False

    def snapshot(self):
        """Place -> content of the blocks that are not the image's: a heap in use has no room in
        one piece for the whole flash, time and again.
        """
        now = memoryview(self.medium)
        blocks = {}
        for at in range(0, len(now), _flash.BLOCK):
            end = at + _flash.BLOCK
            if now[at:end] != self._image[at:end]:
                blocks[at] = bytes(now[at:end])
        return blocks

    def restore(self, snapshot):
        self.medium[:] = self._image
        for at, content in snapshot.items():
            self.medium[at : at + len(content)] = content

    def started_state(self, scenario):
        """What the scenario finds after a start."""
        self.start()
        return scenario.state()


class Result:
    """What became of one scenario: `as_dict` is what the tests read."""

    def __init__(self, name, log):
        self.name = name
        self.operations = len(log)  # flash operations when nothing is cut
        self.erases = sum([kind == "erase" for kind, _ in log])
        self.tried = 0  # cuts, torn ones included
        self.again = 0  # cuts in the start that follows a cut
        self.old = 0
        self.new = 0
        self.faults = []

    def as_dict(self):
        return {
            "name": self.name,
            "operations": self.operations,
            "erases": self.erases,
            "tried": self.tried,
            "again": self.again,
            "old": self.old,
            "new": self.new,
            "faults": self.faults[:_MAX_REPORTED],
            "faulty": len(self.faults),
        }


def prepare(bench, scenario):
    """(flash before, state before, state after, result without cuts) of a scenario."""
    bench.start()
    scenario.prepare(bench)
    before = bench.snapshot()
    old = bench.started_state(scenario)
    bench.restore(before)
    bench.start()
    scenario.operation()
    result = Result(scenario.name, bench.log)
    assert scenario.shows(bench), "not the state that it should be: %r" % bench.log
    new = bench.started_state(scenario)
    if scenario.keeps:
        assert new == old, "the operation failed and yet changed something"
    else:
        assert new != old, "the operation changes nothing: no cut could be seen"
    return before, old, new, result


def _cut(bench, k, torn, call, *args):
    # True when the power went in the k-th operation of call().
    bench.chip.cut(k, torn)
    try:
        call(*args)
        bench.chip.cut(0)
        return False
    except PowerCut:
        return True


def _judge(bench, scenario, old, new, result, what):
    # One start after a cut: its state, and that the operation can be done now.
    try:
        found = bench.started_state(scenario)
        operations = len(bench.chip.log)
        if found == old:
            result.old += 1
        elif found == new:
            result.new += 1
        else:
            raise AssertionError("found %r" % (found,))
        scenario.operation()
        found = bench.started_state(scenario)
        if found != new:
            raise AssertionError("done again, found %r" % (found,))
        return operations
    except Exception as e:
        result.faults.append("%s: %r" % (what, e))
        return 0


def run(image, scenario, step=1, first=0):
    """Try the scenario on a flash image at every cut, or at each `step`-th from `first` on.

    Each k is tried twice: with the operation not done, and torn in half. Where the start after a
    cut writes as well, that start is cut too, at each of its operations. Returns a Result.
    """
    bench = Bench(image)
    before, old, new, result = prepare(bench, scenario)
    for k in range(1 + first % step, result.operations + 1, step):
        for torn in (False, True):
            what = "operation %d%s" % (k, ", torn" if torn else "")
            bench.restore(before)
            bench.start()
            if not _cut(bench, k, torn, scenario.operation):
                result.faults.append(what + ": the power was not cut")
                continue
            result.tried += 1
            after = bench.snapshot()
            writes = _judge(bench, scenario, old, new, result, what)
            for j in range(1, writes + 1):
                bench.restore(after)
                bench.start()
                if _cut(bench, j, torn, scenario.state):
                    result.again += 1
                    _judge(bench, scenario, old, new, result, what + ", start %d" % j)
            gc.collect()
    bench.stop()
    return result
