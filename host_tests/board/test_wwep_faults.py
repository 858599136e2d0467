"""A WWEP server, a name server or an access point that lets the client down: the console says
which in words of its own, and LED and service go on.
"""

import pytest

from airwire.board.pins import LED
from host_tests.board import peers
from host_tests.board.test_button import enable, press

pytestmark = pytest.mark.needs("press", "led", "air", "wifi")

# What the server does, and what the console says after `WWEP: <the write> `.
ANSWERS = {
    "X": (peers.answer(b"X"), "refused"),
    "X with a reason": (peers.answer(b"X Not Found"), "refused: Not Found"),
    "X in pieces": (peers.answer(b"X", b" Database", b" Full 401"), "refused: Database Full 401"),
    "X with what a terminal would obey": (peers.answer(b"X \x1b[2Jx"), "refused: .[2Jx"),
    "X and more than a client believes": (
        peers.answer(b"X" * 100),
        "malformed answer: " + "X" * 71,
    ),
    "garbage": (peers.answer(b"HTTP/1.1 400\r\n"), "malformed answer: HTTP/1.1 400.."),
    "binary garbage": (peers.answer(b"\x00\xff\x7f"), "malformed answer: ..."),
    "too short": (peers.answer(b"A0222"), "malformed answer: A0222"),
    "not hex": (peers.answer(b"A022205000G"), "malformed answer: A022205000G"),
    "without end": (peers.flood, "malformed answer: " + "A" * 71),
    "another write": (peers.wrong_echo, "malformed answer: not what was written"),
    "nothing": (peers.silence, "no answer"),
    "a close": (peers.close_after_request, "closed without an answer"),
    "a close before the request": (peers.close_at_once, "closed without an answer"),
    "a reset": (peers.reset, "closed without an answer"),
}


def recover(board, console, peer, lit):
    """LED and service work: the next press is written and accepted."""
    peer.serve = peers.accept
    while not peer.requests.empty():
        peer.next()
    press(board, lit)
    assert peer.next().endswith(b"05000%d" % lit)
    assert console.log("WWEP").endswith(f"05000{lit} accepted")


def test_answers(board, peer):
    console = board.machine(print_level=2)
    enable(board, console, peer.port)
    for name, (behaviour, words) in ANSWERS.items():
        peer.serve = behaviour
        press(board, 1)
        said = console.log("WWEP").partition("050001 ")[2]
        assert said == words, name
        recover(board, console, peer, 0)


def test_an_answer_in_pieces_is_accepted(board, peer):
    """Byte by byte, with what is allowed behind it."""
    console = board.machine(print_level=2)
    enable(board, console, peer.port)

    def slowly(connection, peer):
        reply = b"A" + connection.recv(100)[1:] + b"\n"
        for i in range(len(reply)):
            peer.ending.wait(0.01)
            connection.sendall(reply[i : i + 1])

    peer.serve = slowly
    press(board, 1)
    assert console.log("WWEP").endswith("050001 accepted")


def test_connection_refused(board, peer, closed_port):
    console = board.machine(print_level=2)
    enable(board, console, closed_port)
    press(board, 1)
    assert console.log("WWEP").endswith("050001 Connection refused")
    board.configure(console, wwep_port=peer.port)
    recover(board, console, peer, 0)


def test_no_such_name(board, peer):
    console = board.machine(print_level=2)
    enable(board, console, peer.port)
    board.configure(console, wwep_host="nobody.airwire")
    press(board, 1)
    assert console.log("WWEP").endswith("050001 name not found")
    board.configure(console, wwep_host=board.peer(console))
    recover(board, console, peer, 0)


def test_silent_name_server(board, peer):
    """It is asked again as often as set, and the silence is told apart from a missing name."""
    console = board.machine(print_level=2)
    enable(board, console, peer.port, network_dns_timeout=200, network_dns_retries=2)
    board.board.access_point(board.wifi[0], dns=False)
    press(board, 1)
    assert console.log("WWEP").endswith("050001 no answer from the name server")
    board.board.access_point(board.wifi[0], dns=True)
    recover(board, console, peer, 0)


def test_network_lost_between_presses(board, peer):
    console = board.machine(print_level=2)
    board.board.access_point("airwire-hidden", present=False)
    enable(board, console, peer.port, wlan_join_retries=1)
    recover(board, console, peer, 1)
    board.board.access_point(board.wifi[0], present=False)
    console.log("[Disassociated]")
    press(board, 0)
    assert console.log("WWEP").endswith("050000 Network is down")
    board.board.access_point(board.wifi[0], present=True)
    recover(board, console, peer, 1)


def test_network_lost_during_a_write(board, peer):
    """While an answer is awaited: the connection goes with the address."""
    console = board.machine(print_level=2)
    board.board.access_point("airwire-hidden", present=False)
    enable(board, console, peer.port)
    peer.serve = peers.silence
    press(board, 1)
    assert peer.next()
    board.board.access_point(board.wifi[0], present=False)
    awaited = {"050001 Network is down", "[Disassociated]"}  # either may be first
    while awaited:
        text = console.log("")
        awaited = {words for words in awaited if not text.endswith(words)}
    board.board.access_point(board.wifi[0], present=True)
    board.board.wait_pin(LED, 1)
    recover(board, console, peer, 0)
