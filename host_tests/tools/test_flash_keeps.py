"""What `airwire flash` writes, what it leaves alone, and the second try after an interrupted one:
on a model of a chip's flash, and with stock esptool on a virtual board.

The board's port is its pseudo-terminal, where esptool is quick; it has no DTR and RTS, so that the
tests bring the board to download mode.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from airwire import cli, esptool, ports, project
from airwire.board.client import Board
from airwire.errors import UserError
from airwire.image import build, layout, littlefs
from airwire.image.partitions import SECTOR, Table
from airwire.wire import dct
from host_tests.conftest import figures
from host_tests.tools import stock

BAUD = "2000000"
PATIENCE = 600

# What a module has written itself, beside the firmware's files.
OWN = {
    "settings": b"wlan.ssid home\n",
    "user/notes.txt": b"mine\n" * 1000,
    "user/empty": b"",
    "resources/ca.pem": b"a certificate",
    "faults": b"a fault",
}

MAC = "24:6f:28:aa:bb:0c"

# To read the whole file system takes a quarter of a minute: with the reduced counts it is smaller.
VFS = layout.VFS._replace(size=figures()(0x30000, layout.VFS.size))


class Model:
    """A chip behind a port where nobody is. Stops after so many sectors have been written."""

    port = "/dev/null"
    start = "the board starts"

    def __init__(self, folder):
        self.content = bytearray(b"\xff" * layout.FLASH_SIZE)
        self.folder = folder
        self.sectors = 0
        self.left = None

    def flash(self):
        return bytes(self.content)

    def poke(self, offset, data):
        self.content[offset : offset + len(data)] = data

    def erased(self):
        return self.sectors

    def command(self, *words):
        return cli.main([*words, "--port", self.port])

    def run(self, chip, *words, after="no-reset", quiet=False):
        """In place of Esptool._run."""
        name, *words = words
        chip.mac = MAC.replace(":", "") if quiet else chip.mac
        chip._stopped = True
        if name == "read-flash":
            at, size = int(words[0], 16), int(words[1], 16)
            Path(words[2]).write_bytes(self.content[at : at + size])
        elif name == "erase-flash":
            self.poke(0, b"\xff" * layout.FLASH_SIZE)
        start = next((i for i, word in enumerate(words) if word.startswith("0x")), len(words))
        if name not in ("write-flash", "verify-flash"):
            return
        for offset, path in zip(words[start::2], words[start + 1 :: 2], strict=True):
            at, data = int(offset, 16), Path(path).read_bytes()
            if self.content[at : at + len(data)] == data:
                continue
            if name == "verify-flash":
                raise UserError("Verification failed.")
            for place in range(0, len(data), SECTOR):
                if self.left == 0:
                    raise UserError(ports.explain("Input/output error", self.port, "esptool"), 1)
                if self.left is not None:
                    self.left -= 1
                self.sectors += 1
                self.poke(at + place, data[place : place + SECTOR])


class Real:
    """A virtual board behind a pseudo-terminal, which has no lines that reset a chip."""

    start = "press EN to start the board"

    def __init__(self, board):
        self.board = board

    @property
    def port(self):
        return str(self.board.uart0)

    def flash(self):
        return self.board.flash.read_bytes()

    def poke(self, offset, data):
        """Change the flash of the board, which is in download mode."""
        with self.board.flash.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    def erased(self):
        return self.board.status()["flash"]["erased"]

    def command(self, *words):
        self.board.download()
        return cli.main([*words, "--port", self.port, "--baud", BAUD])


class World:
    """A chip, the tree of a small firmware, and a stock MicroPython."""

    def __init__(self, chip, folder):
        self.chip, self.folder = chip, folder
        self.tree, self.kept = project.ROOT, project.BUILD
        self.micropython = folder / "micropython.bin"
        self.dct = dct.image([(dct.VARIABLES, b"wlan.ssid", dct.TEXT, b"home")])

    def image(self):
        return self.chip.flash()[VFS.offset : VFS.end]

    def files(self):
        volume = littlefs.read(self.image())
        return volume and volume.files

    def own(self):
        return {path: data for path, data in self.files().items() if path in OWN}

    def put(self, image):
        self.chip.poke(VFS.offset, image)

    def flash_command(self, *words):
        return self.chip.command("flash", "--firmware", str(self.micropython), *words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With the tree, which is the project's meanwhile."""
    folder = tmp_path_factory.mktemp("flash")
    with pytest.MonkeyPatch.context() as patch:
        version = project.version()
        # A busy machine is late, and esptool's patience is short.
        (folder / "esptool.cfg").write_text("[esptool]\ntimeout = 60\nsync_timeout = 2\n")
        patch.setenv("ESPTOOL_CFGFILE", str(folder / "esptool.cfg"))
        patch.setattr(project, "version", lambda: version)
        patch.setattr(project, "ROOT", folder / "tree")
        patch.setattr(project, "BUILD", folder / "build")
        patch.setattr(layout, "VFS", VFS)
        patch.setattr(layout, "TABLE", Table((*layout.TABLE.partitions[:-1], VFS)))
        (folder / "micropython.bin").write_bytes(stock.stock_image())
        yield folder


@pytest.fixture(scope="module")
def usb(folder):
    (folder / "blank.bin").write_bytes(build.build_image(stock.sample_tree(folder / "tree")))
    with Board.up("usb", flash=folder / "blank.bin", home=folder / "home") as board:
        yield board


@pytest.fixture
def world(request, folder, monkeypatch):
    """A chip with the tree's files, files of its own, and a DCT: the model; with the full figures
    the real thing as well.
    """
    if request.param == "model":
        chip = Model(folder)
        monkeypatch.setattr(esptool.Esptool, "_run", lambda *words, **kw: chip.run(*words, **kw))
        monkeypatch.setattr(ports, "check", lambda port: None)
    else:
        chip = Real(request.getfixturevalue("usb"))
        chip.board.download()
    tree = stock.sample_tree(folder / "tree")
    for name in ("firmware/news.py", "firmware/web/other.html"):
        (tree / name).unlink(missing_ok=True)
    world = World(chip, folder)
    chip.poke(0, b"\xff" * layout.FLASH_SIZE)
    for piece in build.regions(tree, world.micropython):
        chip.poke(piece.offset, piece.data)
    world.put(littlefs.build(world.files() | OWN, VFS))
    chip.poke(layout.DCT.offset, world.dct)
    chip.poke(layout.NVS.offset, b"nvs" * 1000)
    return world


model = pytest.mark.parametrize("world", figures()(("model",), ("model", "board")), indirect=True)


@model
def test_settings_files_and_dct_stay(world, capfd):
    (world.tree / "main.py").write_text("print('new')\n")
    (world.tree / "firmware/news.py").write_text("NEWS = 1\n")
    (world.tree / "lib/wire/mask.py").unlink()
    before = world.chip.flash()
    erased = world.chip.erased()
    assert world.flash_command() == 0
    out = capfd.readouterr().out
    start = f"written and verified; {world.chip.start}"
    assert out.endswith(f"{start}; settings and files stay, 5 files in all\n")
    assert world.own() == OWN
    files = world.files()
    assert files["main.py"] == b"print('new')\n"
    assert "firmware/news.mpy" in files and "lib/wire/mask.py" not in files
    after = world.chip.flash()
    assert after[: VFS.offset] == before[: VFS.offset], "DCT, nvs, MicroPython"
    # MicroPython and what lies far from the changes have not been erased.
    assert world.chip.erased() - erased <= 0x30000 // SECTOR + 2
    assert not list(world.kept.iterdir())


@model
def test_what_is_there_is_not_written(world, capfd):
    assert world.flash_command() == 0
    erased = world.chip.erased()
    assert world.flash_command() == 0
    assert world.chip.erased() == erased and world.own() == OWN


@model
def test_unless_told_otherwise(world):
    assert world.flash_command("--erase-settings", "--erase-dct") == 0
    assert world.own() == {} and "main.py" in world.files()
    flash = world.chip.flash()
    assert flash[layout.DCT.offset : layout.DCT.end] == b"\xff" * layout.DCT.size
    table = world.folder / "dct.bin"
    table.write_bytes(world.dct)
    assert world.flash_command("--dct", str(table)) == 0
    assert world.chip.flash()[layout.DCT.offset : layout.DCT.end] == world.dct


@model
def test_a_board_of_another_firmware(world):
    """Stock MicroPython has its files elsewhere: nothing in its place is ours."""
    world.chip.poke(0x8000, stock.table())
    assert world.flash_command() == 0
    assert world.own() == {} and "main.py" in world.files()


@model
def test_a_new_board(world, capfd):
    world.chip.poke(0, b"\xff" * layout.FLASH_SIZE)
    assert world.flash_command() == 0
    assert "main.py" in world.files() and "damaged" not in capfd.readouterr().err


@model
def test_a_damaged_file_system(world, capfd):
    world.chip.poke(VFS.offset, b"\x5a" * 2 * SECTOR)
    assert world.flash_command() == 0
    assert "its file system is damaged and is written anew\n" in capfd.readouterr().err
    assert world.own() == {} and "main.py" in world.files()


@model
def test_no_room(world, rng, capfd):
    files = {path: data for path, data in world.files().items() if path not in OWN}
    world.put(littlefs.build(files | {"user/full": bytes(VFS.size - 30 * SECTOR)}, VFS))
    before = world.chip.flash()
    (world.tree / "firmware/web/index.html").write_bytes(rng.randbytes(30 * SECTOR))
    assert world.flash_command() == 2
    line = capfd.readouterr().err.splitlines()[-1]
    assert line.startswith("airwire: vfs at 0x210000: no room beside 1 files that stay: delete")
    assert world.chip.flash() == before


def change(world, rng, number):
    """Another firmware, in which a lot is different."""
    lines = [f"N{at} = {rng.randrange(1 << 40)}\n" for at in range(500)]
    (world.tree / "firmware/news.py").write_text("".join(lines))
    for name in ("index", "other"):
        (world.tree / f"firmware/web/{name}.html").write_bytes(rng.randbytes(20_000 + number))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("world", ["model"], indirect=True)
def test_a_cable_that_is_pulled_midway(world, order, rng, counts, capfd):
    """At every sector. There is never half of a file system, and the next try ends right.

    The first directory, as it is and as it once was, lies in the first two blocks in any order.
    """
    image = world.image()
    pair = [image[:SECTOR], image[SECTOR : 2 * SECTOR]]
    world.put(b"".join(pair[::order]) + image[2 * SECTOR :])
    change(world, rng, 0)
    start = world.chip.flash()
    assert world.flash_command() == 0
    whole, sectors = world.files(), world.chip.sectors
    cuts = set(range(sectors))
    if not counts.full:  # the ends are where it opens and closes
        cuts = {0, 1, 2, sectors - 3, sectors - 2, sectors - 1, *rng.sample(range(sectors), 3)}
    capfd.readouterr()
    for left in sorted(cuts):
        world.chip.poke(0, start)
        world.chip.left = left
        assert world.flash_command() == 1
        line = "airwire: /dev/null is gone: check the cable, plug the board in, and try again\n"
        assert capfd.readouterr().err == line
        for again in rng.randrange(20), None:  # the second may be interrupted as well
            assert world.files() is None or world.own() == OWN and "main.py" in world.files()
            world.chip.left = again
            code = world.flash_command()
        assert code == 0
        assert world.files() == whole and world.own() == OWN
        assert not list(world.kept.iterdir())
        assert "damaged" not in capfd.readouterr().err


@pytest.mark.parametrize("world", ["board"], indirect=True)
def test_killed_and_repeated(world, rng, counts):
    """At random moments. With the reduced counts once."""
    for number in range(counts(1, 20)):
        change(world, rng, number)
        board = world.chip.board
        board.download()
        goal = board.status()["flash"]["programmed"] + rng.randrange(1, 8)
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, world.folder, str(VFS.size), "flash"]
            + ["--firmware", world.micropython, "--port", world.chip.port, "--baud", BAUD],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as writing:
            end = time.monotonic() + PATIENCE
            while board.status()["flash"]["programmed"] < goal and writing.poll() is None:
                assert time.monotonic() < end
                time.sleep(rng.random() / 50)
            assert writing.returncode in (None, 0)
            if writing.returncode is None:
                os.killpg(writing.pid, signal.SIGKILL)  # and its esptool
        assert world.flash_command() == 0
        assert world.own() == OWN and "firmware/news.mpy" in world.files()
        assert not list(world.kept.iterdir())


PROGRAM = """
import pathlib, sys
from airwire import cli, project
from airwire.image import layout
from airwire.image.partitions import Table
version = project.version()
project.version = lambda: version
project.ROOT, project.BUILD = (pathlib.Path(sys.argv[1], name) for name in ("tree", "build"))
layout.VFS = layout.VFS._replace(size=int(sys.argv[2]))
layout.TABLE = Table((*layout.TABLE.partitions[:-1], layout.VFS))
sys.exit(cli.main(sys.argv[3:]))
"""


@pytest.mark.parametrize("words", [["erase", "--yes"], ["flash", "--erase-settings"]])
@pytest.mark.parametrize("world", ["model"], indirect=True)
def test_nothing_comes_back_that_was_to_go(world, rng, words):
    """What an interrupted try has put aside goes with the settings; until then it stays."""
    change(world, rng, 0)
    world.chip.left = 3
    assert world.flash_command() == 1
    [kept] = world.kept.iterdir()
    assert b"wlan.ssid home" in kept.read_bytes()
    words += ["--firmware", str(world.micropython)] if words[0] == "flash" else []
    if words[0] == "flash":
        world.chip.left = 1
        assert world.chip.command(*words) == 1 and kept.exists()
    world.chip.left = None
    assert world.chip.command(*words) == 0
    assert not list(world.kept.iterdir())
    assert world.flash_command() == 0 and world.own() == {}


@model
def test_erase(world, capfd):
    assert world.chip.command("erase", "--yes") == 0
    assert world.chip.flash() == b"\xff" * layout.FLASH_SIZE
    assert capfd.readouterr().out.endswith(f"{world.chip.port}: erased\n")
