"""The methods of a module beyond variables and connections: files, GPIOs, lines, sleep."""

import socket

import pytest

from airwire.client import (
    BoundsError,
    BufferOverflow,
    ClientError,
    CommandFailed,
    FileInfo,
    InvalidArgument,
    Module,
    PortError,
    TooFewArguments,
    UnexpectedReply,
)
from airwire.client.port import open_serial
from airwire.wire.crc import crc16
from host_tests.client.conftest import PATIENCE

PORT = "board:client/uart1"
NAME = "folder/première file.txt"


@pytest.fixture(autouse=True)
def started(board):
    """Each test has all of the module's memory: what GPIOs, files and lines need stays loaded."""
    with Module(PORT) as module:
        module.reboot()


@pytest.fixture
def no_files(module):
    """A module without files, and left so."""
    module.format_flash()
    yield module
    module.close_streams()
    module.format_flash()


def test_files(no_files, rng):
    module = no_files
    small, large = bytes(range(256)), rng.randbytes(20_000)
    module.create_file(NAME, small, "1.5.0", 0x02, essential=True)
    module.create_file("large", large, public=True)
    module.create_file("empty", b"")
    assert module.read_file(NAME) == small
    assert module.read_file("large") == large
    assert module.read_file("empty") == b""
    assert module.file_stat(NAME) == FileInfo(NAME, 256, "1.5.0", 0x02, 0x0061, crc16(small))
    listed = module.files()
    assert [(f.name, f.size, f.version) for f in listed] == [
        ("empty", 0, "1.0.0.0"),
        (NAME, 256, "1.5.0"),
        ("large", 20_000, "1.0.0.0"),
    ]
    assert [f.essential for f in listed] == [False, True, False]
    assert [f.public for f in listed] == [False, False, True]
    with pytest.raises(CommandFailed):
        module.create_file(NAME, b"again")
    with pytest.raises(InvalidArgument):
        module.create_file("", b"x")
    module.delete_file(NAME)
    with pytest.raises(CommandFailed):
        module.file_stat(NAME)
    with pytest.raises(CommandFailed):
        module.read_file(NAME)
    assert module.streams() == []


def test_streams_of_files(no_files):
    module = no_files
    with module.file_writer("lines", 8, crc=crc16(b"one\ntwo\n")) as stream:
        stream.write(b"one\n")
        assert module.files() == []
        stream.write(b"two\n")
        assert [f.name for f in module.files()] == ["lines"]
    with module.open_file("lines") as stream:
        assert list(stream) == [b"one\n", b"two\n"]
    with module.file_writer("given up", 8) as stream:
        stream.write(b"one\n")
    with pytest.raises(CommandFailed), module.file_writer("damaged", 3, crc=1) as stream:
        stream.write(b"one")
    assert [f.name for f in module.files()] == ["lines"]
    with module.open_file("lines"), pytest.raises(CommandFailed):
        module.format_flash()


def test_settings_in_files(no_files):
    module = no_files
    module.set("wlan.ssid", "in a file")
    module.save("settings")
    module.set("wlan.ssid", "another")
    module.load("settings")
    assert module.get("wlan.ssid") == "in a file"
    module.create_file("script", b"set wlan.ssid scripted\nset wlan.join.retries 11\n")
    with pytest.raises(CommandFailed, match="Line 2"):
        module.load("script")
    assert module.get("wlan.ssid") == "in a file"
    module.set("wlan.ssid", "")


def test_gpios(module, board):
    module.gpio_dir(21, "output", 1)
    board.wait_pin(21, 1)
    module.gpio_set(21, 0)
    board.wait_pin(21, 0)
    module.set("gpio.alias", 22, "switch")
    module.gpio_dir("switch", "input_pull_up")
    assert module.gpio_get("switch") == 1
    assert module.get("gpio.alias", 22) == "switch"
    assert module.get_all("gpio.alias") == {"22": "switch"}
    assert module.gpio_usage()[21] == "GPIO output"
    assert module.gpio_usage()[22] == "GPIO input_pull_up (switch)"
    with pytest.raises(CommandFailed, match="is an input"):
        module.gpio_set("switch", 1)
    with pytest.raises(CommandFailed, match="UART0"):
        module.gpio_dir(1, "output")
    module.gpios_dir({18: "output", 19: "output", 22: "none"})
    module.gpios_set({18: 1, 19: 0})
    board.wait_pin(18, 1)
    levels = module.gpios_get()
    assert (len(levels), levels[18], levels[19]) == (40, 1, 0)
    with pytest.raises(CommandFailed):
        module.gpios_set({18: 0, 22: 1})
    assert module.gpio_get(18) == 1
    with pytest.raises(ValueError, match="no GPIO 40"):
        module.gpios_set({40: 1})
    module.gpios_dir(dict.fromkeys((18, 19, 21), "none"))
    module.set("gpio.alias", 22, "")


def test_analog_gpios(module, board):
    board.adc(34, 1234)
    assert abs(module.adc(34) - 1234) <= 10
    with pytest.raises(InvalidArgument, match="no ADC"):
        module.adc(5)
    module.pwm(23, 1000, 25)
    assert module.gpio_usage()[23] == "PWM 1000 Hz 25 %"
    module.pwm_stop(23)
    assert 23 not in module.gpio_usage()
    module.dac(25, 128)
    assert module.gpio_usage()[25] == "DAC"
    with pytest.raises(BoundsError):
        module.dac(25, 256)


def test_indexed_variables(module):
    module.set("uart.baud", 0, 9600)
    assert module.get("uart.baud", 0) == "9600"
    assert module.get_all("uart.baud") == {"0": "9600", "1": "115200"}
    assert module.get_group("uart")["uart.baud 1"] == "115200"
    module.set("ua b", 0, 115_200)
    module.set("system.indicator.gpio", "wlan", 23)
    assert module.get_all("sy i g")["wlan"] == "23"
    module.set("system.indicator.gpio", "wlan", -1)
    module.set("time.rtc", 1_700_000_000)
    assert module.get("time.rtc", "utc").startswith("2023-11-14T22:13:2")
    with pytest.raises(TooFewArguments):
        module.get("uart.baud")
    with pytest.raises(InvalidArgument):
        module.get("uart.baud", 2)


def test_long_responses_as_streams(module):
    plain = module.command("help", "commands")
    with module.command_stream("help", "commands") as stream:
        assert module.streams()[0].type == "CMD"
        assert stream.read(10) == plain[:10]
        assert stream.read() == plain[10:]
    assert module.get("system.cmd.buffered") == "0"
    with pytest.raises(UnexpectedReply):
        module.command_stream("version")
    with pytest.raises(BufferOverflow):
        for _ in range(8):
            module.command_stream("get", "all")
    module.close_streams()


@pytest.mark.parametrize("auto_close", [1, 0])
def test_a_module_that_keeps_long_responses(module, auto_close):
    """Lists come as lists all the same, and no stream is left."""
    expected = module.commands(), module.variables(), module.get_group("tcp")
    names = {network.name for network in module.scan()}
    module.set("system.cmd.buffered", 1)
    module.set("stream.auto_close", auto_close)
    try:
        assert (module.commands(), module.variables(), module.get_group("tcp")) == expected
        assert {network.name for network in module.scan()} == names
        assert module.files() == []
        assert "Change a variable" in module.help("set")
        assert module.get_all("uart.data") == {"0": "8", "1": "8"}
    finally:
        module.set("system.cmd.buffered", 0)
        module.set("stream.auto_close", 1)
    assert module.streams() == []


def test_datagrams(joined):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(PATIENCE)
        port = peer.getsockname()[1]
        with joined.udp_client("host.airwire", port, 50_111, read_timeout=PATIENCE) as stream:
            stream.write(b"first")
            stream.write(b"second")
            data, sender = peer.recvfrom(100)
            assert (data, sender[1]) == (b"first", 50_111)
            assert peer.recv(100) == b"second"
            peer.sendto(b"answer", sender)
            assert stream.read(100) == b"answer"
            with pytest.raises(BoundsError):
                stream.write(bytes(1473))
    assert -100 < joined.rssi() < 0


def test_a_line_that_changes(module, board):
    module.uart_update(baud=230_400, flow=True)
    status = board.status()["uart"][1]
    assert (status["baud"], status["flow"]) == (230_400, 3)
    assert module.get("uart.flow", 1) == "on"
    with pytest.raises(CommandFailed, match="Above 230400"):
        module.uart_update(baud=921_600, flow=False)
    module.uart_update(baud=115_200)
    status = board.status()["uart"][1]
    assert (status["baud"], status["flow"]) == (115_200, 0)


def test_sleep(module, board):
    boots = board.status()["boots"]
    module.set("wlan.ssid", "lost")
    module.sleep(1)
    module.wait_awake(PATIENCE)
    assert module.get("wlan.ssid") == ""
    assert board.status()["boots"] == boots + 1


def test_safe_mode(module, board):
    """Every reply says so, and the way back is the one of the documents."""
    assert not module.safe_mode
    for _ in range(8):
        boots = board.status()["boots"]
        board.reset()
        board.wait_boot(boots + 1)
        module.attach()
    assert module.get("system.safemode") == "1"
    assert module.safe_mode
    module.reset_faults()
    module.reboot()
    assert module.get("system.safemode") == "0"
    assert not module.safe_mode


def test_another_kind_of_port(board):
    """A port that cannot change its rate says so; the module has not changed."""

    class Fixed:
        def __init__(self, port):
            self.read, self.write, self.close = port.read, port.write, port.close

    with Module(Fixed(open_serial(PORT))) as module:
        with pytest.raises(PortError, match="cannot change its rate"):
            module.uart_update()
        assert module.get("wlan.mac")


def receive(read, count):
    data = b""
    while len(data) < count:
        data += read(count - len(data))
    return data


def test_stream_mode(board, listener):
    """Every byte both ways, out of it by the break sequence, and back by another program."""
    data = b"R000008\r\n" + bytes(range(256)) * 4
    with Module(PORT) as module:
        module.set("wlan.ssid", "airwire-open")
        module.use_stream_mode()
        module.tcp_client("host.airwire", listener.getsockname()[1])
        peer, _ = listener.accept()
        peer.settimeout(PATIENCE)
        with module.stream_mode(read_timeout=PATIENCE) as pipe:
            peer.sendall(data)
            assert receive(pipe.read, len(data)) == data
            assert pipe.write(data) == len(data)
            assert receive(peer.recv, len(data)) == data
            pipe.timeout = 0
            assert pipe.read(1) is None
            with pytest.raises(ClientError, match="in stream mode"):
                module.get("wlan.mac")
        assert module.get("bus.mode") == "stream"
        module.stream_mode()
        module._link.close()  # as if the program had ended there
    with peer, Module(PORT, break_sequence=b"$$$") as module:
        assert module.streams()[0].type == "TCPC"
        module.use_stream_mode(False)
        with pytest.raises(CommandFailed, match="Not in stream mode"):
            module.stream_mode()
        module.factory_reset()
        assert peer.recv(100) == b""  # none of the commands went there
