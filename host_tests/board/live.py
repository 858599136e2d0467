"""Live memory of a board, and whether something that it does leaves something behind there."""

import time

# Live memory may differ by this much: strings of other lengths.
SLACK = 256

# The first allocates what is used from then on: after it is the baseline.
ROUNDS = 4

# Where more is left after these, something may have been used for the first time only then, and
# stays; what leaks does so in each of as many further rounds.
FURTHER = 8

# The collector takes whatever lies on the stack for a pointer, and then keeps one thing more or
# less: the code of a module that was forgotten, or a block of the file system, once and for long.
RETAINED = 6144

# What ends, such as the task of a server, is seen to go within this time: half a second after
# nothing became less.
_SETTLED_SECONDS = 0.5


def memory(console):
    """Bytes in use after a collection, once no more of them go: what has just ended may still be
    there for a moment. The first readings load what the reading itself needs.
    """
    console.ok("get system.memory.used")
    least = int(console.ok("get system.memory.used"))
    since = time.monotonic()
    while time.monotonic() - since < _SETTLED_SECONDS:
        used = int(console.ok("get system.memory.used"))
        if used < least:
            least, since = used, time.monotonic()
    return least


def _grown(used):
    # The least growth from one figure to the next, or, where that is more than the collector may
    # retain, how far the least of the later figures is from the baseline; so what is left up to
    # some limit counts as well.
    least = min(after - before for before, after in zip(used[1:], used[2:], strict=False))
    return max(least, min(used[2:]) - used[1] - RETAINED)


def left_by_use(read, use):
    """read() -> bytes in use. Call `use` in each of the rounds; the bytes that it leaves behind
    each time, and the figures that were read.
    """
    used = [read()]
    for _ in range(ROUNDS):
        use()
        used.append(read())
    for _ in range(FURTHER):
        if _grown(used[-ROUNDS - 1 :]) <= SLACK:
            break
        use()
        used.append(read())
    return _grown(used[-ROUNDS - 1 :]), used


def left_by(console, use):
    """The bytes that `use` leaves behind on a board each time."""
    return left_by_use(lambda: memory(console), use)[0]
