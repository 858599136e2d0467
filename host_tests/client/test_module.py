"""A module through its methods: the real firmware, on a virtual board, at UART1."""

import os
import threading
import time

import pytest

from airwire.client import (
    BoundsError,
    BufferOverflow,
    CommandFailed,
    InvalidArgument,
    LostFrame,
    Module,
    ParseError,
    PortError,
    Timeout,
    TooFewArguments,
    TooManyArguments,
    UnknownCommand,
    UnknownOption,
)
from airwire.client.errors import CommandError

PORT = "board:client/uart1"

# Variables that are texts of several lines, or are looked up in the DCT: not in lists.
TEXTS = {"network.tls.expiry", "softap.client_list", "softap.info", "wlan.info"} | {
    f"system.{leaf}" for leaf in ("manufacture_date", "manufacturer", "product", "serial")
}


def say(board, data):
    """Write to the port as a program would that knows nothing, and leave."""
    port = os.open(board.uart1, os.O_RDWR | os.O_NOCTTY)
    try:
        while data:
            data = data[os.write(port, data) :]
    finally:
        os.close(port)


def test_every_result_code(joined):
    with pytest.raises(CommandFailed) as failed:
        joined.command("stream_poll", 7)
    assert failed.value.command == "stream_poll 7"
    cases = {
        UnknownCommand: lambda: joined.command("nothing"),
        TooFewArguments: lambda: joined.command("set", "wlan.ssid"),
        TooManyArguments: lambda: joined.command("version", 1),
        UnknownOption: lambda: joined.command("wlan_scan", "-x"),
        InvalidArgument: lambda: joined.set("wlan.join.retries", 99),
        BufferOverflow: lambda: joined.set("wlan.ssid", "x" * 600),
        BoundsError: lambda: joined.command("stream_poll", 8),
    }
    for kind, do in cases.items():
        with pytest.raises(kind):
            do()
    assert joined._link.exchange(b'get "', None, 5, "get").code == ParseError.code
    assert {kind.code for kind in CommandError.__subclasses__()} == set(range(1, 10))


def test_any_value_comes_back(module):
    for value in ("two words", '"', "\\", "a,b", "é ☃", "\0", "\r\n> ", " ", "", "x" * 32):
        module.set("wlan.ssid", value)
        assert module.get("wlan.ssid") == value
        assert module.get_group("wlan")["wlan.ssid"] == value
    module.set("wl s", bytes(range(0x80, 0xA0)))
    assert module.get("wl s").encode(errors="surrogateescape") == bytes(range(0x80, 0xA0))
    module.set("wlan.auto_join.enabled", True)
    module.set("wlan.join.timeout", 700)
    assert module.get_group("wlan.join")["wlan.join.timeout"] == "700"
    assert module.get("wlan.auto_join.enabled") == "1"


def test_what_the_module_tells_about_itself(module, board):
    version = module.version()
    assert (version.name, version.board) == ("Airwire", "ESP32-DevKitC")
    assert module.commands()["stream_read"] == "read"
    everything = module.get_group()
    # One row for each index, none for the GPIOs that are as ever; no texts of several lines.
    shown = {name.partition(" ")[0] for name in everything}
    rest = module.variables().keys() - shown
    assert shown < module.variables().keys()
    lists = {"gpio.alias", "gpio.init", "gpio.sleep", "gpio.usage", "network.tls.expiry"}
    assert rest == {*lists, *TEXTS}
    assert list(everything) == sorted(everything)
    assert module.variables()["wlan.mac"] == "r"
    assert everything["system.version"].startswith(f"Airwire-{version.version}, Built:")
    assert "Change a variable" in module.help("set")
    with pytest.raises(UnknownOption):
        module.help("nothing")
    points = {p["ssid"] for p in board.access_points() if p["present"] and not p["hidden"]}
    found = module.scan()
    assert {network.name for network in found} - {""} == points
    assert [network.rssi for network in found] == sorted((n.rssi for n in found), reverse=True)


def test_what_was_saved_is_there_after_a_reboot(module):
    module.set("wlan.ssid", "kept")
    module.save()
    module.set("wlan.ssid", "lost")
    time_before = time.monotonic()
    module.reboot()
    assert float(module.get("time.uptime")) <= time.monotonic() - time_before + 1
    assert module.get("wlan.ssid") == "kept"
    assert module.get("system.cmd.mode") == "machine"
    module.factory_reset()
    assert module.get("wlan.ssid") == ""


def test_notifications_of_a_join(module):
    module.set("wlan.ssid", "airwire-open")
    module.set("system.print_level", 3)
    module.network_up()
    heard = [module.notifications.take().text for _ in range(len(module.notifications))]
    assert heard[0] == "Associating to airwire-open" and heard[-1] == "Associated"
    module.network_down()
    assert module.wait("Disassociated", timeout=5).bracketed
    with pytest.raises(Timeout, match="no such notification within 0.2 s"):
        module.wait("Associated", timeout=0.2)


def test_a_join_that_fails(module):
    module.set("wlan.ssid", "nowhere")
    module.set("wlan.join.retries", 1)
    with pytest.raises(CommandFailed):
        module.network_up()
    assert module.get("wlan.join.result") == "6"


def test_many_threads(module):
    """One command at a time: each thread gets the answer to its own."""
    wrong = []

    def ask(name, value):
        for _ in range(25):
            if module.get(name) != value:
                wrong.append(name)

    names = ["wlan.mac", "system.uuid", "system.board", "tcp.client.connect_timeout"]
    threads = [threading.Thread(target=ask, args=(name, module.get(name))) for name in names]
    for thread in threads:
        thread.start()
    # One that waits for a message does not keep the others from the port.
    with pytest.raises(Timeout):
        module.wait("nothing", timeout=0.5)
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"set system.cmd.mode human\r\n",
        b"set system.cmd.mode human\r\nreboot",
        b"set system.cmd.mode machine\r\nreboot",
        b'set system.cmd.mode machine\r\nset wlan.ssid "half',
        b"set system.cmd.mode machine\r\nreboot\\",
        b"set system.cmd.mode human\r\nset system.cmd.header_enabled 1\r\n",
        b"set system.cmd.mode machine\r\nset system.cmd.echo 1\r\n",
        b"set system.cmd.header_enabled 0\r\nset system.cmd.prompt_enabled 0\r\n",
        b"x" * 700,
        b"scan\r\nscan -v\r\nget all\r\nhelp commands\r\n",
        b"\xff\x00\x80\r\r\n\n",
    ],
)
def test_machine_mode_from_any_state(board, before):
    boots = board.status()["boots"]
    say(board, before)
    with Module(PORT, restore=True) as module:
        assert module.get("system.cmd.mode") == "machine"
        assert module.get("wlan.ssid") != "half"
        module.set("system.cmd.mode", "machine")
    assert board.status()["boots"] == boots


def test_out_of_a_data_phase(listener, board):
    """A program ended in the midst of a write; the module gives its data up after 10 s."""
    with Module(PORT) as module:
        module.set("wlan.ssid", "airwire-open")
        stream = module.tcp_client("host.airwire", listener.getsockname()[1])
    peer, _ = listener.accept()
    say(board, b"stream_write %d 1000\r\nsome" % stream.handle)
    with peer, Module(PORT) as module:
        assert module.stream(stream.handle).info == stream.info + f" ({peer.getpeername()[1]})"
        assert peer.recv(100).startswith(b"some")
        module.close_streams()


def test_human_mode_is_restored(board):
    say(board, b"set system.cmd.mode human\r\n")
    with Module(PORT, restore=True) as module:
        assert module.get("system.cmd.header_enabled") == "1"
    with Module(PORT, restore=True) as module:
        assert module._link.was_machine is False


def test_a_reset_is_noticed_and_mended(module, board):
    module.set("wlan.ssid", "gone")
    boots = board.status()["boots"]
    board.reset()
    board.wait_boot(boots + 1)
    # Nothing that was not saved is left, and the session is in human mode.
    with pytest.raises(LostFrame, match="restarted"):
        module.get("wlan.ssid")
    assert module.get("wlan.ssid") == ""


def test_ports_that_cannot_be_used(module, tmp_path, home):
    (tmp_path / "file").write_text("")
    for port, cure in {
        PORT: "in use by another program",
        str(tmp_path / "none"): "there is no such port",
        str(tmp_path / "file"): "not a serial port",
        "board:other": "airwire board up other",
        "board:client/uart2": "no port 'uart2' on a board; it has uart0 and uart1",
        "board:no such": "bad board name 'no such'",
        "rfc2217://127.0.0.1:1": "nobody answers there",
        "rfc2217://127.0.0.1": "a URL of a port is rfc2217://HOST:PORT",
        "foo://x": "protocol .foo. not known",
    }.items():
        with pytest.raises(PortError, match=cure):
            Module(port)


def test_the_usb_port(board):
    """UART0 takes the same; a ring of 260 bytes takes less at once."""
    with Module("board:client", restore=True, write_size=256) as module:
        assert module.version().chip == "ESP32"
        assert len(module.get_group()) > 30
