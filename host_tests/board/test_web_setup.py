"""The web setup: what its page asks for and what other hosts' names lead to, what comes of joins,
how it begins and ends. Who joins its soft-AP is in host_tests/lan.
"""

import http.client
import json
import subprocess
import time

import pytest

from host_tests.board import live, peers
from host_tests.board.console import PATIENCE, Reply

pytestmark = [pytest.mark.needs("air"), pytest.mark.whole_heap]

OWN = "10.10.10.1"
PAGE = f"http://{OWN}/"
IDLE = 4
# Bytes that may be left of it: the soft-AP's service, which stays, names, machine code, and what
# the collector may retain. The server alone takes 50 KB.
STAYS = 48 * 1024
FAILED, TOO_MANY, BAD_ARGUMENT = 1, 5, 7

# What phones and computers ask for when they have joined a network, as their makers have it. The
# answers that they want to get would say that the network leads somewhere.
PROBES = (
    ("Android", "connectivitycheck.gstatic.com", "/generate_204"),
    ("Android", "www.google.com", "/gen_204"),
    ("Apple", "captive.apple.com", "/hotspot-detect.html"),
    ("Apple", "captive.apple.com", "/"),
    ("Windows", "www.msftconnecttest.com", "/connecttest.txt"),
    ("Windows", "www.msftncsi.com", "/ncsi.txt"),
    ("Windows", "www.msftconnecttest.com", "/redirect"),
    ("Firefox", "detectportal.firefox.com", "/canonical.html"),
    ("Firefox", "detectportal.firefox.com", "/success.txt?ipv4"),
)


class Site:
    """The page of a board in setup, as a visitor in its soft-AP finds it."""

    def __init__(self, board):
        status = board.board.status()
        self.address = status["ip"], 80 + status["port_shift"]

    def ask(self, path, body=None, method=None, host=OWN, **fields):
        """(status, fields, body) of an answer; a body makes it a POST."""
        client = http.client.HTTPConnection(*self.address, timeout=peers.WAIT)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        method = method or ("GET" if body is None else "POST")
        try:
            client.request(method, path, body, {"Host": host} | fields)
            answer = client.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            client.close()

    def told(self, path, body=None):
        status, _, text = self.ask(path, body)
        assert status == 200, text
        return json.loads(text)

    def join(self, ssid, passkey):
        """Have it join a network; what came of it."""
        assert self.told("/setup/join", {"ssid": ssid, "passkey": passkey})["state"] == "joining"
        return until(lambda: self.outcome(), "the outcome")

    def outcome(self):
        status, _, text = self.ask("/setup/state")
        if status == 503:  # the join has the memory
            return None
        state = json.loads(text)
        return None if state["state"] == "joining" else state

    def refuses(self):
        """Whether nobody listens."""
        try:
            self.ask("/", host="captive.apple.com")
        except OSError:
            return True
        return False


def until(condition, what):
    """Wait until the condition gives something true; returns it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(0.05)
    return found


def over(console):
    until(lambda: console.ok("setup status") == "0", "the end of the setup")


def info(console):
    return dict(line.split(": ") for line in console.ok("get softap.info").split("\r\n"))


@pytest.fixture
def console(board):
    return board.machine(print_level=2)


def test_from_a_visitor_s_first_question_to_the_network(board, console):
    site = Site(board)
    for line, code in (("setup web now", TOO_MANY), ("setup wed", BAD_ARGUMENT)):
        assert console.run(line).code == code
    assert console.ok("setup status") == "0"
    assert console.run("setup stop") == Reply(0, b"Success")
    console.ok("fcr mine.html 4", b"mine")
    console.ok("fcr setup/logo.txt 4", b"logo")
    started = console.run("setup web")
    assert started.code == 0
    assert b"[Web setup on]" in started.logs
    assert console.run("setup web") == Reply(0, b"Success")
    assert console.ok("setup status") == "1"
    shown = info(console)
    assert shown["ssid"] == "Airwire-Setup-" + console.ok("get wlan.mac").replace(":", "")[-3:]
    assert (shown["ip"], shown["security"], shown["dns_server"]) == (OWN, "WPA2-AES", "own")

    for who, host, path in PROBES:
        for method in ("GET", "HEAD"):
            status, fields, _ = site.ask(path, method=method, host=host)
            assert (status, fields["Location"]) == (302, PAGE), who
            assert fields["Cache-Control"] == "no-store"
    assert site.ask("/setup/join", {}, host="captive.apple.com")[0] == 405
    # Programs that phones and computers have, and what they do with it.
    curl = ("curl", "-sSL", "--compressed", "--resolve", f"*:80:{site.address[0]}")
    if site.address[1] == 80:
        followed = subprocess.run(
            [*curl, "--connect-to", f"{OWN}:80:{site.address[0]}:80", "http://example.com/x"],
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        assert b"<h1>Set up Airwire</h1>" in followed.stdout

    for host in (OWN, "setup.com", "WWW.setup.com:80"):
        status, fields, _ = site.ask("/", host=host)
        assert (status, fields["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert fields["Content-Encoding"] == "gzip"
        assert "default-src 'self'" in fields["Content-Security-Policy"]
    for path, status in (
        ("/setup.html", 200),
        ("/setup.css", 200),
        ("/setup.js", 200),
        ("/setup/logo.txt", 200),
        ("/mine.html", 404),
        ("/index.html", 404),
        ("/command/version", 404),
        ("/log", 404),
    ):
        assert site.ask(path)[0] == status, path

    networks = site.told("/setup/networks")
    assert networks[0] == {"ssid": "airwire-open", "rssi": -48, "secure": 0}
    ssid, passkey = board.wifi
    assert ssid in [network["ssid"] for network in networks]
    board.board.access_point("airwire-open", present=False)
    again = site.told("/setup/networks", b"")
    assert "airwire-open" not in [network["ssid"] for network in again]

    good = {"ssid": ssid, "passkey": passkey}
    for fields in (
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Referer": "http://captive.apple.com/"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert site.ask("/setup/join", good, **fields)[0] == 403, fields
        assert site.ask("/setup/networks", **fields)[0] == 403, fields
    for body in (
        b"",
        b"{",
        b"[]",
        b"\xff",
        {"ssid": ssid},
        {"ssid": "", "passkey": ""},
        {"ssid": 5, "passkey": ""},
        {"ssid": "a" * 33, "passkey": ""},
    ):
        assert site.ask("/setup/join", body)[0] == 400, body
    for size in (1, 7, 65):
        answer = site.ask("/setup/join", {"ssid": "a", "passkey": "b" * size})
        assert (answer[0], answer[2].strip()) == (400, b"Not possible: wlan.passkey"), size
    assert site.ask("/setup/join", b" " * 513)[0] == 413
    assert site.ask("/setup/join", method="GET")[0] == 405
    state = site.told("/setup/state")
    assert (state["state"], state["ssid"]) == ("ready", "")

    for name, key, reason in (
        (ssid, "wrong horse", "wrong password"),
        (ssid, "", "the network needs a passkey"),
        ("nowhere", "correct horse", "SSID not found"),
    ):
        state = site.join(name, key)
        assert (state["state"], state["reason"], state["address"]) == ("failed", reason, "0.0.0.0")
        assert state["ssid"] == name
        assert console.ok("get wlan.ssid") == ""
        assert console.ok("setup status") == "1"
    status, _, text = site.ask("/setup/join", good, Origin=f"http://{OWN}", Referer=PAGE)
    state = json.loads(text)
    assert (status, state["state"], state["ssid"]) == (200, "joining", ssid)
    state = until(lambda: site.outcome(), "the outcome")
    address = console.ok("get network.ip")
    assert (state["state"], state["ssid"], state["address"]) == ("joined", ssid, address)
    assert state["name"] == "mpy-esp32.local"  # the chip's own, as our responder is off
    assert state["reason"] == "" and state["web"] == 0
    assert site.ask("/setup/join", good)[0] == 400
    over(console)
    assert info(console)["state"] == "down" and site.refuses()
    assert console.ok("get wlan.network.status") == "2"
    board.reset()
    console = board.machine()
    until(lambda: console.ok("get wlan.network.status") == "2", "the network after a reset")
    assert console.ok("get wlan.ssid") == ssid


def test_what_was_before_comes_back(board, console):
    """Station, HTTP server and soft-AP; and outside of the setup nobody is led anywhere."""
    site = Site(board)

    def answer():
        return not site.refuses() and site.ask("/", host="captive.apple.com")[0]

    def joined():
        return console.ok("get wlan.network.status") == "2"

    board.configure(console, setup_web_passkey="", setup_web_ssid="me#")
    board.configure(console, http_server_port=80)
    board.join(console)
    before = live.memory(console)
    board.configure(console, http_server_enabled=1)
    until(lambda: answer() == 403, "the HTTP server")
    console.ok("setup web")
    shown = info(console)
    assert (shown["ssid"][:2], shown["security"]) == ("me", "Open")
    assert not joined()
    until(lambda: answer() == 302, "the page")
    console.ok("setup stop")
    assert console.ok("setup status") == "0"
    assert info(console)["state"] == "down"
    until(joined, "the station")
    until(lambda: answer() == 403, "the HTTP server again")
    board.configure(console, http_server_enabled=0)
    if board.arch == "i386":  # the server and the setup's own have left RAM: 90 KB
        until(lambda: live.memory(console) - before < STAYS, "the memory")
    # A setup whose soft-AP somebody takes down ends, too; and one whose soft-AP cannot be.
    board.configure(console, softap_ssid="mine", softap_passkey="tin snips 42")
    console.ok("network_up -i softap")
    console.ok("setup web")
    assert info(console)["ssid"][:2] == "me"
    console.ok("network_down -i softap")
    over(console)
    assert (info(console)["ssid"], info(console)["security"]) == ("mine", "WPA2-AES")
    until(joined, "the station")
    board.configure(console, softap_static_ip="10.10.10.255")
    assert console.run("setup web").code == FAILED
    assert console.ok("setup status") == "0"
    until(joined, "the station")


def test_it_ends_when_nobody_comes(board, console):
    """A visitor keeps it up; what phones ask for by themselves does not."""
    site = Site(board)
    board.configure(console, setup_web_idle__timeout=IDLE)
    console.ok("setup web")
    until(lambda: not site.refuses(), "the page")
    time.sleep(1)  # that a visit which did not count would be seen by
    seen = time.monotonic()
    assert site.ask("/setup/state")[0] == 200
    while not site.refuses():
        assert time.monotonic() - seen < PATIENCE
        time.sleep(0.2)
    assert time.monotonic() - seen >= IDLE
    over(console)


@pytest.mark.needs("uart1")
def test_two_who_stop_it(board, console):
    """At the same time: its end is not cut short, and what was there before comes back."""
    usb = board.uart0
    usb.sync()
    board.configure(console, softap_ssid="mine", softap_passkey="tin snips 42")
    console.ok("network_up -i softap")
    for _ in range(3):
        console.ok("setup web")
        usb.send(b"setup stop\r")
        console.ok("setup stop")
        assert console.ok("setup status") == "0"
        assert (info(console)["ssid"], info(console)["state"]) == ("mine", "up")
        usb.until(b"Success\r\n> ")


BUTTON = 13


def test_how_a_start_begins_it(board, console):
    """By a button that is held; by itself where there is no network, if it is told to."""
    assert console.ok("get setup.auto.cmd") == ""
    for held, auto, ssid, begins in (
        (True, "setup status", "", True),
        (False, "setup web", "mine", False),
        (False, "setup web", "", True),
    ):
        board.board.pin(BUTTON, 0 if held else 1)
        board.configure(console, setup_gpio_control__gpio=BUTTON, setup_auto_cmd=auto)
        board.configure(console, wlan_ssid=ssid)
        console.ok("save")
        board.reset()
        console = board.machine()
        if begins:
            until(lambda c=console: c.ok("setup status") == "1", "the setup")
            console.ok("setup stop")
        else:
            until(lambda c=console: int(c.ok("get time.uptime")) > 2, "the third second")
            assert console.ok("setup status") == "0"
    board.configure(console, setup_gpio_cmd="no such command", wlan_ssid="mine")
    board.board.pin(BUTTON, 0)
    console.ok("save")
    console.ok("set system.print_level 2")
    board.reset()
    usb = board.uart0
    usb.until(b"setup.gpio.cmd: Unknown command")
