"""The workflows of GitHub Actions: what may run where, with which rights. A runner with a board
is somebody's computer, on which no stranger's code may run.
"""

import re

import pytest
import yaml

from airwire import project

FOLDER = project.ROOT / ".github/workflows"
NAMES = ("hil", "virtual")


def load(name):
    # YAML takes the key `on` for a truth value.
    values = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    return values | {"on": values.pop(True)}


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_these_are_all():
    assert sorted(path.name for path in FOLDER.iterdir()) == [f"{name}.yml" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_rights(name):
    """It reads the repository, and nothing else; no other's later version runs in it."""
    workflow = load(name)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    for job in workflow["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"]
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", NAMES)
def test_nothing_from_outside_is_part_of_a_script(name):
    """What somebody has typed, and every secret, comes as a variable of the environment, and no
    script prints one.
    """
    for step in steps(load(name)):
        script = step.get("run", "")
        assert "${{" not in script
        assert not re.search(r"\b(echo|printf|env|set -x)\b(?! \"PATH=)", script)
        for key, value in step.get("env", {}).items():
            assert "secrets." not in value or value == f"${{{{ secrets.{key} }}}}"


def test_when_a_board_is_used():
    """By hand, or when a pull request of this very repository gets the label."""
    workflow = load("hil")
    assert set(workflow["on"]) == {"workflow_dispatch", "pull_request"}
    assert workflow["on"]["pull_request"] == {"types": ["labeled"]}
    assert workflow["concurrency"] == {"group": "hil", "cancel-in-progress": False}
    [job] = workflow["jobs"].values()
    assert "self-hosted" in job["runs-on"]
    assert " ".join(job["if"].split()) == (
        "github.event_name == 'workflow_dispatch' || (github.event.label.name == 'hil' && "
        "github.event.pull_request.head.repo.full_name == github.repository)"
    )


def test_what_a_board_run_does():
    run, upload = steps(load("hil"))[-2:]
    assert run["run"].startswith("make hil ")
    assert set(run["env"]) >= {"AIRWIRE_HIL_SSID", "AIRWIRE_HIL_PASSKEY"}
    assert upload["uses"].startswith("actions/upload-artifact@")
    assert upload["if"] == "always()" and upload["with"]["path"] == "build/hil"


def test_the_virtual_board_is_tested_at_each_push():
    workflow = load("virtual")
    assert set(workflow["on"]) == {"push", "pull_request"}
    [job] = workflow["jobs"].values()
    assert job["runs-on"].startswith("ubuntu-")
    assert any("make test" in step.get("run", "") for step in job["steps"])
    assert "secrets." not in (FOLDER / "virtual.yml").read_text()
