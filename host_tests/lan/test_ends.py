"""However a LAN or a part of it ends, nothing is left: no process, no namespace, no interface. And
what can go on without the part goes on.
"""

import os
import signal
import subprocess
import sys

import pytest

from airwire.board.client import Board
from airwire.lan.client import Lan
from host_tests.lan.conftest import Traces, processes, surroundings, until

# Of a host's own process: a LAN that belongs to it, and word of the keeper.
OWNER = """
import sys, time
from airwire.lan.client import Lan
lan = Lan.up(home=sys.argv[1], owned=True)
print("up", flush=True)
sys.stdin.read()
"""


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def find(traces, word):
    """The one process of a LAN whose command has that word."""
    found = [pid for pid in traces.processes() if word in command_of(pid)]
    found = [pid for pid in found if "airwire.lan.enter" not in command_of(pid)]
    assert len(found) == 1, [command_of(pid) for pid in traces.processes()]
    return found[0]


@pytest.fixture
def busy(lan, radio):
    """A LAN with everything in it: a board that has joined, and a command that runs in the
    client's place and has started another one in the background.
    """
    board = radio()
    board.join()
    board.address()
    script = "import subprocess, sys; subprocess.Popen(['sleep', '4242'], start_new_session=True)"
    with lan.popen("client", [sys.executable, "-c", script]) as starter:
        assert starter.wait() == 0
    waits = [sys.executable, "-c", "print('here', flush=True); input()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with lan.popen("client", waits, **pipes) as running:
        assert running.stdout.readline() == b"here\n"
        traces = Traces(lan)
        assert find(traces, "sleep 4242")
        yield traces, running, board.board
        running.kill()


def test_down_ends_all(lan, busy):
    traces, running, board = busy
    lan.down()
    traces.gone()
    assert not board.is_up()
    assert not lan.is_up()
    assert running.wait() != 0
    assert [path.name for path in lan.directory.iterdir()] == ["lan.log"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_without_its_keeper_nothing_lives(lan, busy, number):
    traces, running, board = busy
    os.kill(lan.status()["keeper"], number)
    traces.gone()
    assert not board.is_up()
    assert running.wait() != 0
    lan.down()
    with Lan.up(home=lan.directory.parent.parent) as again:
        assert again.status()["places"][0]["name"] == "client"


def test_a_killed_board_leaves_its_place(lan, busy, home):
    traces, _, board = busy
    network = os.readlink(f"/proc/{board.status()['supervisor']}/ns/net")
    os.kill(board.status()["supervisor"], signal.SIGKILL)
    until(lambda: "anna" not in str(lan.status()["places"]), "the end of its place")
    until(lambda: not [p for p in traces.processes() if network in _net(p)], "of its firmware")
    settings, entrance = lan.add_board("anna")
    entrance.close()
    assert settings["name"] == "anna"


def _net(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return ""


def test_a_board_that_goes_down_gives_its_place_back(lan, busy):
    *_, board = busy
    assert "anna" in str(lan.status()["places"])
    board.down()
    until(lambda: "anna" not in str(lan.status()["places"]), "the end of its place")


def test_a_killed_dhcp_server_is_replaced(lan, busy, radio):
    traces, *_ = busy
    old = find(traces, "dnsmasq --")
    os.kill(old, signal.SIGKILL)
    until(
        lambda: [p for p in traces.processes() if p != old and "dnsmasq --" in command_of(p)],
        "another one",
    )
    berta = radio("berta")
    berta.join()
    assert berta.address()


def test_a_killed_exec_takes_its_command_along(lan, busy):
    traces, running, _ = busy
    command = find(traces, "print('here', flush=True)")
    running.kill()
    until(lambda: command not in processes(), "the end of the command")


def test_a_lan_ends_with_its_owner(home):
    before = surroundings()
    words = [sys.executable, "-c", OWNER, home]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout.readline() == b"up\n"
        traces = Traces(Lan(home=home))
        owner.kill()
    traces.gone()
    assert surroundings() == before
    assert not Lan(home=home).is_up()


def test_a_board_needs_its_lan(home, flash_image):
    with pytest.raises(Exception, match=r"LAN lan is not up \(airwire lan up lan\)"):
        Board.up("anna", flash=flash_image, home=home, lan="lan")
    assert not (home / "boards" / "anna").exists()
