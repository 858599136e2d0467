"""`airwire deploy` to a board that runs, with mpremote and with ampy: what is written, and what it
does afterwards; and again where it was cut short.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time

import pytest

from airwire import cli, deploying
from airwire.image import bytecode, layout, littlefs, tree
from host_tests.board.bench_file import REASONS
from host_tests.board.console import PATIENCE
from host_tests.board.test_life import python, to_the_repl
from host_tests.board.watched import watched
from host_tests.conftest import figures, runnable

# Program, and how it reaches the board.
WAYS = figures()(
    (("mpremote", "rfc2217"), ("ampy", "pty")),
    (("mpremote", "pty"), ("mpremote", "rfc2217"), ("ampy", "pty")),
)

# Of the flash, for a file of half a kilobyte. A copy of all files takes thousands.
MOST_OPERATIONS = 40

BUILD = "Airwire-9.9.{}, Built:2030-01-02 03:04:05"

# A block of the flash, and what of it is a file's: the rest are pointers. The blocks that a full
# flash leaves, and a file that they have no room for.
BLOCK, PER_BLOCK = 4096, 4080
LEFT, LARGE = 6, bytes(40_000)

# Runs the command with the files of a pickle; what is deployed is not built.
DRIVER = """\
import pickle, sys
from airwire import cli
from airwire.image import tree

files = pickle.load(open(sys.argv[1], "rb"))
tree.device_files = lambda root: files
sys.exit(cli.main(["deploy", *sys.argv[2:]]))
"""

pytestmark = [pytest.mark.long, pytest.mark.sampled(3)]


@pytest.fixture(scope="module")
def board(request, interpreters, flash_image):
    """One board for all tests of this file."""
    if request.param == "bench":
        # Justified: what is written is seen in the flash.
        pytest.skip(REASONS["flash"])
    runnable(request.param, interpreters)
    with watched(flash_image, request.param, rfc2217=0) as board:
        yield board


@pytest.fixture(autouse=True)
def idle(request):
    """The firmware runs, and nobody has its port."""
    if "board" in request.fixturenames:
        board = request.getfixturevalue("board")
        board.uart0.sync()
        board.close()


def written(board):
    """Erases and programs of the flash so far."""
    flash = board.board.status()["flash"]
    return flash["erased"] + flash["programmed"]


def port_of(board, way):
    if way == "pty":
        return board.port(0)
    return f"rfc2217://127.0.0.1:{board.board.status()['rfc2217']}"


@pytest.fixture
def deploy(board, monkeypatch, capfd):
    """Deploy these files: what it printed; or the line with which it failed."""

    def deploy(files, tool="mpremote", way="pty", code=0):
        board.close()  # two programs on one port would share what comes
        monkeypatch.setattr(tree, "device_files", lambda root: files)
        port = port_of(board, way)
        done = cli.main(["deploy", "--port", port, "--with", tool])
        out, err = capfd.readouterr()
        assert done == code, err
        if code:
            return err.splitlines()[-1].replace(port, "PORT")
        assert err == "" and out.splitlines()[-1].startswith(f"{port}: ")
        return out.splitlines()

    return deploy


def firmware(board):
    """The files that are not the module's own."""
    own = ("settings", "leases", "faults", "user")
    return {p: data for p, data in board.files().items() if p.partition("/")[0] not in own}


@pytest.mark.parametrize(("tool", "way"), WAYS)
def test_one_file(board, deploy, tool, way):
    before = board.files()
    build = BUILD.format(f"{len(tool)}{len(way)}")
    content = bytecode.compile_source(f'BUILD = b"{build}"\n'.encode(), "firmware/version.py")
    files = firmware(board) | {"firmware/version.mpy": content}
    operations = written(board)
    said = deploy(files, tool, way)
    assert said[0] == f"write  firmware/version.mpy ({len(content)} bytes)"
    assert said[1].endswith(f": 1 of {len(files)} files changed; the board starts")
    # A small file lies in its directory entry: one block is programmed, or compacted.
    assert 0 < written(board) - operations < MOST_OPERATIONS
    assert board.files() == before | {"firmware/version.mpy": content}
    board.uart0.sync()
    assert build in "\n".join(board.uart0.command("version"))


@pytest.mark.parametrize("tool", figures()(("mpremote",), ("mpremote", "ampy")))
def test_what_is_not_the_firmwares_stays(board, deploy, tool):
    console = board.uart0
    console.sync()
    console.command("set wlan.ssid workshop")
    console.command("save")
    console.send(b"file_create notes.txt 5\r\n")
    console.until(b"\r\n")
    console.send(b"hello")
    console.sync()
    before = board.files()
    files = firmware(board)
    own = {path: data for path, data in before.items() if path not in files}
    assert "settings" in own and any(path.startswith("user/notes.txt") for path in own)
    for number in range(4):
        files[f"lib/new/part/file{number}.mpy"] = b"%d" % number
    gone = [path for path in files if path.startswith("firmware/selftest/")]
    old = {path: files.pop(path) for path in [*gone, "variable_help.csv"] if path in files}
    assert gone and len(old) == len(gone) + 1, "the names of the test are those of the firmware"
    said = deploy(files, tool)
    assert [line for line in said if line.startswith("remove ")] == [
        f"remove {path}" for path in sorted(gone)
    ]
    stays = {path: data for path, data in old.items() if path not in gone}
    assert board.files() == files | stays | own
    # So many stops of the firmware have not led to safe mode.
    console = board.uart0
    console.sync()
    assert console.command("get system.safemode")[-1] == "0"
    assert console.command("get wlan.ssid")[-1] == "workshop"
    # And back: the folder that is empty now goes as well.
    files = {path: data for path, data in files.items() if "/new/" not in path} | old
    said = deploy(files, tool)
    assert sum(line.startswith("remove lib/new/part/file") for line in said) == 4
    assert board.files() == before
    console = board.uart0
    console.sync()
    console.command("file_delete notes.txt")


@pytest.mark.parametrize("tool", figures()(("mpremote",), ("mpremote", "ampy")))
def test_the_watchdog_waits(board, deploy, tool, monkeypatch):
    """A deployment takes longer than the firmware's watchdog waits, which nobody feeds meanwhile:
    here a shorter one, and a board whose work alone takes longer.
    """
    console = board.uart0
    console.sync()
    to_the_repl(console)
    python(console, "import machine; dog = machine.WDT(timeout=5000)")
    files = firmware(board)
    added = {"lib/new/file.mpy": b"new"}
    with monkeypatch.context() as slow:
        slow.setattr(deploying, "_PREPARE", deploying._PREPARE + "import time; time.sleep(6)\n")
        deploy(files | added, tool)
    assert "watchdog expired" not in board.log()
    assert firmware(board) == files | added
    board.uart0.sync()
    deploy(files, tool)
    assert firmware(board) == files


def test_the_files_are_there_already(board, deploy):
    operations = written(board)
    [said] = deploy(firmware(board))
    assert "files are there already; the board starts" in said
    assert written(board) == operations


def test_no_room(board, deploy):
    """The line says what makes room, and the firmware runs, so that it can be done."""
    flash = reflashed(board, full)
    before = firmware(board)
    files = before | {"lib/a.mpy": b"small", "lib/large.mpy": LARGE}
    said = deploy(files, code=1)
    assert said == "airwire: no room on PORT: delete files of yours there (file_delete)"
    console = board.uart0
    console.sync()
    console.command("file_delete filler")
    said = deploy(files)
    assert said[0] == f"write  lib/large.mpy ({len(LARGE)} bytes)" and len(said) == 2
    assert firmware(board) == files
    reflashed(board, lambda _: flash)


def test_no_file_system(board, deploy):
    """A module that was erased has a prompt on the virtual board, and no place for files."""
    files = firmware(board)
    flash = reflashed(board, lambda flash: b"\xff" * len(flash))
    said = deploy(files, code=1)
    assert said == "airwire: no file system on PORT: use make flash"
    reflashed(board, lambda _: flash)
    board.uart0.sync()


def reflashed(board, change):
    """Change what is in the flash while the power is off; what it was."""
    boots = board.boots()
    board.board.power_cut(stay_off=True)
    board.board.wait_off()
    flash = board.board.flash.read_bytes()
    board.board.flash.write_bytes(change(flash))
    board.board.power_on()
    board.started(boots)
    return flash


def full(flash):
    """A file of the user's takes all of the flash but LEFT blocks."""
    area = slice(layout.VFS.offset, layout.VFS.end)
    volume = littlefs.read(flash[area])
    filler = bytes((volume.free // BLOCK - LEFT) * PER_BLOCK)
    filled = volume.files | {"user/filler;1.0.0.0;FE;0021;0000": filler}
    return flash[: area.start] + littlefs.build(filled, layout.VFS) + flash[area.stop :]


def test_cut_short_and_repeated(board, deploy, rng, counts, tmp_path):
    """At any moment, as by a power cut of the computer: the next one ends right."""
    files = firmware(board)
    part = {f"lib/new/file{number}.mpy": rng.randbytes(3000) for number in range(6)}
    (tmp_path / "files").write_bytes(pickle.dumps(files | part))
    command = [sys.executable, "-c", DRIVER, tmp_path / "files", "--port", board.port(0)]
    for _ in range(counts(1, 20)):
        board.uart0.sync()
        board.close()
        operations = written(board) + rng.randrange(1, 100)
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        ) as process:
            end = time.monotonic() + PATIENCE
            while written(board) < operations and process.poll() is None:
                assert time.monotonic() < end, "nothing is written"
                time.sleep(0.01)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        deploy(files | part)
        assert firmware(board) == files | part
        board.uart0.sync()
        deploy(files)
    assert firmware(board) == files


def test_what_is_to_be_done():
    files = {"boot.py": b"1", "lib/a/x.mpy": b"2", "lib/y.mpy": b"3"}
    listed = "0 /boot.py\n0 /lib/b/z.mpy\n- /lib/b\n- /lib/c\n- /lib\n"
    assert deploying.work(files, listed) == deploying.Work(
        removed=["lib/b/z.mpy"],
        folders_removed=["lib/b", "lib/c"],
        folders=["lib/a"],
        written=["boot.py", "lib/a/x.mpy", "lib/y.mpy"],
    )
    assert deploying.tops(files) == ["boot.py", "lib"]
