"""What a message of 1000 bytes through the WebSocket codec and back costs, without sockets:
device/websocket.py, bytes on i386 and instructions on amd64.
"""

if __package__:
    from host_tests.bench.rows import Row
    from host_tests.bench.scripts import Script
else:
    from rows import Row
    from scripts import Script

SCRIPT = Script("websocket", few=40, many=400)
KINDS = ("binary", "text")
# A third of what the stream may take altogether, ring and stream table included: 600 bytes and
# 200 thousand instructions.
MOST_BYTES = 200
MOST_INSTRUCTIONS = 60_000


def rows() -> list[Row]:
    """Bytes and instructions of a message with their bounds, over those of copying it."""
    bare = SCRIPT.instructions("copy")
    found = []
    for kind in KINDS:
        name = f"WebSocket, {kind} and back"
        found.append(Row(name, SCRIPT.allocated(kind), "bytes", MOST_BYTES))
        ours = SCRIPT.instructions(kind) - bare
        found.append(Row(name, ours, "instructions", MOST_INSTRUCTIONS, "copying it", bare))
    return found
