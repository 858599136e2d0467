"""The self-test by a program and by `airwire selftest`."""

import json

import pytest

from airwire import cli
from airwire.client import CommandFailed, InvalidArgument, Module, PartResult, UnknownOption

ALWAYS = ["flash", "files", "dct", "ram", "loop", "wifi"]


def test_a_program(module, board):
    """Typed rows, failures among them; what cannot be tested is refused."""
    found = module.selftest()
    assert [row.part for row in found] == ALWAYS
    # The loop is late where this machine is busy.
    assert {row.result for row in found if row.part != "loop"} == {"pass"}
    rows = {row.part: row for row in found}
    assert rows["wifi"] == PartResult("wifi", "pass", -48, "dBm", "is the best of 4 networks")
    assert (rows["dct"].figure, rows["dct"].unit) == (0, None)
    board.jumper(18, 19)
    assert [row.result for row in module.selftest("18-19", "19-21", "dct")] == [
        *("pass", "fail", "pass")
    ]
    board.jumper(18, 19, False)
    with pytest.raises(UnknownOption):
        module.selftest("dct", "brains")
    with pytest.raises(InvalidArgument, match="GPIO 34 can only be an input"):
        module.selftest("34-35")
    with pytest.raises(CommandFailed, match="UART1 is where this command came from"):
        module.selftest("uart")


@pytest.fixture
def run(board, capsys):
    """Runs `airwire selftest board:client/uart1 ...`; (exit code, output, errors)."""

    def call(*words):
        code = cli.main(["selftest", "board:client/uart1", *words])
        return code, *capsys.readouterr()

    return call


def test_the_command(run):
    assert run("dct") == (0, "dct      pass  0            entries; copies: erased, erased\n", "")
    code, out, errors = run("dct", "18-19", "--json")
    assert (code, errors) == (1, "")
    assert json.loads(out) == [
        {
            "part": "dct",
            "result": "pass",
            "figure": 0,
            "unit": None,
            "text": "entries; copies: erased, erased",
        },
        {
            "part": "18-19",
            "result": "fail",
            "figure": 0,
            "unit": None,
            "text": "GPIO 19 does not follow GPIO 18 to 0",
        },
    ]


def test_by_rfc_2217(board, url, capsys):
    """The board goes on: no control line has reset it or pressed its button."""
    presses, boots = board.status()["pins"], board.status()["boots"]
    assert cli.main(["selftest", url, "dct", "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["part"], row["result"]) == ("dct", "pass")
    assert (board.status()["pins"], board.status()["boots"]) == (presses, boots)


def test_mistakes(run, capsys):
    code, out, errors = run("brains")
    assert (code, out) == (2, "")
    assert errors == "airwire: selftest brains: Unknown option (code 6)\n"
    assert cli.main(["selftest", "board:nobody"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_it_leaves_the_mode_of_the_console(board, run):
    """A person's console is one again afterwards."""
    with Module("board:client/uart1") as module:
        module.set("system.cmd.mode", "machine")
    assert run("dct")[0] == 0
    with Module("board:client/uart1", restore=True) as module:
        assert module.get("system.cmd.mode") == "machine"
