"""Setting a module up: the questions of `network_up -s`, and scripts of commands."""

import pytest

pytestmark = pytest.mark.needs("air")

NUMBER = "Type the number of the network to join: "
PASSWORD = "Type the network password: "


def rows(text):
    """The list of networks as name -> number."""
    lines = [line for line in text.split("\r\n") if line.startswith("#")]
    return {line[31:]: line[1:4].strip() for line in lines}


def test_a_person_chooses_a_network(board):
    """Number and password are typed, with mistakes; what was chosen is joined and saved."""
    ssid, passkey = board.wifi
    console = board.host
    console.sync()
    console.command("set wlan.bssid 02:00:00:00:00:01")
    console.command("set wlan.security wep")
    console.send(b"network_up -s\r\n")
    shown = console.until(NUMBER.encode()).decode()
    assert "\r\nScanning for networks...\r\n! " in shown
    number = rows(shown)[ssid].encode()
    console.send(b"x\x7f" + number + b"\r\n")
    assert console.until(PASSWORD.encode()) == b"x\b \b%s\r\n%s" % (number, PASSWORD.encode())
    console.send(passkey[:-1].encode() + b"?\x08" + passkey[-1:].encode() + b"\r\n")
    stars = b"*" * len(passkey)
    shown = console.until(b"[Associated]\r\n")
    assert shown.startswith(stars + b"\b \b*\r\nSaving network credentials\r\n")
    assert b"[Associating to %s]\r\n" % ssid.encode() in shown
    console.until(b"Success\r\n> ")
    assert console.command("get wlan.network.status") == ["2"]
    assert console.command("get wlan.security") == ["auto"]
    board.reset()
    console.sync()
    assert console.command("get wlan.ssid") == [ssid]
    console.command("network_up")
    assert console.command("get wlan.network.status") == ["2"]


def test_a_program_chooses_a_network(board):
    """In machine mode what is said are log blocks, and answers are lines."""
    ssid, passkey = board.wifi
    console = board.machine()
    console.send(b"nup -s -i wlan\n")
    assert console.frame() == (b"L0", b"Scanning for networks...")
    number = rows(console.frame()[1].decode())[ssid]
    assert console.frame() == (b"L0", NUMBER.encode())
    console.send(f"{number}\n{passkey}\n".encode())
    assert console.frame() == (b"L0", PASSWORD.encode())
    assert console.frame() == (b"L0", b"Saving network credentials")
    assert console.reply().code == 0
    assert console.ok("get wlan.network.status") == "2"
    assert console.ok("get wlan.ssid") == ssid


@pytest.mark.parametrize(
    "answer, code", [(b"many", 7), (b"200", 9), (b"-1", 9), (b"", 1), (b"1" * 65, 7)]
)
def test_what_is_no_choice_changes_nothing(board, answer, code):
    console = board.machine()
    board.configure(console, wlan_ssid="mine")
    console.send(b"nup -s\n")
    for _ in range(3):
        assert console.frame()[0] == b"L0"
    console.send(answer + b"\n")
    assert console.reply().code == code
    assert console.ok("get wlan.ssid") == "mine"
    assert console.ok("get wlan.network.status") == "0"
    for line, code in (("nup -i", 4), ("nup -s x", 7), ("nup -x", 6), ("nup -s -i wlan x", 5)):
        assert console.run(line).code == code


def create(console, name, *lines):
    data = "\n".join(lines).encode() + b"\r\n"
    console.ok(f"file_create {name} {len(data)}", data)


def test_scripts(board):
    """Lines are carried out one by one; the first that fails ends it, and its number is told."""
    console = board.machine(print_level=3)
    assert console.run("setup cmd").code == 1
    create(console, "default_setup.script", "set wlan.ssid first")
    console.ok("setup cmd")
    assert console.ok("get wlan.ssid") == "first"
    create(
        console,
        "setup.script",
        "# what this board is for",
        "",
        "  set gpio.alias 22 lamp",
        "gdi lamp out 1",
        "get gpio.alias 22",
        "set wlan.ssid second",
    )
    reply = console.run("setup cmd")
    assert reply.code == 0
    assert reply.logs == [b"Success", b"Set OK", b"lamp", b"Set OK"] or reply.logs == [
        b"Set OK",
        b"Success",
        b"lamp",
        b"Set OK",
    ]
    assert (board.board.pin(22), console.ok("get wlan.ssid")) == (1, "second")
    create(console, "wrong", "set wlan.ssid third", "", "set wlan.ssidd x", "set wlan.ssid 4th")
    reply = console.run("setup cmd wrong")
    assert reply.code == 6
    assert reply.text.startswith(b"Line 3: Unknown variable")
    assert console.ok("get wlan.ssid") == "third"
    create(console, "greedy", "set wlan.ssid 5th", "fcr q 3", "set wlan.ssid 6th")
    console.send(b"setup cmd greedy\n")
    assert console.run("get wlan.mac").text == b"Line 2: a script has no data"
    assert console.reply().code == 0, "the host's line was not eaten"
    assert (console.ok("get wlan.ssid"), console.run("fst q").code) == ("5th", 1)
    create(console, "again", "setup cmd again")
    assert console.run("setup cmd again").text == b"Line 1: a script cannot carry out one"
    for line, code in (
        ("setup cmd nothing", 1),
        ("setup wed", 7),
        ("setup", 4),
        ("setup cmd a b", 5),
    ):
        assert console.run(line).code == code
    assert console.ok("setup status") == "0"


def test_the_signal_is_averaged(board):
    """The signal becomes weaker between two readings of one command."""
    console = board.machine()
    other = board.uart0.machine()
    board.join(console)
    ssid = board.wifi[0]
    board.board.access_point(ssid, rssi=-40)
    assert console.ok("rssi") == "-40"
    board.configure(console, wlan_rssi__average=20, system_cmd_gpio=22)
    assert console.ok("rssi") == "-40"
    console.send(b"rssi\n")
    board.board.wait_pin(22, 1)
    other.ok("version")  # the first reading comes before others have their turn
    board.board.access_point(ssid, rssi=-80)
    assert -80 < int(console.reply().text) < -40
    console.ok("network_down")
    assert console.run("rssi").code == 1
