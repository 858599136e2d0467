"""`airwire run`: without a terminal, with a person at one, and what it leaves: nothing."""

import contextlib
import re
import signal
import socket
import subprocess
import time

import pytest

from airwire.run import bar, escapes
from airwire.wire import wwep
from airwire.wwep.server import Transaction
from host_tests.tools.run_terminal import COMMAND, PATIENCE, Family, Terminal
from host_tests.tools.wwep_command import ask

pytestmark = pytest.mark.sampled(14)

PRESS, QUIT, ALSO_QUIT, INTERRUPT = "\x02", "\x18", "\x1d", "\x03"

# The default air, with scans that do not take the time of a chip's.
QUICK = """
[air]
scan_ms = 20
no_ap_ms = 20
[[air.access_point]]
ssid = "airwire-wpa2"
security = "wpa2"
password = "correct horse"
"""


@pytest.fixture
def family(tmp_path):
    """The processes and files of a test, which must be gone at its end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    family = Family(folder)
    yield family
    family.check_gone()


@pytest.fixture
def quick(tmp_path):
    """The option for a quick air. WWEP's own port is taken meanwhile, so that nobody else's board
    is counted.
    """
    with socket.socket() as taken:
        with contextlib.suppress(OSError):  # taken already
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", wwep.OPEN_PORT))
            taken.listen()
        yield configuration(tmp_path, QUICK)


def configuration(folder, text):
    (folder / "air.toml").write_text(text)
    return f"--config={folder / 'air.toml'}"


def start(family, *arguments, **settings):
    """Without a terminal."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**family.environment, **settings},
    )


def run(family, *arguments, **settings):
    """Returns exit code, standard output and standard error."""
    with start(family, *arguments, **settings) as process:
        output, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, output, errors


# Without a terminal


def test_one_press_is_told_and_accepted(family):
    code, output, errors = run(family)
    assert (code, errors) == (0, "")
    told = [line.split(maxsplit=1) for line in output.splitlines()]
    steps = [what for what, _ in told if what != "console"]
    assert steps[:4] == ["image", "server", "board", "press"]
    assert sorted(steps[4:6]) == ["LED", "server"]
    assert steps[6:] == ["result"]
    said = [text for what, text in told if what == "console"]
    assert "[Associated]" in said and "> save" in said
    written = next(text for what, text in told if what == "server" and "->" in text)
    message = written.split()[0]
    assert message[5:] == "050001"
    assert f"WWEP: {message} accepted" in said
    assert written == f"{message} -> A{message[1:]}"


def test_two_at_once_do_not_meet(family, quick):
    both = [start(family, quick), start(family, quick)]
    outputs = [process.communicate(timeout=PATIENCE) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    ports = {output.partition("WWEP on 127.0.0.1 port ")[2].split()[0] for output, _ in outputs}
    assert len(ports) == 2
    assert all(f"({wwep.OPEN_PORT} is taken)" in output for output, _ in outputs)


def test_a_board_that_does_not_join(family, tmp_path):
    code, output, errors = run(family, configuration(tmp_path, QUICK + "present = false"))
    assert code == 1
    assert errors == "airwire: the board did not join airwire-wpa2: SSID not found\n"
    assert "console  Join failed: SSID not found" in output.splitlines()


def test_a_write_that_was_not_accepted(family, tmp_path):
    code, output, errors = run(family, configuration(tmp_path, QUICK + "names = {}"))
    assert code != 0
    assert errors == "airwire: the write was not accepted: name not found\n"
    assert "LED      lit" in output.splitlines()


def test_an_open_network_of_ones_own(family, tmp_path):
    text = '[[air.access_point]]\nssid = "the \\"open\\" one"\n'
    code, output, errors = run(family, configuration(tmp_path, text))
    assert (code, errors) == (0, "")
    assert 'console  [Associating to the "open" one]' in output.splitlines()
    assert "wlan.passkey" not in output


def test_no_interpreter_is_one_line(family):
    code, output, errors = run(family, MICROPYTHON=str(family.folder / "none"))
    assert code == 1
    assert len(errors.splitlines()) == 1
    assert errors.startswith("airwire: MICROPYTHON=")


def test_nothing_is_left_by_a_kill(family, quick):
    with start(family, quick) as process:
        for line in process.stdout:
            if line.startswith("board"):
                break
        process.kill()
    deadline = time.monotonic() + PATIENCE
    while family.processes() or family.files():
        assert time.monotonic() < deadline, (family.processes(), family.files())


def test_a_bad_configuration_is_bad_input(family, tmp_path):
    code, output, errors = run(family, configuration(tmp_path, "[air]\nscans = 3\n"))
    assert (code, output) == (2, "")
    assert len(errors.splitlines()) == 1


def test_a_reader_that_goes_away(family, quick):
    with start(family, quick) as process:
        assert process.stdout.readline().startswith("image")
        process.stdout.close()
        assert process.stderr.read() == "airwire: the output was closed\n"
        assert process.wait(PATIENCE) == 1


@pytest.mark.parametrize(
    ("moment", "number"),
    [("image", signal.SIGINT), ("server", signal.SIGTERM), ("console", signal.SIGHUP)],
)
def test_a_signal_ends_it_at_any_moment(family, quick, moment, number):
    with start(family, quick) as process:
        while not process.stdout.readline().startswith(moment):
            assert process.poll() is None
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (128 + number, "")


# In a terminal


def test_a_persons_session(family, quick):
    with Terminal(family, quick) as terminal:
        terminal.joined()
        # It explains itself, with the prompt just below.
        lines = terminal.lines()
        first = next(i for i, line in enumerate(lines) if line.startswith("This is the console"))
        assert "Ctrl-B" in lines[first + 1] and "Ctrl-X" in lines[first + 2]
        assert lines[first + 3] == ">"
        assert terminal.bar()[0].startswith(
            " button 0 released | LED dark | Wi-Fi up | server: 0 "
        )

        terminal.type(PRESS)
        terminal.shows("button 0 pressed")
        terminal.shows("LED lit")
        terminal.shows("1 accepted, 0 refused")
        terminal.shows("button 0 released")
        assert "050001 -> A" in terminal.bar()[1]
        terminal.type(PRESS + PRESS)
        terminal.shows("3 accepted, 0 refused")

        terminal.type("get wlan.info\r")
        terminal.shows("> get wlan.info\nairwire-wpa2 -52 dBm 127.0.0.")
        terminal.type("set zz.zz h\u00e9\x7f\x7f\u00fcbsch\r")
        terminal.shows("Unknown variable\n>")
        terminal.type("\x1bOP\x1b[15~gibberish\r")  # keys that nobody here knows
        terminal.shows("Unknown command\n>")

        # The board is told the width of the terminal when a long line needs it.
        terminal.type("get " + "long " * 10 + "\x01X")
        terminal.shows("> Xget" + " long" * 10 + "\n")
        terminal.type("\x15\x0b")

        # Ctrl-C and Ctrl-D are the board's. What it prints cannot hurt the bar.
        terminal.type(INTERRUPT)
        terminal.shows("Airwire stopped.")
        terminal.type(r"print('\x1b[2J\x1b[r\x1b[99;1Hxyz\x1b]0;title\x07\x1b[?1049h!')" + "\r")
        terminal.shows("xyz!")
        terminal.shows("3 accepted, 0 refused")
        assert terminal.bar()[0].startswith(" button 0 released")
        terminal.type("\x04")
        terminal.shows("[Associated]")

        terminal.type(QUIT)
        assert terminal.end() == 0
        assert terminal.modes_now() == terminal.modes
        assert "Board and server have ended" in terminal.text()
        assert "accepted, 0 refused" not in terminal.text()


def test_the_terminal_may_change_its_size(family, quick):
    with Terminal(family, quick, columns=100, lines=30) as terminal:
        terminal.joined()
        for columns, lines, wifi in ((40, 10, False), (120, 40, True), (80, 6, True)):
            terminal.resize(columns, lines)
            terminal.until(lambda: "accepted" in terminal.bar()[0])
            assert ("Wi-Fi up" in terminal.bar()[0]) == wifi
            terminal.type("get wwep.port\r")
            terminal.shows(" get wwep.port\n")  # pyte leaves the prompt where it was
            # What was drawn for the size before goes with the next drawing.
            terminal.until(lambda: terminal.text().count("accepted") == 1)
        terminal.resize(80, 4)  # no room for a bar
        terminal.type("get wlan.ssid\r")
        terminal.shows("airwire-wpa2\n>")
        assert "accepted" not in terminal.text()
        terminal.resize(80, 24)
        terminal.shows("0 accepted, 0 refused")
        terminal.type(ALSO_QUIT)
        assert terminal.end() == 0
        assert terminal.modes_now() == terminal.modes


def test_a_small_terminal_without_colours(tmp_path, family, quick):
    family.environment["NO_COLOR"] = "1"
    with Terminal(family, quick, columns=40, lines=10) as terminal:
        terminal.shows("Airwire again.\n>")
        terminal.type(PRESS)
        terminal.shows("1 accepted, 0 refused")
        terminal.shows(" up   LED lit   1 accepted, 0 refused\n W")
        colours = {cell.fg for row in terminal.cells for cell in row}
        colours |= {cell.bg for row in terminal.cells for cell in row}
        assert colours == {"default"}
        terminal.type(QUIT)
        assert terminal.end() == 0


def test_a_failed_join_leaves_the_console_to_the_person(family, tmp_path):
    with Terminal(family, configuration(tmp_path, QUICK + "present = false")) as terminal:
        terminal.shows("airwire: the board did not join airwire-wpa2: SSID not found")
        terminal.shows("Airwire again.\n>")
        terminal.type("get wlan.ssid\r")
        terminal.shows("> get wlan.ssid\nairwire-wpa2\n")
        assert "Wi-Fi down" in terminal.bar()[0]
        terminal.type(QUIT)
        assert terminal.end() == 0


def test_ctrl_c_ends_it_while_it_starts(family):
    with Terminal(family) as terminal:
        terminal.shows("Associating")
        terminal.type(INTERRUPT)
        assert terminal.end() == 130
        assert terminal.modes_now() == terminal.modes


def test_what_is_typed_ahead_waits(family, quick):
    with Terminal(family, quick) as terminal:
        terminal.shows("> set")
        terminal.type("get wwep.register\r")
        terminal.joined()
        terminal.shows("> get wwep.register\n5\n>")
        terminal.type(QUIT)
        assert terminal.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(family, quick, number):
    with Terminal(family, quick) as terminal:
        terminal.shows("> set")
        terminal.process.send_signal(number)
        assert terminal.end() == 128 + number
        assert terminal.modes_now() == terminal.modes
        assert "accepted" not in terminal.text()


def test_a_window_that_is_closed(family, quick):
    with Terminal(family, quick) as terminal:
        terminal.joined()
        terminal.hang_up()
        assert terminal.process.wait(PATIENCE) == 128 + signal.SIGHUP


def test_a_terminal_that_stalls_holds_up_nothing(family, quick):
    with Terminal(family, quick) as terminal:
        terminal.joined()
        terminal.type("get wwep.port\r")
        terminal.until(lambda: re.search(r"port\n\d+\n>", terminal.text()))
        port = int(re.search(r"port\n(\d+)\n>", terminal.text())[1])
        terminal.type(INTERRUPT)
        terminal.shows(">>>")
        terminal.type("while True: print('much to say' * 6)\r\r")
        terminal.stalls()
        assert ask(port, b"R000000") == b"X"
        terminal.process.terminate()
        assert terminal.process.wait(PATIENCE) == 128 + signal.SIGTERM
        assert terminal.modes_now() == terminal.modes


def test_the_board_may_be_taken_down_elsewhere(family, quick):
    with Terminal(family, quick) as terminal:
        terminal.joined()
        (home,) = family.files()
        environment = {**family.environment, "AIRWIRE_HOME": str(home)}
        command = [*COMMAND[:-1], "board", "down", "run"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        assert terminal.end() == 1
        assert "airwire: the board run was taken down" in terminal.text()
        assert terminal.modes_now() == terminal.modes


# Parts


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"a\tb\r\n\x07\x08", "a\tb\r\n\a\b"),
        ("h\u00e9 \u20ac \U0001f600".encode(), "h\u00e9 \u20ac \U0001f600"),
        (b"\xff\xc3(", "\ufffd\ufffd("),
        (b"\x00\x0e\x0f\x7f\xc2\x9b1mx", "1mx"),
        (b"\x1b[31;1mred\x1b[K\x1b[2D", "\x1b[31;1mred\x1b[K\x1b[2D"),
        (b"\x1b[r\x1b[?1049h\x1b[6n\x1b[>c\x1bc\x1b(0\x1b7\x1b8x", "x"),
        (b"\x1b[H\x1b[99;5Hx\x1b[3fy", "\x1b[1;1H\x1b[20;5Hx\x1b[3;1Hy"),
        (b"\x1b]0;title\x07a\x1b]0;title\x1b\\b\x1bPq\x1b\\c", "abc"),
        (b"\x1b[3\x1b[31mx\x1b\x1b[Ky", "\x1b[31mx\x1b[Ky"),
        (b"\x1b[1\r\nx", "\r\nx"),
        (b"\x1b[" + b"1" * 100 + b"mx", "1" * 37 + "mx"),
        (b"\x1b]" + b"1" * 1100 + b"x", "1" * 77 + "x"),
    ],
)
def test_what_a_board_says_is_made_harmless(said, shown):
    assert escapes.Escapes().feed(said, 20) == shown
    pieces = escapes.Escapes()
    assert "".join(pieces.feed(bytes([byte]), 20) for byte in said) == shown


def test_only_the_question_for_the_width_is_noted():
    question = b"\x1b7\x1b[999C\x1b[6n\x1b8"
    pieces = escapes.Escapes()
    said = b"a" + question + b"b\x1b[6n\x1b[999C\x1b[K\x1b[6n\x1b]" + question + b"\x07" + question
    shown = "".join(pieces.feed(bytes([byte]), 20) for byte in said)
    assert shown == "ab\x1b[K"
    assert pieces.width_questions == 2


def test_noise_stays_harmless(rng):
    """Whatever comes out, a terminal's margins, modes and strings are not in it."""
    passing = re.compile(r"[^\x00-\x06\x0b\x0c\x0e-\x1f\x7f-\x9f]|\x1b\[[0-9;:]*[A-DGHJKPX@m]")
    alphabet = [b"\x1b", b"\x1b[", b"\x1b]", b"\x9b", b"\xc2", *(bytes([n]) for n in range(256))]
    for _ in range(300):
        noise = b"".join(rng.choices(alphabet, weights=[40] * 5 + [1] * 256, k=200))
        shown = escapes.Escapes().feed(noise, 20)
        assert passing.sub("", shown) == ""


def test_the_bar_is_as_wide_as_the_terminal():
    state = bar.State(board="running", wlan=1010)
    for number in range(1, 1001):
        reply = b"A0227050001" if number % 3 else b"X illegal message length"
        state.transaction(Transaction(number, "127.0.0.1", 1, b"W0227050001", reply))
    for width in range(20, 240):
        for colour in (True, False):
            lines = [
                re.sub(r"\x1b\[[0-9;]*m", "", line) for line in bar.lines(state, width, colour)
            ]
            assert [len(line) for line in lines] == [width, width]
    assert "server: 667 accepted, 333 refused" in lines[0]
    assert lines[1].startswith(" W0227050001 -> A0227050001   W0227050001 -> X illegal")
    assert lines[1].endswith(" Ctrl-B press  Ctrl-X quit ")


def test_the_bar_tells_of_a_board_that_does_not_run():
    assert " board off " in bar.lines(bar.State(board="off"), 80, False)[0]
