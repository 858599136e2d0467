"""The board definition for those who build MicroPython themselves: in step with the image and with
the flash. What MicroPython and ESP-IDF make of it only they can tell; the names of their options
are literal here, from their sources.
"""

import ast
import csv
import re
import subprocess

import pytest

from airwire import cli, interpreter, project
from airwire.board.client import Board
from airwire.image import build, bytecode, firmware, layout, littlefs, tree
from airwire.image.folder import CHECKSUMS
from airwire.image.partitions import TABLE_OFFSET, Partition
from host_tests.board.console import Console
from host_tests.tools import stock

BOARD = project.ROOT / "firmware/boards/AIRWIRE"

# Names of ESP-IDF's table tool.
TYPES = {"app": 0, "data": 1}
SUBTYPES = {("app", "factory"): 0, ("data", "phy"): 1, ("data", "nvs"): 2, ("data", "fat"): 0x81}

# Of the port's own modules. The others are drivers, and _boot.py, in whose place ours is.
OF_THE_PORT = {"flashbdev.py", "inisetup.py", "machine.py"}


@pytest.fixture(scope="module")
def image():
    """The files of the image."""
    return tree.device_files(project.ROOT)


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """What `make frozen` writes."""
    folder = tmp_path_factory.mktemp("frozen") / "out"
    assert cli.main(["image", "frozen", "-o", str(folder)]) == 0
    return folder


class Manifest:
    """A reading of manifest.py as MicroPython's build has it: paths from its own folder, $(...) of
    the build.
    """

    def __init__(self, folder):
        self.frozen = []  # (folder, names or None for all, optimization)
        self.more = []
        names = {"freeze": self._freeze, "include": self.more.append, "require": self.more.append}
        self._folder = folder
        exec((folder / "manifest.py").read_text(), names)

    def _freeze(self, path, script=None, opt=None):
        place = path if path.startswith("$(") else (self._folder / path).resolve()
        self.frozen.append((place, script, opt))


def test_the_partition_table():
    lines = (BOARD / "partitions.csv").read_text().splitlines()
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines) if row[0][0] != "#"]
    found = []
    for label, kind, subtype, offset, size in rows:
        number = SUBTYPES.get((kind, subtype))
        number = int(subtype, 16) if number is None else number
        found.append(Partition(label, TYPES[kind], number, int(offset, 16), int(size, 16)))
    assert tuple(found) == layout.TABLE.partitions


def test_the_manifest(frozen, image):
    """Each module of the image is frozen, and nothing else is but what MicroPython needs."""
    manifest = Manifest(BOARD)
    assert manifest.more == ["$(MPY_DIR)/extmod/asyncio", "ssl"]
    port, own, modules = manifest.frozen
    assert port == ("$(PORT_DIR)/modules", tuple(sorted(OF_THE_PORT)), None)
    assert own == (BOARD / "modules", None, None)
    assert [path.name for path in own[0].iterdir()] == ["_boot.py"]
    # That it is compiled with the image's option.
    assert modules == (project.BUILD / "frozen", None, int(bytecode._WITH_LINES[2:]))
    shipped = {
        re.sub(r"\.mpy$", ".py", path.removeprefix("lib/"))
        for path in image
        if path.endswith((".py", ".mpy"))
    }
    assert {path.relative_to(frozen).as_posix() for path in frozen.rglob("*.py")} == shipped
    others = [path.name for path in frozen.rglob("*") if path.is_file() and path.suffix != ".py"]
    assert others == [CHECKSUMS]  # of which `freeze` takes no notice


def test_the_same_bytecode(frozen, image, rng, counts):
    compiled = sorted(path for path in image if path.endswith(".mpy"))
    for path in rng.sample(compiled, counts(10, len(compiled))):
        source = path.replace(".mpy", ".py")
        content = (frozen / source.removeprefix("lib/")).read_bytes()
        assert bytecode.compile_source(content, source) == image[path], path


def test_nothing_of_it_is_on_the_device(image):
    assert not [path for path in image if "boards" in path or "AIRWIRE" in path]


def test_the_options():
    header = (BOARD / "mpconfigboard.h").read_text()
    assert dict(re.findall(r"^#define (\w+) (.*)$", header, re.MULTILINE)) == {
        "MICROPY_HW_BOARD_NAME": '"Airwire"',
        "MICROPY_HW_MCU_NAME": '"ESP32"',
        "MICROPY_HW_ENABLE_UART_REPL": "(0)",
        "MICROPY_HW_ENABLE_MDNS_QUERIES": "(0)",
        "MICROPY_HW_ENABLE_MDNS_RESPONDER": "(0)",
        "MICROPY_PY_BLUETOOTH": "(0)",
    }
    settings = (BOARD / "sdkconfig.board").read_text()
    assert dict(re.findall(r"^(CONFIG_\w+)=(.*)$", settings, re.MULTILINE)) == {
        "CONFIG_LWIP_MAX_SOCKETS": "16",
        "CONFIG_LWIP_MAX_ACTIVE_TCP": "16",
    }


def test_the_files_that_the_build_names_are_there():
    text = (BOARD / "mpconfigboard.cmake").read_text()
    named = re.findall(r"\$\{MICROPY_BOARD_DIR\}/([\w.]+)", text)
    assert sorted(named) == ["manifest.py", "partitions.csv", "sdkconfig.board"]
    assert all((BOARD / name).is_file() for name in named)
    assert "set(IDF_TARGET esp32)" in text and "    boards/sdkconfig.base\n" in text
    assert "sdkconfig.ble\n" not in text, "Bluetooth is off in mpconfigboard.h"


def test_the_readme_tells_of_each_file():
    text = (BOARD / "README.md").read_text()
    for path in BOARD.iterdir():
        assert path.name == "README.md" or f"`{path.name}" in text, path.name


def test_an_image_with_its_program(tmp_path, image):
    """What the port's build calls firmware.bin goes through `make flash`."""
    path = tmp_path / "firmware.bin"
    rows = [(p.label, p.type, p.subtype, p.offset, p.size) for p in layout.TABLE]
    path.write_bytes(stock.stock_image(rows=rows))
    assert firmware.load(path).version == "1.26.1"
    sample = stock.sample_tree(tmp_path / "tree")
    regions = {piece.label: piece.data for piece in build.regions(sample, path)}
    assert regions["factory"] == stock.app()


def test_modules_elsewhere(frozen, image, tmp_path):
    """The firmware runs where its modules are found before the file system's folders of the same
    names, in which only data are, as with frozen modules.
    """
    files = {path: data for path, data in image.items() if not path.endswith((".py", ".mpy"))}
    assert any(path.startswith("firmware/") for path in files)
    for path in image.keys() - files.keys():
        files[f"elsewhere/{path.removeprefix('lib/')}"] = image[path]
    for name in ("boot.py", "main.py"):
        files[name] = files.pop(f"elsewhere/{name}")
    files["boot.py"] = b"import sys\nsys.path.insert(0, '/elsewhere')\n" + files["boot.py"]
    flash = tmp_path / "flash.bin"
    table = layout.TABLE.to_bytes(layout.FLASH_SIZE)
    flash.write_bytes(
        build.merged(
            [
                build.Region("partition table", TABLE_OFFSET, table),
                build.Region("vfs", layout.VFS.offset, littlefs.build(files, layout.VFS)),
            ]
        )
    )
    with Board.up("elsewhere", flash=flash, home=tmp_path / "home") as board:
        console = Console(str(board.uart0))
        try:
            console.sync()
            assert "wlan.ssid" in " ".join(console.command("help variables"))
            assert console.command("set wlan.ssid elsewhere") == ["Set OK"]
            assert "elsewhere" in console.command("get wlan.ssid")
        finally:
            console.close()


# Stands in for the modules that _boot.py finds on a chip, and tells what it does with them.
BOOT_STAGE = """
import sys
class Module: pass
class UART:
    def __init__(self, number, baud, **settings):
        print("uart", number, baud, sorted(settings.items()))
def module(name, **content):
    sys.modules[name] = made = Module()
    for key, value in content.items():
        setattr(made, key, value)
def mount(device, path):
    print("mount", device, path, sys.path)
    if fails:
        raise OSError(19)
fails = %r
module("machine", UART=UART)
module("flashbdev", bdev="flash")
module("os", dupterm=lambda stream: print("console", type(stream).__name__))
module("vfs", mount=mount)
module("inisetup", setup=lambda: print("setup"))
sys.path[:] = ["", ".frozen", "/lib"]
"""


@pytest.mark.parametrize("fails", [False, True], ids=["a file system", "none"])
def test_before_boot_py(fails):
    script = BOOT_STAGE % fails + (BOARD / "modules/_boot.py").read_text()
    done = subprocess.run(
        [interpreter.find(), "-c", script], capture_output=True, text=True, check=False
    )
    line = board_line()
    settings = [("rx", 3), ("rxbuf", line["rxbuf"]), ("tx", 1), ("txbuf", line["txbuf"])]
    assert done.stdout.splitlines() == [
        f"uart 0 {line['baud']} {settings}",
        "console UART",
        "mount flash / ['.frozen', '', '/lib']",
        *(["setup"] if fails else []),
    ], done.stderr
    assert done.returncode == 0


def board_line():
    """The factory settings of the host's UART in firmware/board.py."""
    source = ast.parse((project.ROOT / "firmware/board.py").read_text())
    [line] = [n for n in source.body if isinstance(n, ast.ClassDef) and n.name == "Line"]
    return {
        node.targets[0].id: node.value.value for node in line.body if isinstance(node, ast.Assign)
    }


def test_the_folder_of_modules(tmp_path, monkeypatch, capsys):
    """It is written anew, and what it had before goes. Files of the user's stay: a project of
    theirs has a boot.py too.
    """
    folder, mine = tmp_path / "out", tmp_path / "mine"
    command = ["image", "frozen", "-o"]
    for modules in ({"boot.py": b"1", "old/a.py": b""}, {"boot.py": b"2", "new/b.py": b""}):
        monkeypatch.setattr(tree, "frozen_modules", lambda root, modules=modules: modules)
        assert cli.main([*command, str(folder)]) == 0
        assert capsys.readouterr().out == f"{folder}: 2 modules\n"
        found = [path for path in folder.rglob("*") if path.is_file()]
        made = {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}
        assert made.pop("SHA256SUMS") and made == modules
    mine.mkdir()
    (mine / "boot.py").write_text("x")
    assert cli.main([*command, str(mine)]) == 2
    said = f"{mine} is there, and is no folder of frozen modules: give another folder"
    assert capsys.readouterr().err == f"airwire: {said}\n"
    assert (mine / "boot.py").read_text() == "x"
    (folder / "new/mine.py").write_text("x")
    assert cli.main([*command, str(folder)]) == 2
    said = f"{folder} has new/mine.py, which is of no folder of frozen modules: move it away"
    assert capsys.readouterr().err == f"airwire: {said}\n"
    assert (folder / "new/mine.py").read_text() == "x"
