"""The name server of the access points: its answers, byte for byte where it matters, and its
silence.
"""

import socket
import struct

import pytest

from airwire.board.dns import answer

NAMES = {"wwep.example": "127.0.0.7"}


def query(name, kind=1, flags=0x0100, count=1):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part)
    return (
        struct.pack(">6H", 0xBEEF, flags, count, 0, 0, 0)
        + labels
        + struct.pack(">BHH", 0, kind, 1)
    )


def code(reply):
    return struct.unpack_from(">H", reply, 2)[0] & 15


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("wwep.example", "127.0.0.7"),
        ("WWEP.Example", "127.0.0.7"),
        ("host.airwire", "127.0.0.1"),
    ],
)
def test_known_name(name, address):
    asked = query(name)
    reply = answer(asked, NAMES)
    assert reply[:12] == bytes.fromhex("beef 8580 0001 0001 0000 0000")
    assert reply[12:].startswith(asked[12:])  # the question as it was asked, case and all
    assert reply[len(asked) :] == bytes.fromhex("c00c 0001 0001 0000003c 0004") + socket.inet_aton(
        address
    )


def test_unknown_name():
    assert code(answer(query("nobody.example"), NAMES)) == 3


def test_other_record_types_of_a_known_name_are_empty():
    reply = answer(query("wwep.example", kind=28), NAMES)
    assert code(reply) == 0
    assert struct.unpack_from(">H", reply, 6) == (0,)


def test_what_is_not_a_query():
    assert answer(b"short", NAMES) is None
    assert answer(query("wwep.example", flags=0x8000), NAMES) is None
    assert code(answer(query("wwep.example", flags=0x2800), NAMES)) == 4
    assert code(answer(query("wwep.example", count=2), NAMES)) == 1


def test_every_truncation_is_answered_or_ignored():
    whole = query("wwep.example")
    for length in range(len(whole)):
        reply = answer(whole[:length], NAMES)
        assert reply is None if length < 12 else code(reply) == 1


def test_a_pointer_is_no_question():
    assert code(answer(query("")[:12] + b"\xc0\x0c\x00\x01\x00\x01", NAMES)) == 1


def test_served_when_joined_and_only_then(board, port):
    console = port(board.uart0)
    status = board.status()
    server = ("127.0.1." + status["ip"].split(".")[3], 53 + status["port_shift"])

    def ask(patience):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(patience)
            client.sendto(query("wwep.ww101.cypress.com"), server)
            try:
                return code(client.recv(512))
            except TimeoutError:
                return None

    assert ask(0.05) is None
    console.send(
        b"control wlan-active 1\ncontrol wlan-connect %s - -\n" % b"airwire-open".hex().encode()
    )
    board.wait("wlan", equals=1010)
    assert ask(5) == 0
    board.access_point("airwire-open", names={})
    assert ask(5) == 3
    board.access_point("airwire-open", dns=False)
    assert ask(0.05) is None
    assert board.status()["dns_queries"] == 4
