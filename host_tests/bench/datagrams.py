"""What one datagram costs a name service: bytes allocated on i386, instructions on amd64, without
sockets, by device/datagrams.py. test_datagrams.py holds the bytes in every run of the tests.
"""

from airwire.errors import UserError

if __package__:
    from host_tests.bench.rows import Row
    from host_tests.bench.scripts import Script
else:
    from rows import Row
    from scripts import Script

SCRIPT = Script("datagrams", few=20, many=220, heap="1M")

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


def allocated(case: str) -> int:
    """Bytes for each datagram, on i386."""
    return SCRIPT.allocated(case)


def locked(arch: str, case: str) -> bool:
    """Whether a case does without the heap: with it locked, what allocates ends datagrams.py."""
    try:
        return SCRIPT.run(arch, case, str(SCRIPT.few), "locked") == 0
    except UserError as error:
        if "MemoryError" in error.message:
            return False
        raise


def rows() -> list[Row]:
    bare = SCRIPT.instructions("copy")
    found = []
    for case, name, budget in CASES:
        found.append(Row(name, allocated(case), "bytes", budget))
        ours = SCRIPT.instructions(case) - bare
        found.append(Row(name, ours, "instructions", None, "copying it", bare))
    return found
