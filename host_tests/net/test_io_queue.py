"""The event loop's queue and the bridge of stream mode, on each interpreter without the board:
what they do when tasks wait, are cancelled and fail, and that a chunk of data allocates nothing.
"""

import ast
from pathlib import Path

import pytest

from host_tests.bench import stream_mode
from host_tests.conftest import LIB, ROOT, runnable

HERE = Path(__file__).parent
CHECKS = "queue_checks.py"
RUNNER = ROOT / "host_tests" / "wire" / "run.py"


def test_the_queue(micropython):
    done = micropython(RUNNER, CHECKS, cwd=HERE, path=(HERE, ROOT, LIB))
    body = ast.parse((HERE / CHECKS).read_text()).body
    tests = [n for n in body if getattr(n, "name", "").startswith("test_")]
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"{len(tests)} passed, 0 failed"


@pytest.mark.parametrize("kind", ["locked", "counted"])
def test_chunks_allocate_nothing(arch, kind, counts, rng):
    """From one chunk to the next, including the wait: with the heap locked all the while, and by
    the bytes in use.
    """
    assert stream_mode.grown(arch, kind, counts(50_000, 2_000_000), rng) == (0, 0)


@pytest.mark.parametrize("kind", ["locked", "counted"])
def test_waits_for_room_allocate_nothing(kind, counts, rng):
    """The same where UART (with flow control) and network have no room now and then."""
    size = counts(50_000, 2_000_000)
    grown, full = stream_mode.grown("amd64", kind, size, rng, "crowded")
    assert full and grown == 0


def test_waits_for_room_on_small_addresses(interpreters, counts, rng):
    """A change of what is waited for may take 32 bytes on i386: its addresses are large integers
    for the poll object.
    """
    runnable("i386", interpreters)
    grown, full = stream_mode.grown("i386", "counted", counts(50_000, 2_000_000), rng, "crowded")
    assert full and grown <= 32 * full
