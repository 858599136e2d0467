"""mpremote and ampy, by their command lines alone, on UART0 of a board that runs the firmware."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from host_tests.board.test_life import python, to_the_repl

PATIENCE = 120

# Of the flash, for a file of half a kilobyte. A copy of all files takes thousands.
MOST_OPERATIONS = 40

# A program that says something else than the one before; boot.py is the file that is deployed.
MARK = "print('the new {} runs')\n"


def tool(board, name, *words, code=0):
    """One command line; what it printed."""
    how = {"mpremote": ["connect", board.port(0)], "ampy": ["--port", board.port(0)]}[name]
    done = subprocess.run(
        [str(Path(sys.executable).with_name(name)), *how, *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def files(tmp_path):
    """Files of the computer: a program, text, and bytes of any value."""
    (tmp_path / "program.py").write_text("print('ran in', __name__)\n")
    (tmp_path / "module.py").write_text("print('from the computer')\n")
    (tmp_path / "text.txt").write_text("one\ntwo\n")
    (tmp_path / "bytes.bin").write_bytes(bytes(range(256)) * 9)
    return tmp_path


def test_mpremote_files(board, files):
    def mpremote(*words, **options):
        return tool(board, "mpremote", *words, **options)

    assert "main.py" in mpremote("fs", "ls")
    mpremote("fs", "mkdir", "box")
    mpremote("resume", "fs", "cp", files / "bytes.bin", ":box/bytes.bin")
    digest = hashlib.sha256((files / "bytes.bin").read_bytes()).hexdigest()
    assert digest in mpremote("resume", "fs", "sha256sum", "box/bytes.bin")
    mpremote("resume", "fs", "cp", ":box/bytes.bin", files / "back.bin")
    assert (files / "back.bin").read_bytes() == (files / "bytes.bin").read_bytes()
    mpremote("resume", "fs", "cp", files / "text.txt", ":box/")
    assert "one\ntwo\n" in mpremote("resume", "fs", "cat", "box/text.txt")
    mpremote("resume", "fs", "rm", "box/text.txt")
    assert mpremote("resume", "fs", "ls", "box").split()[-2:] == ["2304", "bytes.bin"]
    mpremote("resume", "fs", "rm", "-r", ":box")
    assert "box/" not in mpremote("resume", "fs", "ls")
    assert "No such file" in mpremote("resume", "fs", "cat", "box/text.txt", code=1)


def test_mpremote_programs(board, files):
    def mpremote(*words, **options):
        return tool(board, "mpremote", *words, **options)

    assert mpremote("eval", "6 * 7") == "42\n"
    mpremote("exec", "kept = 'kept'")
    assert mpremote("resume", "exec", "print(kept)") == "kept\n"
    assert "NameError" in mpremote("exec", "print(kept)", code=1), "a soft reset came first"
    failed = mpremote("exec", "print('out')\n1 / 0", code=1)
    assert failed.startswith("out\n") and 'File "<stdin>", line 2' in failed
    assert mpremote("run", files / "program.py") == "ran in __main__\n"
    mounted = mpremote("mount", files, "exec", "import module, os; print(os.getcwd())")
    assert "from the computer\n/remote\n" in mounted
    mpremote("soft-reset")
    row = next(line for line in mpremote("df").splitlines() if line.endswith(" /"))
    assert "VfsLfs2" in row and "2031616" in row


@pytest.mark.needs("path")
def test_ampy(board, files):
    def ampy(*words, **options):
        return tool(board, "ampy", *words, **options)

    assert "/main.py\n" in ampy("ls")
    ampy("put", files / "bytes.bin", "any.bin")
    ampy("get", "any.bin", files / "back.bin")
    assert (files / "back.bin").read_bytes() == (files / "bytes.bin").read_bytes()
    ampy("rm", "any.bin")
    assert "any.bin" not in ampy("ls")
    assert ampy("run", files / "program.py") == "ran in __main__\n"


def test_no_tool_makes_a_faulty_start(board):
    """Each keeps main.py from running, which is what eight starts before safe mode have done."""
    for _ in range(2):
        tool(board, "mpremote", *["soft-reset"] * 5)
    board.reset()
    assert board.machine().ok("get system.safemode") == "0"


@pytest.mark.needs("counters")
def test_programs_outlive_the_watchdog(board, counts):
    """The firmware's, which nobody feeds behind the soft reset that stops it. Reduced: with one of
    three seconds instead of its twenty.
    """
    console = board.uart0
    console.sync()
    if counts(True, False):
        to_the_repl(console)
        python(console, "import machine; dog = machine.WDT(timeout=3000)")
    board.close()
    boots = board.boots()
    program = f"import time; time.sleep({counts(4, 30)}); print('awake')"
    assert tool(board, "mpremote", "exec", program) == "awake\n"
    assert board.boots() <= boots + 1, "a soft reset came first"


def written(board):
    """Erases and programs of the flash so far."""
    flash = board.board.status()["flash"]
    return flash["erased"] + flash["programmed"]


@pytest.mark.needs("flash", "counters", "power")
@pytest.mark.parametrize("name", ["mpremote", "ampy"])
def test_deploying_one_file(board, files, name):
    """The board shows the new behaviour after a reset, and only that file was written."""
    board.uart0.sync()
    board.close()  # two programs on one port would share what comes
    before, operations = board.files(), written(board)
    tool(board, name, *{"mpremote": ("exec", "print()"), "ampy": ("ls",)}[name])
    assert written(board) == operations, "to look at a board writes nothing"
    new = files / "boot.py"
    new.write_bytes(before["boot.py"] + MARK.format(name).encode())
    tool(board, name, *{"mpremote": ("cp", new, ":boot.py"), "ampy": ("put", new)}[name])
    assert board.files() == {**before, "boot.py": new.read_bytes()}
    # A small file lies in its directory entry: one block is programmed, or compacted.
    assert 0 < written(board) - operations < MOST_OPERATIONS
    console = board.uart0
    board.reset()
    assert f"the new {name} runs".encode() in console.until(b"[Ready]\r\n")
