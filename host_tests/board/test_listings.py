"""The memory that long responses need, found out on the board by a program of its own in place of
main.py, and that what they say is of one moment.
"""

from pathlib import Path

import pytest

from host_tests.board.backends import Virtual
from host_tests.board.scripted import flash_with
from host_tests.board.test_variables_fuzz import TROUBLE

SCRIPT = Path(__file__).parent / "device" / "listings.py"
BALLAST = Path(__file__).parents[1] / "device" / "ballast.py"


@pytest.mark.parametrize("arch", ["i386"], indirect=True)
def test_memory_of_long_responses(arch, tmp_path, figure):
    """Measured with the object sizes of the chip, which are the i386 interpreter's."""
    files = {"ballast.py": BALLAST.read_bytes()}
    board = Virtual(flash_with(SCRIPT.read_bytes(), tmp_path, files), arch)
    try:
        board.uart0.send(b"\r\n")
        shown = board.uart0.until(b">>> ", TROUBLE).decode()
    finally:
        board.down()
        board.remove()
    assert "failed" not in shown, shown
    tried = [line for line in shown.split("\r\n") if " bytes: " in line]
    assert len(tried) == 7
    for line in tried:
        figure(line)


@pytest.mark.needs("uart1")
def test_a_list_does_not_change_while_it_is_written(board):
    """Another session sets variables meanwhile, and the frame is as long as it says."""
    one, two = board.uart0.machine(), board.uart1.machine()
    values = ["", "x" * 250, "y"]
    for value in values * 5:
        two.send(b"get all\r\nls -v\r\n")
        for name in ("broadcast.http.host", "udp.server.remote_host", "wwep.host"):
            one.ok(f'set {name} "{value or "z"}"')
        rows = two.reply().text.decode().split("\r\n")
        assert len([row for row in rows if ": " in row]) == len(rows) > 150
        assert two.reply().code == 0
