"""`airwire deploy` to a board that runs, with mpremote and with ampy: what is written, and what it
does afterwards.
"""

import pytest

from airwire import cli, deploying
from airwire.image import bytecode, tree
from host_tests.conftest import figures

TOOLS = ("mpremote", "ampy")

# Of the flash, for a file of half a kilobyte. A copy of all files takes thousands.
MOST_OPERATIONS = 40

BUILD = "Airwire-9.9.{}, Built:2030-01-02 03:04:05"

pytestmark = pytest.mark.needs("flash", "counters", "power")


def written(board):
    """Erases and programs of the flash so far."""
    flash = board.board.status()["flash"]
    return flash["erased"] + flash["programmed"]


@pytest.fixture
def deploy(board, monkeypatch, capfd):
    """Deploy these files: what it printed."""

    def deploy(files, *words):
        board.close()  # two programs on one port would share what comes
        monkeypatch.setattr(tree, "device_files", lambda root: files)
        code = cli.main(["deploy", "--port", board.port(0), *words])
        out, err = capfd.readouterr()
        assert code == 0, err
        assert err == "" and out.splitlines()[-1].startswith(f"{board.port(0)}: ")
        return out.splitlines()

    return deploy


def firmware(board):
    """The files that are not the module's own."""
    own = ("settings", "leases", "faults", "user")
    return {p: data for p, data in board.files().items() if p.partition("/")[0] not in own}


@pytest.mark.parametrize("tool", TOOLS)
def test_one_file(board, deploy, tool):
    board.uart0.sync()
    before = board.files()
    content = bytecode.compile_source(
        f'BUILD = b"{BUILD.format(len(tool))}"\n'.encode(), "firmware/version.py"
    )
    files = firmware(board) | {"firmware/version.mpy": content}
    operations = written(board)
    said = deploy(files, "--with", tool)
    assert said[0] == f"write  firmware/version.mpy ({len(content)} bytes)"
    assert said[1].endswith(f": 1 of {len(files)} files changed; the board starts")
    # A small file lies in its directory entry: one block is programmed, or compacted.
    assert 0 < written(board) - operations < MOST_OPERATIONS
    assert board.files() == before | {"firmware/version.mpy": content}
    board.uart0.sync()
    assert BUILD.format(len(tool)) in "\n".join(board.uart0.command("version"))


@pytest.mark.parametrize("tool", TOOLS if figures().full else TOOLS[1:])
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
    gone = ("firmware/commands/ping.mpy", "variable_help.csv")
    old = {path: files.pop(path) for path in gone if path in files}
    assert old, "the names of the test are those of the firmware"
    said = deploy(files, "--with", tool)
    assert [line for line in said if line.startswith("remove ")] == [
        f"remove {path}" for path in sorted(old) if "/" in path
    ]
    stays = {path: data for path, data in old.items() if "/" not in path}
    assert board.files() == files | stays | own
    # So many stops of the firmware have not led to safe mode.
    board.uart0.sync()
    assert board.uart0.command("get system.safemode")[-1] == "0"
    assert board.uart0.command("get wlan.ssid")[-1] == "workshop"
    # And back: the folder that is empty now goes as well.
    files = {path: data for path, data in files.items() if "/new/" not in path} | old
    said = deploy(files, "--with", tool if figures().full else "mpremote")
    assert sum(line.startswith("remove lib/new/part/file") for line in said) == 4
    assert board.files() == before


def test_the_tree_is_there_already(board, capfd):
    board.uart0.sync()
    operations = written(board)
    board.close()
    assert cli.main(["deploy", "--port", board.port(0)]) == 0
    assert "files are there already; the board starts" in capfd.readouterr().out
    assert written(board) == operations
    board.uart0.sync()


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
