"""The WWEP server's file of registers under a power cut at every flash operation of a save: the
next start finds the old registers or the new ones. registers.py has the scenarios.
"""

import pytest

# The image with little room and the way to run scenarios on it.
from host_tests.powercut.test_powercut import image, run  # noqa: F401

# Flash operations that each of a state's scenarios takes at least.
STATES = {"first": 5, "replace": 7, "replace many": 20}


@pytest.mark.parametrize("state", STATES)
def test_registers_survive_every_cut(run, state, arch, counts, rng, figure):  # noqa: F811
    step = counts(6 if state == "replace many" else 1, 1)
    (result,) = run("registers", state, step, rng.randrange(step))
    figure(
        f"{arch}, {result['name']}: {result['tried']} cuts in {result['operations']} operations: "
        f"{result['old']} old, {result['new']} new, {result['faulty']} broken"
    )
    assert result["faults"] == []
    assert result["operations"] >= STATES[state]
    assert result["tried"] >= 2 * (result["operations"] // step)
    assert result["old"] + result["new"] == result["tried"] + result["again"]
