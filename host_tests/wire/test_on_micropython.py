"""Runs the test files of this folder on MicroPython, each architecture, through run.py.

They are the files that pytest runs on CPython; only the *_fuzz.py and *_peers.py need packages of
CPython's and stay there.
"""

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = sorted(
    file.name
    for file in HERE.glob("test_*.py")
    if not file.stem.endswith(("_fuzz", "_peers")) and file.name != Path(__file__).name
)


def names_of_tests(file):
    body = ast.parse((HERE / file).read_text()).body
    return [
        node.name
        for node in body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


@pytest.mark.parametrize("file", FILES)
def test_file(file, micropython):
    done = micropython("run.py", file, cwd=HERE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"{len(names_of_tests(file))} passed, 0 failed"


def test_the_runner_reports_failures(micropython, tmp_path):
    (tmp_path / "test_mixed.py").write_text(
        "def test_good():\n    pass\n\n\ndef test_bad():\n    assert 1 + 1 == 3, 'sums'\n"
    )
    (tmp_path / "test_broken.py").write_text("import no_such_module\n")
    (tmp_path / "test_empty.py").write_text("test_not_callable = 1\n")

    def run(*files):
        done = micropython(HERE / "run.py", *files, cwd=HERE, path=(tmp_path,))
        return done.returncode, done.stdout.splitlines()

    code, lines = run("test_mixed.py", "test_broken.py")
    assert code == 1
    assert re.fullmatch(r"FAIL test_mixed\.test_bad: AssertionError\(.*sums.*line 6.*", lines[0])
    assert re.fullmatch(r"FAIL test_broken\.import: ImportError\(.*no_such_module.*", lines[1])
    assert lines[2:] == ["1 passed, 2 failed"]
    assert run("test_empty.py") == (1, ["0 passed, 0 failed"])


def test_a_script_that_hangs_is_ended(micropython):
    with pytest.raises(pytest.fail.Exception, match="not done after 0.2 s:\nbegun"):
        micropython("-c", "print('begun')\nwhile True: pass", seconds=0.2)
