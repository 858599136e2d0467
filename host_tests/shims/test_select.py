# select.poll and asyncio over it: it must wait as the built-in one does, see to the board
# meanwhile, sleep in the kernel when nothing happens, and allocate nothing (runtime.md: `ipoll` on
# the chip reuses itself).

import time

from harness import ROUNDS

PROMPT = ">>> "

IDLE = """
import asyncio, sys
from machine import UART, Pin
uart = UART(1, 115200, tx=17, rx=16, rxbuf=1024)
flag = asyncio.ThreadSafeFlag()
Pin(4, Pin.IN, Pin.PULL_UP).irq(lambda p: flag.set(), Pin.IRQ_FALLING)

async def flags():
    while True:
        await flag.wait()
        print("flag")

async def echo():
    stream = asyncio.StreamReader(uart)
    while True:
        print("got", await stream.read(64))

async def main():
    tasks = [asyncio.create_task(flags()), asyncio.create_task(echo())]
    print("on")
    await asyncio.sleep(1000)

asyncio.run(main())
"""


def test_idle_costs_nothing_and_everything_wakes(start):
    # asyncio with a ThreadSafeFlag (no descriptor), a UART and the control socket: 0 CPU ticks
    # when idle.
    board = start(IDLE)
    board.expect("on")
    board.expect_line("uart 1 115200 8 none 1 1024 0")
    assert board.wakeups(1) == 0
    board.control("pin 4 0")
    board.expect("flag\r\n", 1)
    board.send1(b"hello")
    board.expect("got b'hello'\r\n", 1)
    board.control("pin 4 1", "pin 4 0")
    board.expect("flag\r\n", 1)
    assert board.wakeups(0.5) == 0


def test_time_outs_are_kept(start):
    # A control event does not end or prolong a wait.
    board = start(
        """
        import select, time, machine
        p = select.poll()
        p.register(machine.UART(1), select.POLLIN)
        while True:
            t = time.ticks_ms()
            print('on')
            seen = p.poll(400)
            took = time.ticks_diff(time.ticks_ms(), t)
            t = time.ticks_ms()
            now = p.poll(0), list(p.ipoll(0))
            print('took', took, time.ticks_diff(time.ticks_ms(), t), seen, now)
    """
    )
    rounds = []
    for _ in range(ROUNDS):
        board.expect("on")
        for level in "01" * 20:
            time.sleep(0.01)
            board.control(f"pin 5 {level}")
        board.expect("took ")
        took, none, seen = board.expect("\r\n").split(maxsplit=2)
        assert seen.strip() == "[] ([], [])"
        assert int(took) >= 400
        rounds.append((int(took), int(none)))
    assert any(took < 450 and none < 5 for took, none in rounds), rounds


def test_results_and_errors_are_the_builtins(start):
    # extmod/modselect.c: modify() of a stranger is ENOENT, unregister() of one is nothing, numbers
    # are no streams.
    board = start(
        """
        import select, io
        from machine import UART
        u = UART(1)
        p = select.poll()
        try:
            p.modify(u, 1)
        except OSError as e:
            print('modify', e.errno)
        p.unregister(u)
        for bad in (1, 'x', None):
            try:
                select.poll().register(bad)
            except OSError as e:
                print(e)
        p.register(u)
        print(p.poll(0) == [(u, select.POLLOUT)])
        p.modify(u, select.POLLIN)
        print(p.poll(0))
        class S(io.IOBase):
            on = 0
            def ioctl(self, r, a):
                return self.on & a if r == 3 else -1
        s = S()
        p.register(s, 1)
        print(p.poll(20))
        s.on = 5
        print(p.poll(20) == [(s, 1)], len(p.poll(0)))
        p.modify(s, 4)
        for o, e in p.ipoll(-1):
            print(o is s, e)
        p.unregister(s)
        print(p.poll(0))
        p.modify(u, 4)
        print(len(p.poll(0)), [e for o, e in p.ipoll(0, 1)], p.poll(0))
        print(select.select([u], [u], [], 0.01) == ([], [u], []))
    """
    )
    seen = board.expect(PROMPT).split("MicroPython v")[0]
    assert seen.split("\r\n") == [
        "modify 2",
        *["stream operation not supported"] * 3,
        "True",
        "[]",
        "[]",
        "True 1",
        "True 4",
        "[]",
        "1 [4] []",
        "True",
        "",
    ]


COPY = """
import gc, micropython, select
from machine import UART
uart = UART(1, 921600, tx=17, rx=16, rxbuf=4096)
p = select.poll()
p.register(uart, select.POLLIN)
buf = bytearray(256)

def copy(n):
    while n:
        for s, e in p.ipoll(-1):
            got = s.readinto(buf)
            if got:
                s.write(buf, got)
                n -= got

copy(1024)
print("warm")
gc.collect()
gc.disable()
before = gc.mem_alloc()
micropython.heap_lock()
copy(20000)
micropython.heap_unlock()
print("allocated", gc.mem_alloc() - before)
"""


def test_copying_allocates_nothing(start):
    # As on a chip: poll, readinto and write under heap_lock().
    board = start(COPY)
    board.expect_line("uart 1 921600 8 none 1 4096 0")
    board.send1(bytes(1024))
    board.expect("warm")
    for _ in range(20):
        before = len(board.uart1)
        board.send1(bytes(range(250)) * 4)
        board.until(lambda before=before: len(board.uart1) >= before + 1000)
    board.expect("allocated 0\r\n")


def test_sleeps_serve_the_board(start):
    board = start(
        """
        import time
        from machine import Pin
        Pin(4, Pin.IN).irq(lambda p: print('edge'), Pin.IRQ_RISING)
        while True:
            for sleep, n in (time.sleep, .2), (time.sleep_ms, 200), (time.sleep_us, 200000):
                t = time.ticks_ms()
                print('on')
                sleep(n)
                print('slept', time.ticks_diff(time.ticks_ms(), t))
    """
    )
    rounds = {"sleep": [], "sleep_ms": [], "sleep_us": []}
    for _ in range(ROUNDS):
        for seen in rounds.values():
            board.expect("on")
            board.control("pin 4 1", "pin 4 0")
            edge = "edge" in board.expect("slept ")
            took = int(board.expect("\r\n"))
            assert took >= 200
            seen.append((took, edge))
    for seen in rounds.values():
        assert any(took < 220 and edge for took, edge in seen), rounds
