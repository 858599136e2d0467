"""The GPIO of system.cmd.gpio: high while a command is carried out."""

import pytest

pytestmark = pytest.mark.needs("air", "uart1")

GPIO = 21


def test_high_while_a_command_runs(board):
    console = board.machine()
    board.configure(console, system_cmd_gpio=GPIO)
    assert board.board.pin(GPIO) == 0
    console.send(b"scan\n")
    board.board.wait_pin(GPIO, 1)
    console.reply()
    board.board.wait_pin(GPIO, 0)
    console.send(b"write 0 2\n")  # its data are waited for
    board.board.wait_pin(GPIO, 1)
    console.send(b"xy")
    assert console.reply().code == 1
    board.board.wait_pin(GPIO, 0)


def test_it_changes_at_once_and_frees_the_old_one(board):
    console = board.machine()
    for gpio in (GPIO, 22):
        board.configure(console, system_cmd_gpio=gpio)
        assert console.ok("get sy c g") == str(gpio)
        board.board.wait_pin(gpio, 0)
    console.send(b"scan\n")
    board.board.wait_pin(22, 1)
    assert board.board.pin(GPIO) in (0, None)
    console.reply()
    board.configure(console, wwep_led__gpio=GPIO, wwep_enabled=1)
    board.configure(console, system_cmd_gpio=-1)
    assert console.ok("get sy c g") == "-1"


def test_a_gpio_that_is_taken_is_refused_and_the_old_one_stays(board):
    console = board.machine()
    board.configure(console, system_cmd_gpio=GPIO)
    board.configure(console, wwep_enabled=1)
    reply = console.run("set system.cmd.gpio 2")
    assert (reply.code, reply.text) == (7, b"GPIO 2 is used by wwep.led_gpio")
    assert console.ok("get system.cmd.gpio") == str(GPIO)
    console.send(b"scan\n")
    board.board.wait_pin(GPIO, 1)
    console.reply()
    for value in ("34", "6", "x", "99"):
        assert console.run(f"set system.cmd.gpio {value}").code == 7


def test_it_is_saved(board):
    console = board.machine()
    board.configure(console, system_cmd_gpio=GPIO)
    console.ok("save")
    board.reset()
    board.uart0.sync()
    console.quiet()
    assert console.ok("get sy c g") == str(GPIO)
    console.send(b"scan\n")
    board.board.wait_pin(GPIO, 1)
    console.reply()
