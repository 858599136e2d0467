"""`airwire release`, and a board installed from each of its files: by esptool, by what a web page
does with manifest.json, by mip.
"""

import contextlib
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from airwire import cli, project, release
from airwire.board.client import Board
from airwire.errors import UserError
from airwire.image import build, layout, littlefs
from airwire.image.folder import checksums
from airwire.image.folder import write as write_folder
from host_tests.board.console import Console
from host_tests.conftest import figures
from host_tests.tools import stock

VERSION = project.version()
PATIENCE = 600
# mpremote copies two files in a second; on a machine that does much else, five times slower.
MIP_PATIENCE = 3000
# As fast as the line goes: what is tested is not its speed.
BAUD = "2000000"

CHANGELOG = f"""\
# Changelog

## Unreleased

- Not for this release.

## {VERSION} (2026-01-02)

Of this version:

- The first thing.

## 0.0.1

- Not for this release either.
"""

# What a page writes, in flash order. The DCT is not in it.
PARTS = [
    ("web/bootloader.bin", 0x1000),
    ("web/partition-table.bin", 0x8000),
    ("web/factory.bin", 0x10000),
    ("web/vfs.bin", 0x210000),
]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """The work tree as it is, but for a changelog that tells of the version."""
    folder = tmp_path_factory.mktemp("release") / "tree"
    folder.mkdir()
    for path in project.ROOT.iterdir():
        if path.name not in ("CHANGELOG.md", "build"):
            (folder / path.name).symlink_to(path)
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    return folder


@pytest.fixture(scope="module")
def lean(work):
    """A firmware of ten files, and what it says; with the full figures that of the work tree."""
    if figures().full:
        return work, b"[Ready]\r\n"
    folder = stock.sample_tree(work.parent / "lean")
    (folder / "pyproject.toml").symlink_to(project.ROOT / "pyproject.toml")
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    return folder, b"sum 195\r\n"


@pytest.fixture(scope="module")
def micropython(work):
    path = work.parent / "ESP32_GENERIC.bin"
    path.write_bytes(stock.stock_image())
    return path


def airwire(work, *words):
    """The command, on the tree `work`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "ROOT", work)
        patch.setattr(project, "BUILD", work / "build")
        return cli.main(["release", *map(str, words)])


@pytest.fixture(scope="module")
def released(work, micropython):
    """A release with the chip's program."""
    folder = work.parent / "out"
    assert airwire(work, "--firmware", micropython, "-o", folder) == 0
    return folder


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@contextlib.contextmanager
def served(folder):
    """The folder on a web server; its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


# MicroPython with nothing in its file system: with our table, and with that of stock MicroPython,
# which adds the partition vfs itself.
TABLE_AT = 0x8000
BLANK = build.merged([build.Region("table", TABLE_AT, layout.TABLE.to_bytes(layout.FLASH_SIZE))])
STOCK_VFS = ("vfs", 1, 0x81, 0x200000, 0x200000)
STOCK = build.merged(
    [build.Region("table", TABLE_AT, stock.table((*stock.STOCK_ROWS, STOCK_VFS)))]
)


@pytest.fixture
def chip(tmp_path):
    """chip(flash): a board that has started with this content of its flash."""
    with contextlib.ExitStack() as boards:

        def start(flash=BLANK):
            path = tmp_path / "start.bin"
            path.write_bytes(flash)
            return boards.enter_context(Board.up("chip", flash=path, home=tmp_path / "home"))

        yield start


def esptool(board, *words):
    """Write to a board in download mode."""
    board.download()
    command = [sys.executable, "-m", "esptool", "--port", str(board.uart0), "--baud", BAUD]
    command += ["--before", "no-reset", "--after", "no-reset", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def starts(board, words=b"[Ready]\r\n"):
    """Reset the board; its firmware comes up and says so."""
    console = Console(str(board.uart0))
    try:
        board.reset()
        console.until(words, PATIENCE)
    finally:
        console.close()


def test_the_files(released, capsys):
    found = content(released)
    device = {name for name in found if name.startswith("mip/")}
    assert set(found) - device == {
        f"airwire-{VERSION}.bin",
        "NOTES.md",
        "SHA256SUMS",
        "manifest.json",
        "package.json",
        *(path for path, _ in PARTS),
    }
    image = found[f"airwire-{VERSION}.bin"]
    files = littlefs.read(image[layout.VFS.offset : layout.VFS.end]).files
    assert {f"mip/{path}": data for path, data in files.items()} == {
        name: found[name] for name in device
    }
    assert found["NOTES.md"].decode() == (
        f"# Airwire {VERSION}\n\nOf this version:\n\n- The first thing.\n"
    )


def test_the_manifest(released):
    manifest = json.loads((released / "manifest.json").read_text())
    [chip] = manifest.pop("builds")
    assert manifest == {"name": "Airwire", "version": VERSION, "new_install_prompt_erase": True}
    assert chip["chipFamily"] == "ESP32"
    assert [(part["path"], part["offset"]) for part in chip["parts"]] == PARTS
    image = (released / f"airwire-{VERSION}.bin").read_bytes()
    for path, offset in PARTS:
        data = (released / path).read_bytes()
        assert data == image[offset : offset + len(data)]


def test_the_package(released):
    package = json.loads((released / "package.json").read_text())
    assert set(package) == {"urls", "deps", "version"}
    assert package["version"] == VERSION and package["deps"] == []
    files = {name for name in content(released) if name.startswith("mip/")}
    assert dict(package["urls"]) == {name.removeprefix("mip/"): name for name in files}
    assert len(package["urls"]) == len(files)
    # An install that ends early leaves nothing that starts.
    assert [path for path, _ in package["urls"]][-2:] == ["main.py", "boot.py"]


def git(*words):
    settings = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *map(str, words)], check=True, capture_output=True)


def test_the_same_bytes(lean, micropython, tmp_path):
    """From two clones of one commit, with files of different times, and from one of them again."""
    origin = tmp_path / "origin"
    if figures().full:
        git("clone", project.ROOT, origin)
    else:
        shutil.copytree(lean[0], origin)
        git("init", origin)
    (origin / "CHANGELOG.md").write_text(CHANGELOG)
    git("-C", origin, "add", "--all")
    git("-C", origin, "commit", "--message", "release: Tell of the version.")
    found = []
    for number, name in enumerate(("one", "other", "other")):
        clone, folder = tmp_path / name, tmp_path / f"out{number}"
        if not clone.exists():
            git("clone", origin, clone)
            for path in clone.rglob("*"):
                os.utime(path, (number, number), follow_symlinks=False)
        assert airwire(clone, "--firmware", micropython, "-o", folder) == 0
        found.append(content(folder))
    assert found[0] == found[1] == found[2]


def test_the_checksums(released, tmp_path):
    copy = shutil.copytree(released, tmp_path / "copy")
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=copy).returncode == 0
    listed = [line.split("  ")[1] for line in (copy / "SHA256SUMS").read_text().splitlines()]
    assert sorted(listed) == sorted(set(content(copy)) - {"SHA256SUMS"})
    (copy / "NOTES.md").write_text("other")
    assert subprocess.run(check, cwd=copy, capture_output=True).returncode == 1


def test_without_the_chips_program(lean, tmp_path):
    assert airwire(lean[0], "-o", tmp_path / "out") == 0
    found = content(tmp_path / "out")
    assert "manifest.json" not in found and not any(name.startswith("web/") for name in found)
    assert len(found[f"airwire-{VERSION}.bin"]) == layout.FLASH_SIZE


def test_a_new_release_replaces_the_old(tmp_path):
    made = tmp_path / "out"
    write_folder(made, {"old/file": b"x"}, "release")
    found = write_folder(made, {"new": b"y"}, "release")
    assert content(made) == found == {"new": b"y", "SHA256SUMS": checksums({"new": b"y"})}
    assert os.listdir(tmp_path) == ["out"]


def test_files_of_others_in_an_old_release_stay(lean, tmp_path, capsys):
    made = tmp_path / "out"
    old = write_folder(made, {"old.bin": b"x", "mip/gone.mpy": b"y"}, "release")
    for name in ("SHA256SUMS.asc", "mip/mine.py"):
        (made / name).write_text("mine")
        assert airwire(lean[0], "-o", made) == 2
        said = f"airwire: {made} has {name}, which is of no release: move it away\n"
        assert capsys.readouterr().err == said
        assert content(made) == old | {name: b"mine"}
        (made / name).unlink()
    assert airwire(lean[0], "-o", made) == 0
    assert not {"old.bin", "mip/gone.mpy"} & set(content(made))


def test_what_is_no_release_stays(lean, tmp_path, capsys):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").write_text("x")
    for folder, words in (
        (mine, f"{mine} is there, and is no release: give another folder"),
        (
            tmp_path / "nowhere/out",
            f"cannot write {tmp_path}/nowhere/out: No such file or directory",
        ),
    ):
        assert airwire(lean[0], "-o", folder) == 2
        assert capsys.readouterr().err == f"airwire: {words}\n"
    assert content(tmp_path) == {"mine/file": b"x"}


@pytest.mark.parametrize(
    "text",
    [
        "# Changelog\n\n## Unreleased\n\n- All.\n",
        f"## {VERSION}\n\n## 0.0.1\n\n- Old.\n",
        f"## {VERSION}1\n\n- X.\n",
    ],
    ids=["none", "empty", "another"],
)
def test_a_version_of_which_nothing_is_told(tmp_path, text):
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(text)
    with pytest.raises(UserError) as refused:
        release.notes(changelog, VERSION)
    assert refused.value.message == f"CHANGELOG.md has no section `## {VERSION}`: write it first"


def test_the_refusal_is_one_line(work, tmp_path, capsys):
    assert airwire(work, "--firmware", tmp_path / "none.bin", "-o", tmp_path / "out") == 2
    assert capsys.readouterr().err == f"airwire: {tmp_path}/none.bin: No such file or directory\n"
    assert not (tmp_path / "out").exists()


def test_the_merged_image(chip, released):
    """Of the whole flash: what was in it is gone."""
    board = chip()
    image = released / f"airwire-{VERSION}.bin"
    esptool(board, "write-flash", "0", image)
    assert board.flash.read_bytes() == image.read_bytes()
    starts(board)


def test_the_web_page(chip, released, tmp_path):
    """What a page does with the manifest: it fetches the parts of the chip's family and writes
    each to its place. The rest of the flash stays.
    """
    flash = bytearray(BLANK)
    for part in (layout.NVS, layout.DCT):  # of a module that was in use
        flash[part.offset : part.end] = bytes(range(256)) * (part.size // 256)
    board = chip(flash)
    board.download()  # from here on nothing else writes
    flash = bytearray(board.flash.read_bytes())
    with served(released) as server:
        manifest = json.loads(fetched(f"{server}/manifest.json"))
        [parts] = [b["parts"] for b in manifest["builds"] if b["chipFamily"] == "ESP32"]
        places = []
        for number, part in enumerate(parts):
            path = tmp_path / f"{number}.bin"
            path.write_bytes(fetched(f"{server}/{part['path']}"))
            flash[part["offset"] : part["offset"] + path.stat().st_size] = path.read_bytes()
            places += [part["offset"], path]
    esptool(board, "write-flash", *places)
    assert board.flash.read_bytes() == flash
    starts(board)


def fetched(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read()


@pytest.mark.timeout(3600)
def test_mip(chip, lean, tmp_path):
    """Onto a board with stock MicroPython, whose file system goes from the app to the end."""
    work, words = lean
    folder = tmp_path / "out"
    assert airwire(work, "-o", folder) == 0
    board = chip(STOCK)
    command = [str(Path(sys.executable).with_name("mpremote")), "connect", str(board.uart0)]
    with served(folder) as server:
        done = subprocess.run(
            [*command, "mip", "install", "--target", "/", f"{server}/package.json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MIP_PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    starts(board, words)
    files = littlefs.read(board.flash.read_bytes()[STOCK_VFS[3] :]).files
    for name, data in content(folder / "mip").items():
        assert files[name] == data, name
