"""The TLS server by command: whom it takes for a client, what becomes of the others, and that one
harms none of the rest.
"""

import contextlib
import re
import socket
import ssl
import time

import pytest

from host_tests.board import live, peers
from host_tests.board.console import PATIENCE
from host_tests.board.stream_wire import exactly
from host_tests.board.test_tcp_server import HEAD, ended, refused
from host_tests.board.tls_peers import (
    BOARD,
    Records,
    calling,
    client_context,
    equip,
    files,
    issued,
    openssl,
    put,
    root,
)

pytestmark = [pytest.mark.needs("wifi"), pytest.mark.whole_heap, pytest.mark.sampled(6)]

PORT = 3000
# Of a handshake that is not finished: short, as what is tested is that it does not come, and
# longer than others take meanwhile, by RFC 2217 too.
WAIT_MS = 2500
RECORD = 16_384  # the largest there is


def serving(board, identity=None, print_level=2, line="tls_server start", **variables):
    """(console, address): a board that has joined, with a certificate, and serves. Its clock is
    set by hand: the question for the time, some seconds after the join, would take memory at a
    moment that no test chooses.
    """
    console = board.machine(print_level)
    console.ok("set ntp.enabled 0")
    board.join(console)
    console.ok("set time.rtc 1790000000")
    equip(console, identity or issued(BOARD))
    board.configure(console, **variables)
    reply = console.run(line)
    assert reply.code == 0, reply
    return console, (console.ok("get network.ip"), PORT)


def opened(console):
    """The handle of the stream that has been opened."""
    return int(re.search(r"Opened: (\d)\]$", console.log("Opened"))[1])


def talk(console, handle, connection, rng, size=1000):
    """Data go both ways, and arrive as they are."""
    data = rng.randbytes(size)
    connection.sendall(data)
    got = b""
    while len(got) < size:
        console.polled(handle, 1)
        got += console.run(f"read {handle} 4096").text
    assert got == data
    console.ok(f"write {handle} {size}", data)
    assert exactly(connection, size) == data


def left(console, count=0):
    """Wait until there are so many clients and no more."""
    end = time.monotonic() + PATIENCE
    while (listed := console.ok("list")).count("TLSS") > count:
        assert time.monotonic() < end, listed


def failure(console):
    """(code, state, mbedTLS' number) of the handshake that has failed."""
    line = console.log("handshake")
    found = re.fullmatch(r"Error with TLS handshake: (\d+) \(state: (\d+), code: (-\d+)\)", line)
    assert found, line
    return tuple(map(int, found.groups()))


def closed(connection):
    """True once the server has closed, whatever it has said before."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def attempt(address, context=None):
    """A client of whom it does not matter how it notices that it is refused."""
    with contextlib.suppress(OSError), calling(address, context) as connection:
        connection.settimeout(peers.WAIT)
        connection.recv(1)


def test_clients_are_streams(board, rng):
    """Verified by the client, each with a handle; a record of the largest size; the end."""
    console, address = serving(board)
    with calling(address) as one, calling(address) as two:
        handles = [opened(console) for _ in range(2)]
        assert handles == [0, 1]
        rows = [
            "# {} TLSS  {}:{} {}:{}".format(i, *address, *connection.getsockname())
            for i, connection in enumerate((one, two))
        ]
        assert console.ok("list").split("\r\n") == [HEAD, *rows]
        for handle, connection in zip(handles, (one, two), strict=True):
            assert connection.version() == "TLSv1.2"
            talk(console, handle, connection, rng)
        talk(console, 0, one, rng, RECORD)
        one.close()
        assert console.log("Closed").endswith("Closed: 0]")
        console.ok("close 1")
        with contextlib.suppress(ssl.SSLEOFError):  # MicroPython's TLS says no good-bye
            assert two.recv(1) == b""
    assert console.ok("tls_server stop") == "Success"
    assert refused(address)


def test_certificates(board, rng, tmp_path):
    """EC and RSA, one and a chain, for Python and openssl; each is in use from the next connection
    on, while the server runs and another client stays.
    """
    console, address = serving(board)
    with calling(address) as first:
        opened(console)
        for kind in ("ec", "rsa"):
            for chain in (False, True):
                identity = issued(BOARD, kind=kind, chain=chain)
                equip(console, identity)
                with calling(address) as connection:
                    handle = opened(console)
                    assert connection.getpeercert(True) == identity.der
                    suite = connection.cipher()[0]
                    assert ("ECDSA" in suite) == (kind == "ec"), suite
                    talk(console, handle, connection, rng, 100)
                left(console, 1)
                done = openssl(address, b"from openssl", folder=tmp_path)
                handle = opened(console)
                assert console.run(f"read {handle} 100").text == b"from openssl", done.stderr
                left(console, 1)
        talk(console, 0, first, rng)


def test_client_certificates(board, rng, tmp_path):
    """network.tls.server_ca: who has none that it has signed is no client."""
    console, address = serving(board)
    put(console, "roots.pem", root("clients"))
    console.ok("set network.tls.server_ca roots.pem")
    good = files(issued("anna", by="clients"), tmp_path, "good")
    chain = files(issued("anna", by="clients", chain=True), tmp_path, "chain")
    bad = files(issued("anna", by="nobody"), tmp_path, "bad")
    for own in (good, chain):
        with calling(address, client_context(own=own)) as connection:
            talk(console, opened(console), connection, rng, 100)
        left(console)
    attempt(address)
    assert failure(console) == (5012, 7, -0x7480)
    attempt(address, client_context(own=bad))
    assert failure(console)[0] == 5035
    # And with a clock that was never set nobody is.
    console.ok('set network.tls.server_ca ""')
    with calling(address):
        opened(console)
    assert openssl(address, b"x", folder=tmp_path).returncode in (0, 1)
    opened(console)


def plain(text):
    def client(address):
        with socket.create_connection(address, peers.WAIT) as connection:
            connection.sendall(text)
            assert ended(connection)

    return client


def with_suites(names, **versions):
    def client(address):
        context = client_context()
        for name, version in versions.items():
            setattr(context, name, version)
        if names:
            context.set_ciphers(names)
        attempt(address, context)

    return client


def mistrusting(address):
    attempt(address, client_context("nobody"))


def misnaming(address):
    with pytest.raises(ssl.SSLCertVerificationError), calling(address, name="other.airwire"):
        pass


ONLY_1_3 = {
    "minimum_version": ssl.TLSVersion.TLSv1_3,
    "maximum_version": ssl.TLSVersion.TLSv1_3,
}
# A client that is none: its codes (who hangs up while we speak resets the connection), and the
# state where it is always the same.
NO_CLIENTS = {
    "plain text": (plain(b"GET / HTTP/1.0\r\n\r\n"), {5007}, 0),
    "a command": (plain(b"get all\r\n"), {5007}, 0),
    "no shared suite": (with_suites("ECDHE-RSA-AES128-GCM-SHA256"), {5010}, 1),
    "TLS 1.3 alone": (with_suites("", **ONLY_1_3), {5004, 5010}, 1),
    "does not trust us": (mistrusting, {5001, 5018}, None),
    "knows us by another name": (misnaming, {5001, 5018}, None),
}


def test_who_is_no_client(board, rng):
    """Each fails in its way, and another client does not notice."""
    console, address = serving(board)
    with calling(address) as connection:
        handle = opened(console)
        for name, (client, code, state) in NO_CLIENTS.items():
            client(address)
            found = failure(console)
            assert found[0] in code and state in (None, found[1]), (name, found)
        talk(console, handle, connection, rng)
    left(console)


# The records that a client sends, and the state (spec 7.3) in which the server is behind so many.
STATES = (0, 6, 8, 10)


def begin(address, records, fragment=0):
    """(connection, client): a client that has sent so many records of its handshake, in pieces."""
    connection = socket.create_connection(address, peers.WAIT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client = Records(client_context())
    waiting = client.flight()
    for _ in range(records):
        record = waiting.pop(0)
        for at in range(0, len(record), fragment or len(record)):
            connection.sendall(record[at : at + (fragment or len(record))])
        while not waiting and not client.done:  # until the board has nothing more to say
            client.take(connection)
            waiting = client.flight()
    return connection, client


def test_clients_that_go(board, rng):
    """At each message of the handshake, by an end or a reset."""
    console, address = serving(board)
    for end in (lambda connection: None, peers.end_by_reset):
        for records, state in enumerate(STATES):
            connection, _ = begin(address, records)
            end(connection)
            connection.close()
            found = failure(console)
            assert found[0] in (5020, 5001) and found[1] == state, (records, found)
    with calling(address) as connection:
        talk(console, opened(console), connection, rng)


def test_clients_that_stall(board, rng):
    """At each message: others come in and are served meanwhile, and the console answers; then the
    handshake's time is over.
    """
    console, address = serving(board, network_tls_handshake__timeout=WAIT_MS)
    for records, state in enumerate(STATES):
        begun = time.monotonic()
        stalled, _ = begin(address, records)
        with calling(address) as connection:
            handle = opened(console)
            talk(console, handle, connection, rng, 100)
            if records:
                assert failure(console)[:2] == (5031, state)
                assert closed(stalled)
            else:
                assert console.log("server") == "TLS server: A client says nothing"
            assert time.monotonic() - begun > 0.9 * WAIT_MS / 1000
        stalled.close()
        console.log("Closed")


def test_the_console_answers_during_a_handshake(board):
    console, address = serving(board)
    stalled, _ = begin(address, 1)
    took = []
    for _ in range(20):
        begun = time.monotonic()
        console.ok("get wlan.ssid")
        took.append(time.monotonic() - begun)
    stalled.close()
    assert sorted(took)[len(took) // 2] < 0.1, took


def test_two_at_a_time(board, rng):
    """The third is closed at once, and the log says why; a place that becomes free is the next
    one's. Handshakes count, and who says nothing does not.
    """
    console, address = serving(board)
    with calling(address) as one, calling(address) as two:
        handles = [opened(console) for _ in range(2)]
        with socket.create_connection(address, peers.WAIT) as third:
            assert ended(third)
        assert console.log("server") == "TLS server: Too many clients"
        two.close()
        console.log("Closed: 1")
        silent = [socket.create_connection(address, peers.WAIT) for _ in range(2)]
        with socket.create_connection(address, peers.WAIT) as third:
            assert ended(third)
        for connection in silent:
            connection.close()
            failure(console)
        with calling(address) as three:
            assert opened(console) == 1
            for handle, connection in zip(handles, (one, three), strict=True):
                talk(console, handle, connection, rng)
    left(console)
    begun, _ = begin(address, 1)
    with calling(address) as one:
        talk(console, opened(console), one, rng)
        with socket.create_connection(address, peers.WAIT) as third:
            assert ended(third)
    begun.close()


def test_fragments(board, rng):
    """A handshake whose bytes come in any pieces."""
    console, address = serving(board)
    for fragment in (1, 7, 100):
        connection, client = begin(address, len(STATES), fragment)
        with connection:
            assert client.done
            opened(console)
        left(console)


def test_start_and_stop(board):
    """Stopping closes streams and handshakes; without a certificate nothing starts."""
    console, address = serving(board, line="tlss start 4000", print_level=3)
    address = (address[0], 4000)
    with calling(address), contextlib.closing(begin(address, 1)[0]) as stalled:
        opened(console)
        assert console.run("tls_server start").text == b"The server is running on port 4000"
        assert console.run("tls_server stop 3000").code == 1
        assert console.run("tcp_server stop").code == 1
        assert console.run("tcp_server start").code == 0  # beside it, on another port
        assert console.run("tls_server stop 4000").code == 0
        assert closed(stalled)
        assert console.ok("list") == HEAD
    assert refused(address)
    assert console.run("tls_server stop").code == 1
    assert console.run("tls_server start").text == b"Port in use"
    console.ok("tcp_server stop")
    for name, value, words in (
        ("server_key", "server.pem", b"In server.pem: no private key"),
        ("server_cert", "nothing.pem", b"File not found: nothing.pem"),
        ("server_cert", '""', b"No certificate for a server: network.tls.server_cert"),
    ):
        console.ok(f"set network.tls.{name} {value}")
        reply = console.run("tls_server start")
        assert (reply.code, reply.text) == (1, words)
        console.ok("set network.tls.server_key server.key")
    assert console.ok("list") == HEAD


def test_nothing_is_left(board, rng, counts):
    """Sockets and memory are what they were after many handshakes, those that fail among them."""
    console, address = serving(board)
    times = counts(1, 25)

    def often():
        for _ in range(times):
            with calling(address) as connection:
                talk(console, opened(console), connection, rng)
            left(console)
            # Each is over when it is said to be: two at a time are served.
            attempt(address, client_context("nobody"))
            failure(console)
            for records in range(len(STATES)):
                begin(address, records)[0].close()
                failure(console)
            plain(b"get all\r\n")(address)
            failure(console)

    assert live.left_by(console, often) <= live.SLACK
    # All sockets are there again.
    console.ok("tls_server stop")
    with peers.Peer() as peer:
        for _ in range(8):
            console.ok(f"tcp_client {board.peer(console)} {peer.port}")
