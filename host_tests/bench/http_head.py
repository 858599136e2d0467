"""What the head of a browser's request, and of the answer, cost a server, without sockets:
device/http_head.py, bytes on i386 and instructions on amd64.
"""

if __package__:
    from host_tests.bench.rows import Row
    from host_tests.bench.scripts import Script
else:
    from rows import Row
    from scripts import Script

SCRIPT = Script("http_head", few=40, many=240)
# Case, what it is, and the most bytes and instructions. An authenticated GET may take 3 KB and 350
# thousand instructions in all, and must leave most of that to the command: reading its head has a
# quarter of it, reading with all that is asked of it less than half, and whether it is let in a
# fifth. The head is read in place: what it allocates is the method's name.
CASES = (
    ("parse", "HTTP, browser's head read", 100, 90_000),
    ("asked", "HTTP, head read and asked", 700, 150_000),
    ("decide", "HTTP, authenticated request let in", 500, 75_000),
    ("reply", "HTTP, head of an answer", 400, 40_000),
)


def rows() -> list[Row]:
    """Bytes and instructions of each with their bounds, over those of a loop that does nothing."""
    bare = SCRIPT.instructions("nothing")
    found = []
    for case, name, most_bytes, most_instructions in CASES:
        found.append(Row(name, SCRIPT.allocated(case), "bytes", most_bytes))
        ours = SCRIPT.instructions(case) - bare
        found.append(Row(name, ours, "instructions", most_instructions, "bare loop", bare))
    return found
