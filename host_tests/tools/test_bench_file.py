"""The files that describe a bench: those that are here, what each key is for, and every error."""

import tomllib

import pytest

from airwire import project
from airwire.errors import UserError
from host_tests.board import bench_file
from host_tests.board.transcript import Transcript

BENCHES = sorted((project.ROOT / "host_tests/benches").glob("*.toml"))
KEYS = {"AIRWIRE_HIL_SSID": "lab", "AIRWIRE_HIL_PASSKEY": "a secret"}

FULL = """
[board]
uart0 = "/dev/ttyUSB0"
uart1 = "/dev/ttyUSB1"
[reset]
command = ["relay", "1"]
[button]
line = "uart1.dtr"
[wifi]
ssid = "lab"
passkey_env = "AIRWIRE_HIL_PASSKEY"
peer = "192.168.1.20"
[selftest]
jumpers = ["12-14", "26-27"]
"""


def parse(text, environment=KEYS):
    return bench_file.parse(tomllib.loads(text), environment)


def test_every_key():
    assert parse(FULL) == bench_file.BenchFile(
        ports=("/dev/ttyUSB0", "/dev/ttyUSB1"),
        reset=("relay", "1"),
        line=(1, "dtr"),
        ssid="lab",
        passkey="a secret",
        peer="192.168.1.20",
        jumpers=("12-14", "26-27"),
    )
    relay = parse('[button]\npress = ["relay", "on"]\nrelease = ["relay", "off"]')
    assert (relay.press, relay.release) == (("relay", "on"), ("relay", "off"))
    assert parse('[board]\nuart0 = "a"\n[selftest]\nuart = true').parts == ("uart",)
    assert parse("") == bench_file.BenchFile()


def test_what_a_bench_can():
    assert parse(FULL).can == {"uart1", "wifi", "press", "jumper", "path"}
    assert parse('[board]\nuart0 = "rfc2217://host:2217"').can == set()
    assert parse('[board]\nuart0 = "a"\n[button]\npress = ["a"]\nrelease = ["b"]').can == {
        "path",
        "press",
    }


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[ap]", "no table 'ap'; there are board, reset, button, wifi, selftest"),
        ("board = 1", "board is no table"),
        ('[board]\ntty = "a"', "no key board.tty; there are uart0, uart1"),
        ("[board]\nuart0 = 1", "board.uart0 is 1, not a text"),
        ('[board]\nuart0 = ""', "board.uart0 is '', not a text"),
        ('[board]\nuart0 = ["a"]', "board.uart0 is ['a'], not a text"),
        ('[board]\nuart1 = "a"', "board.uart1 without board.uart0"),
        ('[reset]\ncommand = "a b"', "reset.command is 'a b', not a list of texts"),
        ("[reset]\ncommand = []", "reset.command is [], not a list of texts"),
        ('[reset]\ncommand = ["a", 1]', "reset.command is ['a', 1], not a list of texts"),
        ('[button]\npress = ["a"]', "button.press and button.release go together"),
        (
            '[button]\nline = "uart0.dtr"\npress = ["a"]\nrelease = ["b"]',
            "button.line or button.press, not both",
        ),
        (
            '[button]\nline = "gpio0"',
            "button.line is 'gpio0'; it is uart0.dtr, uart1.dtr and so on",
        ),
        ('[button]\nline = "uart0.rts"', "button.line: uart0.rts resets the board"),
        (
            '[wifi]\npasskey = "x"',
            "no key wifi.passkey; there are ssid, ssid_env, passkey_env, peer",
        ),
        ('[wifi]\nssid = "a"\nssid_env = "B"', "wifi.ssid or wifi.ssid_env, not both"),
        ('[wifi]\nssid_env = "NO_SUCH"', "NO_SUCH is not set in the environment (wifi.ssid_env)"),
        (
            '[wifi]\nssid = "a"\npasskey_env = "NO_SUCH"',
            "NO_SUCH is not set in the environment (wifi.passkey_env)",
        ),
        (
            '[selftest]\njumpers = ["12:14"]',
            "selftest.jumpers has '12:14', not two GPIOs as in '12-14'",
        ),
        ("[selftest]\nuart = 1", "selftest.uart is 1, not true or false"),
        (
            '[board]\nuart0 = "a"\nuart1 = "b"\n[selftest]\nuart = true',
            "selftest.uart: a jumper at UART1 takes the place of board.uart1",
        ),
    ],
)
def test_errors(text, error):
    with pytest.raises(UserError) as caught:
        parse(text)
    assert caught.value.message == error


def test_errors_name_the_file(tmp_path):
    def error(path):
        with pytest.raises(UserError) as caught:
            bench_file.load(path)
        return caught.value.message

    path = tmp_path / "bench.toml"
    assert error(path) == f"{path}: No such file or directory"
    path.write_text("[board")
    assert error(path).startswith(f"{path}: not TOML: ")
    path.write_text("[no]")
    assert error(path).startswith(f"{path}: no table 'no'; ")


def test_the_command_line_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRWIRE_HIL_PASSKEY", "a secret")
    path = tmp_path / "bench.toml"
    path.write_text(FULL)
    chosen = bench_file.chosen(path, "/dev/ttyACM0", "other:key:with colons")
    assert chosen.ports == ("/dev/ttyACM0", "/dev/ttyUSB1")
    assert (chosen.ssid, chosen.passkey) == ("other", "key:with colons")
    assert bench_file.chosen(path, "a,b").ports == ("a", "b")
    alone = bench_file.chosen(None, "a")
    assert alone == bench_file.BenchFile(ports=("a",))
    monkeypatch.setattr(bench_file.ports, "find", lambda port: f"on USB, not {port}")
    assert bench_file.chosen(None, None).ports == ("on USB, not None",)
    path.write_text('[board]\nuart0 = "a"\n[button]\nline = "uart1.dtr"')
    with pytest.raises(UserError, match=r"button\.line is at uart1, and there is no such port"):
        bench_file.chosen(path, None)


@pytest.mark.parametrize("wifi", ['air"wire:12345678', "airwire:12\\345678", 'airwire:"12345678'])
def test_what_a_command_would_escape(wifi):
    with pytest.raises(UserError, match="no SSID or key with") as refusal:
        bench_file.chosen(None, "a", wifi)
    assert wifi.partition(":")[2] not in refusal.value.message


@pytest.mark.parametrize("path", BENCHES, ids=lambda path: path.stem)
def test_those_that_are_here(path):
    """Each can be read, and holds no secret: a key is an environment variable's name."""
    bench = bench_file.load(path, KEYS)
    assert bench.can >= {"uart1", "press", "wifi", "jumper"}
    assert bench.passkey == KEYS["AIRWIRE_HIL_PASSKEY"]
    assert bench.parts


def test_there_are_some():
    assert {path.stem for path in BENCHES} >= {"virtual", "virtual-rfc2217", "example-devkit"}


def test_a_transcript_holds_no_keys(tmp_path):
    path = tmp_path / "logs" / "uart0.log"
    transcript = Transcript(path, [b"correct horse"])
    transcript.note("a test")
    transcript.sent(b'set wlan.passkey "correct horse"\r\n')
    transcript.came(b"> set wlan.pass")
    transcript.came(b'key "correct horse"\r\nSet OK\r\n')
    transcript.came(b"Soft-AP passkey: 87654321\r\n> the correct hor")
    transcript.came(b"se is it\r\n")
    transcript.sent(b"set email.password secret1\r\n")
    transcript.came(bytes(range(32)) + b"\xff" + b"x" * 9000 + b"\r\n> ")
    transcript.note("another")
    text = path.read_text()
    for secret in ("correct", "horse", "87654321", "secret1"):
        assert secret not in text
    rows = [line[10:] for line in text.splitlines() if line[:9].strip()]
    assert [row for row in rows if row.startswith(("<", ">"))][:3] == [
        "> set wlan.passkey ***",
        "< > set wlan.passkey ***",
        "< Set OK",
    ]
    assert "== a test" in text and "== another" in text
    assert r"\x00\x01" in text and r"\xff" in text and "... (90" in text
    assert max(map(len, rows)) < 300
