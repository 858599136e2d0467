"""The variables of discovery: what they take, what they tell, and that changing them is safe."""

import time

import pytest

from host_tests.board.backends import Backend
from host_tests.board.console import PATIENCE

pytestmark = pytest.mark.needs("air", "uart1")

BAD_ARGUMENT = 7


def test_names(board: Backend):
    console = board.machine()
    for name in ("airwire-##", "a", "living.room", "#", "x" * 63):
        assert console.ok(f"set mdns.name {name}") == "Set OK"
        assert console.ok("get md n") == name
    for name in ("-a", "a-", "a..b", ".a", "a.", "a_b", '"a b"', "x" * 64, '""', "caf\\xe9"):
        assert console.run(f"set mdns.name {name}").code == BAD_ARGUMENT, name
    reply = console.run("set mdns.name a.local")
    assert (reply.code, reply.text) == (BAD_ARGUMENT, b"without .local, which is appended")
    assert console.ok("get mdns.name") == "x" * 63


def test_services(board):
    console = board.machine()
    service = "http 8080 My%20page path=/;ntp"
    assert console.ok(f'set md s "{service}"') == "Set OK"
    assert console.ok("get mdns.service") == service
    for text, why in (
        ("foo", "the port is missing or wrong"),
        ("http.sctp", "transports are tcp and udp"),
        ("http,http,http,http,http,http", "more than 5 services"),
    ):
        reply = console.run(f'set mdns.service "{text}"')
        assert (reply.code, reply.text.decode()) == (BAD_ARGUMENT, why)
    assert console.ok("get mdns.service") == service
    assert console.ok('set mdns.service ""') == "Set OK"


def test_who_answers(board):
    """The digits of the MAC address, before and after a join, and over a save and a reset."""
    console = board.machine(print_level=2)
    assert console.ok("get mdns.domain") == "" and console.ok("get mdns.responder") == "none"
    board.configure(console, mdns_name="box-####", mdns_enabled=1, mdns_service="http")
    assert console.ok("get mdns.domain") == "" and console.ok("get mdns.responder") == "none"
    board.join(console)
    mac = console.ok("get wlan.mac").replace(":", "").lower()
    domain = f"box-{mac[-4:]}.local"
    assert console.ok("get mdns.domain") == domain
    assert console.ok("get mdns.responder") == "module"
    for _ in range(20):  # each stops the service and starts another
        board.configure(console, mdns_ttl=60)
        board.configure(console, mdns_ttl=120)
    end = time.monotonic() + PATIENCE
    # The last of them may not have begun: each gives back its port to the next.
    while (found := console.run("get mdns.domain")).text != domain.encode():
        assert not found.text and time.monotonic() < end, found
        assert not any(b"Out of memory" in line for line in found.logs), found
    console.ok("network_down")
    assert console.ok("get mdns.domain") == ""
    board.configure(console, mdns_enabled=0)
    assert console.ok("get mdns.responder") == "none"


def test_what_is_refused_changes_nothing(board):
    """The name stays announced as it is: the service does not start again."""
    console = board.machine(print_level=2)
    board.configure(console, mdns_enabled=1)
    board.join(console)
    end = time.monotonic() + PATIENCE
    seen = []  # the last that a service says when it starts
    while not any(b"NetBIOS is off" in line for line in seen):
        assert time.monotonic() < end, seen
        seen += console.run("get mdns.responder").logs
    assert console.ok("get mdns.responder") == "module"
    for line in ('set mdns.name "a b"', "set mdns.service foo", "set mdns.ttl -1"):
        assert console.run(line).code == BAD_ARGUMENT
        for _ in range(20):  # a service that starts says so before many of them
            assert console.run("get mdns.responder").logs == []
