"""The console in a terminal that is not ours: tmux, with `airwire console` in it as a person would
start it. The cases are in test_console_terminal.py; here is what only a real terminal shows.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from host_tests.board.console import PATIENCE


class Tmux:
    """A tmux server of our own with one window, in which a command runs."""

    def __init__(self, folder: Path, columns: int, *command: str) -> None:
        program = shutil.which("tmux")
        assert program, "make test installs it"
        self._tmux = [program, "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._run("new-session", "-d", "-x", str(columns), "-y", "24", *command)

    def _run(self, *words: str) -> str:
        done = subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def keys(self, *keys: str) -> None:
        """Press keys, by their names in tmux; any other text is typed."""
        self._run("send-keys", *keys)

    def rows(self) -> list[str]:
        return self._run("capture-pane", "-p").rstrip().split("\n")

    def until(self, condition: Callable[[list[str]], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition(self.rows()):
            assert time.monotonic() < end, "\n".join(self.rows())
            time.sleep(0.02)

    def shows(self, *rows: str) -> None:
        """The last rows become these."""
        self.until(lambda seen: seen[-len(rows) :] == list(rows))

    def close(self) -> None:
        """Until the program has ended, too: a port of RFC 2217 serves one at a time."""
        program = Path("/proc", self._run("display-message", "-p", "#{pane_pid}").strip())
        self._run("kill-server")
        end = time.monotonic() + PATIENCE
        while program.exists():
            assert time.monotonic() < end, "the program goes on"
            time.sleep(0.02)


@pytest.fixture(params=[80, 40])
def columns(request) -> int:
    return request.param


@pytest.fixture
def tmux(board, columns, tmp_path) -> Iterator[Tmux]:
    port = str(board.port(0))
    tmux = Tmux(tmp_path, columns, sys.executable, "-m", "airwire", "console", port)
    yield tmux
    tmux.close()


def test_editing_history_and_completion(tmux, columns):
    tmux.until(lambda rows: rows != [""])
    tmux.keys("Enter")
    tmux.shows(">")
    tmux.keys("t wlan.ssid", "Home", "ge", "Enter")
    tmux.shows("> get wlan.ssid", "", ">")
    tmux.keys("get wlan.auto", "Tab")
    tmux.shows("> get wlan.auto_join.")
    tmux.keys("e", "Tab", "Enter")
    tmux.shows("> get wlan.auto_join.enabled", "0", ">")
    value = "0123456789" * 5
    tmux.keys("set wwep.host " + value, "Enter")
    tmux.shows("Set OK", ">")
    # In a window that is too narrow for it, a row of the line is shown around the cursor.
    tmux.keys("Up", "Home")
    line = "> set wwep.host " + value
    tmux.shows(line if len(line) < columns else line[: columns - 3] + ">")
    tmux.keys("Up", "C-u", "get wwep.host", "Enter")
    tmux.shows(*[value[at : at + columns] for at in range(0, len(value), columns)], ">")
