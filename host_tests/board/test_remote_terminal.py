"""The remote terminal on the wire: who gets in, what a session is, how it ends, and what is left
of it. Programs for telnet are in test_telnet_clients.py.
"""

import contextlib
import socket
import time

import pytest

from host_tests.board import live, peers
from host_tests.board.console import PATIENCE
from host_tests.board.telnet import DO, ECHO, IAC, NAWS, OFFERS, PORT, SB, SE, SGA, WILL, Wire

pytestmark = [pytest.mark.needs("wifi", "uart1", "air", "led"), pytest.mark.sampled(12)]

PROMPT = OFFERS + b"> "


@pytest.fixture
def console(board):
    """UART1 in machine mode; the board is in the network."""
    console = board.machine(print_level=2)
    board.join(console)
    return console


@pytest.fixture
def connect(board, console):
    """Connects to the terminal, which is switched on, and closes in the end."""
    address = console.ok("get network.ip")
    with contextlib.ExitStack() as stack:

        def call(port=PORT):
            return stack.enter_context(contextlib.closing(Wire(address, port)))

        console.ok("set remote_terminal.enabled 1")
        yield call


def inside(connect):
    """A session at its first prompt."""
    wire = connect()
    assert wire.read(len(PROMPT)) == PROMPT
    return wire


def opened(console):
    assert console.log("Remote terminal opened") == "[Remote terminal opened: 127.0.0.1]"


def closed(console):
    console.log("[Remote terminal closed]")


def test_a_session(connect, console):
    wire = inside(connect)
    opened(console)
    for end in (b"\r\n", b"\n", b"\r\0"):
        wire.send(b"get wlan.ssid" + end)
        assert wire.until(b"\r\n> ") == b"get wlan.ssid\r\nairwire-wpa2\r\n> "
    assert wire.command("") == ["Ready"]
    assert wire.command("set system.cmd.echo 0")[-1] == "Set OK"
    wire.send(b"set wlan.ssid \xff\xff\xff\xf1a\r\nget wlan.ssid\r\n")
    assert wire.until(b"> ") == b"Set OK\r\n> "
    assert wire.until(b"> ") == b"\xff\xffa\r\n> "
    wire.machine()
    assert wire.ok("get system.print_level") == "0"
    wire.send(b"exit\r\n")
    assert wire.ended() == b"R000009\r\nSuccess\r\n"
    closed(console)
    # It had settings of its own.
    assert console.ok("get system.print_level") == "2"
    assert connect().read(len(PROMPT)) == PROMPT


def test_it_edits_lines(connect):
    wire = inside(connect)
    wire.send(b"get wlan.zsid\x1b[D\x1b[D\x1b[D\x7fs\r\n")
    wire.until(b"airwire-wpa2\r\n> ")
    wire.send(b"\x1b[A\r\n")
    # What is drawn again begins with a carriage return, which telnet follows with NUL.
    assert wire.until(b"\nairwire-wpa2\r\n> ").startswith(b"\r\0> get wlan.ssid")
    # Telnet's own words for Ctrl-C, Backspace and Ctrl-U.
    wire.send(b"get x" + bytes((IAC, 244)))
    assert wire.until(b"> ").endswith(b"get x^C\r\n> ")
    wire.send(b"rubbish" + bytes((IAC, 248)) + b"get wlan.ssidx" + bytes((IAC, 247)) + b"\r\n")
    assert wire.until(b"\r\n> ").endswith(b"\r\nairwire-wpa2\r\n> ")
    wire.send(bytes((IAC, 246)))
    assert wire.read(9) == b"\r\n[Yes]\r\n"


def test_the_width_of_the_window(connect):
    """A list of names is as wide as the terminal says, and the terminal is not asked for it."""
    wire = inside(connect)
    for width in (60, 100):
        wire.send(
            bytes((IAC, WILL, NAWS, IAC, SB, NAWS, 0, width, 0, 24, IAC, SE)) + b"get wlan.\t\t"
        )
        rows = wire.until(b"\r\n> get wlan.").split(b"\r\n")[1:-1]
        assert width // 2 < max(map(len, rows)) <= width, rows
        assert b"\x1b[6n" not in b"".join(rows)
        wire.send(b"\x15\r\n")
        wire.until(b"Ready\r\n> ")


def test_options_are_answered_once(connect):
    wire = inside(connect)
    ours = bytes((IAC, DO, ECHO, IAC, DO, SGA, IAC, WILL, NAWS))
    wire.send(ours * 3 + bytes((IAC, WILL, SGA, IAC, DO, 24, IAC, WILL, 24)))
    answers = bytes((IAC, DO, SGA, IAC, 252, 24, IAC, 254, 24))
    assert wire.read(len(answers)) == answers
    assert wire.command("get wlan.ssid") == ["airwire-wpa2"]


def test_data_phases_take_what_was_announced(connect, console, peer):
    """All bytes through telnet's escapes, whatever telnet says in between."""
    wire = inside(connect)
    wire.machine()
    wire.ok(f"tcp_client host.airwire {peer.port}")
    data = bytes(range(256)) + b"\r\n\xff\xff\r\r\n\r"
    escaped = (
        data.replace(b"\xff", b"\xff\xff").replace(b"\r", b"\r\0").replace(b"\r\0\n", b"\r\n")
    )
    for size in (1, 7, 100, len(escaped)):
        wire.send(b"write 0 %d\r\n" % len(data))
        for at in range(0, len(escaped), size):
            piece = escaped[at : at + size]
            # Between the bytes of one: Are You There would be answered, Interrupt is a key.
            wire.send(piece if piece.startswith(b"\xff") else bytes((IAC, 244, IAC, 241)) + piece)
        assert wire.reply().text == b"Success"
        came = b""
        while len(came) < len(data):
            if wire.ok("poll 0") == "1":
                wire.send(b"read 0 1000\r\n")
                header = wire.read(9)
                left = int(header[2:7])
                text = b""
                while len(text) < left:
                    text += wire.read(1)
                    if text.endswith((b"\xff", b"\r")):
                        following = wire.read(1)
                        text += b"" if following in b"\xff\0" else following
                came += text[:-2]
        assert came == data


def test_log_lines_stay_above_the_prompt(connect, console, peer):
    wire = inside(connect)
    opened(console)
    wire.send(b"set wlan")
    wire.until(b"set wlan")
    wire.send(b"\x15")
    wire.quiet()
    wire.send(f"tcp_client host.airwire {peer.port}\r\n".encode())
    shown = wire.until(b"]\r\n0\r\n> ").split(b"\r\n")
    assert shown[-4].endswith(b"Opening: host.airwire:%d]" % peer.port)
    assert shown[-3].endswith(b"Opened: 0]")
    assert console.log("Opened: 0")


def test_local_consoles_are_deaf(board, connect, console):
    usb = board.uart0
    usb.sync()
    usb.send(b"get wlan.s")
    usb.until(b"get wlan.s")
    wire = inside(connect)
    usb.until(b"[Remote terminal opened: 127.0.0.1]\r\n")
    opened(console)
    for local in (usb, console):
        local.send(b"set wlan.join.retries 7\r\n")
    assert console.quiet(0.5) == b""
    assert b"Set OK" not in usb.quiet()
    assert wire.command("get wlan.join.retries") == ["3"]
    wire.close()
    usb.until(b"[Remote terminal closed]\r\n> ")
    closed(console)
    assert console.ok("get wlan.join.retries") == "3"
    assert usb.command("get wlan.join.retries") == ["3"]


def test_a_local_command_goes_on(board, connect, console):
    """One that had begun is carried out, with its data, and its reply comes."""
    console.ok("set system.cmd.gpio 33")
    console.send(b"file_create left.txt 5\r\n")
    board.board.wait_pin(33, 1)
    wire = inside(connect)
    console.send(b"hello")
    reply = console.reply()
    assert reply.code == 0 and b"[Remote terminal opened: 127.0.0.1]" in reply.logs
    wire.machine()
    assert "left.txt" in wire.ok("ls")


def test_one_at_a_time(connect, console):
    wire = inside(connect)
    address = wire.port.getpeername()[0]
    with pytest.raises(ConnectionError):
        socket.create_connection((address, PORT), timeout=PATIENCE)
    wire.close()
    assert inside(connect).command("get wlan.ssid") == ["airwire-wpa2"]


@pytest.mark.long
def test_password(board, connect, console):
    """It is not shown, not told apart by time or text, and three wrong ones end the connection."""
    console.ok('set remote_terminal.password "open sesame"')
    assert console.ok("get remote_terminal.password") == "********"
    wire = connect()
    asked = OFFERS + b"Password: "
    assert wire.read(len(asked)) == asked
    # Who is not inside excludes nobody.
    assert console.ok("get wlan.ssid") == "airwire-wpa2"
    for wrong in (b"Open sesame\r\n", b"\r\n"):
        wire.send(wrong)
        again = b"\r\nWrong password\r\nPassword: "
        assert wire.read(len(again)) == again
    console.log("Remote terminal: wrong password from 127.0.0.1")
    wire.send(b"open sesamx\x7fe\r\0ver\r\n")
    assert wire.until(b"> ") == b"\r\n> "
    assert b"Airwire" in wire.until(b"\r\n> ")
    opened(console)
    wire.send(b"set remote_terminal.password x\r\nexit\r\n")
    wire.ended()
    wire = connect()
    wire.send(b"open sesame\r\n" * 3 + b"ver\r\n")
    assert b"Airwire" not in wire.ended()
    closed(console)
    begun = time.monotonic()
    wire = connect()
    assert time.monotonic() - begun > 2, "a pause after three wrong passwords"
    wire.send(b"x\r\n")
    assert wire.until(b"> ") == asked + b"\r\n> "


def test_too_long_a_password_is_a_wrong_one(connect, console):
    console.ok(f"set remote_terminal.password {'x' * 32}")
    wire = connect()
    for wrong in (b"x" * 33, b"x" * 31, b"x" * 5000):
        wire.send(wrong + b"\r\n")
    assert wire.ended().count(b"Wrong password") == 3


@pytest.mark.long
def test_idle_time_out(connect, console):
    console.ok("set remote_terminal.timeout 2")
    wire = inside(connect)
    for _ in range(6):  # more than the time-out in all
        time.sleep(0.5)
        wire.send(b"x\x7f")
    begun = time.monotonic()
    assert wire.ended().endswith(b"\r\nIdle time-out\r\n")
    assert 1 < time.monotonic() - begun < 10
    opened(console)
    closed(console)


@pytest.mark.long
def test_login_time_out(connect, console, counts):
    """A stranger at the question for the password does not keep others out; the full run waits."""
    console.ok("set remote_terminal.password swordfish")
    for _ in range(counts(0, 1)):
        wire = connect()
        begun = time.monotonic()
        for _ in range(20):
            time.sleep(1)
            wire.send(b"x")
        assert wire.ended().endswith(b"\r\nLogin time-out\r\n")
        assert 25 < time.monotonic() - begun < 45


@pytest.mark.long
def test_a_long_command_is_not_idle(board, connect, console, peer):
    console.ok("set remote_terminal.timeout 1")
    board.board.access_point("airwire-wpa2", dns=False)
    console.ok("set network.dns.timeout 1500")
    wire = inside(connect)
    wire.send(b"tcp_client silent.airwire 1\r\n")
    assert b"Open failed" in wire.until(b"Command failed\r\n> ")


@pytest.mark.parametrize(
    "line",
    [b"file_create gone.txt 100\r\nhalf", b"network_up -s\r\n", b"write 0 9\r\n1234"],
    ids=["data", "question", "stream"],
)
def test_a_lost_connection_ends_a_command(board, connect, console, peer, line):
    """Whatever it waits for; its GPIOs fall, and the next one finds nothing of it."""
    peer.serve = peers.hold
    for setting in ("set system.cmd.gpio 33", "set remote_terminal.connected_gpio 32"):
        console.ok(setting)
    board.board.wait_pin(32, 0)
    wire = inside(connect)
    opened(console)
    board.board.wait_pin(32, 1)
    if line.startswith(b"write"):
        assert wire.command(f"tcp_client 127.0.0.1 {peer.port}")[-1] == "0"
    wire.send(line)
    board.board.wait_pin(33, 1)
    begun = time.monotonic()
    wire.reset()
    board.board.wait_pin(32, 0)
    closed(console)
    assert time.monotonic() - begun < 5
    assert board.board.pin(33) == 0
    if line.startswith(b"write"):  # streams belong to all consoles
        assert "# 0 TCPC" in console.ok("list")
        assert console.ok("close 0") == "Success"
    assert "gone.txt" not in console.ok("ls")
    assert inside(connect).command("get wlan.ssid") == ["airwire-wpa2"]


def test_it_serves_its_interface(board, connect, console):
    """While the network is down nobody listens; when it is back, somebody does."""
    wire = inside(connect)
    opened(console)
    board.board.access_point("airwire-wpa2", present=False)
    closed(console)
    wire.close()
    board.board.access_point("airwire-wpa2", present=True)
    console.log("[Associated]")
    assert inside(connect).command("get wlan.ssid") == ["airwire-wpa2"]
    assert b"Remote terminal:" not in board.uart0.quiet()  # it was no fault of its own


def test_switching_it_off_from_within(connect, console):
    wire = inside(connect)
    wire.send(b"set remote_terminal.enabled 0\r\n")
    assert wire.ended().endswith(b"\r\nSet OK\r\n> ")
    closed(console)
    console.ok("set remote_terminal.enabled 1")
    inside(connect)


def test_another_port(connect, console):
    """When whoever is connected has gone."""
    wire = inside(connect)
    wire.command("set remote_terminal.port 2323")
    assert wire.command("get remote_terminal.port") == ["2323"]
    wire.close()
    assert connect(2323).read(len(PROMPT)) == PROMPT


def test_floods(connect, console):
    """Questions whose answers nobody reads, and a subnegotiation that does not end."""
    wire = inside(connect)
    opened(console)
    wire.port.settimeout(0.5)
    with contextlib.suppress(TimeoutError, ConnectionError):
        for _ in range(200):
            wire.port.sendall(bytes((IAC, DO, 99)) * 2000)
    wire.reset()
    closed(console)
    wire = inside(connect)
    wire.send(bytes((IAC, SB, 24)) + b"x" * 2000)
    wire.ended()
    closed(console)
    assert inside(connect).command("get wlan.ssid") == ["airwire-wpa2"]


@pytest.mark.long
def test_nothing_is_left_of_many(connect, console, counts, peer, figure):
    """Sessions that end and sessions that are lost: heap and sockets stay."""
    rounds = counts(6, 150)

    def visits():
        for i in range(rounds):
            wire = inside(connect)
            wire.command("get wlan.ssid")
            if i % 2:
                wire.send(b"tcp_client host.air")
                wire.reset()
            else:
                wire.send(b"exit\r\n")
                wire.ended()
                wire.close()
            closed(console)

    visits()
    left = live.left_by(console, visits)
    figure(f"left by {rounds} sessions: {left} bytes")
    assert left <= live.SLACK
    # Eight streams and the terminal have room.
    wire = inside(connect)
    wire.machine()
    for handle in range(8):
        assert wire.ok(f"tcp_client host.airwire {peer.port}") == str(handle)
