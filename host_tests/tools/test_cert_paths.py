"""Names of files that no file can have, or that lead nowhere: `airwire cert` and `airwire dct` say
so in a line, whichever of their options names one.
"""

import errno
import os
from pathlib import Path

import pytest

from host_tests.tools.cert_command import Command
from host_tests.tools.odd_certs import Made
from host_tests.tools.test_dct_command import blank

# Where it stands for a bad name; the others are good.
CERT = """
new-ca BAD
new-ca new --under BAD
new-ca new --under ca --ca-key BAD
new-ca new --under locked --ca-password-file BAD
new-ca new --key BAD
new-ca new --encrypt --password-file BAD
new-server BAD --ca ca --dns a
new-server new --ca BAD --dns a
new-client BAD --ca ca
new-client new --ca BAD
self-signed BAD --dns a
to-der BAD
to-der ca.pem -o BAD
to-pem BAD
to-pem ca.pem -o BAD
to-pem locked.key -o new --password-file BAD
to-python BAD
to-python ca.pem -o BAD
show BAD
show ca.pem BAD --json
fetch 127.0.0.1:1 -o BAD
fetch 127.0.0.1:1 --chain BAD
"""
DCT = """
new BAD
new BAD --force
add BAD id --ca ca.pem
add t id --cert BAD
add t id --key BAD
add t id --ca BAD
add t id --key locked.key --password-file BAD
set BAD serial 1
unset BAD serial
list BAD
show BAD id
remove BAD id
verify BAD
write BAD --image flash
write t --image BAD
read BAD --image flash
read BAD --image flash --force
read new --image BAD
"""
# These make files that are called as they are told, with an ending.
MAKING = ("new-ca", "new-server", "new-client", "self-signed")
COMMANDS = [("cert", line) for line in CERT.split("\n") if line]
COMMANDS += [("dct", line) for line in DCT.split("\n") if line]

LONG = "x" * 300
SUFFIXES = ("", ".pem", ".key", ".der")
NAMES = {
    "long": LONG,
    "almost too long": LONG[:252],  # and too long with an ending
    "long folder": f"{LONG}/x",
    "in a file": "ca.pem/x",
    "a circle": "circle",
    "a folder": "folder",
    "zero": "a\0b",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All that the good names name."""
    folder = tmp_path_factory.mktemp("paths")
    made = Made("Root", ca=True)
    (folder / "ca.pem").write_bytes(made.pem)
    (folder / "ca.key").write_bytes(made.key_pem)
    (folder / "locked.pem").write_bytes(made.pem)
    (folder / "locked.key").write_bytes(made.key_forms(b"secret")["encrypted"])
    blank(folder / "flash")
    for suffix in SUFFIXES:
        (folder / f"circle{suffix}").symlink_to(f"circle{suffix}")
        (folder / f"folder{suffix}").mkdir()
    return folder


@pytest.fixture
def here(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    if not Path("t").exists():
        Command("dct", capfd)("new", "t")
    return folder


@pytest.mark.parametrize(("tool", "line"), COMMANDS, ids=lambda text: text)
def test_a_bad_name(here, capfd, tool, line):
    command = Command(tool, capfd)
    before = sorted(os.listdir())
    for what, name in NAMES.items():
        words = [name if word == "BAD" else word for word in line.split()]
        if what == "almost too long" and line.split()[0] not in MAKING:
            continue
        command.refused(*words)
    assert sorted(os.listdir()) == before


def test_what_is_said(here, capfd):
    dct, cert = Command("dct", capfd), Command("cert", capfd)
    assert dct.refused("new", LONG) == f"{LONG}: {os.strerror(errno.ENAMETOOLONG)}"
    assert cert.refused("to-der", "ca.pem", "-o", LONG) == f"{LONG}: File name too long"
    assert cert.refused("show", "a\0b") == r"'a\x00b': a file's name has no zero byte"


def test_a_folder_that_others_may_not_look_into(here, capfd, monkeypatch):
    def refused(path, **_):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refused)
    said = Command("cert", capfd).refused("new-ca", "private/x")
    assert said == "private/x.pem: Permission denied"


def test_a_home_of_boards_that_is_none(here, capfd, monkeypatch):
    dct = Command("dct", capfd)
    for home in (LONG, "ca.pem", "circle"):
        monkeypatch.setenv("AIRWIRE_HOME", home)
        for words in (("list",), ("set", "serial", "1"), ("write", "t")):
            dct.refused(*words, "--board", "dev")
        code, out, err = dct.run("list", "--port", LONG)
        assert code and not out and err.count("\n") == 1 and err.startswith("airwire: ")


def test_names_of_the_greatest_length(here, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "x" * 255
    Command("dct", capfd)("new", name)
    Command("dct", capfd)("set", name, "serial", "1")
    assert os.listdir() == [name]


def test_names_that_the_terminal_cannot_show(here, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"a\xff\nb")
    Command("dct", capfd)("new", name)
    cert = Command("cert", capfd)
    cert("new-ca", name, "--name", "Root")
    cert("to-python", f"{name}.pem", "-o", "certs.py")
    assert Path("certs.py").read_text().startswith("# From a??b.pem, by ")
