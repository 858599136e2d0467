"""Several `airwire dct` at the same time on one table: no change is lost, wherever it lies."""

import fcntl
import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

from airwire.board.client import Board
from airwire.dct import targets
from airwire.errors import UserError
from airwire.image import layout
from airwire.wire import dct
from host_tests.tools.cert_command import Command
from host_tests.tools.odd_certs import Made
from host_tests.tools.test_dct_command import blank
from host_tests.tools.test_dct_targets import Chip

PROGRAMS = 8

# Each has loaded all that it needs before any of them begins; then it runs a command per line.
PROGRAM = """
import shlex, sys
from airwire import cli, esptool
from airwire.dct import chip, report, table, targets
esptool.COMMAND = (sys.executable, *sys.argv[1:])
print("ready", flush=True)
codes = [cli.main(["dct", *shlex.split(line)]) for line in sys.stdin]
sys.exit(max(codes))
"""


def together(*jobs, esptool=(), codes=(0,)):
    """Run lists of commands at the same time; what those have said on stderr that have failed."""
    command = [sys.executable, "-c", PROGRAM, *map(str, esptool)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with ExitStack() as stack:
        programs = [stack.enter_context(subprocess.Popen(command, **pipes)) for _ in jobs]
        for program in programs:
            assert program.stdout.readline() == b"ready\n"
        for program, lines in zip(programs, jobs, strict=True):
            program.stdin.write("\n".join(lines).encode())
            program.stdin.close()
        said = [program.stderr.read().decode() for program in programs]
        for program, words in zip(programs, said, strict=True):
            assert program.wait() in codes, words
    return [words for program, words in zip(programs, said, strict=True) if program.returncode]


@pytest.fixture
def table(home, tmp_path, monkeypatch, capfd):
    """The command, in a folder with a root for identities, ca.pem."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").write_bytes(Made("Root", ca=True).pem)
    return Command("dct", capfd)


def identities(partition):
    return sorted(name.decode() for section, name, *_ in dct.current(partition)[2])


def add(name, *where):
    return " ".join(("add", *where, name, "--ca ca.pem"))


def test_a_file(table, tmp_path):
    table("new", "t")
    old = [f"old{i}" for i in range(PROGRAMS // 2)]
    for name in old:
        table("add", "t", name, "--ca", "ca.pem")
    names = [f"id{i}" for i in range(PROGRAMS // 2 * 6)]
    adding = [[add(name, "t") for name in names[i::4]] for i in range(PROGRAMS // 2)]
    removing = [[f"remove t {name}"] for name in old]
    together(*adding, *removing)
    assert identities((tmp_path / "t").read_bytes()) == sorted(names)
    # Nothing is left beside it.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca.pem", "t"]


def test_only_one_makes_a_file(table, tmp_path):
    refusals = together(*[[f"new t --serial {i}"] for i in range(PROGRAMS)], codes=(0, 2))
    assert len(refusals) == PROGRAMS - 1
    one_of = ("t is there already: --force replaces it", "cannot write t: File exists")
    assert {said.removeprefix("airwire: ").strip() for said in refusals} <= set(one_of)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca.pem", "t"]


def test_a_flash_image_by_two_names(table, tmp_path):
    blank(tmp_path / "flash")
    (tmp_path / "link").symlink_to("flash")
    names = [f"id{i}" for i in range(PROGRAMS * 3)]
    jobs = [[add(n, "flash" if i % 2 else "link") for n in names[i::8]] for i in range(PROGRAMS)]
    together(*jobs)
    assert identities(targets.File(tmp_path / "flash").read()) == sorted(names)
    assert (tmp_path / "link").is_symlink()


@pytest.fixture
def board(home, tmp_path, fake):
    with Board.up("dev", flash=blank(tmp_path / "flash"), config=fake) as board:
        yield board


@pytest.mark.parametrize("state", ["running", "off", "down"])
def test_a_board(table, board, state):
    if state == "off":
        board.power_cut(stay_off=True)
        board.wait_off()
    elif state == "down":
        board.down()
    names = [f"id{i}" for i in range(PROGRAMS)]
    together(*([add(name, "--board dev")] for name in names))
    assert identities(targets.BoardFlash("dev").read()) == names
    if state == "down":
        assert not board.is_up()
    else:
        assert board.status()["state"] == state


def test_a_chip(table, tmp_path):
    (tmp_path / "chip").mkdir()
    master, slave = os.openpty()
    try:
        chip = Chip(tmp_path / "chip", os.ttyname(slave))
        (tmp_path / "by-id").symlink_to(chip.port)
        ports = [chip.port, tmp_path / "by-id"] * (PROGRAMS // 2)
        names = [f"id{i}" for i in range(PROGRAMS)]
        jobs = [[add(name, f"--port {port}")] for name, port in zip(names, ports, strict=True)]
        together(*jobs, esptool=[chip.folder / "fake.py"])
    finally:
        os.close(master)
        os.close(slave)
    assert identities(chip.partition()) == names


def test_who_has_waited_takes_what_is_there_then(table, tmp_path):
    """The file whose lock it waits for is replaced meanwhile."""
    table("new", "t")
    command = [sys.executable, "-m", "airwire", "dct", "set", "t", "serial", "1"]
    with (tmp_path / "t").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as waiting:
            said = waiting.stderr.readline()
            assert said == b"airwire: waiting for another program that changes t\n"
            (tmp_path / "new").write_bytes(dct.image([(dct.MANUFACTURING, b"maker", 0, b"M")]))
            (tmp_path / "new").replace(tmp_path / "t")
            fcntl.flock(held, fcntl.LOCK_UN)
            assert waiting.wait() == 0
    assert identities((tmp_path / "t").read_bytes()) == ["maker", "serial"]


def test_what_another_program_has_changed_is_not_overwritten(table, board, tmp_path):
    table("new", "t")
    board.down()
    places = [
        (targets.File(tmp_path / "t"), tmp_path / "t", 0),
        (targets.BoardFlash("dev"), board.flash, layout.DCT.offset),
    ]
    for target, path, at in places:
        target.read()
        data = bytearray(path.read_bytes())
        data[at + dct.COPY] = ord("x")
        path.write_bytes(data)
        with pytest.raises(UserError, match="changed meanwhile by another program: nothing wr"):
            target.write(0, b"\0" * dct.COPY)
        assert path.read_bytes() == data
