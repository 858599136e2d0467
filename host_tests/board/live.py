"""Live memory of a board, and whether something that it does leaves something behind there."""

# Live memory may differ by this much: strings of other lengths.
SLACK = 256

# The first allocates what is used from then on: after it is the baseline.
ROUNDS = 3


def memory(console):
    """Bytes in use after a collection. The first readings load what the reading itself needs."""
    for _ in range(3):
        used = int(console.ok("get system.memory.used"))
    return used


def grown(used):
    """How far the last figure is from that after the first round: what is left behind up to some
    limit counts as well.
    """
    return used[-1] - used[1]


def left_by(console, use):
    """Call `use` in each of the rounds; the bytes that those after the first leave behind."""
    used = [memory(console)]
    for _ in range(ROUNDS):
        use()
        used.append(memory(console))
    return grown(used)
