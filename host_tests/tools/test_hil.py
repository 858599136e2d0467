"""`make hil`, by its command line alone, on virtual boards of which it knows only the ports: the
suite passes by each back-end, a fault in the firmware is caught by each, and what make flash has
written presses its button.
"""

import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from airwire import project
from airwire.board.client import Board
from airwire.image import build, layout, littlefs
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

# A few seconds of each back-end, the last is skipped; with the full figures it is the whole suite.
PRESS = "host_tests/board/test_press.py"
FEW = (CAUGHT, PRESS, "host_tests/board/test_gpio.py::test_levels_both_ways")
ALL = ("host_tests/board",)

PARTS = ("flash", "files", "dct", "ram", "loop", "wifi", "12-14")

PATIENCE = 3 * 3600


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


def run(board, *command, code=0):
    """What a program says; the benches' board is this one."""
    home = board.directory.parent.parent
    environment = os.environ | {"AIRWIRE_HOME": str(home), "AIRWIRE_HIL_PASSKEY": KEY}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    return said


def make(board, *words, code=0):
    # What this test runs in is installed.
    installed = ("-o", "build/host.stamp", "-o", "build/test.stamp")
    return run(board, "make", "-s", *installed, *words, code=code)


def hil(board, results, *words, code=0):
    return run(
        board, sys.executable, "-m", "host_tests.hil", "--results", results, *words, code=code
    )


def bench_of(board, back_end):
    """The words for pytest and hil: the port of RFC 2217 is any free one here."""
    return ["--bench", BY_NAME[back_end], *(["--port", url(board)] if back_end != "pty" else [])]


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("back_end", figures()((*BY_NAME,)[:1], (*BY_NAME,)))
def test_the_suite_by_ports_alone(board, tmp_path, counts, back_end):
    """What it lacks is skipped with a reason; what was seen is kept, but for the key."""
    tests = counts(FEW, ALL)
    words = ["--", "-v", "--timeout=3600", *tests]
    said = hil(board, tmp_path, *bench_of(board, back_end), *words)
    assert KEY not in said
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert not [name for name, text in kept.items() if KEY in text or "horse" in text]
    results = {row["part"]: row["result"] for row in json.loads(kept["selftest.json"])}
    assert results == dict.fromkeys(PARTS, "pass")
    assert json.loads(kept["board.json"])["firmware"].startswith("Airwire-")
    assert json.loads(kept["faults.json"]) == []
    assert "< > factory_reset" in kept["uart0.log"] and "network_up" in kept["uart1.log"]
    cases = ElementTree.fromstring(kept["junit.xml"]).findall(".//testcase")
    skipped = [case.find("skipped") for case in cases if case.find("skipped") is not None]
    assert len(cases) - len(skipped) >= counts(2, 250)
    reasons = {part for skip in skipped for part in skip.get("message").split("; ")}
    assert reasons and reasons <= set(bench_file.REASONS.values())


@pytest.mark.parametrize("back_end", ["virtual", *BY_NAME])
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


@pytest.mark.timeout(1800)
def test_what_was_flashed_presses_its_button(image, tmp_path_factory, tmp_path, counts):
    """make flash and make hil by the same port, from a chip on which another program was: esptool
    has written what the board boots, and a press is a write to a WWEP server. To write a chip at
    the speed of its line takes minutes: with the reduced counts it has been written already.
    """
    flashes = counts((), ("micropython.bin",))
    flash = tmp_path / "flash.bin"
    flash.write_bytes(
        build.build_image(stock.sample_tree(tmp_path / "tree")) if flashes else image.read_bytes()
    )
    with up(flash, tmp_path_factory.mktemp("flash-home")) as board:
        port = f"PORT={url(board)}"
        for name in flashes:
            (tmp_path / name).write_bytes(stock.stock_image())
            before = board.status()["flash"]["programmed"]
            make(board, "flash", port, f"FIRMWARE={tmp_path / name}")
            assert board.status()["flash"]["programmed"] > before
        bench = f"BENCH={BY_NAME['rfc2217']}"
        tests = f"ARGS=-q {PRESS} {CAUGHT}"
        said = make(board, "hil", port, bench, f"RESULTS={tmp_path}/hil", tests)
        assert "2 passed" in said


def test_a_board_that_fails_its_own_test_runs_no_suite(board, tmp_path):
    board.jumper(12, 14, on=False)
    try:
        said = hil(board, tmp_path, *bench_of(board, "pty"), code=1)
    finally:
        board.jumper(12, 14)
    assert "the board fails its own test: the suite is not run" in said
    assert not (tmp_path / "junit.xml").exists()
    assert "fail" in {
        row["result"] for row in json.loads((tmp_path / "selftest.json").read_text())
    }


def test_a_port_without_control_lines_says_so(board, tmp_path):
    said = hil(board, tmp_path, "--port", board.uart0, code=2)
    assert said.splitlines()[-1] == (
        f"make hil: {board.uart0} has no control lines: another way is the bench key reset.command"
    )
