"""Stock esptool, by its command line alone, at the port of a board in download mode.

A pseudo-terminal has no control lines: there the board is brought to download mode first, and
esptool resets nothing. By RFC 2217 esptool does all of it itself.
"""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from airwire.board.client import Board
from airwire.image import build
from host_tests.tools import stock

# As fast as the line goes: what is tested is not its speed.
BAUD = "2000000"
PATIENCE = 1800  # the slowest way takes a quarter of an hour for 4 MiB on a busy machine

# Where a large piece of the image has content: the file system.
VFS_AT, PIECE = 0x210000, 0x8000


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A whole flash whose firmware says so and ends in the REPL."""
    folder = tmp_path_factory.mktemp("image")
    tree = stock.sample_tree(folder / "tree")
    (tree / "main.py").write_text("print('the new image runs')\n")
    path = folder / "flash.bin"
    path.write_bytes(build.build_image(tree))
    return path


@pytest.fixture(scope="module")
def usb(tmp_path_factory):
    """A board whose flash is as noise left it: its firmware is to be written."""
    folder = tmp_path_factory.mktemp("usb")
    start = folder / "start.bin"
    start.write_bytes(build.build_image(stock.sample_tree(folder / "tree")))
    with Board.up("usb", flash=start, home=folder / "home", rfc2217=0) as board:
        yield board


@pytest.fixture
def board(usb):
    """In download mode, as after a fresh reset."""
    usb.download()
    return usb


def command(port, *words):
    return [sys.executable, "-m", "esptool", "--port", str(port), "--baud", BAUD, *words]


def esptool(board, *words, code=0):
    """esptool by the pty: what it printed."""
    quiet = ["--before", "no-reset", "--after", "no-reset"]
    done = subprocess.run(
        command(board.uart0, *quiet, *words),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    return said


def boots(board, text="the new image runs"):
    """Reset the board; whether its firmware says so."""
    with open(board.uart0, "rb", buffering=0) as console:
        board.reset()
        said = b""
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in said:
            assert time.monotonic() < deadline, said[-500:]
            said += console.read(4096)


def test_who_it_is(board):
    mac = ":".join(board.status()["mac"][at : at + 2] for at in range(0, 12, 2))
    said = esptool(board, "--no-stub", "flash-id")
    assert "Chip type:          ESP32-D0WD-V3 (revision v3.1)\n" in said
    assert "Crystal frequency:  40MHz\n" in said
    assert f"MAC:                {mac}\n" in said
    assert "Manufacturer: c8\nDevice: 4016\nDetected flash size: 4MB\n" in said
    board.download()
    assert f"MAC:                {mac}\n" in esptool(
        board, "--no-stub", "--chip", "esp32", "read-mac"
    )
    board.download()
    assert "has no chip ID. Reading MAC address instead" in esptool(board, "chip-id")
    board.download()
    assert "Wrong chip argument?" in esptool(board, "--chip", "esp32s3", "flash-id", code=2)


def test_the_rom_writes_verifies_and_reads(board, image, tmp_path):
    """The whole flash, compressed; and a part of it back, byte for byte."""
    said = esptool(board, "--no-stub", "write-flash", "--compress", "0", str(image))
    assert "Hash of data verified." in said
    assert board.flash.read_bytes() == image.read_bytes()
    board.download()
    said = esptool(board, "--no-stub", "verify-flash", "0", str(image))
    assert "Verification successful" in said
    board.download()
    back = tmp_path / "back.bin"
    place = (hex(VFS_AT), hex(PIECE))
    esptool(board, "--no-stub", "read-flash", *place, str(back))
    assert back.read_bytes() == image.read_bytes()[VFS_AT : VFS_AT + PIECE]
    boots(board)


def test_the_rom_writes_as_it_is_and_erases(board, image, tmp_path):
    piece = tmp_path / "piece.bin"
    piece.write_bytes(image.read_bytes()[VFS_AT : VFS_AT + PIECE])
    before = board.flash.read_bytes()
    at = 0x100000
    said = esptool(board, "--no-stub", "write-flash", "--no-compress", hex(at), str(piece))
    assert "Hash of data verified." in said
    after = board.flash.read_bytes()
    assert after == before[:at] + piece.read_bytes() + before[at + PIECE :]
    board.download()
    esptool(board, "--no-stub", "erase-region", hex(at), hex(PIECE))
    assert board.flash.read_bytes()[at : at + PIECE] == b"\xff" * PIECE
    board.download()
    assert "does not support" in esptool(board, "--no-stub", "erase-flash", code=2)


def test_the_flasher(board, image, tmp_path, counts):
    """What esptool loads unless told otherwise: it erases the whole chip, and reads fast."""
    esptool(board, "erase-flash")
    assert board.flash.read_bytes() == b"\xff" * image.stat().st_size
    # It went on in the ROM: no reset is needed for the next.
    assert "Hash of data verified." in esptool(board, "write-flash", "0", str(image))
    assert board.flash.read_bytes() == image.read_bytes()
    assert "Verification successful" in esptool(board, "verify-flash", "0", str(image))
    back = tmp_path / "back.bin"
    at, size = counts((VFS_AT, PIECE), (0, image.stat().st_size))
    esptool(board, "read-flash", hex(at), hex(size), str(back))
    assert back.read_bytes() == image.read_bytes()[at : at + size]
    boots(board)


def test_a_write_that_is_wrong_is_seen(board, image, tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(bytes(4096))
    said = esptool(board, "verify-flash", "0", str(other), code=2)
    assert "Verification failed" in said


@pytest.mark.timeout(1800)
def test_interrupted_and_repeated(board, image, rng, counts):
    """Killed at random moments; the next one finds the board, and ends right."""
    words = ["--before", "no-reset", "--after", "no-reset", "write-flash", "0", str(image)]
    for _ in range(counts(1, 20)):
        start = board.status()["flash"]["programmed"]
        goal = start + rng.randrange(1, 8)
        with subprocess.Popen(
            command(board.uart0, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as writing:
            deadline = time.monotonic() + PATIENCE
            while board.status()["flash"]["programmed"] < goal and writing.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(rng.random() / 50)
            writing.kill()
        board.download()
        assert "Hash of data verified." in esptool(board, *words[4:])
        assert board.flash.read_bytes() == image.read_bytes()
    boots(board)


def test_without_a_reset_after_a_kill(board, image, rng):
    """Half a request is forgotten: the loader finds the beginning of the next."""
    words = ["--before", "no-reset", "--after", "no-reset", "--no-stub", "write-flash", "-u"]
    with subprocess.Popen(
        command(board.uart0, *words, "0x100000", str(image)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as writing:
        start = board.status()["flash"]["programmed"]
        deadline = time.monotonic() + PATIENCE
        while board.status()["flash"]["programmed"] < start + 3 and writing.poll() is None:
            assert time.monotonic() < deadline
        writing.kill()
    assert "Detected flash size: 4MB" in esptool(board, "--no-stub", "flash-id")


def test_run(board):
    """esptool has the loader start the firmware, without a reset."""
    before = board.status()["boots"]
    esptool(board, "--no-stub", "run")
    board.wait_boot(before + 1)


def test_by_rfc_2217(usb, image, tmp_path):
    """From a running firmware to the new one, with esptool's own resets."""
    url = f"rfc2217://127.0.0.1:{usb.status()['rfc2217']}"
    usb.reset()
    usb.wait("state", equals="running")
    before = usb.status()
    done = subprocess.run(
        command(url, "write-flash", "0", str(image)),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "Hash of data verified." in said, said
    assert "Hard resetting via RTS pin" in said
    usb.wait_boot(before["boots"] + 1)
    assert usb.status()["cause_name"] == "hard"
    mpremote = Path(sys.executable).with_name("mpremote")
    words = [str(mpremote), "connect", url, "eval", "6 * 7"]
    assert subprocess.check_output(words, stdin=subprocess.DEVNULL, timeout=PATIENCE) == b"42\r\n"
    assert usb.status()["state"] == "running", "it has opened the port, and closed it"


@pytest.mark.timeout(1800)
def test_all_of_it_by_the_rom(board, image, tmp_path, counts):
    """The full figure: 4 MiB as they are, and all of them back by 64 bytes at a time."""
    at, size = counts((VFS_AT, 0x2000), (0, image.stat().st_size))
    content = image.read_bytes()[at : at + size]
    piece = tmp_path / "piece.bin"
    piece.write_bytes(content)
    esptool(board, "--no-stub", "write-flash", "--no-compress", "0", str(piece))
    board.download()
    back = tmp_path / "back.bin"
    esptool(board, "--no-stub", "read-flash", "0", hex(size), str(back))
    assert back.read_bytes() == content
