"""The secure port of `airwire wwep-server`: with foreign clients, beside the open port, and
against whoever stalls, knows no TLS, or has the wrong certificate.
"""

import asyncio
import contextlib
import shutil
import socket
import ssl
import stat
import subprocess

import pytest

from airwire.wwep import identity as identities
from airwire.wwep.server import WwepServer
from host_tests.tools.wwep_command import PATIENCE, Command, Identity, ask, connect, fails, receive

OPENSSL = shutil.which("openssl")

# Connections that stall in their handshake: a multiple of what a class has of boards that hang.
STALLERS = 20


def ask_tls(identity: Identity, port: int, message: bytes) -> bytes:
    with identity.connect(port) as connection:
        connection.sendall(message)
        return receive(connection)


def test_two_doors_one_room(identity):
    """One database, one running count, and a heading that is the class server's."""
    with Command(*identity.options) as command:
        title = f"WWEP server on 127.0.0.1 port {command.port} and TLS port {command.tls_port}"
        assert command.title == f"{title}, strict, identity in {identity.folder}"
        assert ask(command.port, b"W0FAC0B1234") == b"A0FAC0B1234"
        assert ask_tls(identity, command.tls_port, b"R0FAC0B") == b"A0FAC0B1234"
        assert ask_tls(identity, command.tls_port, b"W0FAC0B5678") == b"A0FAC0B5678"
        assert ask(command.port, b"R0FAC0B") == b"A0FAC0B5678"
        lines = [command.line().split("  ") for _ in range(4)]
        assert [line[0] for line in lines] == ["1", "2", "3", "4"]
        assert [line[3] for line in lines] == ["A0FAC0B1234"] * 2 + ["A0FAC0B5678"] * 2
        assert command.end() == ["4 messages: 4 accepted, 0 refused; 1 of 401 registers"]


def test_the_secure_port_alone(identity):
    """And it keeps its registers in a file as the open one does."""
    file = str(identity.folder / "registers.txt")
    for message, reply in ((b"W0FAC0B1234", b"A0FAC0B1234"), (b"R0FAC0B", b"A0FAC0B1234")):
        with Command(*identity.options, "--no-open", "--db", file) as command:
            assert command.port is None
            assert ask_tls(identity, command.tls_port, message) == reply
            command.line()
            command.end()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_is_a_client(identity, version):
    assert OPENSSL, "the tests need openssl"
    with Command(*identity.options) as command:
        for message, reply in ((b"W0FAC0B1234\n", b"A0FAC0B1234"), (b"R0FAC0B", b"A0FAC0B1234")):
            done = subprocess.run(
                [
                    *(OPENSSL, "s_client", "-quiet", version, "-verify_return_error"),
                    *("-verify_hostname", "host.airwire"),
                    *("-CAfile", str(identity.folder / identities.AUTHORITY)),
                    *("-connect", f"127.0.0.1:{command.tls_port}"),
                ],
                input=message,
                capture_output=True,
                timeout=PATIENCE,
            )
            assert (done.returncode, done.stdout) == (0, reply), done.stderr


def test_old_versions_are_refused(identity):
    with Command(*identity.options) as command:
        assert OPENSSL
        done = subprocess.run(
            [OPENSSL, "s_client", "-tls1_1", "-connect", f"127.0.0.1:{command.tls_port}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
        )
        assert done.returncode
        assert ask_tls(identity, command.tls_port, b"R0FAC0B") == b"X"


def test_who_stalls_keeps_nobody_waiting(identity):
    """Neither at the open port nor at the secure one."""
    with Command(*identity.options) as command, contextlib.ExitStack() as stallers:
        for _ in range(STALLERS):
            stallers.enter_context(connect(command.tls_port))
        assert ask(command.port, b"W0FAC0B1234") == b"A0FAC0B1234"
        assert ask_tls(identity, command.tls_port, b"R0FAC0B") == b"A0FAC0B1234"


def serving(identity: Identity, client, **options) -> tuple[bytes, list[str]]:
    """(what `client` has got, words for handshakes that failed) of a server in this process."""
    tls = identities.context(
        identity.folder / identities.CERTIFICATE, identity.folder / identities.KEY
    )
    failures: list[str] = []

    async def run() -> bytes:
        server = WwepServer(
            port=None,
            tls=tls,
            tls_port=0,
            wait=PATIENCE,
            on_failure=lambda address, port, words: failures.append(words),
            **options,
        )
        async with server:
            return await asyncio.to_thread(client, server.tls_port)

    return asyncio.run(run()), failures


def test_a_handshake_has_its_time(identity):
    def stall(port: int) -> bytes:
        with connect(port) as connection:
            return connection.recv(100)

    assert serving(identity, stall, handshake_wait=0.1) == (b"", ["handshake not finished"])


def test_who_knows_no_tls_is_told_of(identity):
    def plain(port: int) -> bytes:
        with contextlib.suppress(ConnectionResetError):
            return ask(port, b"W0FAC0B1234\n")[:1]
        return b""

    found, failures = serving(identity, plain)
    assert found != b"A"
    assert failures in (["wrong version number"], ["packet length too long"], ["http request"])


def test_a_client_that_goes_away_is_told_of(identity):
    def leave(port: int) -> bytes:
        connect(port).close()
        ask_tls(identity, port, b"R0FAC0B")
        return b""

    assert serving(identity, leave) == (b"", ["closed"])


def test_a_client_that_knows_another_authority_refuses(identity, tmp_path):
    other = Identity(tmp_path / "other")
    with Command(*identity.options) as command:
        with pytest.raises(ssl.SSLCertVerificationError):
            other.connect(command.tls_port)
        assert ": no TLS: tlsv1 alert " in command.line()
        assert ask_tls(identity, command.tls_port, b"R0FAC0B") == b"X"
        assert command.end()[-1] == "1 message: 0 accepted, 1 refused; 0 of 401 registers"


def test_clients_must_show_a_certificate(identity, tmp_path):
    """--client-ca: who has none is refused, as is who has another authority's."""
    clients = Identity(tmp_path / "clients")
    authority = str(clients.folder / identities.AUTHORITY)
    with Command(*identity.options, "--client-ca", authority) as command:
        # With TLS 1.3 a client learns of it behind its handshake.
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            assert ask_tls(identity, command.tls_port, b"W0FAC0B1234") == b""
        assert "no TLS: peer did not return a certificate" in command.line()
        identity.trusting.load_cert_chain(
            identity.folder / identities.CERTIFICATE, identity.folder / identities.KEY
        )
        try:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                assert ask_tls(identity, command.tls_port, b"W0FAC0B1234") == b""
        finally:
            identity.trusting = ssl.create_default_context(
                cafile=str(identity.folder / identities.AUTHORITY)
            )
        assert "no TLS: " in command.line()
        assert command.end()[-1] == "0 messages: 0 accepted, 0 refused; 0 of 401 registers"


def test_a_client_with_the_right_certificate_is_served(identity):
    """Signed by the authority of --client-ca."""
    authority = identity.folder / identities.AUTHORITY
    folder = identity.folder
    with Command(
        *("--tls", "--tls-port", "0", "--client-ca", str(authority)),
        *("--cert", str(folder / identities.CERTIFICATE), "--key", str(folder / identities.KEY)),
    ) as command:
        assert OPENSSL
        # What is made is a server's certificate: openssl shows it all the same, and the server
        # looks for a client's.
        context = ssl.create_default_context(cafile=str(authority))
        context.load_cert_chain(folder / identities.CERTIFICATE, folder / identities.KEY)
        with (
            contextlib.suppress(ConnectionError, ssl.SSLError),
            context.wrap_socket(
                connect(command.tls_port), server_hostname="host.airwire"
            ) as connection,
        ):
            connection.sendall(b"W0FAC0B1234")
            assert receive(connection) == b""
        assert command.line().endswith("no TLS: unsuitable certificate purpose")


def test_an_identity_is_made_once_and_kept(tmp_path):
    """Its key is for its owner alone, and is never shown."""
    folder = tmp_path / "new" / "identity"
    options = ("--tls", "--tls-port", "0", "--make-identity", str(folder), "--name", "board.lan")
    with Command(*options) as command:
        assert command.title.endswith(f", identity made in {folder}")
        output = command.title + "\n".join(command.end())
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(files) == {"ca.pem", "server.pem", "server.key"}
    assert stat.S_IMODE((folder / "server.key").stat().st_mode) == 0o600
    key = files["server.key"].decode()
    assert "PRIVATE KEY" in key
    assert not [line for line in key.splitlines() if line in output]
    with Command(*options) as command:
        assert command.title.endswith(f", identity in {folder}")
        trusting = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        names = ("wwep.ww101.cypress.com", "host.airwire", "localhost", "127.0.0.1", "board.lan")
        for name in names:
            with trusting.wrap_socket(connect(command.tls_port), server_hostname=name) as client:
                client.sendall(b"R0FAC0B")
                assert receive(client) == b"X"
        with pytest.raises(ssl.SSLCertVerificationError):
            trusting.wrap_socket(connect(command.tls_port), server_hostname="other.lan")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    (folder / "ca.pem").unlink()
    assert fails(*options).endswith(f"{folder}: holds a part of an identity; name an empty folder")


def test_a_busy_secure_port_is_one_line(identity):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = fails(
            *("--host", "127.0.0.1", "--port", "0", *identity.options, "--tls-port", str(port))
        )
        expected = f"airwire: cannot listen on 127.0.0.1 port {port}: Address already in use"
        assert line == expected + " (another server? --tls-port N takes another)"


def test_files_that_are_no_identity(identity, tmp_path):
    folder = identity.folder
    certificate, key = str(folder / identities.CERTIFICATE), str(folder / identities.KEY)
    other = str(Identity(tmp_path / "other").folder / identities.KEY)
    empty = tmp_path / "empty.pem"
    empty.touch()
    encrypted = tmp_path / "encrypted.key"
    assert OPENSSL
    subprocess.run(
        [OPENSSL, "ec", "-in", key, "-aes128", "-passout", "pass:secret", "-out", str(encrypted)],
        check=True,
        capture_output=True,
    )
    none = str(tmp_path / "none")
    for arguments, words in (
        (("--cert", certificate, "--key", other), "key values mismatch"),
        (("--cert", key, "--key", key), f"airwire: {key}, {key}: "),
        (("--cert", certificate, "--key", str(encrypted)), f"airwire: {encrypted}: is encrypted"),
        (("--cert", none, "--key", key), f"airwire: {none}: No such file or directory"),
        (("--cert", certificate, "--key", none), f"airwire: {none}: No such file or directory"),
        (
            ("--cert", certificate, "--key", key, "--client-ca", str(empty)),
            f"airwire: {empty}: no certificate in PEM",
        ),
    ):
        assert words in fails("--tls", *arguments), arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tls"], "--tls needs --cert and --key, or --make-identity DIR"),
        (["--cert", "a"], "--cert needs --tls"),
        (["--no-open"], "--no-open needs --tls"),
        (["--client-ca", "a"], "--client-ca needs --tls"),
        (["--tls", "--cert", "a"], "--cert and --key go together"),
        (["--tls", "--cert", "a", "--key", "b", "--make-identity", "c"], "--tls needs --cert"),
        (["--tls", "--cert", "a", "--key", "b", "--name", "c"], "--name is for the identity"),
        (["--tls", "--make-identity", "/proc/nowhere"], "/proc/nowhere: No such file"),
        (["--tls-port", "70000"], "not a port of 0 to 65535: 70000"),
    ],
)
def test_bad_arguments_are_one_line(arguments, words):
    assert words in fails(*arguments)
