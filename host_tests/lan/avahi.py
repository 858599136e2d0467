"""Avahi in a place of a LAN: `python -m host_tests.lan.avahi FOLDER` runs there until it ends."""

import subprocess
import sys
from pathlib import Path

from airwire.lan import programs
from host_tests.lan import bus

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


def running(lan, place, folder):
    """Avahi in a place; gives the environment for its clients there."""
    return bus.running(lan, place, __name__, folder)


def main(folder):
    (folder / "daemon.conf").write_text(DAEMON)
    with bus.own(folder):
        serve(folder)


def serve(folder):
    words = [programs.find("avahi-daemon"), "-f", folder / "daemon.conf"]
    words += ["--no-drop-root", "--no-chroot", "--no-rlimits", "--no-proc-title"]
    pipes = {"env": bus.environment(folder), "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, **pipes) as server:
        for line in server.stderr:
            print(line, end="", file=sys.stderr, flush=True)
            if "startup complete" in line:
                print("ready", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
