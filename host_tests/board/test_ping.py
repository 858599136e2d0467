"""Echo requests from the board's side: who answers, and the words for those that do not."""

import re

import pytest

pytestmark = pytest.mark.needs("wifi")

REPLY = re.compile(r"Ping reply in \d{1,3}ms")


def test_ping(board):
    console = board.machine()
    board.configure(console, wlan_ssid=board.wifi[0], wlan_passkey=board.wifi[1])
    # The network is brought up for it.
    assert REPLY.fullmatch(console.ok("ping -g"))
    for host in (board.peer(console), console.ok("get network.gateway")):
        assert REPLY.fullmatch(console.ok(f"ping {host}"))
    for _ in range(12):  # no socket is left open
        assert REPLY.fullmatch(console.ok(f"ping {board.peer(console)}"))
    for words, code in (("", 4), ("-g x", 5), ("a b", 5), ("-x", 6), ("-g -g", 5)):
        assert console.run(f"ping {words}").code == code, words
    reply = console.run("ping nobody.airwire")
    assert (reply.code, reply.text) == (1, b"Name not found")


@pytest.mark.needs("air")
def test_no_way(board):
    console = board.machine()
    board.join(console)
    # In the plain mode nothing is behind the loopback.
    reply = console.run("ping 192.0.2.1")
    assert (reply.code, reply.text) == (1, b"No route to host")
    reply = console.run("ping 255.255.255.255")
    assert (reply.code, reply.text) == (1, b"Not the address of one host")
    console.ok("network_down")
    console.ok("set wlan.ssid nowhere")
    console.ok("set wlan.join.retries 1")
    reply = console.run("ping -g")
    assert (reply.code, reply.text) == (1, b"Network is down")


def test_a_person_sees_the_same(board):
    usb = board.uart0
    usb.sync()
    usb.command(f"set wlan.ssid {board.wifi[0]}")
    usb.command(f'set wlan.passkey "{board.wifi[1]}"')
    usb.command("network_up")
    (shown,) = usb.command("ping -g")
    assert REPLY.fullmatch(shown)
