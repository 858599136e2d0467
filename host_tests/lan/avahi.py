"""Avahi in a place of a LAN, with a D-Bus of its own: `python -m host_tests.lan.avahi FOLDER` runs
there until it is ended. Both write below /run and the folder, and see a /run of their own.
"""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from airwire.lan import programs, spaces

BUS = """<busconfig>
  <type>system</type>
  <listen>unix:path={bus}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="*"/><allow receive_type="*"/>
    <allow send_destination="*"/>
  </policy>
</busconfig>
"""

# It asks for a user and a group of that name; in a user namespace of ours there is only one.
USERS = "root:x:0:0::/:/bin/sh\navahi:x:0:0::/:/bin/sh\n"
GROUPS = "root:x:0:\navahi:x:0:\n"

# The name that it has itself.
HOST = "cellar"
DAEMON = f"""[server]
host-name={HOST}
use-ipv6=no
allow-interfaces=eth0
[publish]
publish-hinfo=no
publish-workstation=no
"""


@contextmanager
def running(lan, place, folder):
    """Avahi in a place; gives the environment for its clients there."""
    folder.mkdir()
    words = [sys.executable, "-m", "host_tests.lan.avahi", folder]
    with lan.popen(place, words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield environment(folder)
        finally:
            process.kill()


def environment(folder):
    return {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder / 'bus'}", "LC_ALL": "C"}


def main(folder):
    (folder / "bus.conf").write_text(BUS.format(bus=folder / "bus"))
    (folder / "daemon.conf").write_text(DAEMON)
    spaces.unshare(spaces.NEW_MOUNTS)
    spaces.keep_mounts_private()
    spaces.mount("none", "/run", "tmpfs")
    for path, text in (("/etc/passwd", USERS), ("/etc/group", GROUPS)):
        own = folder / Path(path).name
        own.write_text(text)
        spaces.cover(path, own)
    bus = programs.find("dbus-daemon")
    words = [bus, f"--config-file={folder / 'bus.conf'}", "--nofork", "--print-address"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # it serves
        try:
            serve(folder)
        finally:
            process.kill()


def serve(folder):
    words = [programs.find("avahi-daemon"), "-f", folder / "daemon.conf"]
    words += ["--no-drop-root", "--no-chroot", "--no-rlimits", "--no-proc-title"]
    pipes = {"env": environment(folder), "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, **pipes) as server:
        for line in server.stderr:
            print(line, end="", file=sys.stderr, flush=True)
            if "startup complete" in line:
                print("ready", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
