"""`make hil`, by its command line alone, on virtual boards of which it knows only the ports: the
suite passes by each back-end, a fault in the firmware is caught by each, and what make flash has
written presses its button.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from airwire import ports, project
from airwire.board.client import Board
from airwire.errors import UserError
from airwire.image import build, layout, littlefs
from host_tests import hil
from host_tests.board import bench_file
from host_tests.board.backends import WHOLE_HEAPS
from host_tests.conftest import figures, runnable
from host_tests.tools import stock

ROOT = project.ROOT
BENCHES = ROOT / "host_tests/benches"
BY_NAME = {"pty": BENCHES / "virtual.toml", "rfc2217": BENCHES / "virtual-rfc2217.toml"}

# The network of the virtual air, and its key.
KEY = "correct horse"

# A word of one command's answer, what a faulty firmware says instead, and who notices.
ANSWER, FAULT = b"File deleted", b"File damaged"
CAUGHT = "host_tests/board/test_files.py::test_frames_of_the_documents"

# A few seconds of one back-end, the last two are skipped and left out; with the full figures it is
# the whole suite.
PRESS = "host_tests/board/test_press.py"
FEW = (
    CAUGHT,
    PRESS,
    "host_tests/board/test_gpio.py::test_levels_both_ways",
    "host_tests/board/test_names.py::test_no_two_names_are_one",
)
NOT_ON_A_BENCH = 2
ALL = ("host_tests/board",)
# Of 781 tests in November 2026, 620 are drawn by lot, and some 225 of them use no more than what
# a bench can have. Where a tenth of them goes, somebody has marked too many.
LEAST = 200

PARTS = ("flash", "files", "dct", "ram", "loop", "wifi", "12-14")

PATIENCE = 3 * 3600
ENDED_SECONDS = 10


@pytest.fixture(scope="module")
def image(tmp_path_factory, interpreters):
    runnable("i386", interpreters)
    path = tmp_path_factory.mktemp("image") / "flash.bin"
    path.write_bytes(build.build_image())
    return path


@pytest.fixture(scope="module")
def faulty(image, tmp_path_factory):
    """An image whose firmware answers one command wrongly."""
    flash = bytearray(image.read_bytes())
    area = slice(layout.VFS.offset, layout.VFS.end)
    files = dict(littlefs.read(bytes(flash[area])).files)
    name = "firmware/commands/files.mpy"
    assert files[name].count(ANSWER) == 1
    files[name] = files[name].replace(ANSWER, FAULT)
    flash[area] = littlefs.build(files, layout.VFS)
    path = tmp_path_factory.mktemp("faulty") / "flash.bin"
    path.write_bytes(flash)
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def board(image, home):
    """The board that the benches mean, with the jumper that they say it has."""
    with up(image, home) as board:
        yield board


def up(image, home):
    # What a bench tests is a chip: so its object sizes and its heap.
    heap = WHOLE_HEAPS["i386"]
    board = Board.up("hil", flash=image, home=home, arch="i386", heap=heap, rfc2217=0)
    board.jumper(12, 14)
    return board


def url(board):
    return f"rfc2217://127.0.0.1:{board.status()['rfc2217']}"


def environment_of(board):
    """The benches' board is this one."""
    home = board.directory.parent.parent
    environment = os.environ | {"AIRWIRE_HOME": str(home), "AIRWIRE_HIL_PASSKEY": KEY}
    environment.pop("PYTEST_ADDOPTS", None)
    environment.pop("AIRWIRE_COUNTS", None)  # the whole suite has its full figures elsewhere
    return environment


def run(board, *command, code=0):
    """What a program says."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env=environment_of(board),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    return said


# What this test runs in is installed.
MAKE = ("make", "-s", "-o", "build/host.stamp", "-o", "build/test.stamp")


def make(board, *words, code=0):
    return run(board, *MAKE, *words, code=code)


def bench_of(board, back_end):
    """The words for pytest and hil: the port of RFC 2217 is any free one here."""
    return ["--bench", BY_NAME[back_end], *(["--port", url(board)] if back_end != "pty" else [])]


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("how", figures()(("few",), (*BY_NAME, "flashed")))
def test_the_suite_by_ports_alone(board, tmp_path, request, how):
    """What it lacks is skipped with a reason; what was seen is kept, but for the key. A press is a
    write to a WWEP server.
    """
    if how == "flashed":
        board = request.getfixturevalue("flashed")
    back_end = how if how in BY_NAME else "rfc2217"
    results = tmp_path / "hil"
    said = make(
        board,
        "hil",
        f"BENCH={BY_NAME[back_end]}",
        *([f"PORT={url(board)}"] if back_end != "pty" else []),
        f"RESULTS={results}",
        f"ARGS=-v --timeout=3600 {' '.join(ALL if how in BY_NAME else FEW)}",
    )
    assert KEY not in said
    kept = {path.name: path.read_text() for path in results.iterdir()}
    assert not [name for name, text in kept.items() if KEY in text or "horse" in text]
    parts = {row["part"]: row["result"] for row in json.loads(kept["selftest.json"])}
    assert parts == dict.fromkeys(PARTS, "pass")
    assert json.loads(kept["board.json"])["firmware"].startswith("Airwire-")
    assert json.loads(kept["faults.json"]) == []
    assert "< > factory_reset" in kept["uart0.log"] and "network_up" in kept["uart1.log"]
    cases = ElementTree.fromstring(kept["junit.xml"]).findall(".//testcase")
    skipped = [case.find("skipped") for case in cases if case.find("skipped") is not None]
    assert len(cases) - len(skipped) >= (LEAST if how in BY_NAME else len(FEW) - NOT_ON_A_BENCH)
    reasons = {part for skip in skipped for part in skip.get("message").split("; ")}
    assert reasons and reasons <= set(bench_file.REASONS.values())
    assert "deselected" in said
    assert said.index("flash    pass") < said.index(" test session starts ")


@pytest.fixture
def flashed(tmp_path_factory, tmp_path):
    """A board that `make flash` has written over another program, by the port that the bench has
    then. At the speed of a line that takes minutes.
    """
    flash, firmware = tmp_path / "flash.bin", tmp_path / "micropython.bin"
    flash.write_bytes(build.build_image(stock.sample_tree(tmp_path / "tree")))
    firmware.write_bytes(stock.stock_image())
    with up(flash, tmp_path_factory.mktemp("flash-home")) as board:
        before = board.status()["flash"]["programmed"]
        make(board, "flash", f"PORT={url(board)}", f"FIRMWARE={firmware}")
        assert board.status()["flash"]["programmed"] > before
        yield board


@pytest.mark.parametrize("back_end", figures()(("pty",), ("virtual", *BY_NAME)))
def test_a_fault_in_the_firmware_is_caught(faulty, faulty_board, back_end):
    """The same test as it stands, by each back-end; with the true firmware it passes above."""
    where = ["--flash", faulty, "--board-arch", "i386"]
    if back_end != "virtual":
        where = bench_of(faulty_board, back_end)
    pytest_itself = [sys.executable, "-m", "pytest", "-vv", "-n", "0"]
    said = run(faulty_board, *pytest_itself, *where, CAUGHT, code=1)
    assert "1 failed" in said and FAULT.decode() in said


@pytest.fixture(scope="module")
def faulty_board(faulty, tmp_path_factory):
    with up(faulty, tmp_path_factory.mktemp("faulty-home")) as board:
        yield board


@pytest.fixture
def looked(board, monkeypatch, capfd):
    """looked(results, words...): `make hil` with these words, on a board that is up to date: its
    exit code, and what it says.
    """
    monkeypatch.setenv("AIRWIRE_HOME", str(board.directory.parent.parent))
    monkeypatch.setenv("AIRWIRE_HIL_PASSKEY", KEY)
    monkeypatch.setattr(hil._Run, "_write_firmware", lambda run: None)

    def look(results, *words):
        words = ["make hil", "--results", *map(str, (results, *words))]
        monkeypatch.setattr(sys, "argv", words)
        return hil.main(), "".join(capfd.readouterr())

    return look


def test_a_board_that_fails_its_own_test_runs_no_suite(board, looked, tmp_path):
    board.jumper(12, 14, on=False)
    try:
        code, said = looked(tmp_path, "--bench", BY_NAME["pty"])
    finally:
        board.jumper(12, 14)
    assert code == 1
    assert "the board fails its own test: the suite is not run" in said
    assert not (tmp_path / "junit.xml").exists()
    assert "fail" in {
        row["result"] for row in json.loads((tmp_path / "selftest.json").read_text())
    }


def test_a_port_without_control_lines_says_so(board, looked, tmp_path):
    code, said = looked(tmp_path, "--port", board.uart0)
    assert code == 2
    assert said.splitlines()[-1] == (
        f"make hil: {board.uart0} has no control lines: another way is the bench key reset.command"
    )


def test_only_its_own_results_are_replaced(monkeypatch, capfd, tmp_path):
    """Files of others in that folder stay; a folder that cannot be made is told in a line."""
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "junit.xml").write_text("of the last run")
    monkeypatch.setattr(hil.ports, "check", lambda port: None)
    monkeypatch.setattr(hil, "_INSTALL", ())
    for results, said in (
        (tmp_path, "airwire: no port /dev/nosuch: "),
        (tmp_path / "notes.txt", f"make hil: {tmp_path}/notes.txt: File exists"),
        (tmp_path / "notes.txt/in", f"make hil: {tmp_path}/notes.txt/in: Not a directory"),
    ):
        words = ["make hil", "--port", "/dev/nosuch", "--results", str(results)]
        monkeypatch.setattr(sys, "argv", words)
        assert hil.main() != 0
        assert capfd.readouterr().err.startswith(said)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_nothing_is_installed_for_what_is_not_there(monkeypatch, capfd, tmp_path):
    """What is typed wrongly is told first, and nothing is done."""
    (tmp_path / "junit.xml").write_text("of the last run")
    (tmp_path / "bench.toml").write_text('[board]\nuart0 = "/dev/null"\nuart1 = "/dev/nosuch"')
    monkeypatch.setattr("subprocess.Popen", None)
    for words, said in (
        (["--port", "/dev/nosuch"], "no port /dev/nosuch: "),
        (["--port", "rfc2217://127.0.0.1"], "no port rfc2217://127.0.0.1: "),
        (["--port", "board:nosuch"], "board nosuch is not up; "),
        (["--port", "loop://", "--bench", tmp_path / "bench.toml"], "no port /dev/nosuch: "),
        (["--bench", tmp_path / "none.toml"], f"{tmp_path}/none.toml: No such file"),
    ):
        words = ["make hil", "--results", str(tmp_path), *map(str, words)]
        monkeypatch.setattr(sys, "argv", words)
        assert hil.main() != 0
        assert capfd.readouterr().err.startswith(f"make hil: {said}")
    assert (tmp_path / "junit.xml").exists()


def of_session(number):
    """The processes of a session, by number."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[3]) == number:
                found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_ends_it_ends_the_suite(board, tmp_path, number):
    """SIGTERM as a runner sends it, to make alone; Ctrl-C of a terminal, to all. Tests are shown
    as they pass, so that one sees that it goes on.
    """
    suite = "host_tests/board/test_files.py"
    words = ("hil", f"BENCH={BY_NAME['pty']}", f"RESULTS={tmp_path}", f"ARGS={suite}")
    with subprocess.Popen(
        [*MAKE, *words],
        cwd=ROOT,
        env=environment_of(board),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as making:
        said = b""
        while f"{suite} .".encode() not in said:
            piece = making.stdout.read1(4096)
            assert piece, said
            said += piece
        if number == signal.SIGINT:
            os.killpg(making.pid, number)
        else:
            making.send_signal(number)
        said += making.stdout.read()
    assert making.returncode != 0
    end = time.monotonic() + ENDED_SECONDS
    while left := of_session(making.pid):  # one that has closed its output ends a moment later
        assert time.monotonic() < end, left
        time.sleep(0.01)
    _, trace, what = said.partition(b"Traceback")
    assert not trace, what.decode()
    assert KEY.encode() not in said
    assert (b"make hil: interrupted" in said) == (number == signal.SIGINT)
    assert ElementTree.parse(tmp_path / "junit.xml").findall(".//testcase")
    ports.check(str(board.uart0))


def test_make_leaves_the_programs_to_it():
    said = subprocess.run(
        [*MAKE, "--dry-run", "hil"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "host_tests.hil" in said and "lan.programs" not in said and "tmux" not in said
    assert [words[-1] for words in hil._INSTALL] == ["install", "tmux"]


def test_a_suite_of_which_all_is_skipped_has_failed(tmp_path):
    """Nothing is opened: the bench lacks what these tests need."""
    words = argparse.Namespace(results=tmp_path, bench=None, words=[PRESS])
    run = hil._Run(bench_file.BenchFile(ports=("/dev/null",)), words)
    with pytest.raises(UserError, match="^no tests were run: all of them were skipped$"):
        run._suite()
    assert ElementTree.parse(tmp_path / "junit.xml").findall(".//skipped")
