"""What the marker `sampled` leaves to the lot: parameters of a test, and tests of a file."""

import os
import subprocess
import sys

import pytest

from host_tests.conftest import ROOT

PARAMETERS = """
import pytest

@pytest.mark.sampled(3)
@pytest.mark.parametrize("number", range(12))
def test_one(number):
    pass

def test_other():
    pass
"""
FILE = """
import pytest

pytestmark = pytest.mark.sampled(3)

def test_one():
    pass

@pytest.mark.parametrize("number", range(12))
def test_other(number):
    pass
"""


def tried(folder, seed, full=False):
    """The names of the tests of a run."""
    words = [sys.executable, "-m", "pytest", "-p", "host_tests.conftest", "-c", "/dev/null"]
    words += ["--rootdir", folder, "-p", "no:cacheprovider", "--co", "-q", "--seed", str(seed)]
    environment = {**os.environ, "AIRWIRE_COUNTS": "full" if full else "reduced"}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [*words, folder], cwd=ROOT, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line}


@pytest.mark.parametrize(("text", "reduced"), [(PARAMETERS, 4), (FILE, 3)])
def test_the_lot(text, reduced, tmp_path):
    (tmp_path / "test_it.py").write_text(text)
    runs = [tried(tmp_path, seed) for seed in range(3)]
    assert {len(run) for run in runs} == {reduced}
    assert len({frozenset(run) for run in runs}) > 1, "another seed tries others"
    assert tried(tmp_path, 0) == runs[0]
    assert len(tried(tmp_path, 0, full=True)) == 13
