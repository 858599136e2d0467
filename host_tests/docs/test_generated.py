"""The generated documents are what the firmware's declarations say today."""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

from airwire import declarations

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "docs.py"


def check(root):
    return subprocess.run(
        [sys.executable, TOOL, "--check", "--root", root], capture_output=True, text=True
    )


def test_nothing_is_stale():
    done = check(ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_declaration_is_in_its_document():
    made = runpy.run_path(str(TOOL))["DOCUMENTS"]
    commands, variables = made["docs/commands.md"](ROOT), made["docs/variables.md"](ROOT)
    for command in declarations.commands(ROOT):
        assert f"\n## {command.name}\n\n`{command.syntax}`" in commands
    for variable in declarations.variables(ROOT):
        assert f"\n| `{variable.name}` | `{variable.shortcut}` |" in variables


def test_a_stale_document_is_named_and_made_anew(tmp_path):
    for folder in ("firmware", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "README.md", tmp_path)
    (tmp_path / "docs" / "variables.md").unlink()
    for name, old, new in (
        ("commands/system.py", "Print name, version", "Print the name, version"),
        ("board.py", "LED = const(2)", "LED = const(27)"),
    ):
        path = tmp_path / "firmware" / name
        source = path.read_text()
        assert old in source
        path.write_text(source.replace(old, new))
    done = check(tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"airwire: {path} is stale: run `make docs`"
        for path in ("README.md", "docs/commands.md", "docs/openapi.json", "docs/variables.md")
    ]
    subprocess.run([sys.executable, TOOL, "--root", tmp_path], check=True, capture_output=True)
    assert check(tmp_path).returncode == 0
    assert "| LED | 27 | out |" in (tmp_path / "README.md").read_text()
