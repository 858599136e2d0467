# Pins, timers, watchdog, clock and identity (machine_pin.c, machine_timer.c, machine_wdt.c,
# machine_rtc.c, modmachine.c).

import time

PROMPT = ">>> "
PIN = """\
from machine import Pin
import time
"""


def lines(board):
    return board.expect(PROMPT).split("MicroPython v")[0].split("\r\n")[:-1]


def test_levels(start):
    # What drives a pad from outside wins, then its own output, then its pull; OUT reads back
    # (GPIO_MODE_INPUT_OUTPUT).
    board = start(
        PIN,
        """
        p = Pin(4, Pin.IN, Pin.PULL_UP)
        q = Pin(5, Pin.IN)
        o = Pin(2, Pin.OUT, value=1)
        d = Pin(18, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
        print(p(), q.value(), o(), d(), p == Pin(4), Pin(4))
        o.off()
        d(0)
        print(o(), d())
        o.toggle()
        d.on()
        print(o(), d())
        print('on')
        while d() or q() == 0 or p():
            pass
        q.init(Pin.IN, Pin.PULL_DOWN)
        print(p(), q(), d())
        o.init(Pin.IN)
    """,
    )
    board.expect("1 0 1 1 True Pin(4)\r\n0 0\r\n1 1\r\non")
    board.control("pin 18 0", "pin 5 1", "pin 4 0")
    assert "0 1 0" in board.expect(PROMPT)
    assert board.lines == [
        "ready",
        "in 4 up",
        "in 5 none",
        "out 2 1",
        "in 18 up",  # an open drain that lets go
        "out 2 0",
        "out 18 0",
        "out 2 1",
        "in 18 up",
        "in 5 down",
        "in 2 none",
    ]


def test_holds(start):
    # "Always disable pad hold to apply outstanding config changes"; the input-only pads have none.
    board = start(
        "import esp32\n" + PIN,
        """
        Pin(22, Pin.OUT, value=1, hold=True)
        Pin(22, hold=False)
        Pin(34, Pin.IN, hold=True)
        esp32.gpio_deep_sleep_hold(True)
    """,
    )
    board.expect(PROMPT)
    assert board.lines == [
        "ready",
        "out 22 1",
        "hold 22 0",
        "hold 22 1",
        "out 22 1",
        "hold 22 0",
        "in 34 none",
        "sleep-hold 1",
    ]


def test_checks(start):
    # machine_pin_find() and the chip's input-only pads.
    board = start(
        PIN,
        """
        for a in ((40,), (-1,), (24,), ('x',), (34, Pin.OUT), (39, Pin.OPEN_DRAIN)):
            try:
                Pin(*a)
            except ValueError as e:
                print(e)
        print(Pin(34, Pin.IN)())
    """,
    )
    assert lines(board) == ["invalid pin"] * 4 + ["pin can only be input"] * 2 + ["0"]


def test_handlers_put_off_run_once_and_in_order(start):
    # Those that came while interrupts were disabled, also when they read a pin: value() serves
    # what is due.
    board = start(
        PIN,
        """
        import machine
        said = []
        p = Pin(4, Pin.IN, Pin.PULL_UP)
        q = Pin(5, Pin.IN, Pin.PULL_UP)
        p.irq(lambda pin: said.append((4, p(), q())), Pin.IRQ_FALLING)
        q.irq(lambda pin: said.append((5, p(), q())), Pin.IRQ_FALLING)
        state = machine.disable_irq()
        print('off')
        while p() or q():
            time.sleep_us(100)
        machine.enable_irq(state)
        time.sleep_ms(1)
        print(said)
    """,
    )
    board.expect("off")
    board.control("pin 4 0", "pin 5 0")
    assert lines(board)[-1] == "[(4, 0, 0), (5, 0, 0)]"


def test_interrupts(start):
    # Edges select the handler; handler None removes it; the handler's exception is printed and
    # nothing else happens.
    board = start(
        PIN,
        """
        p = Pin(4, Pin.IN, Pin.PULL_UP)
        p.irq(lambda q: print('fall', q is p, q()), Pin.IRQ_FALLING)
        r = Pin(5, Pin.IN)
        i = r.irq(lambda q: print('any', q()))
        b = Pin(18, Pin.IN)
        b.irq(lambda q: 1 / 0, Pin.IRQ_RISING)
        print('on', i.trigger())
        while not Pin(19, Pin.IN)():
            time.sleep_ms(10)
        p.irq(None)
        print('off')
        while Pin(19)():
            time.sleep_ms(10)
    """,
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
        PIN,
        """
        import machine
        Pin(4, Pin.IN).irq(lambda p: print('edge'), Pin.IRQ_RISING)
        s = machine.disable_irq()
        print('on')
        time.sleep_ms(200)
        print('still off')
        machine.enable_irq(s)
        time.sleep_ms(1)
    """,
    )
    board.expect("on")
    board.control("pin 4 1")
    assert lines(board) == ["", "still off", "edge"]


def test_timers(start):
    # Four hardware timers; a callback that comes late is not lost, up to the queue of eight.
    board = start(
        """
        from machine import Timer
        import time
        for n in (-1, 4):
            try:
                Timer(n)
            except ValueError as e:
                print(e)
        n = 0
        def f(t):
            global n
            n += 1
        s = time.ticks_ms()
        t = Timer(1, period=20, callback=f)
        print(t is Timer(1), t)
        time.sleep_ms(210)
        rung = n
        print(rung, time.ticks_diff(time.ticks_ms(), s))
        t.deinit()
        n = 0
        time.sleep_ms(50)
        print(n)
        t.init(mode=Timer.ONE_SHOT, period=30, callback=f)
        time.sleep_ms(100)
        print(n)
        t.init(freq=100, callback=f)
        n = 0
        s = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), s) < 500:
            pass
        t.deinit()
        time.sleep_ms(1)
        print(n)
    """
    )
    seen = lines(board)
    assert seen[:3] == ["invalid Timer number"] * 2 + ["True Timer(1, mode=PERIODIC, period=20)"]
    rung, after = map(int, seen[3].split())
    assert after // 20 - 1 <= rung <= after // 20
    assert seen[4:6] == ["0", "1"] and int(seen[6]) <= 8


def test_watchdog(start):
    # The supervisor hears of it; a fault in the arguments does not start it.
    board = start(
        """
        from machine import WDT
        import time
        for a in ((1,), (0, 0)):
            try:
                WDT(*a)
            except ValueError as e:
                print('bad', e)
        w = WDT(timeout=3000)
        for _ in range(100):
            w.feed()
        time.sleep_ms(30)
        w.feed()
        print(hasattr(w, 'deinit'))
    """
    )
    assert lines(board) == ["bad ", "bad WDT timeout too short", "False"]
    fed = board.lines.count("wdt 3000")
    assert 2 <= fed <= 4 and len(board.lines) == 1 + fed


def test_identity(start):
    board = start(
        """
        import machine
        print(machine.unique_id(), machine.reset_cause(), machine.WDT_RESET, machine.freq())
        print(hasattr(machine, 'bootloader'), hasattr(machine, 'deepsleep'))
        print(machine.Signal(machine.Pin(2, machine.Pin.OUT), invert=True).value())
    """,
        cause=3,
    )
    assert lines(board) == [r"b'$o(\xaa\xbb\xcc' 3 3 160000000", "False True", "1"]


def test_clock(start):
    # Epoch 2000, whole seconds, starts at 2000-01-01, runs on across resets, lost with the power
    # (rtc.bin).
    script = """
        import time
        from machine import RTC
        r = RTC()
        print(time.localtime()[:5], r.datetime()[:5], r.memory())
        print(time.time() < 5, time.gmtime(0), time.mktime((2026, 11, 21, 1, 2, 3, 0, 0)))
    """
    tables = """
        times = (0, 1, 5097599, 5184000, 68169600, 835000000, 1000000000)
        print([time.mktime(time.gmtime(n)) - n for n in times])
    """
    edit = """
        r.datetime((2026, 11, 21, 5, 10, 20, 30, 0))
        r.memory(b'kept' * 512)
        try:
            r.memory(bytes(2049))
        except ValueError as e:
            print(e)
    """
    board = start(script, tables, edit)
    assert lines(board) == [
        "(2000, 1, 1, 0, 0) (2000, 1, 1, 5, 0) b''",
        "True (2000, 1, 1, 0, 0, 0, 5, 1) 848538123",
        "[0, 0, 0, 0, 0, 0, 0]",
        "buffer too long",
    ]
    again = start(
        """
        import time
        from machine import RTC
        print(RTC().datetime()[:7], RTC().memory() == b'kept' * 512)
    """
    )
    seen = lines(again)[0]
    assert seen.startswith("(2026, 11, 21, 5, 10, 20, 3") and seen.endswith(" True")
    (board.folder / "rtc.bin").unlink()
    assert lines(
        start("""
        from machine import RTC
        print(RTC().datetime()[:3], RTC().memory())
    """)
    ) == ["(2000, 1, 1) b''"]


def test_os_and_errno(start):
    # moderrno.c with newlib's numbers; os without what the port does not have.
    board = start(
        """
        import os
        from errno import EHOSTUNREACH, EINPROGRESS, ETIMEDOUT, errorcode
        print(ETIMEDOUT, EINPROGRESS, EHOSTUNREACH, errorcode[112])
        print(len(errorcode), hasattr(os, 'system'), os.uname()[0], os.sync(), len(os.urandom(4)))
        print(os.statvfs('/')[0], os.listdir('/'), [e[0] for e in os.ilistdir()])
        try:
            open('none')
        except OSError as e:
            print(e.errno)
    """
    )
    assert lines(board) == [
        "116 119 118 EADDRINUSE",
        "22 False esp32 None 4",
        "4096 ['main.py'] ['main.py']",
        "2",
    ]


def test_busy_loops_see_the_board(start):
    # A loop that only looks at a pin still gets its level; time.ticks_ms() alone serves nothing (a
    # known difference).
    board = start(
        PIN,
        """
        p = Pin(4, Pin.IN)
        print('on')
        while not p():
            pass
        print('seen')
    """,
    )
    board.expect("on")
    time.sleep(0.05)
    board.control("pin 4 1")
    board.expect("seen")


def test_analog(start):
    # machine_adc.c, machine_dac.c: readings of the nominal chip, checks, the pads that have them.
    board = start(
        PIN,
        """
        from machine import ADC, DAC
        import network
        a = ADC(Pin(34), atten=ADC.ATTN_11DB)
        print(a, a.read_uv(), a.read(), a.read_u16())
        print('on')
        while not a.read():
            pass
        print(abs(a.read_uv() - 1500000) < 1000, a.read_u16() == a.read() << 4 | a.read() >> 8)
        a.atten(ADC.ATTN_0DB)
        print(a.read(), a.read_uv() // 1000)
        for f, x in ((ADC, 5), (a.atten, 4), (DAC, 5), (a.width, 8)):
            try:
                f(x)
            except ValueError as e:
                print(e)
        b = ADC(4)
        print(b.read())
        network.WLAN(0).active(True)
        try:
            b.read()
        except OSError as e:
            print(e.errno)
        d = DAC(Pin(25))
        d.write(255)
        try:
            d.write(256)
        except ValueError as e:
            print(e)
        try:
            DAC(25)
        except OSError as e:
            print(e.args)
    """,
    )
    board.expect("ADC(Pin(34), atten=3) 142000 0 0\r\non")
    board.control("adc 34 1500")
    said = board.expect(PROMPT).split("MicroPython v")[0].split()
    assert " ".join(said) == (
        "True True 4095 1039 invalid pin invalid attenuation invalid Pin for DAC invalid bit-width"
        " 0 116 value out of range (-259, 'ESP_ERR_INVALID_STATE')"
    )
    assert board.lines[-2:] == ["dac 25 0", "dac 25 255"]


def test_pwm(start):
    # machine_pwm.c: checks, defaults, the steps of duty, channels and timers.
    board = start(
        PIN,
        """
        from machine import PWM
        p = PWM(Pin(5))
        print(p, p.freq(), p.duty(), p.duty_ns())
        p.init(freq=1000, duty_u16=65535)
        p.duty_u16(16384)
        p.freq(20000000)
        print(p.duty_u16())
        p.duty_u16(20000)
        print(p.duty_u16())
        for f, x in ((p.freq, 0), (p.freq, 40000001), (p.duty_u16, 65536), (p.duty, 1024)):
            try:
                f(x)
            except ValueError as e:
                print(e)
        p.deinit()
        try:
            p.freq()
        except RuntimeError as e:
            print(e)
        many = [PWM(n, freq=100 + n) for n in (12, 13, 14, 15, 18, 19, 21, 22)]
        try:
            PWM(23, freq=1)
        except RuntimeError as e:
            print(e)
        print(PWM(23, freq=112))
    """,
    )
    assert lines(board) == [
        "PWM(Pin(5), freq=5000, duty_u16=32768) 5000 512 100000",
        "16384",
        "16384",
        "frequency must be from 1Hz to 40MHz",
        "frequency must be from 1Hz to 40MHz",
        "duty_u16 must be from 0 to 65536",
        "duty must be from 0 to 1023",
        "PWM is inactive",
        "out of PWM timers:8",
        "PWM(Pin(23), freq=112, duty_u16=32768)",
    ]
    assert board.lines[1:7] == [
        "out 5 0",
        "pwm 5 5000 32768",
        "pwm 5 1000 65535",
        "pwm 5 1000 16384",
        "pwm 5 20000000 16384",
        "pwm 5 20000000 16384",
    ]
