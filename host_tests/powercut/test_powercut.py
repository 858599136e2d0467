"""A `save` under a power cut at every flash operation: the old or the new settings, whole.

engine.py cuts, on MicroPython; settings.py has the states of the flash, naive.py what must be
found out. Here is the flash image that they start from, and what a run must have tried to count.
"""

import json

import pytest

from airwire import project
from airwire.image import littlefs, tree
from airwire.image.partitions import Partition, Table
from host_tests.conftest import ROOT

HERE = ROOT / "host_tests" / "powercut"
SHIMS = ROOT / "tools" / "airwire" / "board" / "shims"
BLOCK = 4096
VFS_AT = 0x20000
# As much as the slowest scenario has to fill, and what LittleFS on a chip counts twice: the two
# blocks of each of 14 folders. A chip has three times that.
FREE_BLOCKS = 48
HEAP = "16M"  # for the image, the flash, and what starts leave behind
SECONDS = 300  # a whole state takes 10 s on an idle machine

# Flash operations that a save takes at least, in each of a state's scenarios. LittleFS decides
# about them; fewer would mean that something was not written through, and that cuts were missed.
STATES = {
    "fresh": (3, 8, 8, 4, 8),
    "nearly full": (8, 4, 8),
    "compacting": (9, 5, 9),
    "moving": (5,),
    "full": (1, 1),
}


def partition(blocks):
    return Partition("vfs", 1, 0x81, VFS_AT, blocks * BLOCK)


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """A flash with the whole firmware, as `airwire image build` makes it, but with little room."""
    files = tree.device_files(project.ROOT)
    used = littlefs.read(littlefs.build(files, partition(480))).used // BLOCK
    vfs = partition(used + FREE_BLOCKS)
    rows = (
        Partition("nvs", 1, 0x02, 0x9000, 0x6000),
        Partition("dct", 1, 0x40, 0x10000, 0x10000),
        vfs,
    )
    data = bytearray(b"\xff" * (VFS_AT + vfs.size))
    table = Table(rows).to_bytes(0x400000)
    data[0x8000 : 0x8000 + len(table)] = table
    data[VFS_AT:] = littlefs.build(files, vfs)
    path = tmp_path_factory.mktemp("powercut") / "flash.bin"
    path.write_bytes(data)
    return path


@pytest.fixture
def run(micropython, image):
    """run(module, state, step=1, first=0) -> the results of its scenarios, a dict each."""

    def run(module, state, step=1, first=0):
        done = micropython(
            *(HERE / "run.py", image, module, state, str(step), str(first)),
            cwd=HERE,
            path=(HERE, SHIMS),
            heap=HEAP,
            seconds=SECONDS,
        )
        # Other lines: MicroPython says what it could not close when the power was gone.
        results = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"]
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
        return results

    return run


@pytest.mark.parametrize("state", STATES)
def test_save_survives_every_cut(run, state, arch, counts, rng, figure):
    step = counts(1 if state == "fresh" and arch == "amd64" else 2, 1)
    results = run("settings", state, step, rng.randrange(step))
    for r in results:
        figure(
            f"{arch}, {r['name']}: {r['tried']} cuts in "
            f"{r['operations']} operations ({r['erases']} erases), {r['again']} in the start "
            f"after them: {r['old']} old, {r['new']} new, {r['faulty']} broken"
        )
    assert [r["faults"] for r in results] == [[]] * len(results)
    for r, least in zip(results, STATES[state], strict=True):
        assert r["operations"] >= least
        # Each k is tried twice, once torn, and each has one verdict. A save leaves something to
        # tidy up at some of its operations, so that starts were cut as well.
        assert r["tried"] >= 2 * (r["operations"] // step)
        assert r["old"] + r["new"] == r["tried"] + r["again"] and r["old"]
        assert r["again"] or step > 1


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("state", "least"), [("in place", 5), ("removed first", 5), ("raw", 3)])
def test_the_harness_finds_naive_saves_out(run, state, least):
    (result,) = run("naive", state)
    assert result["faulty"] >= least
    assert "found" in result["faults"][0] or "damaged" in result["faults"][0]


def test_the_harness_finds_a_save_that_cannot_be_repeated(run):
    # The state after the cut is one of the two, but the next save fails.
    (result,) = run("naive", "stuck")
    assert result["faulty"] and "done again" in result["faults"][0]
