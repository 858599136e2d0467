"""The `board` fixture: a board with factory settings, virtual or on the bench, by option alone."""

import socket
from pathlib import Path

import pytest

from airwire.errors import UserError
from airwire.image import build
from host_tests.board import bench_file
from host_tests.board.backends import Virtual
from host_tests.board.bench import Bench
from host_tests.board.peers import Peer, Wwep
from host_tests.board.scripted import flash_with
from host_tests.board.watched import watched
from host_tests.conftest import ARCHES, ROOT, chosen, on_bench, runnable

HERE = Path(__file__).parent

# A test of many seconds runs on the interpreter with the chip's object sizes and heap alone,
# unless an architecture was asked for.
LONG_ARCHES = ("i386",)


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(*what): what of a board beyond UART0 the test uses")
    config.addinivalue_line("markers", "faulty: the test leaves faults in the board's fault log")
    config.addinivalue_line(
        "markers", "air(*networks, **air): access points (dicts) instead of the usual; times"
    )
    config.addinivalue_line(
        "markers", "whole_heap: the firmware has a chip's heap for itself, all 160 KB of it"
    )
    config.addinivalue_line("markers", "long: takes many seconds; one interpreter is enough")


def pytest_collection_modifyitems(config, items):
    """On a bench, only what runs on its board: tests without one, and those that make virtual
    boards of their own, say nothing of it.
    """
    if on_bench(config):
        others = [item for item in items if HERE in item.path.parents and not _of_board(item)]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


def _of_board(item):
    return "board" in item.fixturenames


def pytest_generate_tests(metafunc):
    if "board" not in metafunc.fixturenames:
        return
    option = metafunc.config.option
    if on_bench(metafunc.config):
        targets = ("bench",)
    elif option.board_arch not in ARCHES and metafunc.definition.get_closest_marker("long"):
        targets = LONG_ARCHES
    else:
        targets = chosen(option, metafunc.definition.nodeid)
    metafunc.parametrize("board", targets, indirect=True, ids=targets)


@pytest.fixture(scope="session")
def flash_image(tmp_path_factory, pytestconfig):
    """The image that `make image` builds, of the tree as it is, unless another is given."""
    if pytestconfig.option.flash:
        return pytestconfig.option.flash
    path = tmp_path_factory.mktemp("flash") / "flash.bin"
    path.write_bytes(build.build_image())
    return path


@pytest.fixture
def board(request):
    """A board that has just started with factory settings.

    After the test of a virtual board its firmware has not crashed and has no faults in its log,
    unless the test is marked `faulty`.
    """
    needs = set()
    for mark in request.node.iter_markers("needs"):
        needs.update(mark.args)
    if request.param == "bench":
        yield from _on_bench(request, needs)
        return
    runnable(request.param, request.getfixturevalue("interpreters"))
    air = request.node.get_closest_marker("air")
    networks, times = (list(air.args), air.kwargs) if air else ([], {})
    whole = request.node.get_closest_marker("whole_heap") is not None
    image = request.getfixturevalue("flash_image")
    faulty = request.node.get_closest_marker("faulty") is not None
    how = {"networks": networks, "whole_heap": whole, **times}
    with watched(image, request.param, faulty, **how) as board:
        assert needs <= board.can, "the virtual board can do everything"
        yield board


def _on_bench(request, needs):
    board = request.getfixturevalue("bench")
    if missing := sorted(needs - board.can):
        # Justified: a real board may have one UART wired, or no network in reach. The virtual
        # one has all that a test can need, which is asserted above: there none is skipped.
        pytest.skip("; ".join(bench_file.REASONS[name] for name in missing))
    try:
        board.note(request.node.name)
        board.factory_reset()
        yield board
        faults = board.faults()
    except UserError as error:
        pytest.fail(error.message, pytrace=False)
    finally:
        board.close()
    assert not faults or request.node.get_closest_marker("faulty"), faults


@pytest.fixture(scope="session")
def bench(pytestconfig):
    """The board on the bench, by the options; its ports are open during a test."""
    option = pytestconfig.option
    try:
        return Bench(bench_file.chosen(option.bench, option.port, option.wifi), option.logs)
    except UserError as error:
        raise pytest.UsageError(error.message) from None


@pytest.fixture
def starving(request, tmp_path):
    """A board with commands that take its memory: device/starved.py."""
    script = (HERE / "device/starved.py").read_bytes()
    more = {"ballast.py": (ROOT / "host_tests/device/ballast.py").read_bytes()}
    path = flash_with(script, tmp_path, more)
    whole = request.node.get_closest_marker("whole_heap") is not None
    board = Virtual(path, LONG_ARCHES[0], whole_heap=whole)
    try:
        yield board
    finally:
        board.down()
        board.remove()


@pytest.fixture
def peer():
    """A TCP server that misbehaves as it is told."""
    with Peer() as peer:
        yield peer


@pytest.fixture
def wwep():
    """The WWEP server of this project."""
    with Wwep() as server:
        yield server


@pytest.fixture
def closed_port():
    """A TCP port at which connections are refused: it is taken, but nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
