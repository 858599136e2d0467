"""The board's WWEP server in a LAN, with nc as client: on the interface that it is told, the
station or the soft-AP, and on no other.
"""

import pytest

from airwire.lan import programs
from host_tests.lan.conftest import running, until
from host_tests.lan.softap import SoftAp
from host_tests.lan.test_softap import busybox

PORT = 27708
SOFTAP = "10.10.10.1"


def ask(lan, place, address, message):
    """What nc gets for a line; None where nobody listens."""
    done = lan.run(
        *(place, "sh", "-c", 'echo "$1" | "$0" nc "$2" "$3"'),
        *(programs.find("busybox"), message, address, str(PORT)),
        timeout=30,
    )
    return done.stdout if done.returncode == 0 else None


@pytest.fixture
def softap(lan, home, flash_image, interpreters):
    with running("i386", lan, home, flash_image) as joined:
        yield SoftAp(lan, joined)


def test_each_interface_by_itself(lan, softap):
    real = softap.joined
    address = real.join()
    softap.up()
    softap.guest()
    busybox(lan, "guest", "ip", "addr", "add", "10.10.10.9/24", "dev", "eth0")
    real.set("wwep.server.interface", "softap")
    real.set("wwep.server.enabled", "1")
    until(lambda: ask(lan, "guest", SOFTAP, "W0FAC0B1234") == "A0FAC0B1234", "the soft-AP's port")
    assert ask(lan, "client", address, "R0FAC0B") is None
    # The registers move with it.
    real.set("wwep.server.interface", "wlan")
    until(lambda: ask(lan, "client", address, "R0FAC0B") == "A0FAC0B1234", "the station's port")
    assert ask(lan, "guest", SOFTAP, "R0FAC0B") is None
    # It goes with its interface and comes again with it.
    softap.console.ok("network_down")
    softap.console.ok("network_up")
    address = softap.console.ok("get network.ip")
    until(lambda: ask(lan, "client", address, "R0FAC0B") == "A0FAC0B1234", "the port again")
