"""The remote terminal and the telnet programs of others: inetutils and busybox in a terminal of
their own, telnetlib3 in a program.
"""

import asyncio
import contextlib
import os
import time

import pytest
import telnetlib3

from airwire.lan import programs
from host_tests.board.console import PATIENCE
from host_tests.board.telnet import PORT, Program
from host_tests.board.terminal import Terminal

pytestmark = pytest.mark.needs("wifi", "uart1")

COMMANDS = {
    "inetutils": lambda: [str(programs.find("inetutils-telnet"))],
    "busybox": lambda: [str(programs.find("busybox")), "telnet"],
}


@pytest.fixture
def console(board):
    console = board.machine(print_level=2)
    board.join(console)
    console.ok("set remote_terminal.enabled 1")
    return console


@pytest.fixture
def address(console):
    return console.ok("get network.ip")


def start(command, address, mark, columns=80):
    """A program whose connection has shown `mark`; it waits until somebody listens."""
    end = time.monotonic() + PATIENCE
    while True:
        program = Program([*command, address, str(PORT)], columns)
        with contextlib.suppress(AssertionError):
            program.until(mark, 2)
            return program
        assert time.monotonic() < end, program.tail()
        program.close()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_person_with_a_program(name, console, address):
    """Typing, editing, lists as wide as the window, a password that is not shown, and the end."""
    console.ok("set remote_terminal.password swordfish")
    columns = 100
    program = start(COMMANDS[name](), address, b"Password: ", columns)
    with contextlib.closing(program):
        program.send(b"swordfish\r")
        assert program.until(b"> ") == b"\r\n> "
        terminal = Terminal(program, columns)
        terminal.type(b"get wlan.zsid", b"\x1b[D" * 3, b"\x7fs", b"\r")
        terminal.shows("> get wlan.ssid", "airwire-wpa2", ">")
        terminal.type(b"get x", b"\x03")
        terminal.shows("> get x^C", ">")
        terminal.type(b"get wlan.\t\t")
        terminal.until(lambda: terminal.rows()[-1] == "> get wlan.")
        widest = max(len(row) for row in terminal.rows())
        assert 60 < widest <= columns  # in a window of 80 it is 51
        assert not terminal.answers, "the program has told the width"
        terminal.type(b"\x15", b"exit\r")
        program.wait()
    console.log("[Remote terminal closed]")


def test_interrupt_and_the_end_of_the_program(console, address):
    """Telnet's own command line: it sends an Interrupt Process, and quits."""
    program = start(COMMANDS["inetutils"](), address, b"> ")
    with contextlib.closing(program):
        program.send(b"get x")
        program.until(b"get x")
        program.send(b"\x1d")
        program.until(b"telnet> ")
        program.send(b"send ip\r")
        program.until(b"^C\r\n> ")
        program.send(b"get wlan.ssid\r")
        program.until(b"airwire-wpa2\r\n> ")
        program.send(b"\x1d")
        program.until(b"telnet> ")
        program.send(b"send synch\r")
        program.send(b"get wlan.ssid\r")
        program.until(b"airwire-wpa2\r\n> ")
        program.send(b"\x1d")
        program.until(b"telnet> ")
        program.send(b"quit\r")
        program.wait()
    console.log("[Remote terminal closed]")


@pytest.mark.parametrize("size", [1, 300, 2000])
def test_telnetlib3(board, console, address, rng, peer, size):
    """A program in machine mode: binary data through a stream and back."""
    data = rng.randbytes(size)

    async def drive():
        end = time.monotonic() + PATIENCE
        while True:
            try:
                reader, writer = await telnetlib3.open_connection(
                    address, PORT, encoding=False, cols=132, connect_maxwait=1
                )
                break
            except ConnectionError:
                assert time.monotonic() < end
                await asyncio.sleep(0.01)

        async def until(mark):
            async with asyncio.timeout(PATIENCE):
                return await reader.readuntil(mark)

        async def reply(line):
            writer.write(line)
            async with asyncio.timeout(PATIENCE):
                header = await reader.readexactly(9)
                return await reader.readexactly(int(header[2:7]))

        await until(b"> ")
        writer.write(b"get wlan.ssid\r\n")
        assert await until(b"\r\n> ") == b"get wlan.ssid\r\nairwire-wpa2\r\n> "
        writer.write(b"get wlan.\t\t")
        listed = await until(b"\r\n> get wlan.")
        assert 100 < max(map(len, listed.split(b"\r\n"))) <= 132
        writer.write(b"\x15set system.cmd.mode machine\r\n")
        await until(b"R000008\r\nSet OK\r\n")
        assert await reply(b"tcp_client 127.0.0.1 %d\r\n" % peer.port) == b"0\r\n"
        # The library doubles IAC; what RFC 854 wants behind a CR is left to its user.
        sent = data.replace(b"\r", b"\r\0").replace(b"\r\0\n", b"\r\n")
        assert await reply(b"write 0 %d\r\n" % size + sent) == b"Success\r\n"
        came = b""
        while len(came) < size:
            if await reply(b"poll 0\r\n") == b"1\r\n":
                writer.write(b"read 0 %d\r\n" % (size - len(came)))
                async with asyncio.timeout(PATIENCE):
                    header = await reader.readexactly(9)
                    left = int(header[2:7])
                    text = b""
                    while len(text) < left:
                        text += await reader.readexactly(1)
                        if text.endswith(b"\r") and await reader.readexactly(1) != b"\0":
                            text += b"\n"
                came += text[:-2]
        assert came == data
        writer.close()

    asyncio.run(drive())
    console.log("[Remote terminal closed]")


def test_the_programs_are_those_of_the_lan():
    for command in COMMANDS.values():
        assert os.access(command()[0], os.X_OK)
