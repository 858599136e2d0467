"""Random lines about variables, executed on the board by a program of its own in place of main.py:
ten thousand take a second there, and a minute through a UART.
"""

from pathlib import Path

from airwire import declarations, project
from host_tests.board.backends import Virtual
from host_tests.board.scripted import flash_with

SCRIPT = Path(__file__).parent / "device" / "variables.py"
NAMES = 100  # of four hundred: the script lies in the heap that is the board's
TROUBLE = 400  # seconds: many times what the full count takes


def test_random_lines(arch, rng, counts, tmp_path):
    variables = declarations.variables(project.ROOT)
    names = [v.name for v in variables] + [v.shortcut for v in variables]
    names += list(declarations.aliases(project.ROOT))
    names = rng.sample(names, NAMES) + ["all", "wlan", "tc c", "gpio"]
    text = SCRIPT.read_text().replace("@NAMES@", "\n".join(names))
    text = text.replace("@SEED@", str(rng.getrandbits(30)))
    text = text.replace("@COUNT@", str(counts(1500, 30_000)))
    board = Virtual(flash_with(text.encode(), tmp_path), arch)
    try:
        board.uart0.send(b"\r\n")
        shown = board.uart0.until(b">>> ", TROUBLE)  # MicroPython's own prompt: it has ended
    finally:
        board.down()
        board.remove()
    assert b"tried [" in shown, shown.decode()
    for code in (0, 4, 5, 6, 7):
        assert b"(%d, " % code in shown, "an answer that never came"
