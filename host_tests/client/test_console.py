"""`airwire console`, as a user starts it: in a terminal, and in a pipe."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
import tty

import pytest

from airwire.board.client import Board
from host_tests.client.conftest import PATIENCE

QUIT = b"\x1d"


def command(*words):
    return [sys.executable, "-m", "airwire", "console", *words]


class Terminal:
    """A terminal with the console in it."""

    def __init__(self, *words):
        self._master, self._slave = pty.openpty()
        self.before = self.attributes()
        self.shown = b""
        self.process = subprocess.Popen(
            command(*words),
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
        )

    def attributes(self):
        return termios.tcgetattr(self._slave)

    def type(self, keys):
        os.write(self._master, keys)

    def await_text(self, text):
        """Read until the text has come; what came before it is passed over."""
        end = time.monotonic() + PATIENCE
        while text not in self.shown:
            left = end - time.monotonic()
            assert left > 0 and select.select([self._master], [], [], left)[0], self.shown
            self.shown += os.read(self._master, 4096)
        self.shown = self.shown.partition(text)[2]

    def await_raw(self):
        """Wait until the console has the terminal: a key before that would be echoed by it."""
        self.await_text(b"Ctrl-] ends it")
        end = time.monotonic() + PATIENCE
        while self.attributes()[tty.LFLAG] & termios.ICANON:
            assert time.monotonic() < end
            time.sleep(0.01)

    def await_end(self):
        """The exit code, once the process has ended; the terminal is as it was."""
        code = self.process.wait(PATIENCE)
        assert self.attributes() == self.before
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)
        os.close(self._slave)


@pytest.fixture
def terminal():
    terminals = []

    def start(*words):
        terminals.append(Terminal(*words))
        return terminals[-1]

    yield start
    for each in terminals:
        each.close()


def test_a_terminal(board, terminal):
    console = terminal("board:client")
    console.await_raw()
    console.type(b"get system.boxx\x7f\x7fard\r")  # Backspace is the module's business
    console.await_text(b"\r\nESP32-DevKitC\r\n> ")
    # Ctrl-C and Ctrl-D are keys like any other.
    console.type(b"\x03")
    console.await_text(b"Airwire stopped")
    console.await_text(b">>> ")
    console.type(b"\x04")
    console.await_text(b"[Ready]")
    console.type(b"get" + QUIT + b"never sent")
    assert console.await_end() == 0
    again = terminal("board:client")
    again.await_raw()
    again.type(b" system.board\r")
    again.await_text(b"ESP32-DevKitC\r\n> ")
    again.type(QUIT)
    assert again.await_end() == 0


def test_a_terminal_by_rfc_2217(url, terminal):
    console = terminal(url)
    console.await_raw()
    console.type(b"get system.board\r")
    console.await_text(b"ESP32-DevKitC\r\n> ")
    console.type(QUIT)
    assert console.await_end() == 0


def test_keys_that_edit(board, terminal):
    """They are the module's business; on the host's port Ctrl-C gives the line up, no more."""
    console = terminal("board:client/uart1")
    console.await_raw()
    console.type(b"set system.cmd.mode human\rget nonsense\x03")
    console.await_text(b"get nonsense")
    console.await_text(b"\r\n> ")
    console.type(b"get system.boa\t")  # Tab
    console.await_text(b"rd ")
    console.type(b"\r")
    console.await_text(b"ESP32-DevKitC\r\n> ")
    console.type(b"\x1b[A\x1b[D\x1b[D\r")  # up, left, left
    console.await_text(b"ESP32-DevKitC\r\n> ")
    console.type(QUIT)
    assert console.await_end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_restored_when_it_is_ended(board, terminal, number):
    console = terminal("board:client")
    console.await_raw()
    console.process.send_signal(number)
    assert console.await_end() == 128 + number


def test_the_terminal_is_restored_when_the_port_goes(home, flash_image, terminal):
    with Board.up("short", flash=flash_image) as board:
        console = terminal(str(board.uart0))
        console.await_raw()
    console.await_text(b"the port is gone")
    assert console.await_end() == 2


def run(*words, lines=b""):
    return subprocess.run(
        command(*words), input=lines, capture_output=True, timeout=2 * PATIENCE, check=False
    )


def test_lines_from_a_pipe(board):
    done = run("board:client", lines=b"get system.board\nset wlan.ssid piped\nget wlan.ssid")
    assert (done.returncode, done.stderr) == (0, b"")
    assert re.search(rb"ESP32-DevKitC\r\n> .*Set OK\r\n> .*piped\r\n> $", done.stdout, re.DOTALL)


def test_lines_behind_a_reboot_wait_for_it(board):
    done = run("board:client", lines=b"set wlan.ssid lost\nreboot\nget wlan.ssid\nget wlan.mac\n")
    assert done.returncode == 0
    assert re.search(
        rb"Rebooting\r\n.*\[Ready\]\r\n.*> get wlan.ssid\r\n\r\n> get wlan.mac\r\n24:6F:",
        done.stdout,
        re.DOTALL,
    )


def test_lines_in_machine_mode(board):
    lines = b"set system.cmd.mode machine\nget system.board\nset system.cmd.mode human\n"
    done = run("board:client/uart1", lines=lines)
    assert done.returncode == 0
    assert done.stdout.endswith(b"R000008\r\nSet OK\r\nR000015\r\nESP32-DevKitC\r\nSet OK\r\n> ")


def test_no_answer(board):
    lines = b"set system.cmd.header_enabled 0\nset system.cmd.prompt_enabled 0\n"
    try:
        done = run("board:client", "--wait", "0.5", lines=lines)
        assert done.returncode == 2
        assert done.stderr == (
            b"airwire: no answer to 'set system.cmd.prompt_enabled 0' within 0.5 s\n"
        )
    finally:
        run("board:client", lines=b"set system.cmd.mode human\n")


@pytest.mark.parametrize(
    "words, error",
    [
        (["board:none"], "airwire: board none is not up; start it with: airwire board up none\n"),
        (
            ["no-such-port"],
            "airwire: no-such-port: there is no such port; is the board plugged in?\n",
        ),
    ],
)
def test_a_port_that_cannot_be_used(home, words, error):
    done = run(*words)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (2, b"", error)


@pytest.mark.parametrize("words", [[], ["x", "--baud", "0"], ["x", "--wait", "never"]])
def test_bad_arguments(words):
    done = run(*words)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
