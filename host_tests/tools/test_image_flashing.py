"""`airwire flash` against a pretended esptool, and against the real one as far as it gets without
a chip. What stays on a board is in test_flash_keeps.py, how ports fail in test_ports.py.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from airwire import cli, esptool, flashing, project
from airwire.errors import UserError
from airwire.image import build, layout
from airwire.wire import dct
from host_tests.tools import stock

# Notes how it was called and what the files held; ends as told by the test. Its chip is erased.
FAKE = """
import hashlib, json, pathlib, sys
here = pathlib.Path(__file__).parent
arguments = sys.argv[1:]
start = next((i for i, word in enumerate(arguments) if word.startswith('0x')), len(arguments))
places = {}
if 'read-flash' in arguments:
    pathlib.Path(arguments[-1]).write_bytes(bytes([255]) * int(arguments[-2], 0))
else:
    for offset, name in zip(arguments[start::2], arguments[start + 1::2]):
        places[offset] = hashlib.sha256(pathlib.Path(name).read_bytes()).hexdigest()
with open(here / 'calls.jsonl', 'a') as log:
    print(json.dumps({'words': arguments[:start], 'places': places}), file=log)
print('MAC:                24:6f:28:aa:bb:04')
print('Writing at 0x00010000 [======>] 100.0%')
print('WARNING: a warning', file=sys.stderr)
failure = here / 'failure.json'
if failure.exists():
    command, text = json.loads(failure.read_text())
    if command in arguments:
        print(text, file=sys.stderr)
        sys.exit(2)
"""


@pytest.fixture
def micropython(tmp_path):
    path = tmp_path / "ESP32_GENERIC.bin"
    path.write_bytes(stock.stock_image())
    return path


@pytest.fixture
def sample(tmp_path, monkeypatch):
    version = project.version()
    monkeypatch.setattr(project, "version", lambda: version)
    root = stock.sample_tree(tmp_path / "tree")
    monkeypatch.setattr(project, "ROOT", root)
    return root


@pytest.fixture
def port():
    """A serial port with nobody at its other end."""
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


class FakeEsptool:
    def __init__(self, folder):
        self.script = folder / "fake_esptool.py"
        self.script.write_text(FAKE)
        self.command = (sys.executable, str(self.script))

    def warn(self, text):
        self.script.write_text(FAKE.replace("a warning", text))

    def fail(self, command, text):
        (self.script.parent / "failure.json").write_text(json.dumps([command, text]))

    def calls(self):
        path = self.script.parent / "calls.jsonl"
        return (
            [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        )


@pytest.fixture
def fake(tmp_path, monkeypatch):
    (tmp_path / "fake").mkdir()
    fake = FakeEsptool(tmp_path / "fake")
    monkeypatch.setattr(esptool, "COMMAND", fake.command)
    return fake


def command(port, micropython, *more):
    return cli.main(["flash", "--port", port, "--firmware", str(micropython), *more])


def test_the_command_lines(sample, micropython, port, fake, capfd):
    assert command(port, micropython) == 0
    out, err = capfd.readouterr()
    assert "100.0%" in out and out.endswith(f"{port}: written and verified; the board starts\n")
    assert err.count("WARNING: a warning") == 3
    look, write, verify = fake.calls()
    connect = ["--chip", "esp32", "--port", port, "--baud", "460800", "--before", "default-reset"]
    keep = ["--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep"]
    assert look["words"] == [*connect, "--after", "no-reset", "read-flash"]
    assert write["words"] == [
        *connect,
        *("--after", "no-reset", "write-flash"),
        *keep,
        "--skip-flashed",
    ]
    assert verify["words"] == [*connect, "--after", "hard-reset", "verify-flash", *keep]
    offsets = ["0x1000", "0x8000", "0x10000", "0x210000"]  # the module's DCT is its own
    assert list(write["places"]) == list(verify["places"]) == offsets
    assert write["places"] == verify["places"]


def test_a_port_without_control_lines(sample, micropython, port, fake, capfd):
    """Nobody resets the chip but a finger."""
    fake.warn("Chip was NOT reset. Setting RTS/DTR lines is not supported.")
    assert command(port, micropython) == 0
    assert capfd.readouterr().out.endswith("written and verified; press EN to start the board\n")


def test_what_is_written_is_what_is_built(sample, micropython, port, fake):
    pieces = build.regions(sample, micropython)
    by_label = {piece.label: piece for piece in pieces}
    assert len(by_label["vfs"].data) == layout.VFS.size
    assert by_label["dct"].data == b"\xff" * layout.DCT.size
    assert not any(0x9000 <= piece.offset < 0x10000 for piece in pieces)
    flashing.flash(esptool.Esptool(port, 115200), pieces)
    assert "115200" in fake.calls()[0]["words"]


def test_the_dct_is_written_when_that_is_asked_for(
    sample, micropython, port, fake, capfd, tmp_path
):
    table = tmp_path / "dct.bin"
    table.write_bytes(dct.image([(dct.VARIABLES, b"wlan.ssid", dct.TEXT, b"home")]))
    for words, written in ((["--erase-dct"], b"\xff" * layout.DCT.size), (["--dct", table], None)):
        assert command(port, micropython, *map(str, words)) == 0
        digest = hashlib.sha256(written or table.read_bytes()).hexdigest()
        for call in fake.calls()[-2:]:
            assert call["places"]["0x200000"] == digest
    count = len(fake.calls())
    table.write_bytes(b"x")
    assert command(port, micropython, "--dct", str(table)) == 2
    assert refused(capfd) == f"{table}: 1 bytes; a DCT has 65536"
    assert len(fake.calls()) == count


def refused(capfd):
    """Our one line; warnings of an esptool that succeeded may come before it."""
    *before, line = capfd.readouterr().err.splitlines()
    assert set(before) <= {"WARNING: a warning"} and line.startswith("airwire: ")
    return line.removeprefix("airwire: ")


FATAL = "ERROR: A fatal error occurred: "
BUSY = FATAL + "Could not open PORT, the port is busy or doesn't exist.\n"
FAILURES = [
    (
        BUSY + "([Errno 13] Permission denied: 'PORT')\n\nHint: ...",
        "no permission for PORT: add your",
    ),
    (BUSY + "([Errno 11] Could not exclusively lock port PORT", "PORT is busy: close the program"),
    (BUSY + "([Errno 2] gone)", "cannot open PORT: it is busy or does not exist"),
    (
        FATAL + "This chip is ESP32-S3, not ESP32. Wrong chip argument?",
        "wrong chip on PORT: This chip is ESP32-S3, not ESP32.",
    ),
    (
        FATAL + "Failed to connect to ESP32: No serial data received.\nSee",
        "no answer from PORT: hold",
    ),
    (FATAL + "The chip stopped responding.", "the chip on PORT stopped answering"),
    ("python: No module named esptool", "esptool is not installed: run `make` first"),
    ("termios.error: (5, 'Input/output error')", "PORT is gone: check the cable"),
    (FATAL + "Something new.\nMore.", "esptool failed on PORT: Something new."),
    ("", "esptool failed on PORT: "),
]


@pytest.mark.parametrize(("text", "message"), FAILURES, ids=[message for _, message in FAILURES])
def test_a_failure_is_one_line(sample, micropython, port, fake, capfd, text, message):
    fake.fail("write-flash", text.replace("PORT", port))
    assert command(port, micropython) == 1
    assert refused(capfd).startswith(message.replace("PORT", port))
    assert fake.calls()[-1]["words"][-1] == "chip-id"  # it is started all the same


def test_a_flash_that_differs_is_an_error(sample, micropython, port, fake, capfd):
    fake.fail("verify-flash", FATAL + "Verification failed.")
    assert command(port, micropython) == 1
    assert refused(capfd) == "the flash does not hold what was written: Verification failed."


def test_bad_firmware_never_reaches_the_port(sample, port, tmp_path, fake, capfd):
    bad = tmp_path / "bad.bin"
    bad.write_bytes(stock.stock_image(boot=stock.bootloader(chip=9)))
    assert command(port, bad) == 2
    assert refused(capfd) == f"{bad}: bootloader at 0x1000: made for ESP32-S3, not for ESP32"
    assert command(port, "") == 2
    assert refused(capfd).startswith("no MicroPython given: FIRMWARE=FILE")
    assert fake.calls() == []


def test_no_esptool_at_all(port, monkeypatch):
    monkeypatch.setattr(esptool, "COMMAND", ("/nonexistent/esptool",))
    with pytest.raises(UserError, match="^cannot run esptool: No such file or directory$"):
        flashing.flash(esptool.Esptool(port), [])


def test_the_real_esptool_knows_our_words(monkeypatch):
    """Each of our options exists: an unknown one would be refused before the port is opened."""
    chip = esptool.Esptool("/dev/null")
    place = [(0x8000, layout.TABLE.to_bytes(layout.FLASH_SIZE))]
    for call in (
        lambda: chip.read(0x8000, 4),
        lambda: chip.write(place),
        lambda: chip.verify(place, start=True),
        chip.erase,
        lambda: chip._run("chip-id"),
    ):
        with pytest.raises(UserError, match="^/dev/null is no serial port: "):
            call()


def test_erase_asks(port, fake, capfd, monkeypatch):
    class Terminal:
        answers = ["n\n", "y\n", ""]

        def isatty(self):
            return True

        def readline(self):
            return self.answers.pop(0)

    monkeypatch.setattr(sys, "stdin", Terminal())
    assert cli.main(["erase", "--port", port]) == 1
    asked, line = capfd.readouterr().err.rsplit("? [y/N] ", 1)
    assert asked.startswith(f"Erase all of {port}, ") and line == "airwire: nothing erased\n"
    assert fake.calls() == []
    assert cli.main(["erase", "--port", port]) == 0
    assert [call["words"][-1] for call in fake.calls()] == ["read-mac", "erase-flash", "chip-id"]
    assert cli.main(["erase", "--port", port]) == 1, "the terminal was closed"
    assert cli.main(["erase", "--port", port, "--yes"]) == 0


def test_nothing_stays_behind(port, fake, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = set(Path(tmp_path).iterdir())
    place = build.Region("partition table", 0x8000, layout.TABLE.to_bytes(layout.FLASH_SIZE))
    flashing.flash(esptool.Esptool(port), [place])
    assert set(Path(tmp_path).iterdir()) == before
