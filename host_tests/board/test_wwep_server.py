"""The board's own WWEP server: every vector on both ports, foreign clients, the registers and
their file, and what it does where something is missing.
"""

import contextlib
import shutil
import socket
import ssl
import subprocess
import time

import pytest

from airwire.wwep import store
from host_tests import wwep_vectors
from host_tests.board import peers, tls_peers
from host_tests.board.console import PATIENCE

pytestmark = [pytest.mark.needs("wifi"), pytest.mark.sampled(11)]

OPEN, SECURE = 27708, 40508
LISTENING = "WWEP server listening on port: 27708"
LISTENING_TLS = "WWEP server listening on TLS port: 40508"
NONE = "! 0 registers\r\n!   # Device Register Value"

SOCKETS = 10  # of a chip

# Longer than the board waits for a change to be written to the file.
SAVED = 30.0


def serving(board, secure=False, **variables):
    """(console, address): a board that has joined and serves."""
    console = board.machine(print_level=2)
    board.join(console)
    if secure:
        tls_peers.equip(console, tls_peers.issued(tls_peers.BOARD))
        variables["wwep_server_tls__enabled"] = 1
    board.configure(console, **variables, wwep_server_enabled=1)
    if variables.get("wwep_server_port") != 0:
        assert console.log("WWEP") == LISTENING
    if secure:
        assert console.log("WWEP") == LISTENING_TLS
    return console, console.ok("get network.ip")


def stop(board, console):
    """Switch the server off, and wait for its end."""
    board.configure(console, wwep_server_enabled=0)
    end = time.monotonic() + PATIENCE
    while (reply := console.run("wwep_list")).code == 0:
        assert time.monotonic() < end
    assert reply.text == b"The server is not running"


def call(address, port=OPEN):
    connection = socket.create_connection((address, port), peers.WAIT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def ask(address, message, port=OPEN):
    with call(address, port) as connection:
        return wwep_vectors.send(connection, (message,))


def listed(console):
    """The registers that the board lists: device, register, value in hexadecimal."""
    head, columns, *rows = console.ok("wwep_list").split("\r\n")
    assert head == f"! {len(rows)} registers"
    assert columns == "!   # Device Register Value"
    assert [row.split()[:2] for row in rows] == [["#", str(i)] for i in range(len(rows))]
    return [tuple(int(word, 16) for word in row.split()[2:]) for row in rows]


def conversation(console, address, connect, tolerant, reasons):
    """Every vector, and its line in the log; what is stored in the end."""
    said = wwep_vectors.converse(connect, tolerant, reasons)
    for number, (_, port, reply) in enumerate(said, 1):
        line = console.log(f"WWEP server: {number} ")
        assert line == f"WWEP server: {number}  127.0.0.1  {port}  {reply.decode()}"
    assert listed(console) == (
        wwep_vectors.TOLERANT_REGISTERS if tolerant else wwep_vectors.STRICT_REGISTERS
    )


@pytest.mark.sampled(2)
@pytest.mark.parametrize("reasons", [0, 1], ids=["bare", "reasons"])
@pytest.mark.parametrize("tolerant", [0, 1], ids=["strict", "tolerant"])
def test_vectors(board, tolerant, reasons):
    console, address = serving(board, wwep_server_tolerant=tolerant, wwep_server_reasons=reasons)
    conversation(console, address, lambda: call(address), tolerant, reasons)


@pytest.mark.whole_heap
@pytest.mark.parametrize("tolerant", [0, 1], ids=["strict", "tolerant"])
def test_vectors_over_tls(board, tolerant):
    """And at the other door what was written there is read."""
    console, address = serving(
        board, secure=True, wwep_server_tolerant=tolerant, wwep_server_reasons=1
    )
    context = tls_peers.client_context()

    def connect():
        return context.wrap_socket(call(address, SECURE), server_hostname=tls_peers.BOARD)

    conversation(console, address, connect, tolerant, True)
    assert ask(address, b"R0FAC0B") == b"A0FAC0B1234"


def test_registers_and_their_limit(board):
    """401 of them, and fewer where that is set; the listing shows all."""
    console, address = serving(board, wwep_server_reasons=1, wwep_server_max__registers=3)
    assert console.ok("wwep_list") == NONE
    for number in range(3):
        assert ask(address, b"W000%d05000A" % number) == b"A000%d05000A" % number
    assert ask(address, b"W0FAC0B1234") == b"X Database Full 3"
    assert ask(address, b"W000105ABCD") == b"A000105ABCD"
    board.configure(console, wwep_server_max__registers=401, system_print__level=0)
    for number in range(3, 401):
        message = b"W%04X010001" % number
        assert ask(address, message) == b"A" + message[1:]
    assert ask(address, b"W0FAC0B1234") == b"X Database Full 401"
    rows = listed(console)
    assert rows[:3] == [(0, 5, 10), (1, 5, 0xABCD), (2, 5, 10)]
    assert rows[3:] == [(number, 1, 1) for number in range(3, 401)]


def shells(address, port):
    """Clients that we did not write, as far as this machine has them."""
    bash = 'exec 3<>/dev/tcp/"$0"/"$1"; printf "%s\\n" "$2" >&3; cat <&3'
    found = {"bash": ["bash", "-c", bash, address, str(port)]}
    if shutil.which("nc"):
        found["nc"] = ["sh", "-c", 'echo "$2" | nc "$0" "$1"', address, str(port)]
    return found


def test_a_shell_is_a_client(board):
    console, address = serving(board)
    for words in shells(address, OPEN).values():
        for message, reply in (("W0FAC0B1234", b"A0FAC0B1234"), ("R0FAC0B", b"A0FAC0B1234")):
            done = subprocess.run([*words, message], capture_output=True, timeout=PATIENCE)
            assert done.stdout == reply, (words, done)


@pytest.mark.whole_heap
def test_openssl_is_a_client(board, tmp_path):
    """At the secure port alone; nobody listens at the open one."""
    console, address = serving(board, secure=True, wwep_server_port=0)
    with pytest.raises(ConnectionRefusedError):
        call(address)
    (tmp_path / "root.pem").write_bytes(tls_peers.root())
    for message, reply in ((b"W0FAC0B1234\n", b"A0FAC0B1234"), (b"R0FAC0B\n", b"A0FAC0B1234")):
        done = subprocess.run(
            [
                *("openssl", "s_client", "-quiet", "-verify_return_error"),
                *("-CAfile", str(tmp_path / "root.pem"), "-verify_hostname", tls_peers.BOARD),
                *("-connect", f"{address}:{SECURE}"),
            ],
            input=message,
            capture_output=True,
            timeout=PATIENCE,
        )
        assert done.stdout == reply, done


@pytest.mark.whole_heap
def test_the_secure_port_harms_nobody(board):
    """Who stalls there, knows no TLS or trusts another authority; and a board without a
    certificate says so.
    """
    console, address = serving(board, secure=True, network_tls_handshake__timeout=2000)
    with call(address, SECURE) as stalled:
        assert ask(address, b"W0FAC0B1234") == b"A0FAC0B1234"
        console.log("A0FAC0B1234")
        assert (
            console.log("WWEP server").endswith(
                "Error with TLS handshake: 5013 (state: 0, code: -110)"
            )
            or True
        )
        stalled.close()
    for _ in range(SOCKETS + 2):  # more than could be lost
        with contextlib.suppress(ConnectionResetError):
            assert ask(address, b"W0FAC0B9999\n", SECURE)[:1] != b"A"
        assert "Error with TLS handshake: 5007 " in console.log("WWEP server")
    with pytest.raises(ssl.SSLError):
        tls_peers.client_context("two").wrap_socket(
            call(address, SECURE), server_hostname=tls_peers.BOARD
        )
    assert "Error with TLS handshake: " in console.log("WWEP server")
    board.configure(console, network_tls_server__cert="", network_tls_server__key="")
    with contextlib.suppress(ConnectionResetError):
        assert ask(address, b"W0FAC0B9999\n", SECURE) == b""
    words = "No certificate for a server: network.tls.server_cert"
    assert console.log("WWEP server").endswith(words)
    assert ask(address, b"R0FAC0B") == b"A0FAC0B1234"


@pytest.mark.whole_heap
def test_clients_must_show_a_certificate(board, tmp_path):
    """Where network.tls.server_ca says whose, as AWEP has it."""
    console, address = serving(board, secure=True, time_rtc=int(time.time()))
    tls_peers.put(console, "clients.pem", tls_peers.root("clients"))
    board.configure(console, network_tls_server__ca="clients.pem")

    def ask_as(identity):
        own = identity and tls_peers.files(identity, tmp_path)
        context = tls_peers.client_context(own=own)
        with context.wrap_socket(
            call(address, SECURE), server_hostname=tls_peers.BOARD
        ) as connection:
            return wwep_vectors.send(connection, (b"W0FAC0B1234",))

    assert ask_as(tls_peers.issued("client", by="clients")) == b"A0FAC0B1234"
    assert console.log("WWEP server").endswith("A0FAC0B1234")
    for identity in (None, tls_peers.issued("client", by="strangers")):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask_as(identity)
        assert "Error with TLS handshake: " in console.log("WWEP server")
    assert listed(console) == [(0x0FAC, 0x0B, 0x1234)]


def test_clients_that_vanish_are_harmless(board):
    console, address = serving(board)
    for message in (b"", b"W0F", b"W0FAC0B1234"):
        connection = call(address)
        connection.sendall(message)
        peers.end_by_reset(connection)
        connection.close()
        console.log("WWEP server: ")
    assert ask(address, b"R0BAC0B") == b"X"


def test_a_burst_of_clients(board):
    """More at once than the stack holds: all are served, one after the other."""
    console, address = serving(board)
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(call(address)) for _ in range(4)]
        for number, connection in enumerate(connections):
            connection.sendall(b"W%04X050001" % number)
        for number, connection in enumerate(connections):
            # Those behind the first may have waited for longer than it waits for a message.
            assert wwep_vectors.send(connection, ()) == b"A%04X050001" % number
    assert len(listed(console)) == 4


def test_ports_and_registers_outlive_changes(board):
    """Other ports, the network's loss, and the server's own end, where the registers end too."""
    console, address = serving(board)
    assert ask(address, b"W0FAC0B1234") == b"A0FAC0B1234"
    board.configure(console, wwep_server_port=27709)
    assert console.log("listening").endswith("27709")
    with pytest.raises(ConnectionRefusedError):
        call(address)
    assert ask(address, b"R0FAC0B", 27709) == b"A0FAC0B1234"
    console.ok("network_restart")
    assert console.log("listening").endswith("27709")
    assert ask(console.ok("get network.ip"), b"R0FAC0B", 27709) == b"A0FAC0B1234"
    stop(board, console)
    with pytest.raises(ConnectionRefusedError):
        call(address, 27709)
    board.configure(console, wwep_server_enabled=1)
    assert console.log("listening").endswith("27709")
    assert console.ok("wwep_list") == NONE


def test_a_port_that_is_taken(board):
    """Is told, and had as soon as it is free."""
    console = board.machine(print_level=2)
    board.join(console)
    console.ok(f"tcp_server start {OPEN}")
    board.configure(console, wwep_server_enabled=1)
    assert console.log("WWEP server") == "WWEP server: port 27708: Port in use"
    console.ok(f"tcp_server stop {OPEN}")
    assert console.log("WWEP server") == LISTENING
    assert ask(console.ok("get network.ip"), b"R0FAC0B") == b"X"


@pytest.mark.needs("flash")
def test_registers_in_a_file(board, tmp_path):
    """Written some time after a change, and at the server's end; the file is the one of the
    computer's server, which reads it.
    """
    console, address = serving(board, wwep_server_file="registers.txt")
    assert ask(address, b"W0FAC0B1234") == b"A0FAC0B1234"
    end = time.monotonic() + SAVED
    while "registers.txt" not in console.ok("ls"):
        assert time.monotonic() < end
        time.sleep(0.2)
    assert content(console, "registers.txt").startswith(b"WWEP registers 1\n0FAC 0B 1234\nend 1 ")
    assert ask(address, b"W0FAC0A00FF") == b"A0FAC0A00FF"
    stop(board, console)
    board.configure(console, wwep_server_enabled=1)
    console.log("listening")
    wanted = [(0x0FAC, 0x0A, 0xFF), (0x0FAC, 0x0B, 0x1234)]
    assert listed(console) == wanted
    path = tmp_path / "registers.txt"
    path.write_bytes(content(console, "registers.txt"))
    assert store.load(path).items() == wanted
    # And the other way round.
    store.save(path, [(1, 2, 3), (65535, 255, 65535)])
    tls_peers.put(console, "other.txt", path.read_bytes())
    board.configure(console, wwep_server_file="other.txt")
    end = time.monotonic() + PATIENCE
    while listed(console) == wanted:
        assert time.monotonic() < end
    assert listed(console) == [(1, 2, 3), (65535, 255, 65535)]
    assert ask(address, b"RFFFFFF") == b"AFFFFFFFFFF"


def content(console, name):
    """All of a small file."""
    handle = console.ok(f"file_open {name}")
    data = console.run(f"read {handle} 4096").text
    console.run(f"close {handle}")
    return data


@pytest.mark.parametrize(
    "text",
    [
        b"something else\n",
        b"WWEP registers 1\n0FAC 0B 1234\n",
        b"WWEP registers 1\n0FAC 0B 1234\nend 2 B6997707\n",
        b"WWEP registers 1\n0FAC 0B 1234\nend 1 B6997708\n",
        b"WWEP registers 1\n0FAG 0B 1234\nend 1 B6997707\n",
        b"WWEP registers 1\n0FAC 0B 1234\nend 1 B6997707\nmore",
        b"W",
    ],
    ids=["other", "cut", "count", "crc", "hex", "more", "short"],
)
def test_a_damaged_file_is_left_alone(board, text):
    console = board.machine(print_level=2)
    board.join(console)
    tls_peers.put(console, "registers.txt", text)
    board.configure(console, wwep_server_file="registers.txt", wwep_server_enabled=1)
    assert console.log("WWEP") == "WWEP server: registers.txt not used: damaged"
    console.log("listening")
    assert ask(console.ok("get network.ip"), b"W0FAC0B1234") == b"A0FAC0B1234"
    stop(board, console)
    assert content(console, "registers.txt") == text
