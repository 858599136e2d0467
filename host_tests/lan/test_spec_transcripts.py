"""The transcripts of the specification that need a network: a join with a real DHCP server
(5.2), the announcement to everybody there, and that of the soft-AP (12).
"""

import re
import subprocess
import sys
from contextlib import contextmanager

from host_tests.board.console import Console
from host_tests.board.spec import DATAGRAM, JOIN, announced, play, quietly
from host_tests.lan.conftest import PATIENCE, running, until
from host_tests.lan.softap import SoftAp
from host_tests.lan.test_sockets import LOOK_UP
from host_tests.lan.test_softap import busybox

SSID, PASSKEY = "airwire-wpa2", "correct horse"

# Hears what is sent to everybody, from port 55555 to port 55555, and nothing else.
EAR = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("255.255.255.255", 55555))
print("ready", flush=True)
data, (ip, port) = s.recvfrom(2000)
print(ip, port, data.decode(), flush=True)
"""

SOFTAP_DATAGRAM = '{"mac":"..","version":".."}'


@contextmanager
def ear(lan, place):
    """The address and the text of the first announcement that comes behind the call."""
    words = [sys.executable, "-c", EAR]
    with lan.popen(place, words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"

            def heard():
                ip, port, data = process.stdout.readline().rstrip("\n").split(" ", 2)
                assert port == "55555"
                return ip, data

            yield heard
        finally:
            process.kill()


def test_join(lan, home, flash_image, interpreters):
    """With factory settings but for the network and mDNS."""
    with running("i386", lan, home, flash_image) as real, ear(lan, "client") as heard:
        usb = Console(str(real.board.uart0))
        quietly(
            usb,
            f"set wlan.ssid {SSID}",
            f'set wlan.passkey "{PASSKEY}"',
            "set mdns.name mymodule",
            "set mdns.enabled 1",
        )
        play(usb, JOIN.replace("ackme", SSID))
        (point,) = [p for p in real.board.access_points() if p["ssid"] == SSID]
        here = {
            "B6:B9:8A:62:3C:E9": bytes.fromhex(point["bssid"]).hex(":").upper(),
            "chomperExtreme": SSID,
            '"channel":1': f'"channel":{point["channel"]}',
            "-40": str(point["rssi"]),
        }
        wanted = DATAGRAM
        for there, value in here.items():
            wanted = wanted.replace(there, value)
        ip, data = heard()
        assert re.fullmatch(announced(wanted), data), data
        assert usb.command("get network.ip") == [ip]
        words = [sys.executable, "-c", LOOK_UP, "mymodule.local", "1"]
        until(
            lambda: lan.run("client", *words, timeout=PATIENCE).stdout.split(" ")[0] == ip,
            "the name",
        )
        usb.close()


def test_announcement_of_the_soft_ap(lan, home, flash_image, interpreters):
    with running("i386", lan, home, flash_image) as real:
        real.set("broadcast.interface", "softap")
        real.set("broadcast.data", "mac,version")
        real.set("broadcast.interval", "1")
        softap = SoftAp(lan, real).up()
        softap.guest()
        busybox(lan, "guest", "ip", "addr", "add", "10.10.10.9/24", "dev", "eth0")
        with ear(lan, "guest") as heard:
            ip, data = heard()
        mac, version = real.console.ok("get wlan.mac"), real.console.ok("version")
        assert data == SOFTAP_DATAGRAM.replace("..", mac, 1).replace("..", version)
        assert ip == "10.10.10.1"
