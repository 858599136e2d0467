"""The merged image and the two commands: what ships, the same bytes twice, other programs agree,
bad input leaves nothing behind.
"""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from airwire import cli, interpreter, project
from airwire.errors import UserError
from airwire.image import build, bytecode, firmware, generate, inspect, layout, littlefs, tree
from airwire.image.errors import ImageError
from airwire.wire import dct
from host_tests.tools import stock

MP_IMAGE_TOOL = Path(sys.executable).with_name("mp-image-tool-esp32")


@pytest.fixture
def sample(tmp_path):
    return stock.sample_tree(tmp_path / "tree")


@pytest.fixture
def micropython(tmp_path):
    path = tmp_path / "ESP32_GENERIC.bin"
    path.write_bytes(stock.stock_image())
    return path


def files_of(image):
    return littlefs.read(image[layout.VFS.offset : layout.VFS.end]).files


def test_what_ships_and_in_which_form(sample, monkeypatch):
    extra = {"firmware/version.py": b"BUILD = 1\n", "help.csv": b"a,b\n"}
    monkeypatch.setattr(generate, "generated", lambda root: extra)
    files = tree.device_files(sample)
    assert list(files) == [
        "boot.py",
        "firmware/__init__.mpy",
        "firmware/device.mpy",
        "firmware/version.mpy",
        "firmware/web/index.html.gz",
        "help.csv",
        "https_names.txt",
        "lib/wire/__init__.mpy",
        "lib/wire/crc.mpy",
        "lib/wire/mask.py",
        "main.py",
    ]
    assert files["main.py"] == (sample / "main.py").read_bytes()
    assert files["lib/wire/mask.py"] == (sample / "lib/wire/mask.py").read_bytes()
    assert files["help.csv"] == b"a,b\n"
    page = (sample / "firmware/web/index.html").read_bytes()
    assert gzip.decompress(files["firmware/web/index.html.gz"]) == page


def test_bytecode_carries_short_names_and_no_path_of_this_machine(sample):
    files = tree.device_files(sample)
    assert b"firmware.device" in files["firmware/device.mpy"]
    for content in files.values():
        assert str(sample).encode() not in content
        assert str(Path.home()).encode() not in content


def test_the_bytecode_runs_with_asserts_out_and_lines_kept(sample, tmp_path):
    (sample / "lib/wire/fail.py").write_text("assert False\n\n\nprint('here')\nmissing()\n")
    for path, content in tree.device_files(sample).items():
        target = tmp_path / "device" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    script = (
        "import sys; sys.path[:] = ['', 'lib']\n"
        "import main\n"
        "from firmware import version\n"
        "import wire.fail\n"
    )
    command = [interpreter.find(), "-c", script]
    done = subprocess.run(command, cwd=tmp_path / "device", capture_output=True, text=True)
    assert done.stdout.splitlines() == ["sum 195", "here"]
    assert 'File "wire.fail", line 5' in done.stderr


def test_the_same_tree_gives_the_same_bytes(sample, micropython, tmp_path):
    other = stock.sample_tree(tmp_path / "elsewhere" / "tree")
    for path in [*sample.rglob("*"), *other.rglob("*")]:
        os.utime(path, (1_700_000_000, 1_700_000_000))
    assert build.build_image(sample, micropython) == build.build_image(other, micropython)


def test_the_build_date_is_the_last_commits(sample):
    def version():
        return generate.generated(sample)["firmware/version.py"]

    for path in sample.rglob("*"):
        os.utime(path, (0, 86400))
    assert b"1970-01-02 00:00:00" in version()
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.com",
        "GIT_COMMITTER_DATE": "2026-01-02T03:04:05+0200",
    }
    subprocess.run(["git", "init", "-q"], cwd=sample, check=True)
    # A repository without a commit has no date to give.
    assert b"1970-01-02 " in version()
    command = ["git", "commit", "-q", "--allow-empty", "-m", "tests: Give a date."]
    subprocess.run(command, cwd=sample, env=environment, check=True)
    assert b"2026-01-02 01:04:05" in version()
    assert project.version().encode() in version()


def test_without_micropython_only_table_and_files_are_there(sample):
    image = build.build_image(sample)
    assert len(image) == layout.FLASH_SIZE
    assert image[: layout.BOOTLOADER_OFFSET + 0x7000].count(0xFF) == 0x8000
    assert image[0x9000 : layout.VFS.offset].count(0xFF) == layout.VFS.offset - 0x9000
    assert files_of(image) == tree.device_files(sample)


def test_with_micropython_its_parts_are_where_the_chip_looks(sample, micropython):
    image = build.build_image(sample, micropython)
    assert image[0x1000:].startswith(stock.bootloader())
    assert image[0x10000:].startswith(stock.app())
    assert image[0x9000:0x10000].count(0xFF) == 0x7000
    rest = [part.state for part in inspect.inspect(image).parts if part.label != "factory"]
    assert rest == ["bootloader", "empty", "empty", "empty", "LittleFS 2.1"]


def test_esptool_merges_our_regions_to_the_same_image(sample, micropython, tmp_path):
    places = []
    for region in build.regions(sample, micropython):
        path = tmp_path / f"{region.offset:x}.bin"
        path.write_bytes(region.data)
        places += [f"{region.offset:#x}", str(path)]
    merged = tmp_path / "merged.bin"
    command = [sys.executable, "-m", "esptool", "--chip", "esp32", "merge-bin", "-o", str(merged)]
    subprocess.run([*command, *places], check=True, stdout=subprocess.DEVNULL)
    assert merged.read_bytes() == build.build_image(sample, micropython)


def test_another_program_reads_table_apps_and_files_of_our_image(sample, micropython, tmp_path):
    path = tmp_path / "flash-from-0x1000.bin"  # it takes files for where stock images start
    path.write_bytes(build.build_image(sample, micropython)[0x1000:])

    def tool(*arguments):
        command = [MP_IMAGE_TOOL, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    told = tool("--check-app", path)
    for part in layout.TABLE:
        row = [part.label, f"{part.offset:#x}", f"{part.size:#x}", f"{part.end:#x}"]
        assert any(set(row) <= set(line.split()) for line in told.splitlines())
    assert "Partition 'factory': Hash confirmed" in told
    assert "Partition 'bootloader': Hash confirmed" in told
    assert tool(path, "--fs", "cat", "main.py").endswith((sample / "main.py").read_text())


def test_inspect_tells_states_space_and_files(sample, micropython):
    image = build.build_image(sample, micropython)
    report = inspect.inspect(image)
    parts = {part.label: part for part in report.parts}
    assert parts["factory"].state == "MicroPython 1.26.1"
    assert parts["factory"].used == len(stock.app())
    assert parts["vfs"].used + parts["vfs"].free == layout.VFS.size
    assert parts["dct"].state == "empty" and parts["dct"].sha256 is None
    assert report.files == {path: len(data) for path, data in files_of(image).items()}


def test_inspect_takes_a_flash_that_was_read_back(sample, micropython):
    image = bytearray(build.build_image(sample, micropython))
    image[0x9000:0x9004] = b"used"
    image[layout.VFS.offset : layout.VFS.end] = bytes(layout.VFS.size)
    parts = {part.label: part for part in inspect.inspect(bytes(image)).parts}
    assert (parts["nvs"].state, parts["nvs"].free) == ("data", None)
    assert parts["vfs"].state == "data" and len(parts["vfs"].sha256) == 64


SECRET = b"a secret that nobody prints"
ENTRIES = [
    (dct.MANUFACTURING, b"serial", dct.TEXT, b"0017"),
    (dct.VARIABLES, b"wlan.passkey", dct.TEXT, SECRET),
    (dct.IDENTITY, b"server", dct.KEY, SECRET * 3),
]


def test_the_dct_of_an_image(sample, tmp_path):
    path = tmp_path / "dct.bin"
    path.write_bytes(dct.image(ENTRIES))
    image = build.build_image(sample, dct_file=path)
    assert image[layout.DCT.offset : layout.DCT.end] == path.read_bytes()
    report = inspect.inspect(image)
    assert {part.label: part.state for part in report.parts}["dct"] == "DCT"
    assert [(e.section, e.name, e.kind, e.size) for e in report.entries] == [
        ("manufacturing", "serial", "text", 4),
        ("variables", "wlan.passkey", "text", len(SECRET)),
        ("identity", "server", "key", 3 * len(SECRET)),
    ]


def test_a_damaged_dct_is_inspected(sample):
    image = bytearray(build.build_image(sample))
    image[layout.DCT.offset : layout.DCT.end] = dct.image(ENTRIES)
    image[layout.DCT.offset + 40] ^= 1
    report = inspect.inspect(bytes(image))
    states = {part.label: part.state for part in report.parts}
    assert states["dct"] == "not a DCT: Wrong CRC" and not report.entries


# ---- the commands ----------------------------------------------------------------------------


@pytest.fixture
def run(sample, monkeypatch, capsys):
    """`airwire image ...` on the sample tree: (exit code, stdout, stderr)."""
    monkeypatch.setattr(project, "ROOT", sample)

    def call(*arguments):
        code = cli.main(["image", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(autouse=True)
def version_of_the_project(monkeypatch):
    version = project.version()
    monkeypatch.setattr(project, "version", lambda: version)


def test_build_and_inspect(run, micropython, tmp_path):
    output = tmp_path / "out" / "flash.bin"
    output.parent.mkdir()
    code, out, err = run("build", "--firmware", micropython, "-o", output)
    assert (code, err) == (0, "")
    assert "factory     MicroPython 1.26.1" in out
    assert output.stat().st_size == layout.FLASH_SIZE
    assert [path.name for path in output.parent.iterdir()] == ["flash.bin"]
    code, out, err = run("inspect", output)
    assert (code, err) == (0, "")
    assert all(line == line.rstrip() for line in out.splitlines()[:1])
    assert "lib/wire/crc.mpy" in out and "\x1b" not in out


def test_inspect_says_when_only_the_virtual_board_can_boot(run, tmp_path):
    output = tmp_path / "flash.bin"
    assert run("build", "-o", output)[0] == 0
    _, out, _ = run("inspect", output)
    assert out.endswith("No MicroPython in it: this image boots the virtual board, not a chip.\n")


def test_the_json_report(run, micropython, tmp_path):
    output = tmp_path / "flash.bin"
    run("build", "--firmware", micropython, "-o", output)
    code, out, _ = run("inspect", "--json", output)
    report = json.loads(out)
    assert code == 0
    assert [part["label"] for part in report["partitions"]] == [
        "bootloader",
        *(part.label for part in layout.TABLE),
    ]
    assert report["partitions"][4]["state"] == "empty"
    assert {"path": "main.py", "size": 42} in report["files"]
    assert report["size"] == layout.FLASH_SIZE


def test_build_with_a_dct(run, tmp_path):
    table, output = tmp_path / "dct.bin", tmp_path / "flash.bin"
    table.write_bytes(dct.image(ENTRIES))
    assert run("build", "--dct", table, "-o", output)[0] == 0
    assert output.stat().st_mode & 0o777 == 0o600  # there are keys in it
    _, text, _ = run("inspect", output)
    assert "DCT, 3 entries" in text and "wlan.passkey, text" in text
    _, report, _ = run("inspect", "--json", output)
    entry = {"section": "identity", "name": "server", "kind": "key", "size": 3 * len(SECRET)}
    assert json.loads(report)["dct"][2] == entry
    assert SECRET.decode() not in text + report


def test_a_bad_dct_is_one_line_and_no_output(run, tmp_path):
    table, output = tmp_path / "dct.bin", tmp_path / "flash.bin"
    code, _, err = run("build", "--dct", table, "-o", output)
    assert code == 2 and one_line(err) == f"{table}: No such file or directory"
    for data, message in (
        (b"x", "1 bytes; a DCT has 65536"),
        (b"\xff" * layout.DCT.size, "not a DCT: No table"),
        (dct.image(ENTRIES)[:30].ljust(layout.DCT.size, b"\0"), "not a DCT: Wrong CRC"),
    ):
        table.write_bytes(data)
        code, _, err = run("build", "--dct", table, "-o", output)
        assert code == 2 and one_line(err) == f"{table}: {message}"
    table.write_bytes(dct.image(ENTRIES))
    code, _, err = run("build", "--dct", table, "-o", table)
    assert code == 2 and one_line(err) == f"{table}: the output would replace the DCT"
    assert not output.exists()


def one_line(err):
    assert err.startswith("airwire: ") and err.count("\n") == 1 and err.endswith("\n")
    return err.removeprefix("airwire: ").rstrip("\n")


BAD_FIRMWARE = [
    (stock.stock_image()[:-9], "factory at 0x10000: truncated: "),
    (stock.stock_image(boot=stock.bootloader(chip=9)), "bootloader at 0x1000: made for ESP32-S3"),
    (stock.stock_image(application=stock.app(padding=0x1F0000)), "factory at 0x10000: 2033"),
    (b"not an image", "bootloader at 0x1000: not an ESP32 image"),
    (
        stock.stock_image(rows=[*stock.STOCK_ROWS, ("x", 1, 6, 0x1FF000, 0x1000)]),
        "x at 0x1ff000: overlaps factory, which ends at 0x200000",
    ),
]


@pytest.mark.parametrize(("data", "message"), BAD_FIRMWARE, ids=[text for _, text in BAD_FIRMWARE])
def test_bad_firmware_is_one_line_and_no_output(run, tmp_path, data, message):
    bad, output = tmp_path / "bad.bin", tmp_path / "out" / "flash.bin"
    bad.write_bytes(data)
    code, out, err = run("build", "--firmware", bad, "-o", output)
    assert (code, out) == (2, "")
    assert one_line(err).startswith(f"{bad}: {message}")
    assert not output.parent.exists()


def test_an_older_output_survives_a_failed_build(run, tmp_path):
    output = tmp_path / "flash.bin"
    output.write_bytes(b"older")
    assert run("build", "--firmware", tmp_path / "absent.bin", "-o", output)[0] == 2
    assert output.read_bytes() == b"older"


def test_the_users_firmware_is_never_replaced(run, micropython):
    code, _, err = run("build", "--firmware", micropython, "-o", micropython)
    assert code == 2 and "the output would replace the firmware" in one_line(err)
    assert micropython.read_bytes() == stock.stock_image()


def test_an_output_that_cannot_be_written(run, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run("build", "-o", tmp_path / "file" / "flash.bin")
    assert code == 2 and "cannot write" in one_line(err)
    (tmp_path / "folder").mkdir()
    code, _, err = run("build", "-o", tmp_path / "folder")
    assert code == 2 and "cannot write" in one_line(err)
    code, _, err = run("build", "-o", tmp_path / "fodler" / "flash.bin")
    assert code == 2 and "flash.bin: No such file or directory" in one_line(err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "tree"]


def test_a_source_that_does_not_compile(run, sample, tmp_path):
    (sample / "lib/wire/bad.py").write_text("x = 1\ny = (\n")
    code, _, err = run("build", "-o", tmp_path / "flash.bin")
    assert code == 2
    assert one_line(err) == "lib/wire/bad.py line 3: SyntaxError: invalid syntax"
    assert not (tmp_path / "flash.bin").exists()


def test_more_files_than_the_partition_holds(run, sample, tmp_path):
    (sample / "firmware/web/noise.bin").write_bytes(os.urandom(0x200000))
    code, _, err = run("build", "-o", tmp_path / "flash.bin")
    assert code == 2
    line = one_line(err)
    assert line.startswith("vfs at 0x210000: ")
    assert line.endswith("do not fit into its 2031616: no room for firmware/web/noise.bin.gz")
    assert not (tmp_path / "flash.bin").exists()


def test_a_tree_without_main(run, sample, tmp_path):
    (sample / "main.py").unlink()
    code, _, err = run("build", "-o", tmp_path / "flash.bin")
    assert code == 2 and "main.py is missing" in one_line(err)


def test_a_file_in_the_place_of_a_generated_one(run, sample, tmp_path):
    (sample / "firmware/version.py").write_text("")
    code, _, err = run("build", "-o", tmp_path / "flash.bin")
    assert code == 2 and "this file is generated, remove it" in one_line(err)


def with_rows(image, rows):
    return image[:0x8000] + stock.table(rows) + image[0x8C00:]


def with_bootloader(image, bootloader):
    return image[:0x1000] + bootloader.ljust(0x7000, b"\xff") + image[0x8000:]


OVERLAP = [("a", 1, 2, 0x9000, 0x6000), ("b", 1, 2, 0xE000, 0x1000)]
BAD_IMAGES = [
    (lambda image: image[:0x8100], "partition table at 0x8000: truncated: 256 bytes of 3072"),
    (lambda image: image[:0x300000], "vfs at 0x210000: truncated: it ends at 0x400000, the image"),
    (lambda image: image + b"\xff", "flash at 0x400000: too large: the image has 4194305 bytes"),
    (lambda image: with_rows(image, OVERLAP), "b at 0xe000: overlaps a, which ends at 0xf000"),
    (
        lambda image: b"\xff" * len(image),
        "partition table at 0x8000: no table: the flash is erase",
    ),
    (
        lambda image: with_bootloader(image, stock.bootloader(chip=9)),
        "bootloader at 0x1000: made for ESP32-S3, not for ESP32",
    ),
    (
        lambda image: image[:0x10000] + b"garbage" + image[0x10007:],
        "factory at 0x10000: not an ESP32 image: its first byte is 0x67, not 0xe9",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), BAD_IMAGES, ids=[text for _, text in BAD_IMAGES])
def test_inspect_refuses_in_one_line(run, sample, tmp_path, spoil, message):
    path = tmp_path / "flash.bin"
    path.write_bytes(spoil(build.build_image(sample)))
    code, out, err = run("inspect", path)
    assert (code, out) == (2, "")
    assert one_line(err).startswith(f"{path}: {message}")


def test_inspect_of_a_file_that_is_not_there(run, tmp_path):
    code, _, err = run("inspect", tmp_path / "absent.bin")
    assert code == 2 and one_line(err).endswith("absent.bin: No such file or directory")


def test_viper_is_seen_and_bytecode_errors_name_their_line():
    assert bytecode.needs_source(b"x = 1\n  @micropython.native\ndef f(): pass\n")
    assert not bytecode.needs_source(b"# @micropython.viper is not used here\n")
    with pytest.raises(UserError, match=r"^a/b.py line 2: SyntaxError: "):
        bytecode.compile_source(b"x = 1\nx ==\n", "a/b.py")


def test_an_app_is_checked_for_its_own_partition():
    with pytest.raises(ImageError, match="^ota_0 at 0x20000: truncated"):
        part = layout.FACTORY._replace(label="ota_0", offset=0x20000)
        firmware.check_app(stock.app()[:99], part)
