"""The seed that a run prints is that of all its processes, so that it can be repeated."""

import re
import subprocess
import sys

from host_tests.conftest import ROOT

NUMBERS = 12
TESTS = f"""
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range({NUMBERS}))
def test_it(number, seed, request):
    name = f"{{request.config.workerinput['workerid']}} {{number}}"
    Path(__file__).with_name(name).write_text(str(seed))
"""


def test_all_processes_have_the_seed_of_the_run(tmp_path):
    (tmp_path / "test_it.py").write_text(TESTS)
    words = [sys.executable, "-m", "pytest", "-p", "host_tests.conftest", "-c", "/dev/null"]
    words += ["--rootdir", tmp_path, "-n", "3", "-p", "no:cacheprovider", tmp_path]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"seed (\d+) \(repeat with --seed=\1\)", done.stdout)[1]
    written = [path for path in tmp_path.iterdir() if path.name.startswith("gw")]
    assert len(written) == NUMBERS
    assert len({path.name.split()[0] for path in written}) > 1
    assert {path.read_text() for path in written} == {told}
