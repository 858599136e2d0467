"""What a person gets wrong at `airwire board`: one line, exit code 2, and nothing left behind."""

import pytest

from airwire import cli
from airwire.board.client import Board
from airwire.image import build
from host_tests.tools import stock


@pytest.fixture
def mistake(capsys):
    """Runs `airwire board ...`, which must fail; returns its one line."""

    def run(*words):
        assert cli.main(["board", *map(str, words)]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("airwire: ") and said.err.count("\n") == 1
        return said.err

    return run


def test_an_access_point_keeps_its_name(board, mistake):
    for change in ("ssid=new", "self=1", "=1", "changes=2"):
        key = change.partition("=")[0]
        said = mistake("ap", "airwire-wpa2", change, "--board", board.name)
        assert said.startswith(f"airwire: {key}: no such key (known: security, ")


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "-1", "3601"])
def test_a_press_has_a_length(board, mistake, seconds):
    said = mistake("press", 0, f"--hold={seconds}", "--board", board.name)
    assert said == f"airwire: hold is 0 to 3600 s, not {float(seconds):g}\n"
    assert board.status()["state"] == "running"


def test_a_jumper_has_two_ends(board, mistake):
    name = ("--board", board.name)
    for gpios in ("12", "12-", "12-x", "a-b"):
        said = mistake("jumper", gpios, *name)
        assert said == f"airwire: a jumper joins two GPIO numbers, as 12-14, not {gpios!r}\n"
    assert mistake("jumper", "12-40", *name) == "airwire: no GPIO 40: 0 to 39\n"
    said = mistake("jumper", "12-12", *name)
    assert said == "airwire: a jumper joins two GPIOs, not 12 with itself\n"
    board.jumper(12, 14)
    board.jumper(14, 12)  # it is there
    said = mistake("jumper", "14-15", *name)
    assert said == "airwire: GPIO 14 is joined to GPIO 12\n"
    said = mistake("jumper", "12-15", "--off", *name)
    assert said == "airwire: no jumper joins GPIO 12 and 15\n"
    assert (board.pad(12)["jumper"], board.pad(14)["jumper"], board.pad(15)) == (14, 12, {})
    board.jumper(14, 12, False)
    assert (board.pad(12), board.pad(14)) == ({}, {})


COMMANDS = (
    "up",
    "status",
    "press 0",
    "led",
    "pin 4",
    "jumper 4-5",
    "reset",
    "power-cut",
    "power-on",
    "ap",
    "list",
    "down",
    "down --all",
    "delete board",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_home_that_is_a_file(mistake, monkeypatch, tmp_path, fake_config, command):
    monkeypatch.setenv("AIRWIRE_HOME", str(fake_config))
    options = ("--config", fake_config) if command == "up" else ()
    said = mistake(*command.split(), *options)
    assert str(fake_config) in said and "Not a directory" in said


def test_homes_that_cannot_be(mistake, monkeypatch, fake_config):
    for home, why in (("/proc/x", "No such file"), ("/" + "x" * 300, "File name too long")):
        monkeypatch.setenv("AIRWIRE_HOME", home)
        assert why in mistake("up", "--config", fake_config)
        assert mistake("status")
        assert mistake("delete", "board")


def test_flash_that_is_none(home, tmp_path, mistake):
    image = tmp_path / "some.bin"
    whole = build.build_image(stock.sample_tree(tmp_path / "tree"))
    for content, why in (
        (b"hello", "partition"),
        (whole + b"x", "too large"),
        (whole[:-4096], "truncated"),
        (b"\xff" * len(whole), "partition"),
    ):
        image.write_bytes(content)
        said = mistake("up", "x", "--flash", image)
        assert str(image) in said and why in said
        assert not home.exists()
    assert "No such file" in mistake("up", "x", "--flash", tmp_path / "none.bin")
    assert "Is a directory" in mistake("up", "x", "--flash", tmp_path)
    assert not home.exists()


def test_a_failed_start_spares_other_boards(home, flash, fake, fake_config, mistake):
    with Board.up("one", flash=flash, config=fake):
        mistake("up", "two", "--config", fake_config, "--flash", flash.with_name("none"))
        assert [path.name for path in (home / "boards").iterdir()] == ["one"]


def test_delete(home, flash, fake, mistake):
    board = Board.up("gone", flash=flash, config=fake)
    assert "board gone is up (airwire board down gone)" in mistake("delete", "gone")
    assert board.status()["state"] == "running"
    board.down()
    assert cli.main(["board", "delete", "gone"]) == 0
    assert not board.directory.exists()
    assert "no board gone" in mistake("delete", "gone")
    assert "bad board name" in mistake("delete", "..")
