"""What the DHCP server takes for an OFFER, sockets excluded: device/dhcp_offer.py, bytes on i386
and instructions on amd64.
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

SCRIPT = Path(__file__).parent / "device" / "dhcp_offer.py"
MOST_BYTES = 300
# A quarter above what was measured when the bound was set.
MOST_INSTRUCTIONS = 102_000
HEAP = "4M"  # nothing is collected, at the start neither: it would be many offers' instructions
FEW, MANY = 40, 400
PATIENCE_SECONDS = 120


def rows() -> list[Row]:
    """Bytes of an offer with their bound, and its instructions."""
    bare, ours = _instructions("bare"), _instructions("ours")
    return [
        Row("DHCP OFFER", allocated(), "bytes", MOST_BYTES, "bare loop", allocated("bare")),
        Row("DHCP OFFER", ours - bare, "instructions", MOST_INSTRUCTIONS, "bare loop", bare),
    ]


def allocated(kind: str = "ours") -> int:
    """Bytes of an offer on i386: the slope, so that what the first one leaves does not count."""
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
        raise UserError(f"bench: dhcp_offer.py said {(done.stdout + done.stderr)!r}")
    return done.stdout


def _instructions(kind: str) -> int:
    few, many = (_counted(kind, count) for count in (FEW, MANY))
    return round((many - few) / (MANY - FEW))


def _counted(kind: str, count: int) -> int:
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise UserError("bench: no valgrind here: run `make bench`, which says how to get it")
    project.BUILD.mkdir(exist_ok=True)
    out = project.BUILD / "dhcp_offer.callgrind"
    _run("amd64", kind, count, valgrind, "-q", "--tool=callgrind", f"--callgrind-out-file={out}")
    total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if not total:
        raise UserError("bench: callgrind wrote no total")
    return int(total[1])
