"""What a command leaves that a signal ends: nothing."""

import os
import signal
import subprocess
import sys
import tty

import pytest

from airwire import cli, deploying, esptool, ports
from host_tests.tools.test_ports import PATIENCE, Pty

# A command on a tree that takes no building.
QUICK = """
import sys
from airwire import cli
from airwire.image import tree
tree.device_files = lambda root: {"boot.py": b""}
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_folder_behind(tmp_path, number):
    port = Pty(tmp_path)
    tty.setraw(port.slave)
    (tmp_path / "tmp").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", QUICK, "deploy", "--port", port.name],
        env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
        stderr=subprocess.PIPE,
    ) as deploy:
        assert port.heard.wait(PATIENCE)
        assert [path.name[:15] for path in (tmp_path / "tmp").iterdir()] == ["airwire-deploy-"]
        deploy.send_signal(number)
        assert deploy.communicate(timeout=PATIENCE)[1] == b""
    assert deploy.returncode == 128 + number
    assert not list((tmp_path / "tmp").iterdir())
    ports.check(port.name)  # mpremote has ended, too


def test_nohup_goes_on(monkeypatch):
    """A signal that is ignored stays so; and without a command nothing is changed."""
    before, other = signal.signal(signal.SIGHUP, signal.SIG_IGN), signal.getsignal(signal.SIGTERM)
    found = []
    monkeypatch.setattr(
        deploying, "_run", lambda args: found.append(signal.getsignal(signal.SIGHUP)) or 0
    )
    try:
        assert cli.main(["deploy"]) == 0
        assert found == [signal.SIG_IGN] == [signal.getsignal(signal.SIGHUP)]
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.getsignal(signal.SIGTERM) is other


@pytest.mark.parametrize("ended", [KeyboardInterrupt, SystemExit])
def test_what_is_ended_starts_no_chip(monkeypatch, ended):
    """It ends at once; esptool is not run once more."""
    run = []
    chip = esptool.Esptool("rfc2217://host:1", 115200)
    monkeypatch.setattr(chip, "_run", lambda *words, **_: run.append(words))
    chip._stopped = True
    with pytest.raises(ended), chip:
        raise ended
    assert not run
