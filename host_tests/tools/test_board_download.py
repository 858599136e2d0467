"""Download mode from outside: what brings a board there, what ends it, and the control lines of
its RFC 2217 port. Without esptool, and with the stand-in firmware.
"""

import contextlib
import socket
import time

import pytest
import serial

from airwire import cli
from airwire.board.client import Board
from airwire.errors import UserError

# pyserial's own.
pytestmark = pytest.mark.filterwarnings("ignore:set.*deprecated:DeprecationWarning:serial")

SYNC = b"\xc0\0\x08\x24\0\0\0\0\0\x07\x07\x12\x20" + b"\x55" * 32 + b"\xc0"
WAITING = "waiting for download"
PATIENCE = 20
ANSWER_SECONDS = 2


@pytest.fixture
def console(board, port):
    console = port(board.uart0)
    console.until("boot 1")
    return console


def answers(console):
    """Whether a loader answers on this port."""
    console.send(SYNC)
    return console.read(8 * 14) == bytes.fromhex("c0010804000707122000000000c0") * 8


def test_the_button_at_a_reset(board, console):
    board.hold(0)
    board.reset()
    console.until(WAITING)
    assert answers(console)
    assert board.status()["state"] == "download"
    board.release(0)
    assert answers(console), "it is looked at once"
    board.reset()
    console.until("boot 2")


def test_the_button_at_power_on(board, console):
    board.hold(0)
    board.power_cut()
    console.until(WAITING)
    board.power_cut(stay_off=True)
    board.wait_off()
    board.release(0)
    board.power_on()
    console.until("boot 1")


def test_not_at_other_resets(board, console):
    """The firmware's own reset, a soft one, a watchdog's, the end of a sleep: the chip looks at
    GPIO0 only when all of it is reset.
    """
    board.hold(0)
    for order, cause in (("exit 70", 2), ("exit 71", 5), ("control wdt 1", 3)):
        console.send(order.encode() + b"\n")
        console.until(f"boot {cause}")
    console.send(b"control sleep 1 - 0\nexit 72\n")
    console.until("boot 4")


def test_the_command(board, console, capsys):
    assert cli.main(["board", "download", "--board", "fake"]) == 0
    console.until(WAITING)
    assert board.pad(0) == {}, "released"
    assert cli.main(["board", "status", "fake"]) == 0
    assert "fake, download" in capsys.readouterr().out
    with pytest.raises(UserError, match="not running but download"):
        board.power_cut(after=1)
    assert cli.main(["board", "reset", "--board", "fake"]) == 0
    console.until("boot 2")
    board.hold(0)
    assert cli.main(["board", "reset", "--board", "fake"]) == 0, "it waits for no firmware"
    console.until(WAITING)


def test_ctrl_c_is_a_byte(board, console):
    board.download()
    console.until(WAITING)
    console.send(b"\xc0\0\x0a\x04\0\0\0\0\0\x03\x03\0\0\xc0")
    assert console.read(14) == bytes.fromhex("c0010a0400 00000000 00000000 c0")


def test_the_host_starts_the_firmware(board, console):
    """GPIO0 is not looked at."""
    board.hold(0)
    board.reset()
    console.until(WAITING)
    console.send(b"\xc0\0\x04\x04\0\0\0\0\0\x01\0\0\0\xc0")
    assert console.read(14) == bytes.fromhex("c0010404000000000000000000c0")
    console.until("boot 2")


def test_down_in_download_mode(board, console):
    board.download()
    board.down()
    assert not board.is_up()


# RFC 2217


@pytest.fixture
def remote(home, flash, fake, port):
    with Board.up("far", flash=flash, config=fake, rfc2217=0) as board:
        board.url = f"rfc2217://127.0.0.1:{board.status()['rfc2217']}"
        with serial.serial_for_url(board.url, timeout=PATIENCE) as line:
            line.board = board
            line.write(b"line up\n")  # what came before it was opened is gone
            line.read_until(b"up\r\n")
            yield line


def test_every_byte_passes(remote):
    text = "".join(map(chr, range(32, 256)))  # the stand-in speaks UTF-8, where 0xff is no byte
    remote.write(f"line {text}\n".encode())
    assert remote.read_until(b"\n") == f"line {text}\r\n".encode()
    remote.board.download()
    remote.read_until(WAITING.encode() + b"\r\n")
    request = b"\0\x0b\x18\0\0\0\0\0" + b"\xff" * 24
    for _ in range(3):
        remote.write(b"\xc0" + request + b"\xc0")
        assert remote.read(14) == bytes.fromhex("c0010b040000000000 00000000 c0".replace(" ", ""))


def test_the_control_lines_reset(remote):
    """As esptool pulls them, and as a terminal program does that only opens the port."""
    board = remote.board
    assert board.status()["boots"] == 1, "opening it has reset nothing"
    remote.dtr = False
    remote.rts = True
    board.wait("state", equals="held")
    remote.dtr = True
    remote.rts = False
    assert remote.read_until(WAITING.encode()).endswith(WAITING.encode())
    remote.dtr = False
    assert board.status()["state"] == "download"
    remote.rts = True
    board.wait("state", equals="held")
    remote.rts = False
    remote.read_until(b"boot 2")
    assert board.status()["boots"] == 2


def test_an_unplugged_cable_holds_nothing(remote):
    board = remote.board
    remote.dtr = False
    remote.rts = True
    board.wait("state", equals="held")
    remote.close()
    board.wait_boot(2)


def test_one_client_at_a_time(remote):
    with socket.create_connection(remote.board.url.removeprefix("rfc2217://").split(":")) as other:
        other.settimeout(PATIENCE)
        assert other.recv(1) == b""
    remote.write(b"line still here\n")
    remote.read_until(b"still here")


def again(board):
    """Open the port once more; the board hears of the last one's end a moment later. Behind more
    than the ring holds, a line is lost, as it would be on a chip.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        with (
            contextlib.suppress(serial.SerialException),
            serial.serial_for_url(board.url, timeout=ANSWER_SECONDS) as line,
        ):
            line.write(b"line again\n")
            said = line.read_until(b"again")
            if said.endswith(b"again"):
                return said
        assert time.monotonic() < deadline, "the port stays busy, or the board silent"


def test_the_pty_stays(remote, port):
    """Whoever reads first has it, as with two programs on one serial port."""
    remote.close()
    console = port(remote.board.uart0)
    console.send(b"line by the pty\n")
    console.until("by the pty")
    assert again(remote.board).endswith(b"again")


def test_nonsense_ends_a_client_at_most(remote, rng, counts):
    board = remote.board
    remote.close()
    address = board.url.removeprefix("rfc2217://").split(":")
    starts = (b"\xff\xf0", b"\xff\xfa\x2c\x01\x00\xff\xf0", b"\xff\xfa\xff\xf0", b"")
    for number in range(counts(20, 1000)):
        # Without Ctrl-C, which the firmware of these tests does not survive.
        data = b"\xff" + rng.randbytes(20).replace(b"\x03", b"")
        data = starts[number % len(starts)] + data
        with socket.create_connection(address) as client, contextlib.suppress(ConnectionError):
            client.settimeout(PATIENCE)
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass
    assert again(board).endswith(b"again")
    assert board.status()["state"] in ("running", "restarting", "starting")


def test_what_is_said_of_the_port(home, flash, fake_config, capsys):
    common = ["--config", str(fake_config), "--flash", str(flash)]
    assert cli.main(["board", "up", *common, "--rfc2217"]) == 0
    shown = capsys.readouterr().out
    url = f"rfc2217://127.0.0.1:{Board().status()['rfc2217']}"
    assert f"uart0 by RFC 2217      {url}\n" in shown
    for command in (["board", "list"], ["board", "status"]):
        assert cli.main(command) == 0
        assert url in capsys.readouterr().out
    port = url.rpartition(":")[2]
    assert cli.main(["board", "up", "other", *common, "--rfc2217", port]) == 2
    assert "Address already in use" in capsys.readouterr().err
    assert cli.main(["board", "up", "other", "--rfc2217", "1", "--lan", "lan"]) == 2
    assert "--rfc2217 or --lan" in capsys.readouterr().err


def test_without_it_there_is_none(board):
    assert board.status()["rfc2217"] is None
