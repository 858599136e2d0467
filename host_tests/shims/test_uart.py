# machine.UART (ports/esp32/machine_uart.c) and the line it is modelled on: 10 bits a byte, a
# transmit ring of txbuf bytes before a FIFO of 128.

import time

from harness import ROUNDS

PROMPT = ">>> "
UART = """\
from machine import UART
import time
"""


def test_every_byte_passes_both_ways(start):
    board = start(
        UART,
        """
        u = UART(1, 115200, tx=17, rx=16, rxbuf=512)
        print('on')
        got = b''
        while len(got) < 256:
            got += u.read() or b''
            time.sleep_ms(1)
        u.write(bytes(reversed(got)))
    """,
    )
    board.expect("on")
    board.send1(bytes(range(256)))
    board.until(lambda: len(board.uart1) == 256)
    assert board.uart1 == bytes(range(255, -1, -1))


def test_write_blocks_like_a_full_ring(start):
    # uart_write_bytes() returns when the last byte is in the ring: 1384 bytes at 9600 baud are 1 s
    # behind 384 free ones.
    board = start(
        UART,
        """
        u = UART(1, 9600, tx=17, rx=16)
        t = time.ticks_ms()
        def took():
            global t
            n = time.ticks_diff(time.ticks_ms(), t)
            t = time.ticks_ms()
            return n
        while True:
            took()
            free = u.write(bytes(384)), took(), u.txdone()
            full = u.write(bytes(960)), took(), u.txdone()
            u.flush()
            print('wrote', *free, *full, took(), u.txdone())
    """,
    )
    rounds = []
    for _ in range(ROUNDS):
        board.expect("wrote ")
        words = board.expect("\r\n").split()
        assert words[0] == "384" and words[2:4] == ["False", "960"]
        assert words[5] == "False" and words[7] == "True"
        rounds.append(tuple(int(words[i]) for i in (1, 4, 6)))
    assert any(
        free < 100 and 980 <= full <= 1200 and 380 <= flush <= 600 for free, full, flush in rounds
    ), rounds


def test_reads_return_what_is_there(start):
    # timeout=0 (the default): read() is None when nothing came; any() counts.
    board = start(
        UART,
        """
        u = UART(1)
        print(u.read(), u.read(5), u.readinto(bytearray(4)), u.readline(), u.any())
        print('on')
        while u.any() < 9:
            time.sleep_ms(1)
        b = bytearray(4)
        print(u.readline(), u.any(), u.read(1), u.readinto(b, 2), b, u.read(9), u.any())
        u.init(timeout=100)
        t = time.ticks_ms()
        print(u.read(3), 95 <= time.ticks_diff(time.ticks_ms(), t) < 130)
    """,
    )
    board.expect("None None None None 0\r\non")
    board.send1(b"line\n1234")
    seen = board.expect(PROMPT)
    assert r"b'line\n' 4 b'1' 2 bytearray(b'23\x00\x00') b'4' 0" in seen and "None True" in seen


def test_arguments_are_checked(start):
    cases = {
        "UART(3)": "UART(3) does not exist",
        "UART(1, rxbuf=128)": "UART rx buffer length error",
        "UART(1, bits=9)": "invalid data bits",
        "UART(1, stop=3)": "invalid stop bits",
        "UART(1, flow=4)": "invalid flow control mask",
        "UART(1, invert=1)": "invalid inversion mask",
        "UART(1, tx=99)": "invalid pin",
        "UART(0, rxbuf=512)": "UART buffer size is fixed",
    }
    attempt = "try:\n    {}\nexcept ValueError as e:\n    print(e)\n"
    board = start(
        UART,
        "".join([attempt.format(case) for case in cases]),
        """
        u = UART(0, 9600)
        print(u.read(), u.write(b'x'))
    """,
    )
    seen = board.expect(PROMPT)
    assert seen.startswith("\r\n".join(cases.values()) + "\r\nNone None\r\n")
    assert "uart 0 9600 8 none 1 260 0" in board.lines


def test_settings_are_told(start):
    board = start(
        UART,
        """
        both = UART.RTS | UART.CTS
        u = UART(1, 230400, 7, 0, 2, rts=14, cts=15, rxbuf=16384, flow=both)
        u.init(parity=1)
        u.init(baudrate=9600, parity=None)
    """,
    )
    board.expect(PROMPT)
    assert [line for line in board.lines if line.startswith("uart")] == [
        "uart 1 230400 7 even 2 16384 3",
        "uart 1 230400 7 odd 2 16384 3",
        "uart 1 9600 7 none 2 16384 3",
    ]


def test_asyncio_streams(start):
    # StreamReader and StreamWriter over the UART, all byte values, nothing lost.
    board = start(
        "import asyncio\n" + UART,
        """
        async def main():
            u = UART(1, 921600, rxbuf=4096)
            r = asyncio.StreamReader(u)
            w = asyncio.StreamWriter(u, {})
            print('on')
            n = 0
            while n < 2560:
                d = await r.read(100)
                n += len(d)
                w.write(d)
                await w.drain()
        asyncio.run(main())
    """,
    )
    board.expect("on")
    for _ in range(10):
        board.send1(bytes(range(256)))
        time.sleep(0.01)
    board.until(lambda: len(board.uart1) == 2560)
    assert board.uart1 == bytes(range(256)) * 10


def test_a_pad_that_becomes_a_gpio_is_no_longer_the_uarts(start):
    # gpio_set_direction() gives the pad's output to the GPIO; an input may have two listeners;
    # UART.init() connects both again.
    board = start(
        "from machine import Pin\n" + UART,
        """
        u = UART(1, 115200, tx=17, rx=16, timeout=5000)
        print('hears', u.read(3))
        Pin(16, Pin.IN)
        print('shares', u.read(3))
        Pin(16, Pin.OUT)
        print('deaf')
        u.init(timeout=100)
        Pin(16, Pin.OUT)
        sys.stdin.readline()
        print(u.any(), u.read(3), u.readinto(bytearray(3)), u.readline())
        u.write(b'one')
        Pin(17, Pin.IN)
        print(u.write(b'two'), u.txdone() in (True, False))
        u.init()
        u.write(b'three')
        u.flush()
        Pin(17, Pin.OUT, value=0)
        u.write(b'four')
        u.init(timeout=5000)
        u.write(b'five')
        print('again', u.read(3))
    """.replace("u = UART", "import sys\n        u = UART", 1),
    )
    board.send1(b"abc")
    board.expect("hears b'abc'")
    board.send1(b"def")
    board.expect("shares b'def'\r\ndeaf")
    board.send1(b"ghi")
    board.type("\n")
    board.expect("0 None None None\r\n3 True")
    board.until(lambda: board.uart1.endswith(b"five"))
    board.send1(b"jkl")
    board.expect("again b'jkl'")
    assert board.uart1 == b"onethreefive"
