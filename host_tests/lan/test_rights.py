"""Where a machine allows no user namespaces root's rights do, and where neither works one line
says so. A user namespace with limits of its own plays such a machine.
"""

import subprocess
import sys

import pytest

from airwire.lan import spaces

# Root of a machine that allows so many user and network namespaces, and what it then runs.
MACHINE = """
import os, sys
from airwire.lan import spaces
spaces.unshare(spaces.NEW_USER)
for name, text in (("setgroups", "deny"), ("uid_map", "0 %d 1"), ("gid_map", "0 %d 1")):
    with open("/proc/self/" + name, "w") as file:
        file.write(text % 0 if "%" in text else text)
for kind, limit in zip(("user", "net"), sys.argv[1:3]):
    with open(f"/proc/sys/user/max_{kind}_namespaces", "w") as file:
        file.write(limit)
os.execv(sys.executable, [sys.executable, "-c", *sys.argv[3:]])
"""

USE = """
import sys
from airwire.lan import programs
from airwire.lan.client import Lan
busybox = programs.find("busybox")
with Lan.up(home=sys.argv[1]) as lan:
    print(lan.status()["mode"])
    print(lan.run("client", busybox, "ping", "-c", "1", "router").returncode)
    lan.add_client("guest", address=False)
    words = "udhcpc -i eth0 -n -q -s /bin/true".split()
    print(lan.run("guest", busybox, *words).returncode)
print(lan.is_up())
"""


@pytest.fixture
def machine(home):
    """Runs the script above on a machine with such limits."""

    def run(users, networks):
        words = [sys.executable, "-c", MACHINE, str(users), str(networks), USE, home / "there"]
        return subprocess.run(words, capture_output=True, text=True, timeout=60)

    try:
        subprocess.run([sys.executable, "-c", MACHINE, "9", "9", ""], check=True)
    except subprocess.CalledProcessError:
        # Justified: a container may forbid them, and whoever works in one shall be able to run
        # all other tests, which then take the way with root's rights.
        pytest.skip(
            "this machine allows no user namespaces: all tests here run with root's rights"
        )
    return run


def test_a_user_namespace_is_preferred(lan, machine):
    assert lan.status()["mode"] == "user"
    done = machine(9, 9)
    assert done.stdout.split() == ["user", "0", "0", "False"], done.stderr


def test_root_needs_none(machine):
    done = machine(0, 9)
    assert done.stdout.split() == ["root", "0", "0", "False"], done.stderr


def test_neither_is_said(machine):
    done = machine(0, 0)
    assert done.stdout == ""
    assert (
        "LAN lan did not start: this machine has no LAN mode: it allows no user namespaces (their"
        " number is limited, see /proc/sys/user), and network namespaces without one need root"
    ) in done.stderr


def test_without_rights(monkeypatch):
    monkeypatch.setattr(spaces, "unshare", _refuse)
    with pytest.raises(Exception, match=r"\(operation not permitted\), and .* need root"):
        spaces.separate()


def _refuse(flags):
    raise PermissionError(1, "Operation not permitted")
