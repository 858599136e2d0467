"""`file_create`, `file_delete` and a file in the place of another one under a power cut at every
flash operation: the old or the new set of files, each with its content and attributes, and nothing
left over. files.py has the scenarios.
"""

import pytest

# The image with little room and the way to run scenarios on it.
from host_tests.powercut.test_powercut import image, run  # noqa: F401

# Flash operations that each of a state's scenarios takes at least. LittleFS decides about them;
# fewer would mean that something was not written through, and that cuts were missed.
STATES = {
    "create": (5, 3),
    "create large": (60,),
    "delete": (1, 1),
    "replace": (4, 40),
    "compacting": (3,),
    "full": (2,),
}


@pytest.mark.parametrize("state", STATES)
def test_files_survive_every_cut(run, state, arch, counts, rng, figure):  # noqa: F811
    step = counts({"create large": 6, "replace": 3}.get(state, 1), 1)
    results = run("files", state, step, rng.randrange(step))
    for r in results:
        figure(
            f"{arch}, {r['name']}: {r['tried']} cuts in {r['operations']} operations "
            f"({r['erases']} erases), {r['again']} in the start after them: "
            f"{r['old']} old, {r['new']} new, {r['faulty']} broken"
        )
    assert [r["faults"] for r in results] == [[]] * len(results)
    for r, least in zip(results, STATES[state], strict=True):
        assert r["operations"] >= least
        assert r["tried"] >= 2 * (r["operations"] // step)
        assert r["old"] + r["new"] == r["tried"] + r["again"]
