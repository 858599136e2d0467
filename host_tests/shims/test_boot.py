# From power-on to the prompt: mounting, boot.py, main.py, the REPL and the ways out of it, as the
# ESP32 port does them (ports/esp32/main.c, modules/_boot.py, modules/inisetup.py,
# shared/runtime/pyexec.c).

import harness
import pytest
from harness import BLOCK, VFS_AT, VFS_BLOCKS, image
from littlefs import LittleFS

PROMPT = ">>> "


def read_files(data):
    fs = LittleFS(block_size=BLOCK, block_count=VFS_BLOCKS, mount=False)
    fs.context.buffer = bytearray(data[VFS_AT:])
    fs.mount()
    return {name: fs.open(name, "rb").read() for name in fs.listdir("/")}


def test_files_run_in_order_in_main_namespace(start):
    # pyexec_file_if_exists() runs both in __main__; a chip's sys.path is ['', '.frozen', '/lib'].
    board = start(
        """
        print(x, sorted(globals()), __name__)
        import lib1, sys, os
        print(sys.path[1:], sys.argv, os.getcwd(), os.listdir(), os.listdir('/lib'))
    """,
        files={"boot.py": "x = 'from boot'\n", "lib/lib1.py": "print('lib1')\n"},
    )
    seen = board.expect(PROMPT)
    assert "from boot ['__name__', 'x'] __main__\r\nlib1\r\n" in seen
    assert "['', '.frozen', '/lib'] [] / ['boot.py', 'lib', 'main.py'] ['lib1.py']\r\n" in seen
    assert "MicroPython v1." in seen and "; Airwire virtual board with ESP32\r\n" in seen
    assert 'Type "help()" for more information.\r\n' in seen


def test_boot_sees_the_pins(start):
    # A button held at power-on is low from the first instruction on.
    files = {
        "boot.py": """
        from machine import Pin
        print('level', Pin(0, Pin.IN, Pin.PULL_UP)())
    """
    }
    assert "level 0" in start("", files=files, pins=("pin 0 0",)).expect(PROMPT)


def test_erased_flash_is_formatted(start, tmp_path):
    # inisetup.setup(): an empty partition is formatted and gets a boot.py.
    (tmp_path / "flash.bin").write_bytes(image(None))
    assert "Performing initial setup\r\n" in start().expect(PROMPT)
    files = read_files((tmp_path / "flash.bin").read_bytes())
    assert list(files) == ["boot.py"] and files["boot.py"].startswith(b"# This file is executed")
    assert "Performing" not in start().expect(PROMPT)


def test_corrupted_flash_is_left_alone(start, tmp_path):
    # inisetup.fs_corrupted(): says so for ever; Ctrl-C ends it.
    damaged = bytearray(image(None))
    damaged[VFS_AT : VFS_AT + 2 * BLOCK] = bytes(2 * BLOCK)
    (tmp_path / "flash.bin").write_bytes(damaged)
    board = start()
    board.expect("The filesystem appears to be corrupted.")
    assert (tmp_path / "flash.bin").read_bytes() == damaged
    board.type("\x03")
    board.expect("KeyboardInterrupt")


def test_no_partition_without_md5_row(start, tmp_path):
    # PARTITION_TABLE_MD5: without its row IDF sees no partition at all.
    data = bytearray(image({"main.py": "print('never')\n"}))
    rows = len(harness.ROWS)
    data[0x8000 + 32 * rows : 0x8000 + 32 * rows + 32] = b"\xff" * 32
    (tmp_path / "flash.bin").write_bytes(data)
    assert "never" not in start().expect(PROMPT)


def test_vfs_is_made_up_when_the_table_has_none(start, tmp_path):
    # boardctrl_startup(): from the end of the last partition to the end of the flash.
    data = bytearray(
        image(
            {
                "main.py": """
        import esp32
        print(esp32.Partition('vfs').info())
    """
            }
        )
    )
    data[0x8000:0x8C00] = harness.table(harness.ROWS[:-1])
    (tmp_path / "flash.bin").write_bytes(data)
    assert f"(1, 129, {VFS_AT}, {VFS_BLOCKS * BLOCK}, 'vfs', False)" in start().expect(PROMPT)


def test_failed_boot_skips_main(start):
    # main.c: main.py runs only if boot.py returned.
    seen = start(
        "print('main ran')\n",
        files={
            "boot.py": """
        def f():
            1 / 0
        f()
    """
        },
    ).expect(PROMPT)
    assert "main ran" not in seen
    assert (
        'Traceback (most recent call last):\r\n  File "boot.py", line 4, in <module>\r\n'
        '  File "boot.py", line 3, in f\r\nZeroDivisionError: divide by zero\r\n' in seen
    )


def test_tracebacks_show_no_shim(start):
    # What is a shim here is C on the chip, without a line in a traceback.
    seen = start("""
        import machine
        machine.Pin(99)
    """).expect(PROMPT)
    assert seen.count("File") == 1 and "ValueError: invalid pin\r\n" in seen


def test_soft_resets(start):
    # PYEXEC_FORCED_EXIT: SystemExit in main.py restarts, with its `finally` and a message.
    for way in ("sys.exit()", "machine.soft_reset()"):
        board = start(
            f"""
            import machine, sys
            try:
                {way}
            finally:
                print('last')
            """
        )
        assert board.wait() == 71
        assert board.console == b"last\r\nMPY: soft reboot\r\n"


def test_reset_runs_nothing_more(start):
    # esp_restart(): no `finally`.
    board = start("""
        import machine
        try:
            machine.reset()
        finally:
            print('never')
    """)
    assert board.wait() == 70 and board.console == b""


def test_prompt(start):
    # A transcript of the friendly REPL.
    board = start("y = 41\n")
    board.expect(PROMPT)
    assert say(board, "y + 1") == "y + 1\r\n42\r\n"
    assert say(board, "_ * 2") == "_ * 2\r\n84\r\n"
    assert say(board, "None") == "None\r\n"
    assert say(board, "'a\\n'") == "'a\\n'\r\n'a\\n'\r\n"
    assert say(board, "1\x7f2") == "1\b \b2\r\n2\r\n"
    assert say(board, "z = [1,\r2]\rz").endswith("... 2]\r\n>>> z\r\n[1, 2]\r\n")
    board.type("for i in range(2):\r")
    board.expect("... ")
    board.type("    print(i)\r")
    board.expect("... ")
    assert say(board, "") == "\r\n0\r\n1\r\n"
    assert "NameError: name 'nope' isn't defined\r\n" in say(board, "nope")
    assert 'File "<stdin>", line 1\r\nSyntaxError' in say(board, "1 +")
    assert "\r\n1\r\n" in say(board, 'print("""\r""" and 1)')
    assert say(board, "print('\xe9\u20ac')").endswith("\r\n\xe9\u20ac\r\n")


def say(board, line):
    # Types lines, the last one's Enter included; returns what the board writes before the prompt.
    board.type(line + "\r")
    seen = ""
    for _ in range(line.count("\r") - line.count('"""\r') - line.count(",\r") + 1):
        seen += board.expect(PROMPT)
    return seen[: -len(PROMPT)]


@pytest.mark.parametrize("mode,end", [("", "\r"), ("\x05", "\x04")])
def test_what_is_no_utf8(start, mode, end):
    """A name that there is not, as on a chip, and the next prompt."""
    board = start("")
    board.expect(PROMPT)
    board.type(mode + "\udcff\udcfe\udc80" + end)
    assert "NameError" in board.expect(PROMPT)
    assert say(board, "1 + 1").endswith("\r\n2\r\n")


def test_paste_mode(start):
    board = start("")
    board.expect(PROMPT)
    board.type("\x05")
    assert board.expect("=== ").endswith("paste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ")
    board.type("if True:\r  print('in')\rprint('out')\r\x04")
    assert "\r\nin\r\nout\r\n" in board.expect(PROMPT)


def test_interrupts(start):
    # Ctrl-C stops what runs, and clears the line at the prompt.
    board = start("""
        import time
        print('on')
        while True:
            time.sleep(10)
    """)
    board.expect("on")
    board.type("\x03")
    assert ", in <module>\r\nKeyboardInterrupt: \r\n" in board.expect(PROMPT)
    board.type("half\x03")
    assert board.expect(PROMPT) == "half\r\n>>> "
    board.type("while True: pass\r\r")
    board.expect("... \r\n")
    board.until(board.catches_interrupts)
    board.type("\x03")
    assert "KeyboardInterrupt" in board.expect(PROMPT)
    board.type("\x04")
    assert board.wait() == 71 and board.console.endswith(b"\r\nMPY: soft reboot\r\n")


def test_interrupt_while_asyncio_waits(start):
    board = start(
        """
        import asyncio, sys
        async def main():
            print('on')
            await asyncio.sleep(100)
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print('stopped')
    """
    )
    board.expect("on")
    board.type("\x03")
    board.expect("stopped")


def test_the_board_is_served_at_the_prompt(start):
    # Timers and pin interrupts run while the REPL waits for a key.
    board = start(
        """
        from machine import Pin, Timer
        Pin(4, Pin.IN).irq(lambda p: print('edge', p, p()), Pin.IRQ_RISING)
        Timer(0).init(mode=Timer.ONE_SHOT, period=50, callback=lambda t: print('ring', t))
    """
    )
    board.expect(PROMPT)
    board.expect("ring Timer(0, mode=ONE_SHOT, period=50)\r\n")
    board.control("pin 4 1")
    board.expect("edge Pin(4) 1\r\n")


def test_data_bytes_with_kbd_intr_off(start):
    # kbd_intr(-1): every byte of UART0 is data, and can be polled and read one by one.
    board = start(
        """
        import micropython, select, sys
        micropython.kbd_intr(-1)
        p = select.poll()
        p.register(sys.stdin, select.POLLIN)
        b = bytearray(1)
        print('on')
        sum = n = 0
        while n < 256:
            for s, e in p.ipoll(-1):
                n += sys.stdin.buffer.readinto(b)
                sum = sum * 31 + b[0] & 0xffffff
        print('sum', sum)
    """
    )
    board.expect("on")
    assert not board.catches_interrupts()
    total = 0
    for c in range(256):
        total = total * 31 + c & 0xFFFFFF
    board._uart0.sendall(bytes(range(256)))
    board.expect(f"sum {total}\r\n")


def test_supervisor_gone(start):
    board = start("")
    board.expect(PROMPT)
    board._control.close()
    assert board.process.wait(10) == 1
