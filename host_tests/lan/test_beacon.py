"""The status announcement on a real network: a broadcast that every client hears, with the factory
settings alone.
"""

import json
import subprocess
import sys

from host_tests.lan.conftest import WIFI, running

TIMES = """
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 55555))
print("ready", flush=True)
while True:
    data, sender = s.recvfrom(2000)
    print(time.monotonic(), *sender, data.decode(), flush=True)
"""


def test_every_client_hears_it(lan, home, flash_image, interpreters):
    lan.add_client("other")
    words = [sys.executable, "-c", TIMES]
    with running("amd64", lan, home, flash_image) as real:
        ears = []
        for name in ("client", "other"):
            ears.append(lan.popen(name, words, stdout=subprocess.PIPE, text=True))
        for ear in ears:
            assert ear.stdout.readline() == "ready\n"
        real.set("broadcast.interval", "2")
        ip = real.join()
        heard = [[ear.stdout.readline().split(" ", 3) for _ in range(3)] for ear in ears]
        for ear in ears:
            ear.kill()
            ear.wait()
        for rows in heard:
            assert [row[1:3] for row in rows] == [[ip, "55555"]] * 3
            values = json.loads(rows[0][3])
            assert (values["ip"], values["ssid"]) == (ip, WIFI)
            assert abs(float(rows[2][0]) - float(rows[0][0]) - 4) < 0.4
