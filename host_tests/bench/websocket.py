"""What a message of 1000 bytes through the WebSocket codec and back costs, without sockets:
device/websocket.py, bytes on i386 and instructions on amd64.
"""

import re
import shutil
import subprocess
from pathlib import Path

from airwire import interpreter, project
from airwire.errors import UserError

if __package__:
    from host_tests.bench.rows import Row
else:
    from rows import Row

SCRIPT = Path(__file__).parent / "device" / "websocket.py"
KINDS = ("binary", "text")
# A third of what the stream may take altogether, ring and stream table included: 600 bytes and
# 200 thousand instructions.
MOST_BYTES = 200
MOST_INSTRUCTIONS = 60_000
HEAP = "4M"  # nothing is collected
FEW, MANY = 40, 400
PATIENCE_SECONDS = 120


def rows() -> list[Row]:
    """Bytes and instructions of a message with their bounds, over those of copying it."""
    bare = _instructions("copy")
    found = []
    for kind in KINDS:
        name = f"WebSocket, {kind} and back"
        found.append(Row(name, allocated(kind), "bytes", MOST_BYTES))
        ours = _instructions(kind) - bare
        found.append(Row(name, ours, "instructions", MOST_INSTRUCTIONS, "copying it", bare))
    return found


def allocated(kind: str) -> int:
    """Bytes of a message on i386: the slope, so that what the first one leaves does not count."""
    few, many = (int(_run("i386", kind, count)) for count in (FEW, MANY))
    return round((many - few) / (MANY - FEW))


def _run(arch: str, kind: str, count: int, *before: str) -> str:
    program = [str(interpreter.find(arch)), "-X", f"heapsize={HEAP}", str(SCRIPT)]
    done = subprocess.run(
        [*before, *program, kind, f"{count:05}"],  # the length of words counts too
        env={"MICROPYPATH": f"{project.ROOT / 'lib'}:.frozen"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise UserError(f"bench: websocket.py said {(done.stdout + done.stderr)!r}")
    return done.stdout


def _instructions(kind: str) -> int:
    few, many = (_counted(kind, count) for count in (FEW, MANY))
    return round((many - few) / (MANY - FEW))


def _counted(kind: str, count: int) -> int:
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise UserError("bench: no valgrind here: run `make bench`, which says how to get it")
    project.BUILD.mkdir(exist_ok=True)
    out = project.BUILD / "websocket.callgrind"
    _run("amd64", kind, count, valgrind, "-q", "--tool=callgrind", f"--callgrind-out-file={out}")
    total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if not total:
        raise UserError("bench: callgrind wrote no total")
    return int(total[1])
