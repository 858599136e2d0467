"""The status announcement on the soft-AP: its clients hear it, and nobody else."""

import json
import subprocess
import sys

import pytest

from host_tests.lan.conftest import running
from host_tests.lan.softap import SoftAp
from host_tests.lan.test_beacon import TIMES
from host_tests.lan.test_softap import busybox


@pytest.mark.parametrize("both", (False, True), ids=("alone", "beside the station"))
def test_clients_hear_it(lan, home, flash_image, interpreters, both):
    with running("i386", lan, home, flash_image) as real:
        if both:
            real.join()
        real.set("broadcast.interface", "softap")
        real.set("broadcast.interval", "1")
        softap = SoftAp(lan, real).up()
        softap.guest()
        busybox(lan, "guest", "ip", "addr", "add", "10.10.10.9/24", "dev", "eth0")
        words = [sys.executable, "-c", TIMES]
        ears = [
            lan.popen(name, words, stdout=subprocess.PIPE, text=True)
            for name in ("guest", "client")
        ]
        for ear in ears:
            assert ear.stdout.readline() == "ready\n"
        for _ in range(2):
            _, ip, port, data = ears[0].stdout.readline().split(" ", 3)
            assert (ip, port) == ("10.10.10.1", "55555")
            # What belongs to the station's network is left out.
            assert list(json.loads(data)) == [
                *("mac", "remote_terminal_port", "time", "version", "uuid")
            ]
        for ear in ears:
            ear.kill()
        assert ears[1].communicate()[0] == ""
        ears[0].communicate()
