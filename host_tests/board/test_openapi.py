"""The OpenAPI document that a board serves, and the board by it: schemathesis makes requests of
it, and says whether the answers are what it promises.
"""

import gzip
import json
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import checks

from airwire import project
from airwire.openapi import document
from host_tests.board import peers, web
from host_tests.board.console import PATIENCE
from host_tests.board.watched import watched
from host_tests.conftest import runnable

# These end the board, or its network, for good.
LEFT_OUT = ("reboot", "factory_reset", "format_flash", "sleep", "network_down")
# These may take the network, the server or its port away: an answer need not arrive. All others
# have to give one.
CUTTING = (
    *("load", "network_restart", "network_up", "network_verify", "set", "setup", "post_command"),
)
# These take seconds each time.
SLOW = ("mdns_discover", "ping", "selftest", "network_verify", "network_restart")
# In the first round most is loaded that they need, in the second what its few examples did not ask
# for: once. What leaks grows in each.
ROUNDS = 3
# What commands keep that were carried out: files, GPIOs.
MOST_GROWN = 2048
# A chip's room, 208 KB with the shims, where words are twice as long: the examples leave streams
# and servers open, and what finds no memory is answered with 503.
HEAP = "416K"
SETTINGS = {
    "wlan.ssid": "airwire-open",
    "wlan.passkey": "",
    "http.server.port": web.PORT,
    "http.server.enabled": 1,
}
# All but whether the board could carry out what is right by the document.
ALWAYS = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)


class Served:
    """A board that serves, and another one when a command has ended that."""

    def __init__(self, image: Path) -> None:
        self._image = image
        self._watch = ExitStack()
        self.address = ""

    def start(self) -> None:
        """A new board, with its settings saved."""
        self.retire()
        self.board = board = self._watch.enter_context(watched(self._image, "amd64", heap=HEAP))
        console = board.machine()
        for name, value in SETTINGS.items():
            console.ok(f'set {name} "{value}"')
        console.ok("save")
        console.ok("network_up")
        self.address = console.ok("get network.ip")
        end = time.monotonic() + PATIENCE
        while not self.answers():
            assert time.monotonic() < end, "the server does not answer"

    def retire(self) -> None:
        """No more of the board that there is, which has had neither a crash nor a fault."""
        self._watch.close()

    def answers(self) -> bool:
        try:
            return self.ask("version")["code"] == 0
        except OSError:
            return False

    def ask(self, line: str) -> dict:
        with web.connection(self.address) as client:
            return web.command(client, line)

    def settled(self) -> int:
        """Bytes of the heap in use with the same few commands loaded."""
        servers = [f"{kind}_server stop" for kind in ("tcp", "tls", "udp")]
        for line in (*servers, "stream_close all", "version", "ls", "help"):
            self.ask(line)
        assert self.ask("faults_print")["response"] == "! 0 faults\r\n"
        return int(self.ask("get system.memory.used")["response"])


@pytest.fixture(scope="module")
def served(flash_image, interpreters):
    runnable("amd64", interpreters)
    served = Served(flash_image)
    try:
        served.start()
        yield served
    finally:
        served.retire()


def test_the_document(served):
    """The board serves what the tools make, to any client."""
    for encoding in ("gzip", "identity"):
        with web.connection(served.address) as client:
            client.request("GET", "/openapi.json", headers={"Accept-Encoding": encoding})
            answer = client.getresponse()
            assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
            body = answer.read()
    found = json.loads(gzip.decompress(body))
    assert found == document.document(project.ROOT)


@pytest.mark.timeout(3600)
def test_schemathesis(served, counts, figure):
    found = document.document(project.ROOT)
    operations = {
        operation.ok().definition.raw["operationId"]: operation.ok()
        for operation in schemathesis.openapi.from_dict(found).get_all_operations()
    }
    wanted = {name: op for name, op in operations.items() if name not in LEFT_OUT}
    assert len(wanted) == len(operations) - len(LEFT_OUT)
    each, post = counts(1, 20), counts(40, 500)
    cutting = [name for name in wanted if name in CUTTING]
    calm = [name for name in wanted if name not in CUTTING]
    asked, used = 0, []
    for _ in range(ROUNDS):
        for name in calm:
            few = counts(1, 3) if name in SLOW else each
            asked += examine(served, wanted[name], name, few)
        used.append(served.settled())
    grown = min(after - before for before, after in pairwise(used))
    for name in cutting:
        few = post if name == "post_command" else counts(1, 5) if name in SLOW else 2 * each
        asked += examine(served, wanted[name], name, few)
    assert served.settled()
    assert asked >= counts(100, 2000)
    assert grown <= MOST_GROWN, grown
    figure(f"{asked} examples, heap {grown:+} bytes")


def examine(served: Served, operation, name: str, most: int) -> int:
    """Examples of an operation against the board; how many there were."""
    asked = 0
    within = ALWAYS if name == "post_command" else (*ALWAYS, checks.positive_data_acceptance)

    @settings(
        max_examples=most,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case) -> None:
        nonlocal asked
        if name == "post_command":
            words = str(case.body.get("command", "")).split()
            assume(not words or words[0] not in (*LEFT_OUT, "faults_reset"))
        asked += 1
        try:
            answer = case.call(base_url=f"http://{served.address}:{web.PORT}", timeout=peers.WAIT)
        except requests.RequestException:
            assert name in CUTTING, served.board.log()[-2000:]
            served.start()
            return
        case.validate_response(answer, checks=within)

    if name == "faults_reset":
        assert served.ask("faults_print")["response"] == "! 0 faults\r\n"
    run()
    # Settings may have been changed so that the next connection fails.
    if not served.answers():
        assert name in CUTTING, served.board.log()[-2000:]
        served.start()
    return asked
