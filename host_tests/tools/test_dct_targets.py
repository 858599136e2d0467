"""`airwire dct` on a virtual board and, by a pretended esptool, on a chip: there and back, nobody
else's bytes touched, and the module running again afterwards.
"""

import fcntl
import json
import os
import sys

import pytest

from airwire import esptool, ports
from airwire.board.client import Board
from airwire.dct import chip as chips
from airwire.errors import UserError
from airwire.image import build, layout
from airwire.image.partitions import Table
from airwire.wire import dct
from host_tests.board.console import Console
from host_tests.tools.cert_command import Command, mode, secrets_of
from host_tests.tools.odd_certs import SERVER, chain_of_three


@pytest.fixture
def table(tmp_path, monkeypatch, capfd):
    """The command, in a folder with a table t of an identity `iot` and two texts."""
    monkeypatch.chdir(tmp_path)
    command = Command("dct", capfd)
    root, middle, leaf = chain_of_three(purposes=[SERVER], names=["s.local"])
    (tmp_path / "ca.pem").write_bytes(root.pem)
    (tmp_path / "chain.pem").write_bytes(leaf.pem + middle.pem)
    (tmp_path / "leaf.key").write_bytes(leaf.key_pem)
    command.key = leaf.key
    command("new", "t", "--maker", "Example Works", "--serial", "EW-1")
    command("set", "t", "tcp.client.retries", "7")
    command("add", "t", "iot", "--cert", "chain.pem", "--key", "leaf.key", "--ca", "ca.pem")
    return command


def entries(path):
    return dct.current(path.read_bytes())[2]


# A virtual board


@pytest.fixture(scope="session")
def whole_flash(tmp_path_factory):
    """The image of the work tree."""
    path = tmp_path_factory.mktemp("dct") / "flash.bin"
    path.write_bytes(build.build_image())
    return path


@pytest.fixture
def board(home, whole_flash):
    with Board.up("dev", flash=whole_flash) as board:
        yield board


def asked(board, *names):
    console = Console(str(board.uart0))
    try:
        console.machine()
        return [console.ok(f"get {name}") for name in names]
    finally:
        console.close()


def console_text(board, command):
    console = Console(str(board.uart0))
    try:
        return console.machine().ok(command)
    finally:
        console.close()


def factory_reset(board):
    boots = board.status()["boots"]
    mac = asked(board, "wlan.mac")[0]
    console = Console(str(board.uart0))
    console.machine()
    console.ok(f"factory_reset {mac}")
    console.close()
    board.wait_boot(boots + 1)


def partition(board):
    return board.flash.read_bytes()[layout.DCT.offset : layout.DCT.end]


VALUES = ("system.manufacturer", "system.serial", "tcp.client.retries")


def test_host_to_board_and_back(table, board, tmp_path):
    assert asked(board, *VALUES) == ["", "", "0"]
    assert table("list", "--board", "dev").startswith("board dev: no table\n")
    boots = board.status()["boots"]
    said = table("write", "t", "--board", "dev")
    assert said.startswith("board dev: 6 entries, ")
    # It runs again, and has what was written.
    assert board.status()["boots"] == boots + 1
    assert asked(board, *VALUES) == ["Example Works", "EW-1", "0"]
    factory_reset(board)  # it has run before, and has settings of its own
    assert asked(board, *VALUES) == ["Example Works", "EW-1", "7"]
    boots += 1
    assert dct.current(partition(board))[2] == entries(tmp_path / "t")
    assert mode(board.flash) == "600"
    # Looking does not disturb it.
    table("list", "--board", "dev")
    table("show", "--board", "dev", "iot")
    table("verify", "--board", "dev")
    table("read", "u", "--board", "dev")
    table("set", "--board", "dev", "serial", "EW-2", "--dry-run")
    assert board.status()["boots"] == boots + 1
    assert (tmp_path / "u").read_bytes() == partition(board)
    table("set", "--board", "dev", "serial", "EW-2")
    assert board.status()["boots"] == boots + 2
    assert asked(board, "system.serial") == ["EW-2"]
    copy, sequence, _ = dct.current(partition(board))
    assert (copy, sequence) == (1, 2)
    for secret in secrets_of(table.key):
        assert secret not in table.said


def test_the_module_changes_what_the_host_wrote_and_the_other_way_round(table, board, tmp_path):
    table("write", "t", "--board", "dev")
    root, _, leaf = chain_of_three()
    both = leaf.pem + leaf.key_pem
    console = Console(str(board.uart0))
    try:
        console.machine()
        assert console.ok("cert_delete iot ca")
        assert console.ok(f"cert_load new cert {len(both)}", both)
        assert console.ok(f"cert_load new ca {len(root.pem)}", root.pem)
    finally:
        console.close()
    assert "no faults" in table("verify", "--board", "dev")
    # The same bytes as by our own commands.
    (tmp_path / "new.pem").write_bytes(both)
    (tmp_path / "root.pem").write_bytes(root.pem)
    table("remove", "t", "iot", "--only", "ca")
    table("add", "t", "new", "--cert", "new.pem", "--key", "new.pem", "--ca", "root.pem")
    assert entries(tmp_path / "t") == dct.current(partition(board))[2]
    assert table("write", "t", "--board", "dev").endswith(": it had this table already\n")
    table("remove", "--board", "dev", "new")
    listed = console_text(board, "cert_list")
    assert "dct:iot" in listed and "dct:new" not in listed


def test_nothing_else_in_the_flash_changes(table, board):
    board.power_cut(stay_off=True)
    board.wait_off()
    before = board.flash.read_bytes()
    table("write", "t", "--board", "dev")
    after = board.flash.read_bytes()
    at = layout.DCT.offset
    assert after[:at] == before[:at] and after[at + dct.COPY :] == before[at + dct.COPY :]
    assert after[at : at + dct.COPY] != before[at : at + dct.COPY]
    # Who was off stays off.
    assert board.status()["state"] == "off"


def test_a_board_that_is_down(table, board, tmp_path):
    board.down()
    table("write", "t", "--board", "dev")
    assert not board.is_up()
    table("read", "u", "--board", "dev")
    assert entries(tmp_path / "u") == entries(tmp_path / "t")
    again = Board.up("dev")
    assert asked(again, "system.serial") == ["EW-1"]


def test_a_refusal_leaves_the_board_running(table, board):
    boots = board.status()["boots"]
    for words in (
        ("add", "--board", "dev", "x", "--cert", "ca.pem", "--key", "leaf.key"),
        ("set", "--board", "dev", "no.such", "1"),
        ("write", "none", "--board", "dev"),
    ):
        table.refused(*words)
    assert board.status()["boots"] == boots
    # What only the board's own table can tell costs a start, and no more.
    assert table.refused("remove", "--board", "dev", "x") == (
        "board dev: no identity x; there are: none"
    )
    assert board.status()["state"] == "running"
    assert board.status()["boots"] == boots + 1


def test_boards_that_are_not_there(table, home, board):
    said = "board other has no flash yet (airwire board up other)"
    for words in (("list",), ("write", "t"), ("read", "u"), ("set", "serial", "1")):
        assert table.refused(*words, "--board", "other") == said
    assert "bad board name" in table.refused("list", "--board", "a/b")
    board.down()
    descriptor = os.open(board.directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # as a supervisor that starts has it
        assert table.refused("write", "t", "--board", "dev") == (
            "board dev is just starting or ending: try again"
        )
    finally:
        os.close(descriptor)


# A chip

FAKE = """
import json, pathlib, sys
here = pathlib.Path(__file__).parent
words = sys.argv[1:]
names = ('read-flash', 'write-flash', 'chip-id')
at, name = next((i, word) for i, word in enumerate(words) if word in names)
with open(here / 'calls.jsonl', 'a') as log:
    print(json.dumps([words[:at], name, words[at + 1:]]), file=log)
print('Connecting....')
failure = here / 'failure.json'
if failure.exists():
    which, text = json.loads(failure.read_text())
    if which == name:
        print(text, file=sys.stderr)
        sys.exit(2)
flash = here / 'flash.bin'
data = bytearray(flash.read_bytes())
if name == 'read-flash':
    offset, size, path = int(words[at + 1], 0), int(words[at + 2], 0), words[at + 3]
    pathlib.Path(path).write_bytes(data[offset : offset + size])
elif name == 'write-flash':
    offset, new = int(words[-2], 0), pathlib.Path(words[-1]).read_bytes()
    if (here / 'worn').exists():
        new = new[:-1] + b'x'
    data[offset : offset + len(new)] = new
    flash.write_bytes(data)
"""


class Chip:
    """What the pretended esptool works on."""

    def __init__(self, folder, port):
        self.folder = folder
        self.port = port
        self.flash = folder / "flash.bin"
        image = bytearray(b"\xff" * layout.FLASH_SIZE)
        rows = layout.TABLE.to_bytes(layout.FLASH_SIZE)
        image[0x8000 : 0x8000 + len(rows)] = rows
        self.flash.write_bytes(image)
        (folder / "fake.py").write_text(FAKE)
        self.command = (sys.executable, str(folder / "fake.py"))

    def fail(self, name, text):
        (self.folder / "failure.json").write_text(json.dumps([name, text]))

    def calls(self):
        path = self.folder / "calls.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]

    def partition(self):
        return self.flash.read_bytes()[layout.DCT.offset : layout.DCT.end]


@pytest.fixture
def chip(home, tmp_path, monkeypatch):
    master, slave = os.openpty()
    (tmp_path / "chip").mkdir()
    chip = Chip(tmp_path / "chip", os.ttyname(slave))
    monkeypatch.setattr(esptool, "COMMAND", chip.command)
    yield chip
    os.close(master)
    os.close(slave)


def on_chip(table, *words):
    """Succeeds; esptool's progress is not in what a program reads."""
    code, out, err = table.run(*words)
    assert code == 0, err
    assert "Connecting" in err and "Connecting" not in out
    return out


def test_host_to_chip_and_back(table, chip, tmp_path):
    before = chip.flash.read_bytes()
    said = on_chip(table, "write", "t", "--port", chip.port)
    assert said.startswith(f"{chip.port}: 6 entries, ")
    connect = ["--chip", "esp32", "--port", chip.port, "--baud", "460800"]
    connect += ["--before", "default-reset", "--after"]
    calls = chip.calls()
    # It stands still from the first look to the end, and is then started.
    assert [words for words, _, _ in calls] == [[*connect, "no-reset"]] * 4 + [
        [*connect, "hard-reset"]
    ]
    assert [(name, words[:2]) for _, name, words in calls if name == "read-flash"] == [
        ("read-flash", ["0x8000", "0xc00"]),
        ("read-flash", ["0x200000", "0x10000"]),
        ("read-flash", ["0x200000", "0x8000"]),
    ]
    assert [name for _, name, _ in calls][2] == "write-flash" and calls[2][2][-2] == "0x200000"
    assert calls[-1][1] == "chip-id"
    after = chip.flash.read_bytes()
    at = layout.DCT.offset
    assert after[:at] == before[:at] and after[at + dct.COPY :] == before[at + dct.COPY :]
    assert dct.current(chip.partition())[2] == entries(tmp_path / "t")
    on_chip(table, "read", "u", "--port", chip.port)
    assert (tmp_path / "u").read_bytes() == chip.partition()
    on_chip(table, "set", "--port", chip.port, "--baud", "115200", "serial", "EW-2")
    assert "115200" in chip.calls()[-1][0]
    copy, sequence, _ = dct.current(chip.partition())
    assert (copy, sequence) == (1, 2)
    said = on_chip(table, "list", "--json", "--port", chip.port)
    assert json.loads(said)["module"]["serial"] == "EW-2"
    for secret in secrets_of(table.key):
        assert secret not in table.said


def test_a_table_elsewhere_in_the_chip(table, chip, tmp_path):
    moved = layout.DCT._replace(offset=0x3E0000)
    smaller = layout.VFS._replace(offset=0x200000, size=0x1E0000)
    rows = Table((*layout.TABLE.partitions[:3], smaller, moved)).to_bytes(layout.FLASH_SIZE)
    image = bytearray(chip.flash.read_bytes())
    image[0x8000 : 0x8000 + len(rows)] = rows
    chip.flash.write_bytes(image)
    on_chip(table, "write", "t", "--port", chip.port)
    found = chip.flash.read_bytes()[0x3E0000:0x3F0000]
    assert dct.current(found)[2] == entries(tmp_path / "t")
    assert chip.partition() == b"\xff" * dct.SIZE


def last(table, *words, code=2):
    """The one line of a refusal; a port that fails ends with 1."""
    ended, out, err = table.run(*words)
    assert (ended, out) == (code, "")
    return err.splitlines()[-1].removeprefix("airwire: ")


def test_equal_data_and_dry_runs_write_nothing_to_a_chip(table, chip):
    on_chip(table, "write", "t", "--port", chip.port)
    chip.calls()
    for words in (("write", "t"), ("write", "t", "--dry-run"), ("unset", "serial", "--dry-run")):
        on_chip(table, *words, "--port", chip.port)
        names = [name for _, name, _ in chip.calls()]
        assert names == ["read-flash", "read-flash", "chip-id"]


def test_bad_input_never_reaches_the_chip(table, chip):
    table.refused("add", "--port", chip.port, "x", "--cert", "ca.pem", "--key", "leaf.key")
    table.refused("set", "--port", chip.port, "no.such", "1")
    table.refused("write", "none", "--port", chip.port)
    assert chip.calls() == []
    said = last(table, "list", "--port", "/dev/ttyNone", code=1)
    assert said.startswith("no port /dev/ttyNone: plug the board in; ")


def test_a_chip_that_fails(table, chip):
    chip.fail("read-flash", "A fatal error occurred: Failed to connect to ESP32")
    said = last(table, "write", "t", "--port", chip.port, code=1)
    assert said.startswith(f"no answer from {chip.port}: hold BOOT")
    chip.fail("write-flash", "A fatal error occurred: The chip stopped responding.")
    said = last(table, "write", "t", "--port", chip.port, code=1)
    assert said.startswith(f"the chip on {chip.port} stopped answering")
    assert chip.calls()[-1][1] == "chip-id"  # it is started all the same
    chip.fail("", "")
    (chip.folder / "worn").touch()
    said = last(table, "write", "t", "--port", chip.port)
    assert said == f"{chip.port} does not hold what was written"
    (chip.folder / "worn").unlink()
    chip.fail("chip-id", "A fatal error occurred: Failed to connect to ESP32")
    code, _, err = table.run("write", "t", "--port", chip.port)
    assert code == 1 and f"no answer from {chip.port}" in err


def test_a_chip_without_our_partitions(table, chip):
    image = bytearray(chip.flash.read_bytes())
    stock = Table(layout.TABLE.partitions[:3]).to_bytes(layout.FLASH_SIZE)
    for rows, why in (
        (stock, "partition table at 0x8000: no partition 'dct'"),
        (b"\xff" * 0xC00, "partition table at 0x8000: no table: the flash is erased"),
    ):
        image[0x8000:0x8C00] = rows
        chip.flash.write_bytes(image)
        said = last(table, "write", "t", "--port", chip.port)
        assert said == f"{chip.port}: {why}: this flash is not Airwire's"


def test_nothing_stays_behind(table, chip, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    on_chip(table, "write", "t", "--port", chip.port)
    on_chip(table, "list", "--port", chip.port)
    assert not list((tmp_path / "temporary").iterdir())


def test_the_real_esptool_knows_our_words(table, home, monkeypatch):
    """An unknown option would be refused before the port is opened."""
    monkeypatch.setattr(ports, "check", lambda port: None)
    refusal = "/dev/null is no serial port: "
    assert last(table, "list", "--port", "/dev/null", code=1).startswith(refusal)
    chip = chips.Chip("/dev/null", 115200)
    chip._offset = layout.DCT.offset
    for call in (lambda: chip.write(0, b"x"), lambda: chip._esptool._run("chip-id")):
        with pytest.raises(UserError, match=f"^{refusal}"):
            call()
