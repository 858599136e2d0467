"""A module over HTTP: the same methods, the same answers, and what only a serial port can do."""

import socket
import threading
import time
from random import Random

import pytest

from airwire.client import (
    BufferOverflow,
    ClientError,
    LostFrame,
    Module,
    PortError,
    Timeout,
    TooManyArguments,
    UnknownCommand,
)
from host_tests.client import conformance
from host_tests.client.conftest import PATIENCE
from host_tests.client.drivers import PythonDriver

SERIAL = "board:client/uart1"
SERVER_PORT = 8080
HEAP = "240K"  # as in host_tests/client/test_traffic.py


@pytest.fixture(scope="module")
def url(board) -> str:
    """Of a module that serves, and does so after each start."""
    with Module(SERIAL) as module:
        module.set("wlan.ssid", "airwire-open")
        module.set("wlan.auto_join.enabled", 1)
        module.set("http.server.port", SERVER_PORT)
        module.set("http.server.interface", "wlan")  # runs set the default one to anything
        module.set("http.server.enabled", 1)
        module.save()
        module.network_up()
        url = f"http://{module.get('network.ip')}:{SERVER_PORT}"
    end = time.monotonic() + PATIENCE
    while True:
        try:
            Module(url).close()
            return url
        except PortError:
            assert time.monotonic() < end


@pytest.fixture
def web(url) -> Module:
    """The module over HTTP, nothing open in it."""
    with Module(url) as module:
        yield module
        module.close_streams()


class OverHttp(conformance.Run):
    """The run of all drivers, without what a session keeps for the next command, the network that
    carries it, and data of more than a request.
    """

    _LEFT_OUT = ("buffered", "logs")

    def __init__(self, driver, rng, port):
        super().__init__(driver, rng, port)
        self.steps = [(n, step) for n, step in self.steps if step.__name__ not in self._LEFT_OUT]

    def done(self, name, *args, data=None):
        return b"" if name == "network_up" else super().done(name, *args, data=data)

    def _data(self, most):
        return super()._data(min(most, 2000))


def test_the_run_of_all_drivers(url, rng, counts, figure):
    """Over HTTP a module answers as it does at its serial port."""
    seed, count = rng.random(), counts(60, 3000)
    results = []
    with conformance.echo_server() as port:
        for door in (url, SERIAL):
            with Module(door) as module:
                results.append(OverHttp(PythonDriver(module), Random(seed), port).run(count))
    assert results[0] == results[1]
    figure(f"{count} operations through each door")


def test_variables_and_lists(web, url):
    assert repr(web) == f"<Module at {url}>"
    assert web.version().name == "Airwire"
    web.set("wlan.hide_passkey", True)
    for value in ("", "two words", 'quote " and \\', "\u00e9\U0001f600", bytes(range(1, 32))):
        web.set("http.server.auth_title", value)
        found = web.command("get", "http.server.auth_title")
        assert found == (value if isinstance(value, bytes) else value.encode())
    with Module(SERIAL) as module:
        for method in ("commands", "variables", "files", "streams", "certificates", "gpio_usage"):
            assert getattr(web, method)() == getattr(module, method)(), method
        assert web.get_group("wlan") == module.get_group("wlan")
        assert len(web.scan()) == len(module.scan())
    assert not web.safe_mode


def test_refusals(web):
    with pytest.raises(UnknownCommand, match="no_such_command"):
        web.command("no_such_command")
    with pytest.raises(BufferOverflow):
        web.command("get", "a" * 600)
    with pytest.raises(TooManyArguments) as failed:
        web.set("wlan.passkey", "short", 1, 2)
    assert "short" not in str(failed.value)


def test_files(web, rng):
    small, large = bytes(range(256)), rng.randbytes(9_000)
    web.create_file("small", small)
    web.create_file("large", large, public=True)
    web.create_file("empty", b"")
    assert [web.read_file(name) for name in ("small", "large", "empty")] == [small, large, b""]
    for file in web.files():
        web.delete_file(file.name)
    with pytest.raises(ClientError, match="too long for a request"):
        web.command("file_create", "x", 4000, data=bytes(4000))


def test_connections(web, listener):
    with web.tcp_client(
        "host.airwire", listener.getsockname()[1], read_timeout=PATIENCE
    ) as stream:
        peer, _ = listener.accept()
        with peer:
            peer.settimeout(PATIENCE)
            data = bytes(range(256)) * 20
            assert stream.write(data) == len(data)
            assert receive(peer, len(data)) == data
            peer.sendall(data)
            got = b""
            while len(got) < len(data):
                got += stream.read(len(data) - len(got))
            assert got == data
        assert stream.read() == b""
    with web.tcp_server(4000) as server:
        address = (web.get("network.ip"), server.port)
        with (
            socket.create_connection(address, PATIENCE) as peer,
            server.accept(PATIENCE, read_timeout=PATIENCE) as stream,
        ):
            peer.sendall(b"question\n")
            assert stream.readline() == b"question\n"


def test_log_lines(web):
    web.notifications.clear()
    web.create_file("logged", b"x")
    web.delete_file("logged")
    assert web.wait("File created", PATIENCE).text == "File created"
    assert web.wait("File deleted", PATIENCE).text == "File deleted"


def test_two_doors_and_threads(web, url):
    """Several connections at once, each with its own session."""
    failed = []

    def ask():
        try:
            with Module(url) as module:
                for _ in range(5):
                    assert module.get("system.board") == "ESP32-DevKitC"
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert web.get("system.board") == "ESP32-DevKitC"
    for thread in threads:
        thread.join()
    assert not failed


def test_a_connection_that_the_module_has_ended(web, board):
    """One that was idle is made anew; what was asked is asked once."""
    web.version()
    web._link._http.sock.shutdown(socket.SHUT_RD)
    assert web.version().name == "Airwire"


def test_what_a_serial_port_alone_can_do(web):
    with pytest.raises(PortError, match="no serial port"):
        web.uart_update()
    with pytest.raises(PortError, match="no serial port; stream mode needs one"):
        web.stream_mode()
    with pytest.raises(PortError, match="no serial port; long answers come whole"):
        web.command_stream("get", "all")
    web.uart_update(0, here=False)


def test_passwords(url, board):
    with Module(SERIAL) as module:
        module.set("http.server.username", "admin")
        module.set("http.server.password", "p@ss w/rd")
        try:
            named = url.replace("//", "//admin:p%40ss%20w%2Frd@")
            with Module(named) as web:
                assert web.get("http.server.username") == "admin"
                assert "admin" not in repr(web)
            with pytest.raises(PortError, match="No password"):
                Module(url)
            with pytest.raises(PortError, match="Wrong password") as refused:
                Module(named.replace("rd@", "rds@"))
            assert "p@ss" not in str(refused.value) and "p%40" not in str(refused.value)
        finally:
            module.set("http.server.username", "")
            module.set("http.server.password", "")


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///x",
        "http://a/command",
        "http://a?x",
        "http://a:port",
        "http://a:99999",
        "http://[::1",
        "http://a b",
        "https://a..b",
        "http://user:no/secret@a",
    ],
)
def test_no_url_of_a_module(url):
    with pytest.raises(PortError, match="the URL of a module is") as refused:
        Module(url)
    assert "secret" not in str(refused.value)


def answering(data: bytes) -> socket.socket:
    """A server that says this to whoever calls, and ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        sock, _ = listener.accept()
        with sock:
            sock.recv(4096)
            sock.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    return listener


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b'HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n{"id":1,"code":0,"response":5}',
        b"220 smtp\r\n",
    ],
)
def test_what_is_no_module(data):
    with answering(data) as listener, pytest.raises(LostFrame):
        Module(f"http://127.0.0.1:{listener.getsockname()[1]}", attach_timeout=PATIENCE)


def test_nobody_there(listener):
    port = listener.getsockname()[1]
    with pytest.raises(Timeout, match="no reply within"):
        Module(f"http://127.0.0.1:{port}", attach_timeout=0.2)
    listener.close()
    with pytest.raises(PortError, match=r"http\.server\.enabled"):
        Module(f"http://127.0.0.1:{port}")


def test_restart(web):
    """It waits until the module serves again; what was not saved is gone."""
    web.set("http.server.auth_title", "lost")
    web.reboot(2 * PATIENCE)
    assert web.get("http.server.auth_title") == ""


def receive(sock, count):
    data = b""
    while len(data) < count:
        data += sock.recv(count - len(data))
    return data
