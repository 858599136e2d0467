"""A board's life through the command line as a user has it, and through `Board`: up, resets,
power, kill -9, down.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from airwire import cli
from airwire.board import paths
from airwire.board.client import Board
from airwire.errors import UserError


@pytest.fixture
def airwire(capsys):
    """Runs `airwire board ...`; its standard output, or its one line of error."""

    def run(*words, code=0):
        assert cli.main(["board", *map(str, words)]) == code
        said = capsys.readouterr()
        if code:
            assert said.out == ""
            assert said.err.startswith("airwire: ") and said.err.count("\n") == 1
            return said.err
        assert said.err == ""
        return said.out

    return run


def test_commands_are_processes_of_their_own(home, flash, fake_config):
    def shell(*words):
        command = [sys.executable, "-m", "airwire", "board", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    up = shell("up", "shelly", "--config", str(fake_config), "--flash", str(flash))
    assert (up.returncode, up.stderr) == (0, "")
    shell("press", "0", "--board", "shelly")
    assert shell("led", "--board", "shelly").stdout == "1\n"
    command = [sys.executable, "-m", "airwire", "board", "status", "shelly"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as unread:
        unread.stdout.close()
        assert unread.stderr.read() == b""
    assert unread.returncode == 141
    assert shell("down", "shelly").returncode == 0
    assert shell("down", "shelly").returncode == 2


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(*pids):
    deadline = time.monotonic() + 10
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline, pids
    return True


def test_a_users_session(airwire, home, flash, fake_config):
    said = airwire("up", "--config", fake_config, "--flash", flash)
    assert "board board is up at 127.0.0." in said
    assert str(home / "boards/board/uart1") in said
    assert "is up already" in airwire("up", "--config", fake_config, code=2)

    status = json.loads(airwire("status", "--json"))
    assert (status["state"], status["boots"], status["cause_name"]) == ("running", 1, "power-on")
    assert "booted 1 times, 0 panics" in airwire("status")
    assert "wlan      idle, not joined, no address\n" in airwire("status")

    assert airwire("led") == "0\n"
    airwire("press", 0, "--hold", 0.01)
    assert airwire("led") == "1\n"
    assert "no button" in airwire("press", 7, code=2)

    assert airwire("pin", 4) == "1\n"  # pulled up
    airwire("pin", 4, 0)
    assert airwire("pin", 4) == "0\n"
    airwire("pin", 4, "z")
    assert airwire("pin", 4) == "1\n"
    assert airwire("pin", 30) == "z\n"
    assert "no GPIO" in airwire("pin", 40, code=2)

    airwire("reset")
    assert Board().wait_boot(2) == 2
    assert airwire("led") == "0\n"
    airwire("power-cut")
    assert Board().wait_boot(3) == 3
    assert json.loads(airwire("status", "--json"))["cause_name"] == "power-on"
    airwire("power-cut", "--stay-off")
    assert json.loads(airwire("status", "--json"))["state"] == "off"
    assert "the board is off" in airwire("reset", code=2)
    airwire("power-on")
    assert Board().wait_boot(4) == 4
    assert "--torn needs --after" in airwire("power-cut", "--torn", code=2)

    assert "airwire-gone         wpa2      channel  3  absent" in airwire("ap")
    assert "-70 dBm" in airwire("ap", "airwire-gone", "present=true", "rssi=-70")
    assert "no access point" in airwire("ap", "elsewhere", code=2)
    assert "rssi: 'x' is not a number" in airwire("ap", "airwire-gone", "rssi=x", code=2)
    assert airwire("list").split() == ["board", "running", status["ip"]]

    pids = [Board().status()[key] for key in ("pid", "supervisor")]
    airwire("down")
    assert gone(*pids)
    left = sorted(path.name for path in (home / "boards/board").iterdir())
    assert left == ["board.log", "flash.bin"]
    assert airwire("list").split() == ["board", "down"]
    for words in (["down"], ["led"], ["status", "--json"]):
        assert "board board is not up" in airwire(*words, code=2)


def test_names_and_files_that_cannot_be(airwire, home, fake_config, tmp_path):
    assert "bad board name" in airwire("up", "../x", code=2)
    missing = tmp_path / "missing.bin"
    said = airwire("up", "--config", fake_config, "--flash", missing, code=2)
    assert f"{missing}: No such file" in said
    assert "--arch mips" in airwire("up", "--arch", "mips", code=2)
    assert "--heap" in airwire("up", "--heap", "big", code=2)


def test_a_boards_name_alone_or_as_an_option(airwire, home, flash, fake_config):
    words = ("--config", fake_config, "--flash", flash)
    for up, others in ((("one",), ("--board", "one")), (("--board", "one"), ("one",))):
        assert "board one is up" in airwire("up", *up, *words)
        assert "one, running" in airwire("status", *others)
        assert json.loads(airwire("status", "--json", *up))["name"] == "one"
        airwire("led", "--board", "one")
        both = airwire("status", "one", "--board", "two", code=2)
        assert both.endswith("one board at a time: one or --board two\n")
        assert "which board?" in airwire("delete", code=2)
        assert "board one is up" in airwire("delete", *up, code=2)
        airwire("down", *others)
        airwire("delete", *up)
        assert airwire("list") == ""


def test_down_all(airwire, home, flash, fake_config):
    for name in ("one", "two"):
        airwire("up", name, "--config", fake_config, "--flash", flash)
    airwire("down", "--all")
    assert airwire("list").split() == ["one", "down", "two", "down"]
    airwire("down", "--all")


def test_boards_side_by_side(home, flash, fake, port):
    boards = [Board.up(f"b{i}", flash=flash, config=fake) for i in range(4)]
    addresses = [board.status()["ip"] for board in boards]
    assert len(set(addresses)) == 4
    assert len({board.status()["mac"] for board in boards}) == 4
    boards[2].press(0, hold=0)
    assert [board.led() for board in boards] == [0, 0, 1, 0]
    for board, address in zip(boards, addresses, strict=True):
        assert address in port(board.uart0).until("boot 1")
    for board in boards:
        board.down()


def test_address_of_ones_own(home, flash, fake):
    fake["board"]["address"] = 201
    with Board.up("a", flash=flash, config=fake) as board:
        assert board.status()["ip"] == "127.0.0.201"
        with pytest.raises(UserError, match=r"127\.0\.0\.201 is taken by another board"):
            Board.up("b", flash=flash, config=fake)


def test_flash_is_kept(home, flash, fake, tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(b"other")
    worn = paths.board_directory("f") / paths.FLASH_COUNTERS
    Board.up("f", flash=flash, config=fake).down()
    worn.write_bytes(bytes(range(1, 29)))
    with Board.up("f", config=fake) as board:
        assert board.flash.read_bytes() == flash.read_bytes()
        assert board.status()["flash"]["erased"] == 0x0807060504030201
        assert board.status()["flash"]["most_worn"] == 0x1C1B1A19
    Board.up("f", flash=other, keep=True, config=fake).down()
    assert board.flash.read_bytes() == flash.read_bytes()
    Board.up("f", flash=other, config=fake).down()
    assert board.flash.read_bytes() == b"other"
    assert not worn.exists()


@pytest.mark.parametrize(
    ("code", "cause"), [(70, 2), (71, 5), (1, 2)], ids=["reset", "soft", "panic"]
)
def test_exits(board, port, code, cause):
    console = port(board.uart0)
    console.send(b"exit %d\n" % code)
    console.until(f"boot {cause} ")
    assert board.status()["cause"] == cause
    assert board.status()["panics"] == (code not in (70, 71))


@pytest.mark.parametrize(("line", "pin"), [(b"sleep 50 - 0", None), (b"sleep - 4 0", 4)])
def test_deep_sleep_ends_by_time_or_pin(board, port, line, pin):
    console = port(board.uart0)
    console.send(b"control %s\nexit 72\n" % line)
    if pin is not None:
        board.wait("state", equals="asleep")
        board.pin(pin, 1)
        assert board.status()["state"] == "asleep"
        board.pin(pin, 0)
    console.until("boot 4 ")
    assert board.status()["panics"] == 0


# What the firmware is told of its soft-AP at a start.
SOFTAP = "ap 0 1 192.168.4.1 255.255.255.0 192.168.4.1 0.0.0.0"


def test_soft_reset_keeps_radio_and_pins(airwire, board, port):
    console = port(board.uart0)
    join = b"control wlan-active 1\ncontrol wlan-connect %s - -\n" % b"airwire-open".hex().encode()
    console.send(join)
    board.wait("wlan", equals=1010)
    assert f"wlan      joined, airwire-open, {board.status()['ip']}\n" in airwire("status", "fake")
    board.pin(13, 0)
    console.send(b"exit 71\n")
    console.until("boot 5")
    ip = board.status()["ip"]
    gateway = ip.replace("127.0.0", "127.0.1")
    assert console.line("lines") == (
        f"pin 13 0; {SOFTAP}; wlan 1010 1 -48 {ip} 255.0.0.0 {gateway} {gateway} 1 1"
    )
    console.send(b"exit 70\n")
    console.until("boot 2")
    assert console.line("lines") == f"pin 13 0; {SOFTAP}; wlan 1000 0 0 - - - - 0"


def test_panics_end_somewhere(board, port):
    console = port(board.uart0)
    for boot in range(1, 10):
        board.wait_boot(boot)
        console.send(b"exit 3\n")
    board.wait_boot(10)
    console.send(b"line out of luck\nexit 3\n")
    board.wait_off()
    status = board.status()
    assert (status["panics"], status["starts"], status["pid"]) == (10, 10, None)
    log = board.log.read_text()
    assert "10 panics in 10 s: the board stays off" in log
    assert "line out of luck" in log  # its last words
    board.power_on()
    board.wait_boot(11)


def test_firmware_that_never_starts(home, flash):
    command = [sys.executable, "-c", "import sys; sys.exit('no such luck')"]
    with pytest.raises(UserError) as caught:
        Board.up("x", flash=flash, config={"board": {"command": command}})
    said = caught.value.message
    assert "does not start: panic (exit code 1)" in said
    assert said.endswith("its last words: no such luck")
    assert not Board("x").is_up()
    with pytest.raises(UserError, match="exit code 127.*cannot run /does/not/exist"):
        Board.up("x", flash=flash, config={"board": {"command": ["/does/not/exist"]}})
    assert not home.exists()


def test_a_failed_start_leaves_a_board_that_was_there(home, flash, fake):
    Board.up("x", flash=flash, config=fake).down()
    command = [sys.executable, "-c", "import sys; sys.exit('no such luck')"]
    with pytest.raises(UserError):
        Board.up("x", config={"board": {"command": command}})
    assert "no such luck" in Board("x").log.read_text()
    assert Board("x").flash.read_bytes() == flash.read_bytes()


def test_an_owned_board_ends_with_its_owner(home, flash, fake_config):
    program = (
        "import sys; from airwire.board.client import Board;"
        "Board.up('own', flash=sys.argv[1], config=sys.argv[2], owned=True); input()"
    )
    command = [sys.executable, "-c", program, str(flash), str(fake_config)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as owner:
        deadline = time.monotonic() + 20
        while not Board("own").is_up() or not Board("own").status()["boots"]:
            assert time.monotonic() < deadline
        status = Board("own").status()
        owner.kill()
    assert gone(status["supervisor"], status["pid"])
    assert not home.exists()


def test_watchdog(board, port):
    console = port(board.uart0)
    start = time.monotonic()
    for _ in range(5):
        console.send(b"control wdt 300\n")
    console.until("boot 3")
    assert time.monotonic() - start >= 0.29
    assert "watchdog expired" in board.log.read_text()
    console.send(b"control wdt 60000\ncontrol wdt 100\n")  # a shorter feed counts at once
    board.wait_boot(3, timeout=5)


def test_watchdog_that_is_fed(board, port):
    console = port(board.uart0)
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        console.send(b"control wdt 500\nline fed\n")
        console.until("line fed")
    assert board.status()["boots"] == 1


def test_power_cut_erases_rtc_memory(board, port):
    console = port(board.uart0)
    console.until("boot 1")
    board.reset()
    console.until("boot 2")
    assert (board.directory / paths.RTC_MEMORY).exists()
    board.power_cut()
    assert "boot 1" in console.line()  # not: rtc memory survived a power cut


def test_power_cut_within_a_flash_operation(board, port):
    console = port(board.uart0)
    console.until("boot 1")
    board.power_cut(after=3, torn=True)  # the stand-in reports the death of its flash at once
    assert board.wait("cuts", at_least=1) == 1
    board.wait_boot(2)
    assert board.status()["cause_name"] == "power-on"
    board.power_cut(after=1, stay_off=True)
    board.wait_off()
    with pytest.raises(UserError, match="the first is 1"):
        board.power_cut(after=0)
    with pytest.raises(UserError, match="not running but off"):
        board.power_cut(after=1)


def test_bounce_and_edges(board, port):
    console = port(board.uart0)
    console.until("boot 1")
    board.press(0, hold=0.01, bounce=7)  # eight edges: it ends where it should
    lines = console.line("lines").split("; ")
    assert lines[2:] == [
        "pin 0 0",
        *["pin 0 z", "pin 0 0"] * 4,
        *["pin 0 z", "pin 0 0"] * 4,
        "pin 0 z",
    ]
    assert board.wait("edges 2", at_least=9) == 9
    assert board.pin(0) == 1


def test_waits_wait_and_give_up(board):
    timer = threading.Timer(0.05, board.pin, (5, 1))
    timer.start()
    board.wait_pin(5, 1)
    timer.join()
    start = time.monotonic()
    with pytest.raises(UserError, match="pin 5 is 1 after 0.05 s, not 0"):
        board.wait_pin(5, 0, timeout=0.05)
    assert time.monotonic() - start < 5
    with pytest.raises(UserError, match="nothing to wait for"):
        board.wait("weather", equals=1, timeout=1)


def test_control_socket_takes_nonsense(board):
    board.wait_pin(4, 1)  # pulled up soon after the start
    with board._connect() as connection:
        stream = connection.makefile("rwb")
        for line in (
            b"hello",
            b"[1]",
            b'{"op": "fly"}',
            b'{"op": "pin"}',
            b'{"op": "pin", "number": "x"}',
        ):
            stream.write(line + b"\n")
            stream.flush()
            reply = json.loads(stream.readline())
            assert not reply["ok"] and reply["error"]
        stream.write(b'{"op": "pin", "number": 4}\n')
        stream.flush()
        assert json.loads(stream.readline()) == {"ok": True, "result": 1}


def test_firmware_that_talks_nonsense(board, port):
    console = port(board.uart0)
    for line in ("gibberish", "out", "out 99 1", "in 3 sideways", "uart 1 1 1 1 1 1 1", "wdt x"):
        console.send(f"control {line}\n".encode())
    console.send(b"line still here\n")
    console.until("line still here")
    log = board.log.read_text()
    assert log.count("control line") == 6
    assert board.status()["boots"] == 1


def test_killed_supervisor_takes_the_firmware_along(home, flash, fake):
    board = Board.up("k", flash=flash, config=fake)
    status = board.status()
    os.kill(status["supervisor"], signal.SIGKILL)
    assert gone(status["supervisor"], status["pid"])
    assert board.uart0.is_symlink()  # stale
    with pytest.raises(UserError, match="is not up"):
        board.status()
    with Board.up("k", config=fake) as board:
        assert board.status()["boots"] == 1
    assert not board.uart0.is_symlink()


def test_terminated_supervisor_cleans_up(home, flash, fake):
    board = Board.up("t", flash=flash, config=fake)
    status = board.status()
    os.kill(status["supervisor"], signal.SIGTERM)
    assert gone(status["supervisor"], status["pid"])
    assert sorted(path.name for path in board.directory.iterdir()) == ["board.log", "flash.bin"]
    assert board.directory.stat().st_mode & 0o777 == 0o700  # keys lie in its flash


def test_long_paths(tmp_path, flash, fake):
    home = tmp_path / ("long" * 30) / ("longer" * 20)
    with Board.up("p", flash=flash, config=fake, home=home) as board:
        assert board.status()["state"] == "running"
