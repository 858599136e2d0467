"""The methods of a module for the network: its servers, those of others, and its own access point.
Who joins that one, and what is found by mDNS, is in host_tests/lan.
"""

import socket
import threading

import pytest

from airwire.client import (
    BoundsError,
    CommandFailed,
    InvalidArgument,
    Module,
    Timeout,
)
from airwire.client.errors import shown
from host_tests.board.mail import MailServer
from host_tests.client.conftest import PATIENCE


@pytest.fixture(autouse=True)
def started(board):
    """Each test has all of the module's memory."""
    with Module("board:client/uart1") as module:
        module.reboot()


@pytest.fixture
def address(joined):
    return joined.get("network.ip")


def call(address, port):
    return socket.create_connection((address, port), PATIENCE)


def test_a_tcp_server(joined, address):
    module = joined
    with module.tcp_server(4000) as server:
        assert server.port == 4000
        with call(address, 4000) as one, call(address, 4000) as two:
            streams = [server.accept(PATIENCE, read_timeout=PATIENCE) for _ in range(2)]
            assert {stream.handle for stream in streams} == {0, 1}
            for peer in (one, two):
                name = "{}:{}".format(*peer.getsockname())
                [stream] = [s for s in streams if s.info == f"{address}:4000 {name}"]
                peer.sendall(b"question\n")
                assert stream.readline() == b"question\n"
                stream.write(b"answer")
                assert peer.recv(100) == b"answer"
            with pytest.raises(Timeout, match=r"nobody has connected within 0\.1 s"):
                server.accept(0.1)
            one.close()
            [ended] = [s for s in streams if not s.info.endswith(name)]
            assert ended.read() == b""
            with call(address, 4000) as late:  # the handle is another's now
                stream = server.accept(PATIENCE, read_timeout=PATIENCE)
                assert stream.handle == ended.handle
                with pytest.raises(CommandFailed, match="has been closed"):
                    ended.write(b"x")
                ended.close()
                late.sendall(b"x")
                assert stream.read(1) == b"x"
        with pytest.raises(CommandFailed, match="running on port 4000"):
            module.tcp_server()
        with call(address, 4000) as three:
            stream = server.accept(PATIENCE, read_timeout=PATIENCE)
            server.close()
            assert three.recv(1) == b"" and stream.read() == b""
        with pytest.raises(ValueError, match="closed server"):
            server.accept()
    with pytest.raises(ConnectionRefusedError):
        call(address, 4000)
    assert module.streams() == []


def test_clients_that_take_turns(joined, address):
    """The same handle again and again, whether the stream before was closed or forgotten."""
    joined.set("tcp.server.port", 4001)
    with joined.tcp_server(interface="wlan") as server:

        def knock():
            for number in range(6):
                with call(address, 4001) as peer:
                    peer.sendall(b"%d" % number)
                    assert peer.recv(1) == b"!"

        thread = threading.Thread(target=knock)
        thread.start()
        kept = []
        for number, stream in zip(range(6), server, strict=False):
            stream.timeout = PATIENCE
            assert stream.read(1) == b"%d" % number
            stream.write(b"!")
            assert stream.read() == b""
            if number % 2:
                kept.append(stream)
            else:
                stream.close()
        thread.join()
        assert all(stream.read() == b"" for stream in kept)


def test_a_server_that_starts_by_itself(module):
    module.set("tcp.server.auto_start", 1)
    module.set("tcp.server.port", 4002)
    module.set("wlan.ssid", "airwire-open")
    module.set("system.print_level", 3)
    module.network_up()
    if not any("4002" in n.text for n in iter(module.notifications.take, None)):
        module.wait("TCP server listening on port: 4002", PATIENCE)
    with call(module.get("network.ip"), 4002) as peer:
        with module.accept(PATIENCE, read_timeout=PATIENCE) as stream:
            peer.sendall(b"x")
            assert stream.read(1) == b"x"
        assert peer.recv(1) == b""


def test_a_udp_server(joined, address):
    with (
        joined.udp_server(4000, read_timeout=PATIENCE) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        with pytest.raises(CommandFailed):
            stream.write(b"to whom?")
        for peer in (one, two):
            peer.settimeout(PATIENCE)
            peer.sendto(b"question", (address, 4000))
            assert stream.read(100) == b"question"
            stream.write(b"answer")
            assert peer.recv(100) == b"answer"
    with joined.udp_server(4000):  # the other one has ended with its stream
        assert joined.streams()[0].type == "UDPS"


def test_names_and_echoes(joined):
    assert joined.network_lookup("host.airwire") == "127.0.0.1"
    with pytest.raises(CommandFailed):
        joined.network_lookup("nobody.airwire")
    for host in (None, "host.airwire"):
        assert 0 <= joined.ping(host) < 1000
    with pytest.raises(CommandFailed, match="Name not found"):
        joined.ping("nobody.airwire")
    with pytest.raises(InvalidArgument):
        joined.mdns_discover("a.b.c.d")


def test_verified_networks(module):
    """Passwords and keys; nothing of them is in messages."""
    module.network_verify("airwire-wpa2", "correct horse")
    module.network_verify("airwire-open")
    [point] = [n for n in module.scan() if n.name == "airwire-wpa2"]
    options = {"bssid": point.bssid, "channel": point.channel, "security": point.security}
    module.network_verify(point.ssid, "correct horse", **options)
    with pytest.raises(CommandFailed) as failed:
        module.network_verify(point.ssid, "incorrect horse", **options)
    assert failed.value.command.endswith(" 4 ********")
    assert shown("network_verify", ("wifi", "name")) == "network_verify wifi name"
    with pytest.raises(CommandFailed):
        module.network_verify("nowhere", "correct horse")
    with pytest.raises(ValueError, match="is none of Open, WEP"):
        module.network_verify("airwire-wpa2", "correct horse", security="WPA3")
    assert module.get("wlan.network.status") == "0"
    key = "".join(f"{number:02x}" for number in range(32))
    with pytest.raises(CommandFailed):
        module.network_verify("airwire-wpa2", key)


def test_interfaces(joined):
    module = joined
    module.set("wlan.ssid", "airwire-open")
    module.set("softap.passkey", "tin snips 42")
    module.network_restart("wlan")
    assert module.get("wlan.network.status") == "2"
    assert module.softap_clients() == []
    module.network_up("softap")
    assert "state: up" in module.get("softap.info")
    assert module.softap_clients() == []
    module.set("network.default_interface", "softap")
    module.network_restart()
    module.network_down()
    assert "state: down" in module.get("softap.info")
    assert module.get("wlan.network.status") == "2"
    module.network_down("wlan")
    assert module.get("wlan.network.status") == "0"
    with pytest.raises(InvalidArgument):
        module.network_up("ethernet")


def test_emails(joined):
    joined.set("email.name_address", "Anna Berg <anna@example.com>")
    joined.set("email.smtp.host", "host.airwire")
    with MailServer() as server:
        joined.set("email.smtp.port", server.port)
        joined.smtp_send("bert@example.org", "K\u00e4lte", "Gr\u00fc\u00dfe\n")
        _, envelope, message = server.next()
        assert envelope.rcpt_tos == ["bert@example.org"]
        assert message["subject"] == "K\u00e4lte"
        assert message.get_payload(decode=True) == "Gr\u00fc\u00dfe\r\n".encode()
        joined.smtp_send(["bert@example.org", "C <c@example.net>"], "", b"")
        assert server.next()[1].rcpt_tos == ["bert@example.org", "c@example.net"]
        joined.smtp_send("bert@example.org", "long", b"x" * 8192)
        assert len(server.next()[2].get_payload(decode=True).strip()) == 8192
        with pytest.raises(CommandFailed, match="550 5.1.1 No such user here"):
            joined.smtp_send("bert@refused.example", "x", "x")
        with pytest.raises(InvalidArgument, match="Not an address"):
            joined.smtp_send("nobody", "x", "factory_reset\r\n")
        with pytest.raises(BoundsError, match="More than 8"):
            joined.smtp_send(["bert@example.org"] * 9, "x", "x")
        with pytest.raises(ValueError, match="8193 bytes"):
            joined.smtp_send("bert@example.org", "x", b"x" * 8193)
        assert server.empty
