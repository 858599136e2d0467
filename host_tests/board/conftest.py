"""The `board` fixture: a board with factory settings, virtual or on the bench, by option alone."""

import socket

import pytest

from airwire.image import build
from host_tests.board.backends import Bench, Virtual
from host_tests.board.peers import Peer, Wwep
from host_tests.conftest import ARCHES, chosen, runnable

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


def pytest_generate_tests(metafunc):
    if "board" not in metafunc.fixturenames:
        return
    option = metafunc.config.option
    if option.port:
        targets = ("bench",)
    elif option.board_arch not in ARCHES and metafunc.definition.get_closest_marker("long"):
        targets = LONG_ARCHES
    else:
        targets = chosen(option, metafunc.definition.nodeid)
    metafunc.parametrize("board", targets, indirect=True, ids=targets)


@pytest.fixture(scope="session")
def flash_image(tmp_path_factory):
    """The image that `make image` builds, of the tree as it is."""
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
        option = request.config.option
        bench = Bench(option.port.split(","), option.wifi)
        if missing := sorted(needs - bench.can):
            # Justified: a real board may have one UART wired, or no network in reach. The virtual
            # one has all that a test can need, which is asserted below: there none is skipped.
            pytest.skip(f"this bench has no {', '.join(missing)}")
        try:
            bench.factory_reset()
            yield bench
        finally:
            bench.close()
        return
    runnable(request.param, request.getfixturevalue("interpreters"))
    air = request.node.get_closest_marker("air")
    networks, times = (list(air.args), air.kwargs) if air else ([], {})
    whole = request.node.get_closest_marker("whole_heap") is not None
    image = request.getfixturevalue("flash_image")
    board = Virtual(image, request.param, networks, whole, **times)
    try:
        assert needs <= board.can, "the virtual board can do everything"
        yield board
        panics, log = board.panics(), board.log()
        board.down()
        faults = board.files().get("faults", b"")
    finally:
        board.down()
        board.remove()
    assert not panics, log
    assert not faults or request.node.get_closest_marker("faulty"), faults.decode()


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
