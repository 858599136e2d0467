"""Parts of the firmware that device.py runs, on each interpreter without a board: by a clock of
their own, and where memory runs out.
"""

import ast
from pathlib import Path

import pytest

from host_tests.conftest import ROOT

HERE = Path(__file__).parent
RUNNER = ROOT / "host_tests" / "wire" / "run.py"


@pytest.mark.parametrize(
    "checks", ["reset_button_checks.py", "fault_checks.py", "starved_checks.py"]
)
def test_parts(micropython, shipped, tmp_path, checks):
    path = (HERE, shipped, shipped / "lib")
    done = micropython(RUNNER, checks, cwd=tmp_path, path=path, heap="160K")
    body = ast.parse((HERE / checks).read_text()).body
    tests = [n for n in body if getattr(n, "name", "").startswith("test_")]
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"{len(tests)} passed, 0 failed"
