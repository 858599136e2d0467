"""systemd-resolved in a place of a LAN, which asks by LLMNR alone: `python -m
host_tests.lan.resolved FOLDER` runs there until it is ended.
"""

import socket
import subprocess
import sys
from pathlib import Path

from airwire.lan import programs
from host_tests.lan import bus

CONFIG = """[Resolve]
LLMNR=yes
MulticastDNS=no
DNS=
FallbackDNS=
DNSSEC=no
DNSStubListener=no
"""
# In the /run that is its own.
CONFIG_PATH = Path("/run/systemd/resolved.conf.d/test.conf")


def running(lan, place, folder):
    """It in a place; gives the environment for `resolvectl` there."""
    return bus.running(lan, place, __name__, folder)


def main(folder):
    with bus.own(folder), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        CONFIG_PATH.parent.mkdir(parents=True)
        CONFIG_PATH.write_text(CONFIG)
        told.bind(str(folder / "told"))
        env = {**bus.environment(folder), "NOTIFY_SOCKET": str(folder / "told")}
        with subprocess.Popen([programs.find("systemd-resolved")], env=env) as server:
            while "READY=1" not in told.recv(4096).decode().split("\n"):
                pass
            print("ready", flush=True)
            server.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
