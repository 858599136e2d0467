# Pins, timers, watchdog, clock and identity (machine_pin.c, machine_timer.c, machine_wdt.c, machine_rtc.c, modmachine.c).

import time

PROMPT = ">>> "
PIN = "from machine import Pin\nimport time\n"


def lines(board):
    return board.expect(PROMPT).split("MicroPython v")[0].split("\r\n")[:-1]


def test_levels(start):
    # What drives a pad from outside wins, then its own output, then its pull; OUT reads back (GPIO_MODE_INPUT_OUTPUT).
    board = start(
        PIN + "p = Pin(4, Pin.IN, Pin.PULL_UP)\nq = Pin(5, Pin.IN)\no = Pin(2, Pin.OUT, value=1)\n"
        "d = Pin(18, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)\n"
        "print(p(), q.value(), o(), d(), p == Pin(4), Pin(4))\no.off()\nd(0)\nprint(o(), d())\no.toggle()\n"
        "d.on()\nprint(o(), d())\nprint('on')\nwhile d() or q() == 0 or p():\n    pass\n"
        "q.init(Pin.IN, Pin.PULL_DOWN)\nprint(p(), q(), d())\n"
        "o.init(Pin.IN)\n"
    )
    board.expect("1 0 1 1 True Pin(4)\r\n0 0\r\n1 1\r\non")
    board.control("pin 18 0", "pin 5 1", "pin 4 0")
    assert "0 1 0" in board.expect(PROMPT)
    assert board.lines == [
        "ready",
        "in 4 up",
        "in 5 none",
        "out 2 1",
        "out 18 1",
        "out 2 0",
        "out 18 0",
        "out 2 1",
        "out 18 1",
        "in 5 down",
        "in 2 none",
    ]


def test_checks(start):
    # machine_pin_find() and the chip's input-only pads.
    board = start(
        PIN + "for a in ((40,), (-1,), (24,), ('x',), (34, Pin.OUT), (39, Pin.OPEN_DRAIN)):\n"
        "    try:\n        Pin(*a)\n    except ValueError as e:\n        print(e)\nprint(Pin(34, Pin.IN)())\n"
    )
    assert lines(board) == ["invalid pin"] * 4 + ["pin can only be input"] * 2 + ["0"]


def test_interrupts(start):
    # Edges select the handler; handler None removes it; the handler's exception is printed and nothing else happens.
    board = start(
        PIN
        + "p = Pin(4, Pin.IN, Pin.PULL_UP)\np.irq(lambda q: print('fall', q is p, q()), Pin.IRQ_FALLING)\n"
        "r = Pin(5, Pin.IN)\ni = r.irq(lambda q: print('any', q()))\n"
        "b = Pin(18, Pin.IN)\nb.irq(lambda q: 1 / 0, Pin.IRQ_RISING)\nprint('on', i.trigger())\nwhile not Pin(19, Pin.IN)():\n"
        "    time.sleep_ms(10)\np.irq(None)\nprint('off')\nwhile Pin(19)():\n    time.sleep_ms(10)\n"
    )
    board.expect("on 3")
    board.control(
        "pin 4 1", "pin 4 0", "pin 4 1", "pin 4 0", "pin 5 1", "pin 5 z", "pin 18 1", "pin 19 1"
    )
    seen = board.expect("off\r\n")
    assert seen.count("fall True 0") == 2 and "any 1\r\nany 0\r\n" in seen
    assert "ZeroDivisionError: divide by zero\r\n" in seen
    board.control("pin 4 1", "pin 4 0", "pin 19 0")
    assert "fall" not in board.expect(PROMPT)


def test_disabled_interrupts_wait(start):
    board = start(
        PIN + "import machine\nPin(4, Pin.IN).irq(lambda p: print('edge'), Pin.IRQ_RISING)\n"
        "s = machine.disable_irq()\nprint('on')\ntime.sleep_ms(200)\nprint('still off')\nmachine.enable_irq(s)\ntime.sleep_ms(1)\n"
    )
    board.expect("on")
    board.control("pin 4 1")
    assert lines(board) == ["", "still off", "edge"]


def test_timers(start):
    # Four hardware timers; a callback that comes late is not lost, up to the queue of eight.
    board = start(
        "from machine import Timer\nimport time\n"
        "for n in (-1, 4):\n    try:\n        Timer(n)\n    except ValueError as e:\n        print(e)\n"
        "n = 0\ndef f(t):\n    global n\n    n += 1\nt = Timer(1, period=20, callback=f)\nprint(t is Timer(1), t)\n"
        "time.sleep_ms(210)\nprint('rang', n)\nt.deinit()\nn = 0\ntime.sleep_ms(50)\nprint(n)\n"
        "t.init(mode=Timer.ONE_SHOT, period=30, callback=f)\ntime.sleep_ms(100)\nprint(n)\n"
        "t.init(freq=100, callback=f)\nn = 0\ns = time.ticks_ms()\nwhile time.ticks_diff(time.ticks_ms(), s) < 500:\n    pass\n"
        "t.deinit()\ntime.sleep_ms(1)\nprint(n)\n"
    )
    seen = lines(board)
    assert seen[:3] == ["invalid Timer number"] * 2 + ["True Timer(1, mode=PERIODIC, period=20)"]
    assert seen[3] in ("rang 9", "rang 10")
    assert seen[4:6] == ["0", "1"] and int(seen[6]) <= 8


def test_watchdog(start):
    # The supervisor hears of it; a fault in the arguments does not start it.
    board = start(
        "from machine import WDT\nimport time\n"
        "for a in ((1,), (0, 0)):\n    try:\n        WDT(*a)\n    except ValueError as e:\n        print('bad', e)\n"
        "w = WDT(timeout=3000)\nfor _ in range(100):\n    w.feed()\ntime.sleep_ms(30)\nw.feed()\nprint(hasattr(w, 'deinit'))\n"
    )
    assert lines(board) == ["bad ", "bad WDT timeout too short", "False"]
    fed = board.lines.count("wdt 3000")
    assert 2 <= fed <= 4 and len(board.lines) == 1 + fed


def test_identity(start):
    board = start(
        "import machine\nprint(machine.unique_id(), machine.reset_cause(), machine.WDT_RESET, machine.freq())\n"
        "print(hasattr(machine, 'bootloader'), hasattr(machine, 'deepsleep'))\n",
        cause=3,
    )
    assert lines(board) == [r"b'$o(\xaa\xbb\xcc' 3 3 160000000", "False False"]


def test_clock(start):
    # Epoch 2000, whole seconds, starts at 2000-01-01, runs on across resets, lost with the power (rtc.bin).
    script = (
        "import time\nfrom machine import RTC\nr = RTC()\nprint(time.localtime()[:5], r.datetime()[:5], r.memory())\n"
        "print(time.time() < 5, time.gmtime(0), time.mktime((2026, 11, 21, 1, 2, 3, 0, 0)))\n"
    )
    tables = "print([time.mktime(time.gmtime(n)) - n for n in (0, 1, 5097599, 5184000, 68169600, 835000000, 1000000000)])\n"
    edit = "r.datetime((2026, 11, 21, 5, 10, 20, 30, 0))\nr.memory(b'kept' * 512)\ntry:\n    r.memory(bytes(2049))\nexcept ValueError as e:\n    print(e)\n"
    board = start(script + tables + edit)
    assert lines(board) == [
        "(2000, 1, 1, 0, 0) (2000, 1, 1, 5, 0) b''",
        "True (2000, 1, 1, 0, 0, 0, 5, 1) 848538123",
        "[0, 0, 0, 0, 0, 0, 0]",
        "buffer too long",
    ]
    again = start(
        "import time\nfrom machine import RTC\nprint(RTC().datetime()[:7], RTC().memory() == b'kept' * 512)\n"
    )
    seen = lines(again)[0]
    assert seen.startswith("(2026, 11, 21, 5, 10, 20, 3") and seen.endswith(" True")
    (board.folder / "rtc.bin").unlink()
    assert lines(
        start("from machine import RTC\nprint(RTC().datetime()[:3], RTC().memory())\n")
    ) == ["(2000, 1, 1) b''"]


def test_os_and_errno(start):
    # moderrno.c with newlib's numbers; os without what the port does not have.
    board = start(
        "import errno, os\nprint(errno.ETIMEDOUT, errno.EINPROGRESS, errno.EHOSTUNREACH, errno.errorcode[112])\n"
        "print(len(errno.errorcode), hasattr(os, 'system'), os.uname()[0], os.sync(), len(os.urandom(4)))\n"
        "print(os.statvfs('/')[0], os.listdir('/'), [e[0] for e in os.ilistdir()])\n"
        "try:\n    open('none')\nexcept OSError as e:\n    print(e.errno)\n"
    )
    assert lines(board) == [
        "116 119 118 EADDRINUSE",
        "22 False esp32 None 4",
        "4096 ['main.py'] ['main.py']",
        "2",
    ]


def test_busy_loops_see_the_board(start):
    # A loop that only looks at a pin still gets its level; time.ticks_ms() alone serves nothing (a known difference).
    board = start(
        PIN + "p = Pin(4, Pin.IN)\nprint('on')\nwhile not p():\n    pass\nprint('seen')\n"
    )
    board.expect("on")
    time.sleep(0.05)
    board.control("pin 4 1")
    board.expect("seen")
