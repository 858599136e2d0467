"""What the DHCP server takes for an OFFER, sockets excluded: device/dhcp_offer.py, bytes on i386
and instructions on amd64.
"""

if __package__:
    from host_tests.bench.rows import Row
    from host_tests.bench.scripts import Script
else:
    from rows import Row
    from scripts import Script

SCRIPT = Script("dhcp_offer", few=40, many=400)
MOST_BYTES = 300
# A quarter above what was measured when the bound was set.
MOST_INSTRUCTIONS = 102_000


def rows() -> list[Row]:
    """Bytes of an offer with their bound, and its instructions."""
    bare, ours = SCRIPT.instructions("bare"), SCRIPT.instructions("ours")
    allocated = SCRIPT.allocated("ours")
    return [
        Row("DHCP OFFER", allocated, "bytes", MOST_BYTES, "bare loop", SCRIPT.allocated("bare")),
        Row("DHCP OFFER", ours - bare, "instructions", MOST_INSTRUCTIONS, "bare loop", bare),
    ]
