"""A place of a LAN with a /run of its own and a D-Bus in it, for daemons that want one and write
there: `python -m host_tests.lan.NAME FOLDER` runs there until it is ended.
"""

import os
import subprocess
import sys
from contextlib import contextmanager

from airwire.lan import programs, spaces

CONFIG = """<busconfig>
  <type>system</type>
  <listen>unix:path={bus}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="*"/><allow receive_type="*"/>
    <allow send_destination="*"/>
  </policy>
</busconfig>
"""

# Each asks for a user and a group of its name; in a user namespace of ours there is only one.
USERS = "root:x:0:0::/:/bin/sh\navahi:x:0:0::/:/bin/sh\nsystemd-resolve:x:0:0::/:/bin/sh\n"
GROUPS = "root:x:0:\navahi:x:0:\nsystemd-resolve:x:0:\n"


@contextmanager
def running(lan, place, module, folder):
    """A daemon in a place; gives the environment for its clients there. `module`, run as a
    program, calls own() and says that it is `ready`.
    """
    folder.mkdir()
    words = [sys.executable, "-m", module, folder]
    with lan.popen(place, words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield environment(folder)
        finally:
            process.kill()


def environment(folder):
    return {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder / 'bus'}", "LC_ALL": "C"}


@contextmanager
def own(folder):
    """Where the daemon's program runs: the bus serves, /run is empty, and users are as above."""
    (folder / "bus.conf").write_text(CONFIG.format(bus=folder / "bus"))
    spaces.unshare(spaces.NEW_MOUNTS)
    spaces.keep_mounts_private()
    spaces.mount("none", "/run", "tmpfs")
    for path, text in (("/etc/passwd", USERS), ("/etc/group", GROUPS)):
        cover(folder, path, text)
    bus = programs.find("dbus-daemon")
    words = [bus, f"--config-file={folder / 'bus.conf'}", "--nofork", "--print-address"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # it serves
        try:
            yield
        finally:
            process.kill()


def cover(folder, path, text):
    """Have another text in the place of a file of the machine."""
    new = folder / os.path.basename(path)
    new.write_text(text)
    spaces.cover(path, new)
