"""What all tests share: options, seed, counts, and the MicroPython interpreters to run things on.

The board fixture has a file of its own; what only one folder needs is in that folder.
"""

import argparse
import functools
import os
import platform
import random
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from airwire import interpreter as installed
from airwire.errors import UserError
from airwire.image import tree

ROOT = Path(__file__).resolve().parent.parent
LIB = ROOT / "lib"

# `wire` is imported by the name that it has on the device. wire/ has the helpers of its tests,
# which MicroPython finds there as well.
sys.path[:0] = [str(LIB), str(ROOT / "host_tests" / "wire")]

# Hypothesis writes what it found last time; the tree stays clean.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / "build" / "hypothesis"))

ARCHES = ("amd64", "i386")

# Examples of a property: enough to find what is common, and enough to be called a fuzz test.
EXAMPLES_REDUCED, EXAMPLES_FULL = 200, 5000

# The name of a measured figure among a report's properties.
FIGURE = "figure"

# Boards keep time: many more of them than processors would be late for each other. A test waits
# for more than half of its time, so that two more have room.
MOST_WORKERS = 4
MORE_WORKERS = 2

# A script here runs for milliseconds. This is a hang, on however slow a machine.
SCRIPT_SECONDS = 60


Figure = TypeVar("Figure", int, float, tuple)


@dataclass(frozen=True)
class Counts:
    """Which of a test's two figures to use: `counts(20, 1000)` is 1000 where `full` is set."""

    full: bool

    def __call__(self, reduced: Figure, full: Figure) -> Figure:
        return full if self.full else reduced


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("airwire")
    group.addoption("--seed", type=int, help="repeat a run: the seed that it printed")
    group.addoption("--port", help="run the board's tests on a real board: UART0[,UART1]")
    group.addoption("--wifi", help="a network that the real board can join: SSID[:passkey]")
    group.addoption("--bench", type=Path, help="what is on its bench: host_tests/benches/*.toml")
    group.addoption("--flash", type=Path, help="an image for the virtual board, not the tree's")
    group.addoption("--logs", type=Path, help="keep here what passes the real board's ports")
    group.addoption(
        "--board-arch",
        choices=(*ARCHES, "both"),
        help="the interpreter (default: both with the full figures, else one of them for each "
        "test, by the seed)",
    )


@pytest.hookimpl(tryfirst=True)  # Hypothesis reads its seed in the same hook
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "sampled(n): the reduced counts try n, by lot, of its parameters or of its file's tests; "
        "full ones all",
    )
    # A shell that starts us in the background has us ignore Ctrl-C, and nohup that a
    # terminal ends; what we start would too.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    seed = config.option.seed
    if hasattr(config, "workerinput"):  # one of xdist's processes: that of the run
        seed = config.workerinput["seed"]
    elif seed is None:
        seed = int(os.environ.get("AIRWIRE_SEED") or random.SystemRandom().randrange(1 << 31))
    config.option.seed = seed
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = seed

    from hypothesis import settings  # after HYPOTHESIS_STORAGE_DIRECTORY is set

    counts = figures()
    settings.register_profile(
        "airwire",
        max_examples=counts(EXAMPLES_REDUCED, EXAMPLES_FULL),
        deadline=None,  # a shared machine stalls; the time-out of the whole test is enough
    )
    settings.load_profile("airwire")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """xdist hands its processes the words of the command line, and not what we made of them."""
    node.workerinput["seed"] = node.config.option.seed


def pytest_report_header(config: pytest.Config) -> str:
    seed = config.option.seed
    which = "full" if figures().full else "reduced"
    return f"airwire: {which} counts, seed {seed} (repeat with --seed={seed})"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest tests first, so that no worker is left with one at the end; and of each test
    the interpreters and, with the reduced counts, the samples that this run tries.
    """
    used = [item for item in items if _is_used(config, item)]
    if not figures().full:
        used = _samples(config.option.seed, used)
    if len(used) < len(items):
        ours = set(used)
        config.hook.pytest_deselected(items=[item for item in items if item not in ours])
    items[:] = sorted(used, key=lambda item: item.get_closest_marker("timeout") is None)


def _is_used(config: pytest.Config, item: pytest.Item) -> bool:
    # Of the tests that run on an interpreter without a board: see chosen().
    arch = getattr(item, "callspec", None) and item.callspec.params.get("arch")
    return arch not in ARCHES or arch in chosen(config.option, item.nodeid.partition("[")[0])


def _samples(seed: int, items: list[pytest.Item]) -> list[pytest.Item]:
    # Without those of the sampled tests that the lot leaves out: each run tries others.
    sampled = {}
    for item in items:
        if mark := item.get_closest_marker("sampled"):
            of_file = mark not in item.own_markers
            name = item.nodeid.partition("::" if of_file else "[")[0]
            sampled.setdefault(name, []).append(item)
    out = set()
    for test, those in sampled.items():
        (count,) = those[0].get_closest_marker("sampled").args
        left_out = random.Random(f"{seed} {test}").sample(those, max(len(those) - count, 0))
        out.update(left_out)
    return [item for item in items if item not in out]


def chosen(option: argparse.Namespace, test: str) -> tuple[str, ...]:
    """The interpreters on which this run tries a test: all with the full figures, else one, by
    lot, so that each run tries others; or those that --board-arch says.
    """
    if option.board_arch in ARCHES:
        return (option.board_arch,)
    if option.board_arch == "both" or figures().full:
        return ARCHES
    return (ARCHES[(zlib.crc32(test.encode()) + option.seed) % len(ARCHES)],)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Tests at a time where the Makefile leaves it open: a real board is one."""
    return 0 if on_bench(config) else min((os.cpu_count() or 1) + MORE_WORKERS, MOST_WORKERS)


def on_bench(config: pytest.Config) -> bool:
    """Whether the board's tests run on a board behind ports."""
    return bool(config.option.port or config.option.bench)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures that tests have measured."""
    reports = [r for group in terminalreporter.stats.values() for r in group]
    for report in reports:
        for name, text in getattr(report, "user_properties", ()):
            if name == FIGURE and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid}: {text}")


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """figure(text): what the test has measured, for the end of the run's report."""
    return lambda text: request.node.user_properties.append((FIGURE, text))


def figures() -> Counts:
    """Which figures this run uses, by AIRWIRE_COUNTS."""
    which = os.environ.get("AIRWIRE_COUNTS", "reduced")
    if which not in ("reduced", "full"):
        raise pytest.UsageError(f"AIRWIRE_COUNTS is {which!r}; it is reduced or full")
    return Counts(which == "full")


@pytest.fixture(scope="session")
def counts() -> Counts:
    """counts(reduced, full): how often to do something, by AIRWIRE_COUNTS."""
    return figures()


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """The run's seed, which the header shows and --seed sets."""
    return pytestconfig.option.seed


@pytest.fixture
def rng(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """Random numbers that depend on the seed and the test, not on which tests ran before it."""
    return random.Random(f"{seed} {request.node.nodeid}")


@pytest.fixture(scope="session")
def interpreters() -> dict[str, Path]:
    """MicroPython by architecture. One that should be here and is not fails the test."""
    found = {}
    for arch in ARCHES:
        if not _cannot_run(arch):
            try:
                found[arch] = installed.find(arch)
            except UserError as error:
                pytest.fail(error.message, pytrace=False)
    return found


@pytest.fixture(params=ARCHES)
def arch(request: pytest.FixtureRequest, interpreters: dict[str, Path]) -> str:
    """Runs the test once for each architecture that runs here."""
    return runnable(request.param, interpreters)


def runnable(arch: str, interpreters: dict[str, Path]) -> str:
    """`arch`; a test of one that this machine cannot run is passed over."""
    if arch not in interpreters:
        # Justified: no computer with an ARM processor runs i386 programs, and whoever has one
        # shall be able to run all other tests. Where it could run, `interpreters` has failed.
        pytest.skip(f"no {arch} MicroPython: {_cannot_run(arch)}")
    return arch


@pytest.fixture
def interpreter(arch: str, interpreters: dict[str, Path]) -> Path:
    """MicroPython of each architecture in turn."""
    return interpreters[arch]


def _cannot_run(arch: str) -> str:
    """Why this machine cannot run the interpreter for `arch` at all; empty if it can."""
    if arch != "i386":
        return ""
    if platform.machine() not in ("x86_64", "i686"):
        return f"{platform.machine()} does not run i386 programs"
    return installed.missing(arch)


@pytest.fixture
def micropython(interpreter: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs MicroPython, each architecture in turn: see _run for its words and keywords."""
    return functools.partial(_run, interpreter)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The device's files in a folder, as the image has them but for the private names, which tests
    may look at.
    """
    folder = tmp_path_factory.mktemp("shipped")
    for name, content in tree.device_files(ROOT, short=False).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def _run(
    program: Path,
    *words: str | Path,
    cwd: Path = ROOT,
    path: tuple[Path, ...] = (LIB,),
    heap: str = "",
    seconds: float = SCRIPT_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run `program` with `words` (a script and its arguments) in `cwd`; collect its output.

    `path` is all that its environment holds, before the interpreter's frozen modules. `heap` is
    the heap's size in MicroPython's notation ("160K"). More than `seconds` fails the test, with
    what the script has printed.
    """
    options = ["-X", f"heapsize={heap}"] if heap else []
    try:
        return subprocess.run(
            [program, *options, *words],
            cwd=cwd,
            env={"MICROPYPATH": ":".join([*map(str, path), ".frozen"])},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as expired:
        # The partial output is bytes here, whatever `text` says.
        printed = ((expired.stdout or b"") + (expired.stderr or b"")).decode(errors="replace")
        pytest.fail(f"{words[0]} was not done after {seconds} s:\n{printed}", pytrace=False)
