"""A change of the DCT under a power cut at every flash operation: the old or the new table, and
the same change can be done then. dct.py has the scenarios.
"""

import pytest

# The image with little room and the way to run scenarios on it.
from host_tests.powercut.test_powercut import image, run  # noqa: F401

# Flash operations that each of a state's scenarios takes at least: a block, its entries, the
# header, the mark.
STATES = {
    "small": (5, 7, 11, 16, 5, 7, 11, 14),
    "large": (80, 12),
}


@pytest.mark.parametrize("state", STATES)
def test_the_table_survives_every_cut(run, state, arch, counts, rng, figure):  # noqa: F811
    step = counts(9 if state == "large" else 1, 1)
    results = run("dct", state, step, rng.randrange(step))
    for r in results:
        figure(
            f"{arch}, {r['name']}: {r['tried']} cuts in {r['operations']} operations "
            f"({r['erases']} erases): {r['old']} old, {r['new']} new, {r['faulty']} broken"
        )
    assert [r["faults"] for r in results] == [[]] * len(results)
    for r, least in zip(results, STATES[state], strict=True):
        assert r["operations"] >= least, r
        assert r["tried"] >= 2 * (r["operations"] // step)
        # Nothing is tidied up at a start. The last operation is the mark's: torn or not, a cut
        # there leaves the old table; a change is not in force before it is done.
        assert r["old"] == r["tried"] and not r["again"]
