"""What one datagram costs a name service: bytes allocated on i386, instructions on amd64, without
sockets, by device/datagrams.py. test_datagrams.py holds the bytes in every run of the tests.
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

SCRIPT = Path(__file__).parent / "device" / "datagrams.py"
FEW, MANY = 20, 220
PATIENCE_SECONDS = 60

# Case of datagrams.py, what it is, and the most bytes that it may allocate.
CASES = (
    ("mdns-question", "mDNS, another's name asked for", 0),
    ("mdns-announcement", "mDNS, another's announcement", 0),
    ("mdns-host", "mDNS, our name asked for", 200),
    ("mdns-browse", "mDNS, our service asked for", 200),
    ("dns", "DNS in setup, any name", 100),
    ("llmnr", "LLMNR, our name", 100),
    ("netbios", "NetBIOS, our name", 100),
    ("status", "NetBIOS, node status", 100),
)


def _run(arch: str, *words: str | int, before: tuple[str, ...] = ()) -> str:
    done = subprocess.run(
        [*before, interpreter.find(arch), "-X", "heapsize=1M", SCRIPT, *map(str, words)],
        env={"MICROPYPATH": f"{project.ROOT / 'lib'}:.frozen"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    if done.returncode or not re.fullmatch(r"-?\d+\n", done.stdout):
        raise UserError(f"bench: datagrams.py {words[0]} said {done.stdout!r}")
    return done.stdout


def allocated(case: str) -> int:
    """Bytes for each datagram, on i386."""
    grown = [int(_run("i386", case, count)) for count in (FEW, MANY)]
    return round((grown[1] - grown[0]) / (MANY - FEW))


def locked(arch: str, case: str) -> bool:
    """Whether a case does without the heap: with it locked, what allocates ends datagrams.py."""
    try:
        return int(_run(arch, case, FEW, "locked")) == 0
    except UserError as error:
        if "MemoryError" in error.message:
            return False
        raise


def rows() -> list[Row]:
    bare = _per_datagram("copy")
    found = []
    for case, name, budget in CASES:
        found.append(Row(name, allocated(case), "bytes", budget))
        ours = _per_datagram(case) - bare
        found.append(Row(name, ours, "instructions", None, "copying it", bare))
    return found


def _per_datagram(case: str) -> int:
    return round((_instructions(case, MANY) - _instructions(case, FEW)) / (MANY - FEW))


def _instructions(case: str, count: int) -> int:
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise UserError("bench: no valgrind here: run `make bench`, which says how to get it")
    out = project.BUILD / "datagrams.callgrind"
    options = ("-q", "--tool=callgrind", "--log-file=/dev/null", f"--callgrind-out-file={out}")
    _run("amd64", case, count, before=(valgrind, *options))
    total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if not total:
        raise UserError("bench: callgrind wrote no total")
    return int(total[1])
