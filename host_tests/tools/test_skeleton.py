"""What holds the project together: the Makefile, the bootstrap, the requirements, the command.

No network: make runs on a copy with a fake bootstrap, the bootstrap on a PATH of fakes.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

from airwire import cli, project
from airwire.errors import UserError

TARGETS = ["run", "test", "acceptance", "image", "flash", "deploy", "monitor", "erase", "hil"]
TARGETS += ["frozen", "release", "bench", "lint", "docs", "example", "arduino", "clean"]
REQUIREMENTS = project.ROOT / "requirements"

# What a make that runs the tests says to the makes below it.
ENVIRONMENT = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}


def run(words, cwd=project.ROOT, **settings):
    return subprocess.run(
        words, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, **settings
    )


def files():
    """The project's files, committed or about to be."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"])
    assert listed.returncode == 0, listed.stderr
    paths = [project.ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


# The Makefile


def test_make_alone_lists_the_targets_with_one_line_each():
    done = run(["make"], env=ENVIRONMENT)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == TARGETS
    assert all(len(line.split()) > 3 and len(line) < 100 for line in lines)


def test_make_installs_once_and_again_after_a_move_or_a_change(tmp_path):
    tree = tmp_path / "a tree"
    (tree / "tools").mkdir(parents=True)
    shutil.copytree(REQUIREMENTS, tree / "requirements")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(project.ROOT / name, tree)
    (tree / "tools/bootstrap.sh").write_text(
        'echo "$@"; mkdir -p .venv; printf %s "$PWD" >.venv/root\n'
    )

    def installed(where):
        done = run(["make", "-s", "build/test.stamp"], where, env=ENVIRONMENT)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    everything = ["venv requirements/host.txt", "venv requirements/test.txt"]
    assert installed(tree) == everything
    assert installed(tree) == []
    # Newer than the stamps, however coarse the file system's clock is.
    later = (tree / "build/test.stamp").stat().st_mtime + 10
    os.utime(tree / "requirements/test.txt", (later, later))
    assert installed(tree) == everything[1:]
    moved = tree.rename(tmp_path / "moved")
    assert installed(moved) == everything
    shutil.rmtree(moved / ".venv")
    assert installed(moved) == everything


# The bootstrap


@pytest.fixture
def bare(tmp_path):
    """A machine with neither Python nor apt: run(PROGRAM=script body, ...) runs the bootstrap."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("cat", "mktemp", "rm", "sh"):
        (tools / name).symlink_to(shutil.which(name))
    shutil.copytree(REQUIREMENTS, tmp_path / "tree/requirements")

    def bootstrap(*words, environment=(), **programs):
        for name, body in programs.items():
            path = tools / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{body}\n")
            path.chmod(0o755)
        env = {"PATH": str(tools), "TMPDIR": str(tmp_path), **dict(environment)}
        script = project.ROOT / "tools/bootstrap.sh"
        return run(["sh", str(script), *words], tmp_path / "tree", env=env)

    return bootstrap


PYTHON_LACKS = "airwire: Python 3.11 or newer with its venv module is missing; "
VENV = ("venv", "requirements/host.txt")


def test_no_python_and_no_apt_is_one_line(bare):
    done = bare(*VENV)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        PYTHON_LACKS + "install it with your system's package manager "
        "(on Debian: apt-get install python3 python3-venv)\n"
    )


def test_no_python_and_no_root_is_one_line(bare):
    done = bare(*VENV, apt_get="exit 99", id="echo 1000")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        PYTHON_LACKS + "install it with: sudo apt-get install python3 python3-venv\n"
    )


def test_root_installs_what_is_missing(bare, tmp_path):
    done = bare(*VENV, id="echo 0", apt_get=f'echo "$*" >>{tmp_path}/log')
    assert (tmp_path / "log").read_text().splitlines() == [
        "update",
        "install -y --no-install-recommends python3 python3-venv",
    ]
    # This apt brings nothing, as a release whose Python is too old.
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        PYTHON_LACKS + "installing python3 python3-venv",
        (
            "airwire: this system's Python is older than 3.11; "
            "name a newer one: make PYTHON=/path/to/python3"
        ),
    ]


def test_what_apt_says_of_a_failure_is_shown(bare):
    done = bare("command", "valgrind", id="echo 0", apt_get="echo E: no mirror >&2; exit 100")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "airwire: valgrind is missing; installing valgrind",
        "E: no mirror",
        (
            "airwire: valgrind is missing and could not be installed (above); "
            "install it with: apt-get install valgrind"
        ),
    ]


def test_a_program_that_is_there_is_not_installed(bare):
    done = bare("command", "valgrind", valgrind="", apt_get="exit 99")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_python_of_ones_own_must_fit(bare):
    done = bare(*VENV, old="exit 1", environment={"PYTHON": "old"})
    assert done.returncode == 2
    assert done.stderr == (
        "airwire: PYTHON=old is not a Python 3.11 or newer with its venv module\n"
    )


def test_a_failing_pip_ends_with_one_line(bare):
    python = 'case "$*" in -m*pip*) echo ERROR: no index >&2; exit 1;; *--version) echo P;; esac'
    done = bare(
        *VENV,
        python3=f"{python}\n"
        'case "$*" in *venv*) sh -c "mkdir -p .venv/bin; cp $0 .venv/bin/python";; esac',
        mkdir='exec /bin/mkdir "$@"',
        cp='exec /bin/cp "$@"',
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-2:] == [
        "ERROR: no index",
        "airwire: the Python packages could not be installed; pip's reasons are above",
    ]


# The requirements


def pins(name):
    """{package: (version, number of hashes)}; every other kind of line is a failure."""
    text = (REQUIREMENTS / name).read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = re.fullmatch(
            r"([a-z0-9-]+)==([\w.]+)( ; [^#]*?)?\s+((?:--hash=sha256:[0-9a-f]{64}\s*)+)", line
        )
        assert match, f"{name}: {line[:80]}"
        found[match[1]] = (match[2], match[4].count("--hash"))
    return found


SETS = ["build", "host", "test", "interpreter"]


@pytest.mark.parametrize("name", SETS)
def test_requirements_are_pinned_and_hashed_and_name_no_index(name):
    found = pins(f"{name}.txt")
    wanted = (REQUIREMENTS / f"{name}.in").read_text().splitlines()
    direct = [re.split(r"[ ;]", line)[0] for line in wanted if line and line[0] not in "#-"]
    assert direct and set(direct) <= set(found)


def test_the_sets_agree():
    build, host, test = pins("build.txt"), pins("host.txt"), pins("test.txt")
    assert build.items() <= host.items() <= test.items()


def test_what_is_installed_is_what_is_pinned():
    text = (REQUIREMENTS / "test.txt").read_text()
    elsewhere = re.findall(r"^(\S+)==\S+ ; .*'win32'", text, re.M)
    for name, (version, _) in pins("test.txt").items():
        if name not in elsewhere:
            assert importlib.metadata.version(name) == version


# The package


def test_the_version_is_written_once():
    version = project.version()
    assert importlib.metadata.version("airwire") == version
    literal = re.compile(rf"(?<![\d.]){re.escape(version)}(?![\d.])")
    code = [path for path in files() if path.suffix in (".py", ".sh", ".toml")]
    holders = [path for path in [*code, project.ROOT / "Makefile"] if literal.search(read(path))]
    assert holders == [project.ROOT / "pyproject.toml"]
    assert len(literal.findall(read(holders[0]))) == 1


def read(path):
    return path.read_text(encoding="utf-8")


def test_every_package_is_installed():
    settings = tomllib.loads(read(project.ROOT / "pyproject.toml"))["tool"]["setuptools"]
    tools = project.ROOT / "tools"
    found = {
        ".".join(path.parent.relative_to(tools).parts)
        for path in tools.glob("airwire/**/__init__.py")
        if "shims" not in path.parts
    }
    assert set(settings["packages"]) == found | {"airwire.wire"}


def test_the_wire_package_is_the_firmwares():
    import airwire.wire

    assert Path(airwire.wire.__file__).parent == project.ROOT / "lib/wire"


# The command


def test_both_names_of_the_command_work():
    script = Path(sys.executable).with_name("airwire")
    for words in ([script], [sys.executable, "-m", "airwire"]):
        done = run([*words, "--version"])
        assert (done.returncode, done.stdout) == (0, f"airwire {project.version()}\n")


def test_every_command_is_in_the_help():
    done = run([sys.executable, "-m", "airwire", "--help"])
    assert done.returncode == 0
    for name in ("image", "flash", "board", "wwep-server", "run"):
        assert re.search(rf"^    {name}\b", done.stdout, re.MULTILINE), name


def test_help_does_not_wait_for_what_only_some_commands_need():
    code = (
        "import sys; from airwire import cli; cli.parser();"
        "print({'rich', 'esptool', 'serial'} & set(sys.modules))"
    )
    assert run([sys.executable, "-c", code]).stdout == "set()\n"


def test_a_users_error_is_one_line_and_its_code(monkeypatch, capsys):
    def fail(args):
        raise UserError("the flux is low; add some", args.code)

    def register(subparsers):
        command = subparsers.add_parser("fail")
        command.add_argument("--code", type=int, default=2)
        command.set_defaults(run=fail)

    fake = types.ModuleType("fake")
    fake.register = register
    monkeypatch.setitem(sys.modules, "fake", fake)
    monkeypatch.setattr(cli, "COMMANDS", ("fake",))
    assert cli.main(["fail"]) == 2
    assert cli.main(["fail", "--code", "3"]) == 3
    assert capsys.readouterr() == ("", "airwire: the flux is low; add some\n" * 2)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("console --baud 0 x", "argument --baud: '0' is not a whole number from 1 to 5000000"),
        ("console --wait no x", "argument --wait: 'no' is not a number"),
        ("console --wait nan x", "'nan' is not more than 0 and at most 86400 seconds"),
        ("flash --port p --firmware f --baud 1.5", "argument --baud: '1.5' is not a whole number"),
        ("board press 0 --hold soon", "argument --hold: 'soon' is not a number"),
        ("board press 0 --bounce -2", "argument --bounce: '-2' is not a whole number"),
        ("board power-cut --after 0", "argument --after: '0' is not a whole number from 1"),
        ("board press 0 1", "unrecognized arguments: 1"),
        ("image build more --no", "unrecognized arguments: more --no"),
        ("run this", "unrecognized arguments: this"),
    ],
)
def test_bad_words_are_told_by_the_command_that_got_them(capsys, words, complaint):
    with pytest.raises(SystemExit) as ended:
        cli.main(words.split())
    assert ended.value.code == 2
    *usage, error = capsys.readouterr().err.splitlines()
    command = " ".join(words.split()[: 2 if words.split()[0] in ("board", "image") else 1])
    assert usage[0].startswith(f"usage: airwire {command} [-h]")
    assert error.startswith(f"airwire {command}: error: ") and complaint in error


def test_bad_words_end_with_code_2_and_no_traceback():
    for words in ([], ["nonsense"], ["image"]):
        done = run([sys.executable, "-m", "airwire", *words])
        assert done.returncode == 2
        assert "airwire" in done.stderr and "Traceback" not in done.stderr
