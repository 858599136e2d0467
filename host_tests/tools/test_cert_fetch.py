"""`airwire cert fetch`: against openssl s_server, CPython's ssl, and servers that misbehave."""

import json
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest

from host_tests.tools.cert_command import Command, fingerprint
from host_tests.tools.odd_certs import SERVER, Made, chain_of_three

PATIENCE = 20.0  # seconds: a hang
QUICK = ("--timeout", "0.3")  # for a server that will not answer


@pytest.fixture
def cert(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    return Command("cert", capfd)


def save(path, *made):
    """A server's file: certificates in this order, and the key of the first."""
    path.write_bytes(b"".join(each.pem for each in made) + made[0].key_pem)
    return path


@contextmanager
def tls_server(path, **settings):
    """CPython's ssl with the certificates of a file. Yields where it listens."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    for name, value in settings.items():
        setattr(context, name, value)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    plain = listener.accept()[0]
                except OSError:
                    return
                try:
                    with plain, context.wrap_socket(plain, server_side=True) as tls:
                        tls.recv(1)
                except OSError:
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


@contextmanager
def openssl_server(path, chain, *more):
    """openssl s_server. Yields where it listens."""
    words = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", path, "-cert_chain", chain]
    with subprocess.Popen(
        [*map(str, words), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            line = process.stdout.readline()
            while not line.startswith("ACCEPT"):
                assert line
                line = process.stdout.readline()
            yield line.split()[1]
        finally:
            process.kill()


@contextmanager
def plain_server(answer):
    """Calls `answer` with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                with connection:
                    answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


def test_a_chain_from_openssl(cert, tmp_path):
    _, middle, leaf = chain_of_three(purposes=[SERVER], names=["s.local"])
    save(tmp_path / "leaf.pem", leaf)
    (tmp_path / "chain.pem").write_bytes(middle.pem)
    with openssl_server("leaf.pem", "chain.pem") as place:
        shown = cert("fetch", place, "-o", "trust.pem", "--chain", "all.pem", "--name", "s.local")
    assert shown.startswith(
        f"{place}: TLSv1.2, ECDHE-ECDSA-AES256-GCM-SHA384; certificates sent: 2\n"
    )
    assert "1   subject  leaf\n    issuer   Middle\n    names    s.local\n" in shown
    assert fingerprint("leaf.pem") in shown
    assert shown.endswith(
        "To trust: 2, Middle (an intermediate, which is enough for a board). Nobody has verified"
        " it: compare its SHA-256 with one that you have from elsewhere\n"
    )
    assert (tmp_path / "trust.pem").read_bytes() == middle.pem
    assert (tmp_path / "all.pem").read_bytes() == leaf.pem + middle.pem


def test_a_server_that_wants_a_client_certificate(cert, tmp_path):
    root, middle, leaf = chain_of_three()
    save(tmp_path / "leaf.pem", leaf)
    (tmp_path / "chain.pem").write_bytes(middle.pem + root.pem)
    with openssl_server("leaf.pem", "chain.pem", "-Verify", "3") as place:
        shown = cert("fetch", place, "-o", "trust.pem")
    assert shown.startswith(f"{place}: wants a client's as well; certificates sent: 3\n")
    assert (tmp_path / "trust.pem").read_bytes() == root.pem


@pytest.mark.parametrize(
    "sent, trusted, kind",
    [
        ("leaf middle", "middle", "an intermediate, which is enough for a board"),
        ("leaf middle root", "root", "a root"),
        ("leaf root middle", "root", "a root"),
        ("alone", "alone", "its own root"),
        ("leaf", None, None),
        ("leaf other", None, None),
    ],
)
def test_which_is_to_be_trusted(cert, tmp_path, sent, trusted, kind):
    root, middle, leaf = chain_of_three()
    made = {"root": root, "middle": middle, "leaf": leaf}
    made |= {"alone": Made("alone"), "other": Made("Middle", ca=True)}
    with tls_server(save(tmp_path / "s.pem", *(made[name] for name in sent.split()))) as place:
        report = json.loads(cert("fetch", place, "--json"))
        if trusted is None:
            assert report["trust"] is None
            code, out, err = cert.run("fetch", place, "-o", "trust.pem")
            assert code == 2
            assert "Trust the authority that signed it, Middle: the server does not send" in out
            assert err == "airwire: trust.pem is not written: the server sends none to trust\n"
            assert not (tmp_path / "trust.pem").exists()
            return
        shown = cert("fetch", place, "-o", "trust.pem")
    assert report["trust"] == sent.split().index(trusted) + 1
    assert [each["subject"] for each in report["chain"]] == [
        each.cert.subject.rfc4514_string().removeprefix("CN=")
        for each in (made[name] for name in sent.split())
    ]
    assert f"({kind})" in shown
    assert (tmp_path / "trust.pem").read_bytes() == made[trusted].pem


def test_the_name_is_said_to_the_server(cert, tmp_path):
    asked = []
    with tls_server(
        save(tmp_path / "s.pem", Made("s")), sni_callback=lambda tls, name, c: asked.append(name)
    ) as place:
        cert("fetch", place, "--name", "s.local")
        cert("fetch", place)  # an address is no name
        cert("fetch", place.replace("127.0.0.1", "localhost"))
        said = cert.refused("fetch", place, "--name", "a..b")
        assert said == "a..b: not a server's name"
    assert asked == ["s.local", None, "localhost"]


def test_old_and_expired_are_shown(cert, tmp_path):
    old = Made("old", days=(-9, -2))
    with tls_server(save(tmp_path / "s.pem", old)) as place:
        assert "expired 2 days ago" in cert("fetch", place)


def test_only_tls_1_3(cert, tmp_path):
    settings = {"minimum_version": ssl.TLSVersion.TLSv1_3}
    with tls_server(save(tmp_path / "s.pem", Made("s")), **settings) as place:
        said = cert.refused("fetch", place)
    assert said == f"{place}: no TLS 1.2 there: tlsv1 alert protocol version"


def test_servers_that_talk_no_tls(cert):
    with plain_server(lambda connection: connection.sendall(b"220 mail ready\r\n")) as place:
        assert cert.refused("fetch", place) == f"{place}: no TLS 1.2 there: wrong version number"
    with plain_server(lambda connection: None) as place:
        assert cert.refused("fetch", place).startswith(f"{place}: no TLS 1.2 there: ")


def test_a_server_that_is_silent_or_slow_is_not_waited_for(cert):
    ended = threading.Event()

    def drip(connection):
        connection.settimeout(PATIENCE)
        connection.recv(1000)
        try:
            for byte in b"\x16\x03\x03\x40\x00" + bytes(1000):
                connection.sendall(bytes((byte,)))
                if ended.wait(0.02):
                    return
        except OSError:
            pass

    for answer in (lambda connection: connection.recv(1000) and connection.recv(1000), drip):
        with plain_server(answer) as place:
            start = time.monotonic()
            assert cert.refused("fetch", place, *QUICK) == f"{place}: no TLS answer within 0.3 s"
            assert time.monotonic() - start < PATIENCE / 2


def test_places(cert, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            place = f"{host}:{port}"
            assert cert.refused("fetch", place) == f"{place}: Connection refused"
    for place in ("", "a:b", "a:0", "a:65536", "http://a/", "a b", "[::1", "a:1:2"):
        assert cert.refused("fetch", place) == f"{place}: not HOST or HOST:PORT"
    assert cert.refused("fetch", "none.invalid") == "none.invalid: no such host"
    assert cert.refused("fetch", "x" * 70 + ".invalid").endswith(": no such host")
    code, _, err = cert.run("fetch", "a", "--timeout", "0")
    assert code == 2 and "is not more than 0" in err


def test_files_are_not_replaced(cert, tmp_path):
    (tmp_path / "x").write_text("")
    assert cert.refused("fetch", "127.0.0.1:1", "-o", "x") == (
        "x is there already: --force replaces it"
    )
