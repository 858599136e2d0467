"""Live memory of a board, and whether something that it does leaves something behind there."""

# Live memory may differ by this much: strings of other lengths.
SLACK = 256

# What is allocated once makes some rounds grow, and so does what the collector takes for a pointer
# on the stack; what is left behind makes all of them grow.
ROUNDS = 3


def memory(console):
    """Bytes in use after a collection. The first readings load what the reading itself needs."""
    for _ in range(3):
        used = int(console.ok("get system.memory.used"))
    return used


def grown(used):
    """The least growth from one figure to the next."""
    return min(after - before for before, after in zip(used, used[1:], strict=False))


def left_by(console, use):
    """Call `use` in each of the rounds; the bytes that it leaves behind in one of them."""
    used = [memory(console)]
    for _ in range(ROUNDS):
        use()
        used.append(memory(console))
    return grown(used)
