"""`airwire wwep-server` on the wire, with all kinds of clients; how it starts and ends."""

import contextlib
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from airwire.wire import wwep
from airwire.wwep import server
from host_tests import wwep_vectors
from host_tests.tools.wwep_command import PATIENCE, Command, ask, connect, fails, receive, reset


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("kind", "reasons", "door"),
    [
        ("default", False, "open"),
        ("strict", True, "open"),
        ("tolerant", False, "open"),
        ("tolerant", True, "open"),
        ("default", True, "tls"),
        ("tolerant", False, "tls"),
        ("strict", False, "tls of both"),
        ("tolerant", True, "tls of both"),
    ],
)
def test_vectors(kind, reasons, door, identity):
    """Every message, and the line of the console for each."""
    arguments = ([] if kind == "default" else [f"--{kind}"]) + (["--reasons"] if reasons else [])
    if door != "open":
        arguments += identity.options
    if door == "tls":
        arguments.append("--no-open")
    with Command(*arguments) as command:
        assert command.kind == ("tolerant" if kind == "tolerant" else "strict")
        assert (command.port is None) == (door == "tls")

        def call():
            if door == "open":
                return connect(command.port)
            return identity.connect(command.tls_port)

        said = wwep_vectors.converse(call, command.kind == "tolerant", reasons)
        for number, (address, port, reply) in enumerate(said, 1):
            assert command.line() == f"{number}  {address}  {port}  {reply.decode()}"
        accepted = sum(reply[:1] == b"A" for _, _, reply in said)
        counts = f"{len(said)} messages: {accepted} accepted, {len(said) - accepted} refused"
        assert command.end() == [f"{counts}; 4 of 401 registers"]


def test_there_are_enough_vectors():
    """At least 40 that every server gets, each with a reply that a client believes."""
    assert len(wwep_vectors.VECTORS) >= 40
    for vector in wwep_vectors.of(True) + wwep_vectors.of(False):
        assert vector.bare in (b"X", vector.reason)
        assert len(vector.reason) <= wwep.X_MAX


def clients():
    """Other people's clients, as far as this machine has them."""
    script = 'exec 3<>/dev/tcp/127.0.0.1/"$1"; printf "%s\\n" "$0" >&3; cat <&3'
    found = [("bash", lambda port, text: ["bash", "-c", script, text, str(port)])]
    if shutil.which("nc"):
        pipe = 'printf "%s\\n" "$0" | nc 127.0.0.1 "$1"'
        found.append(("nc", lambda port, text: ["sh", "-c", pipe, text, str(port)]))
    return found


@pytest.mark.parametrize(("name", "arguments"), clients(), ids=lambda value: str(value)[:4])
def test_a_shell_is_a_client(name, arguments):
    with Command() as command:
        for text, reply in (("W0FAC0B1234", b"A0FAC0B1234"), ("R0FAC0B", b"A0FAC0B1234")):
            done = subprocess.run(
                arguments(command.port, text), capture_output=True, timeout=PATIENCE
            )
            assert done.stdout == reply, (name, done)


def test_one_message_on_a_connection():
    with Command() as command:
        with connect(command.port) as connection:
            connection.sendall(b"W0FAC0B1234")
            assert receive(connection) == b"A0FAC0B1234"
            # The server has closed its side; what comes now is thrown away.
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"W0FAC0B9999")
        assert ask(command.port, b"R0FAC0B") == b"A0FAC0B1234"
        assert len(command.end()) == 3


def test_a_client_that_closes_its_side_first_gets_its_reply():
    with Command() as command:
        for message, reply in ((b"W0FAC0B1234", b"A0FAC0B1234"), (b"", b"X"), (b"R0FA", b"X")):
            with connect(command.port) as connection:
                connection.sendall(message)
                connection.shutdown(socket.SHUT_WR)
                assert receive(connection) == reply


def test_a_silent_client_gets_its_refusal_after_the_wait():
    with Command() as command, connect(command.port) as connection:
        begin = time.monotonic()
        assert receive(connection) == b"X"
        assert time.monotonic() - begin >= server.MESSAGE_WAIT * 0.9
        assert command.line().endswith("  X")


def test_clients_that_vanish_are_counted_and_harmless():
    with Command() as command:
        connect(command.port).close()
        assert command.line().startswith("1  127.0.0.1  ")
        reset(connect(command.port))
        assert command.line().startswith("2  127.0.0.1  ")
        connection = connect(command.port)
        connection.sendall(b"W0F")
        reset(connection)
        assert command.line().startswith("3  127.0.0.1  ")
        connection = connect(command.port)
        connection.sendall(b"W0FAC0B1234")
        assert connection.recv(100) == b"A0FAC0B1234"
        reset(connection)
        assert command.line().endswith("  A0FAC0B1234")
        assert ask(command.port, b"R0FAC0B") == b"A0FAC0B1234"
        assert command.end()[-1] == "5 messages: 2 accepted, 3 refused; 1 of 401 registers"


def test_a_flood_is_cut_off():
    with Command() as command:
        with connect(command.port) as connection, contextlib.suppress(ConnectionError):
            for _ in range(100000):
                connection.sendall(b"W" * 65536)
            pytest.fail("six gigabytes were taken")
        assert ask(command.port, b"W0FAC0B1234") == b"A0FAC0B1234"
        assert command.end()[-1] == "2 messages: 1 accepted, 1 refused; 1 of 401 registers"


def test_a_wait_as_long_as_typing_takes():
    with Command("--wait", "60") as command, connect(command.port) as connection:
        connection.sendall(b"W0FAC0B")
        time.sleep(2 * server.MESSAGE_WAIT)  # in which the class server would have answered
        connection.sendall(b"1234")
        assert receive(connection) == b"A0FAC0B1234"


def test_a_hundred_clients_at_once():
    with Command("--reasons") as command:
        together = threading.Barrier(100)

        def client(number: int) -> tuple[bytes, bytes]:
            with connect(command.port) as connection:
                together.wait(PATIENCE)
                connection.sendall(b"W%04X05%04X" % (number, number))
                return b"A%04X05%04X" % (number, number), receive(connection)

        # Their connections begin well before their messages, so a slow machine answers some of
        # them after the wait: those were refused, and nothing else may have happened to them.
        with ThreadPoolExecutor(100) as pool:
            replies = list(pool.map(client, range(100)))
        late = [reply for right, reply in replies if reply != right]
        assert set(late) <= {b"X illegal message length"}
        assert len(late) < 100

        def quick(number: int) -> bool:
            # A machine that stalls for the server's wait has it refuse: then once more.
            message = b"W%04X05%04X" % (number, number)
            return any(ask(command.port, message) == b"A" + message[1:] for _ in range(5))

        with ThreadPoolExecutor(100) as pool:
            assert all(pool.map(quick, range(400)))
        assert all(ask(command.port, b"R%04X05" % n) == b"A%04X05%04X" % (n, n) for n in range(9))
        assert command.end()[-1].endswith("; 400 of 401 registers")


def test_connections_are_bounded_and_all_are_served():
    with Command() as command:
        idle = command.descriptors()
        with ThreadPoolExecutor(300) as pool:
            replies = [pool.submit(ask, command.port, b"W0F") for _ in range(300)]
            most = 0
            while not all(reply.done() for reply in replies):
                most = max(most, command.descriptors())
            assert {reply.result() for reply in replies} == {b"X"}
        assert idle < most <= idle + server.CONNECTIONS_MAX
        assert ask(command.port, b"W0FAC0B1234") == b"A0FAC0B1234"


def test_the_402nd_register_is_refused():
    with Command("--reasons") as command:
        with ThreadPoolExecutor(20) as pool:
            messages = [b"W%04X000001" % number for number in range(401)]
            replies = list(pool.map(lambda message: ask(command.port, message), messages))
        assert replies == [b"A" + message[1:] for message in messages]
        assert ask(command.port, b"W0FAC0B1234") == b"X Database Full 401"
        assert ask(command.port, b"W0000001234") == b"A0000001234"
        assert command.end()[-1] == "403 messages: 402 accepted, 1 refused; 401 of 401 registers"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_frees_the_port(number):
    with Command() as command:
        # One transaction that lingers, one that has not sent its message yet.
        with connect(command.port) as done, connect(command.port) as open_one:
            done.sendall(b"W0FAC0B1234")
            assert receive(done) == b"A0FAC0B1234"
            output = command.end(number)
            assert receive(open_one) == b"X"
        assert output[-1] == "2 messages: 1 accepted, 1 refused; 1 of 401 registers"
        with Command("--port", str(command.port)) as again:
            assert again.port == command.port
            assert ask(again.port, b"R0FAC0B") == b"X"


def test_a_busy_port_is_one_line():
    with Command() as command:
        line = fails("--host", "127.0.0.1", "--port", str(command.port))
        expected = f"airwire: cannot listen on 127.0.0.1 port {command.port}: "
        assert line == expected + "Address already in use (another server? --port N takes another)"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "65536"], "not a port of 0 to 65535: 65536"),
        (["--port", "-1"], "not a port of 0 to 65535: -1"),
        (["--port", "http"], "not a port of 0 to 65535: http"),
        (["--strict", "--tolerant"], "not allowed with"),
        (["--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid port 27708: "),
        (["--host", "192.0.2.1", "--port", "0"], "cannot listen on 192.0.2.1 port 0: "),
        (["--db", "/"], "/: not a regular file"),
        (["--db", "/dev/zero"], "/dev/zero: not a regular file"),
        (
            ["--db", "/no/such/directory/regs"],
            "/no/such/directory/regs: No such file or directory",
        ),
    ],
)
def test_bad_arguments_are_one_line(arguments, words):
    assert words in fails(*arguments)
