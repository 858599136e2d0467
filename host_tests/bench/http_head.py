"""What the head of a browser's request, and of the answer, cost a server, without sockets:
device/http_head.py, bytes on i386 and instructions on amd64.
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

SCRIPT = Path(__file__).parent / "device" / "http_head.py"
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
HEAP = "4M"  # nothing is collected
FEW, MANY = 40, 240
PATIENCE_SECONDS = 120


def rows() -> list[Row]:
    """Bytes and instructions of each with their bounds, over those of a loop that does nothing."""
    bare = _instructions("nothing")
    found = []
    for case, name, most_bytes, most_instructions in CASES:
        found.append(Row(name, allocated(case), "bytes", most_bytes))
        ours = _instructions(case) - bare
        found.append(Row(name, ours, "instructions", most_instructions, "bare loop", bare))
    return found


def allocated(case: str) -> int:
    """Bytes for each on i386: the slope, so that what the first one leaves does not count."""
    few, many = (int(_run("i386", case, count)) for count in (FEW, MANY))
    return round((many - few) / (MANY - FEW))


def _run(arch: str, case: str, count: int, *before: str) -> str:
    program = [str(interpreter.find(arch)), "-X", f"heapsize={HEAP}", str(SCRIPT)]
    done = subprocess.run(
        [*before, *program, case, f"{count:05}"],  # the length of words counts too
        env={"MICROPYPATH": f"{project.ROOT / 'lib'}:.frozen"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise UserError(f"bench: http_head.py said {(done.stdout + done.stderr)!r}")
    return done.stdout


def _instructions(case: str) -> int:
    few, many = (_counted(case, count) for count in (FEW, MANY))
    return round((many - few) / (MANY - FEW))


def _counted(case: str, count: int) -> int:
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise UserError("bench: no valgrind here: run `make bench`, which says how to get it")
    project.BUILD.mkdir(exist_ok=True)
    out = project.BUILD / "http_head.callgrind"
    _run("amd64", case, count, valgrind, "-q", "--tool=callgrind", f"--callgrind-out-file={out}")
    total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if not total:
        raise UserError("bench: callgrind wrote no total")
    return int(total[1])
