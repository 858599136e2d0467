"""`make hil`: a board on a bench is flashed or brought up to date, reset, has itself tested, and
runs the board's tests over its cable. What was seen is in build/hil:

    board.json     what runs on it, and on what
    selftest.json  what the board says of itself
    junit.xml      the tests
    uart0.log      what passed its ports, without keys; uart1.log
    faults.json    the fault log at the end

It ends with 0 when all of it went well. Words after `--` go to pytest.
"""

import argparse
import json
import platform
import signal
import subprocess
import sys
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from airwire import ports, project, signals
from airwire.cli import INTERRUPTED
from airwire.client import replies
from airwire.errors import UserError
from host_tests.board import bench_file
from host_tests.board.bench import Bench
from host_tests.board.console import Console
from host_tests.board.redactor import Redactor

RESULTS = project.BUILD / "hil"
JUNIT = "junit.xml"
FILES = ("board.json", "selftest.json", JUNIT, "uart0.log", "uart1.log", "faults.json")
SUITE = "host_tests/board"

# What takes part in a run, for who reads of a failure.
PROGRAMS = ("pyserial", "pytest", "esptool", "mpremote")

# Commands that install what the tests run besides. It takes minutes, so it comes after a look at
# what was typed.
_INSTALL = (
    (sys.executable, "-m", "airwire.lan.programs", "install"),
    ("sh", "tools/bootstrap.sh", "command", "tmux"),
)

# A board tests itself within half a minute; a busy computer takes longer.
SELFTEST_SECONDS = 120

# What the tests have up is down by then, in an orderly end.
END_SECONDS = 60

_PIECE = 4096  # bytes of pytest's output at a time

# pytest's: nothing was collected, which is no success.
NO_TESTS = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="make hil", description=__doc__.partition("\n")[0])
    parser.add_argument("--port", help="the board: UART0[,UART1]; else its bench says it")
    parser.add_argument("--bench", type=Path, help="what is on its bench")
    parser.add_argument("--firmware", help="stock MicroPython: flash the board with it first")
    parser.add_argument("--results", type=Path, default=RESULTS, help="(build/hil)")
    parser.add_argument("words", nargs="*", metavar="WORD", help="for pytest")
    args = parser.parse_args()
    try:
        bench = bench_file.chosen(args.bench, args.port)
        board = Bench(bench)
        for number in range(len(bench.ports)):
            ports.check(board.port(number))
        _install_programs()
        with signals.ended_in_order():
            return _Run(bench, args).all()
    except UserError as error:
        print(f"make hil: {error.message}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print(f"make hil: interrupted; what was seen is in {args.results}", file=sys.stderr)
        return INTERRUPTED


def _install_programs() -> None:
    """Some of the board's tests are done by the programs of others."""
    for command in _INSTALL:
        code = subprocess.run(command, cwd=project.ROOT, check=False).returncode
        if code:  # it has said why
            raise UserError("the programs for the tests are not installed", code)


class _Run:
    def __init__(self, bench: bench_file.BenchFile, args: argparse.Namespace) -> None:
        self._bench, self._args = bench, args
        self._results: Path = args.results
        self._redactor = Redactor(bench.passkey)
        try:
            self._results.mkdir(parents=True, exist_ok=True)
            for name in FILES:  # those of the last run; others in that folder are the user's
                (self._results / name).unlink(missing_ok=True)
        except OSError as error:
            raise UserError(f"{error.filename}: {error.strerror}") from None

    def all(self) -> int:
        self._write_firmware()
        if not self._look():
            print("the board fails its own test: the suite is not run")
            return 1
        try:
            code = self._suite()
        finally:
            self._hide()
        faults = self._faults()
        if faults:
            print(f"{len(faults)} faults are in the board's log: {self._results}/faults.json")
        print(f"what was seen is in {self._results}")
        return code or int(bool(faults))

    def _write_firmware(self) -> None:
        """All of it with a stock image, else the files that differ."""
        port = self._bench.ports[0]
        words = ["deploy", "--port", port]
        if self._args.firmware:
            words = ["flash", "--port", port, "--firmware", self._args.firmware]
        code = subprocess.run([sys.executable, "-m", "airwire", *words], check=False).returncode
        if code:  # it has said why
            raise UserError(f"airwire {words[0]} has failed", code)

    def _look(self) -> bool:
        """Reset the board, and see what it is; whether its own test has passed."""
        with Bench(self._bench, self._results) as board:
            board.note("make hil")
            board.factory_reset()
            console = board.uart0.machine()
            self._keep("board", _versions(console.ok("version"), console.ok("get wlan.mac")))
            rows = [
                row
                for line in filter(None, ("selftest", self._jumpers()))
                for row in _selftest(console, line)
            ]
        self._keep("selftest", [asdict(row) for row in rows])
        for row in rows:
            figure = "" if row.figure is None else f"{row.figure} {row.unit or ''}"
            print(f"{row.part:8} {row.result}  {figure:12} {row.text}")
        return all(row.result != "fail" for row in rows)

    def _jumpers(self) -> str:
        """The command that tests what the bench has wired for it."""
        return " ".join(["selftest", *self._bench.parts]) if self._bench.parts else ""

    def _suite(self) -> int:
        words = ["--port", ",".join(self._bench.ports), "--logs", self._results]
        if self._args.bench:
            words += ["--bench", self._args.bench]
        words += ["--junitxml", self._results / JUNIT]
        words += self._args.words or [SUITE]
        sys.stdout.flush()  # a pipe shall have what was said till now before what pytest says
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", "-rs", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as suite:
            try:
                self._show(suite)
            except (KeyboardInterrupt, SystemExit) as ended:
                if isinstance(ended, SystemExit):  # Ctrl-C a terminal has sent to pytest, too
                    suite.send_signal(signal.SIGINT)
                self._end(suite)
                raise
        if suite.returncode == NO_TESTS:
            raise UserError("no tests were run")
        if suite.returncode == 0 and self._all_skipped():
            raise UserError("no tests were run: all of them were skipped")
        return suite.returncode

    def _show(self, suite: subprocess.Popen) -> None:
        # What a test prints of a line that it has sent may hold the passkey.
        while piece := suite.stdout.read1(_PIECE):
            self._print(self._redactor.passed(piece))
        self._print(self._redactor.last())

    def _end(self, suite: subprocess.Popen) -> None:
        # It takes down what its tests have up, and writes what it knows.
        try:
            rest, _ = suite.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            suite.kill()
            rest, _ = suite.communicate()
        self._print(self._redactor.passed(rest) + self._redactor.last())

    @staticmethod
    def _print(text: bytes) -> None:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()

    def _all_skipped(self) -> bool:
        path = self._results / JUNIT
        if not path.exists():  # the words for pytest name another
            return False
        suites = ElementTree.parse(path).findall("testsuite")
        return all(suite.get("tests") == suite.get("skipped") for suite in suites)

    def _faults(self) -> list[replies.Fault]:
        with Bench(self._bench, self._results) as board:
            board.note("the fault log")
            faults = board.faults()
        self._keep("faults", [asdict(fault) for fault in faults])
        return faults

    def _keep(self, name: str, values: Any) -> None:
        (self._results / f"{name}.json").write_text(json.dumps(values, indent=2) + "\n")

    def _hide(self) -> None:
        """Nothing of what pytest has written shall hold the passkey."""
        path = self._results / JUNIT
        if path.exists():
            path.write_bytes(self._redactor.hidden(path.read_bytes()))


def _selftest(console: Console, line: str) -> list[replies.PartResult]:
    reply = console.run(line, patience=SELFTEST_SECONDS)
    if not reply.text.startswith(b"!"):  # a refusal, not the report of a failure
        raise UserError(f"{line}: {reply.text.decode(errors='replace')}")
    return replies.selftest(reply.text)


def _versions(firmware: str, mac: str) -> dict[str, str]:
    """What ran where."""
    found = {"firmware": firmware, "mac": mac, "python": platform.python_version()}
    found |= {name: metadata.version(name) for name in PROGRAMS}
    git = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=project.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found | {"tree": git.stdout.strip()}


if __name__ == "__main__":
    sys.exit(main())
