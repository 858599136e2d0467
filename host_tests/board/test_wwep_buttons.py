"""The two buttons (exercises 03 and 06): one writes open messages, the other over TLS, both flip
the same LED; and a man in the middle gets nothing.
"""

import time

import pytest

from host_tests.board import peers, tls_peers
from host_tests.board.test_button import PATIENCE_MS, device, press, tap

pytestmark = [pytest.mark.needs("press", "led", "wifi"), pytest.mark.whole_heap]

OPEN, SECURE = 0, 1  # the board's buttons
GPIO_OF_BUTTON_1 = 4
PORTS = ("wwep.port", "wwep.tls.port")
NAMES = ("WWEP", "WWEP TLS")


@pytest.fixture
def identity():
    """Of the server, signed by the authority that the board trusts."""
    return tls_peers.issued(tls_peers.HOST, "wwep.ww101.cypress.com")


def enable(board, server, **more):
    """(console, the board's number): joined, with both buttons towards a server of this
    machine.
    """
    console = board.machine(print_level=2)
    board.join(console)
    tls_peers.put(console, "root.pem", tls_peers.root())
    settings = {
        "time_rtc": int(time.time()),
        "network_tls_ca__cert": "root.pem",
        "wwep_host": board.peer(console),
        "wwep_port": server.port,
        "wwep_tls_port": server.tls_port,
        "wwep_secure_button__gpio": GPIO_OF_BUTTON_1,
        "wwep_timeout": PATIENCE_MS,
    }
    board.configure(console, **(settings | more), wwep_enabled=1)
    board.board.wait_pin(2, 0)
    return console, device(console)


def press_and_see(board, console, server, number, button, lit):
    """One press of a button: LED, message, reply, register and word of the log agree."""
    tap(board, button)
    board.board.wait_pin(2, lit)
    transaction = server.next()
    message = b"W%04X05%04X" % (number, lit)
    assert transaction.message == message
    assert transaction.reply == b"A" + message[1:]
    assert console.log("WWEP") == f"{NAMES[button]}: {message.decode()} accepted"
    assert server.registers() == [(number, 5, lit)]
    assert board.board.led() == lit


@pytest.mark.timeout(1200)
def test_both_buttons_against_the_dual_server(board, identity, tmp_path, counts):
    """Presses on each in turn: every one is a write, over the right port, and is accepted."""
    presses = counts(6, 200)
    tls = tls_peers.server_context(identity, tmp_path)
    with peers.Wwep(tls) as server:
        console, number = enable(board, server)
        for i in range(2 * presses):
            press_and_see(board, console, server, number, (OPEN, SECURE)[i % 2], (i + 1) % 2)
        assert server.server.count == 2 * presses
        assert server.transactions.empty()
        # Each button has its port: without it, it alone is without an answer.
        for button in (OPEN, SECURE):
            held = console.ok(f"get {PORTS[button]}")
            console.ok(f"set {PORTS[button]} {(server.tls_port, server.port)[button]}")
            tap(board, button)
            said = console.log("WWEP")
            assert not said.endswith("accepted"), said
            console.ok(f"set {PORTS[button]} {held}")


@pytest.mark.timeout(1200)
def test_a_man_in_the_middle(board, identity, tmp_path, counts):
    """With another authority's certificate, one for another name, and one that he has signed
    himself: refused each time, nothing is written, and the LED says what the buttons said.
    """
    frauds = {
        "another authority": (tls_peers.issued(tls_peers.HOST, by="two"), "5035"),
        "another name": (tls_peers.issued("other.lan"), "5037"),
    }
    times = counts(2, 200)
    tls = tls_peers.server_context(identity, tmp_path)
    with peers.Wwep(tls) as server:
        console, number = enable(board, server)
        lit = 0
        for fraud, code in frauds.values():
            with peers.Wwep(tls_peers.server_context(fraud, tmp_path)) as middle:
                board.configure(console, wwep_tls_port=middle.tls_port)
                for _ in range(times):
                    lit ^= 1
                    tap(board, SECURE)
                    board.board.wait_pin(2, lit)
                    said = console.log("WWEP TLS")
                    write = f"WWEP TLS: W{number:04X}05{lit:04X} "
                    assert said.startswith(f"{write}Error with TLS handshake: {code} "), said
                    assert board.board.led() == lit
                assert middle.transactions.empty()
                assert not middle.registers()
            # The true server is as it was, and so is the open button.
            board.configure(console, wwep_tls_port=server.tls_port)
            lit ^= 1
            press_and_see(board, console, server, number, SECURE, lit)
            lit ^= 1
            press_and_see(board, console, server, number, OPEN, lit)


def test_a_board_without_root_or_clock(board, identity, tmp_path):
    """It verifies by default, so both are errors of their own, and the LED flips all the same."""
    tls = tls_peers.server_context(identity, tmp_path)
    with peers.Wwep(tls) as server:
        console, number = enable(board, server, network_tls_ca__cert="")
        tap(board, SECURE)
        board.board.wait_pin(2, 1)
        assert "Error with TLS handshake: 5016 " in console.log("WWEP TLS")
        board.configure(console, network_tls_verify=0)
        press_and_see(board, console, server, number, SECURE, 0)
        assert server.server.count == 1


def test_a_server_that_wants_a_certificate(board, identity, tmp_path):
    """The board shows its own where it has one, and is refused where it has none."""
    tls = tls_peers.server_context(identity, tmp_path, clients="clients")
    with peers.Wwep(tls) as server:
        console, number = enable(board, server)
        tap(board, SECURE)
        board.board.wait_pin(2, 1)
        said = console.log("WWEP TLS")
        assert not said.endswith("accepted"), said
        own = tls_peers.issued("board", by="clients")
        tls_peers.put(console, "own.pem", own.pem)
        tls_peers.put(console, "own.key", own.key_pem)
        board.configure(
            console, network_tls_client__cert="own.pem", network_tls_client__key="own.key"
        )
        press_and_see(board, console, server, number, SECURE, 0)
        assert server.server.count == 1


def test_the_secure_button_alone(board, identity, tmp_path):
    """Button 0 may be the secure one (exercise 03), and still resets the board when it is held."""
    tls = tls_peers.server_context(identity, tmp_path)
    with peers.Wwep(tls) as server:
        console, number = enable(board, server, wwep_button__gpio=-1, wwep_secure_button__gpio=0)
        press(board, 1)
        assert server.next().message == b"W%04X050001" % number
        assert console.log("WWEP") == f"WWEP TLS: W{number:04X}050001 accepted"
        assert console.run("set gpio.direction 0 in").code, "it has its owner"
