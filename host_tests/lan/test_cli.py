"""`airwire lan` as a person types it."""

import subprocess
import sys

import pytest

from airwire import cli
from airwire.lan import programs
from airwire.lan.client import Lan


@pytest.fixture
def airwire(home, monkeypatch, capsys):
    """Runs a command here; returns code, output and errors."""
    monkeypatch.setenv("AIRWIRE_HOME", str(home))

    def run(*words):
        code = cli.main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    yield run
    Lan(home=home).down()


def test_a_day(airwire, home):
    code, out, _ = airwire("lan", "up", "--client", "tim", "--client", "tom")
    assert code == 0
    assert out.startswith("LAN lan is up, 10.23.7.0/24, with ")
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["tim", "10.23.7.2"],
        ["tom", "10.23.7.3"],
    ]
    assert airwire("lan", "up")[0::2] == (2, "airwire: LAN lan is up already\n")
    code, out, _ = airwire("lan", "status")
    assert "tom                  client, 10.23.7.3, 02:0a:17:00:c0:03\n" in out
    assert '"mode":' in airwire("lan", "status", "--json")[1]
    assert airwire("lan", "exec", "nobody", "true")[0::2] == (
        2,
        "airwire: nobody in this LAN is called 'nobody' (there are: router, tim, tom)\n",
    )
    assert airwire("lan", "down") == (0, "", "")
    assert airwire("lan", "down")[0::2] == (2, "airwire: LAN lan is not up\n")
    not_up = "airwire: LAN lan is not up (airwire lan up lan)\n"
    assert airwire("lan", "status")[0::2] == (2, not_up)
    assert airwire("lan", "exec", "tim", "true")[0::2] == (2, not_up)


@pytest.mark.parametrize(
    ("command", "code", "out"),
    [
        (["busybox", "ping", "-c", "1", "router"], 0, "1 packets received"),
        (["busybox", "ping", "-c", "1", "client"], 0, "1 packets received"),
        (["llmnr-query", "--version"], 0, "llmnr-query v"),
        (["sh", "-c", "busybox ping -c 1 router"], 0, "1 packets received"),
        (["sh", "-c", "llmnr-query --version; udhcpc --help"], 0, "Usage: udhcpc"),
        (["sh", "-c", "exit 7"], 7, ""),
        (["sh", "-c", "kill -9 $$"], 137, ""),
        (["sh", "-c", "pwd; echo $AIRWIRE_HOME"], 0, "/"),
        (["no-such-program"], 127, "airwire: no-such-program: No such file or directory"),
    ],
)
def test_exec(lan, home, command, code, out):
    words = [sys.executable, "-m", "airwire", "lan", "exec", "client", *command]
    done = subprocess.run(
        words,
        env={"AIRWIRE_HOME": str(home), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stdout
    assert out in done.stdout


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["up", "a/b"], "bad board name 'a/b'"),
        (["up", "--client", "a b"], "bad name 'a b'"),
        (["up", "--client", "a", "--client", "a"], "two clients have one name"),
        (["exec", "client"], "lan exec wants a command"),
    ],
)
def test_mistakes(airwire, words, error):
    code, out, said = airwire("lan", *words)
    assert (code, out) == (2, "")
    assert said.startswith(f"airwire: {error}")


def test_the_cure_for_missing_programs(airwire, monkeypatch, tmp_path):
    monkeypatch.setattr(programs, "WHERE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert airwire("lan", "up")[0::2] == (
        2,
        "airwire: no dnsmasq is installed; run: make lan\n",
    )
