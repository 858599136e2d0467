# Faults that find no memory for their own record: run by test_device.py, on each interpreter.
import asyncio

import chip
from chip import clock

from firmware import device
from firmware.console import log, registry
from firmware.store import faults


class Screen:
    """A session that shows all log lines."""

    print_level = log.DETAIL
    dropped = 0

    def __init__(self):
        self.lines = []

    def show(self, text):
        self.lines.append(text)


def fresh():
    """A device without faults, and the session that shows its log."""
    faults.reset()
    screen = Screen()
    log.sessions[:] = [screen]
    return device.Device(), screen


def starve(owner, name):
    """Have memory run out once, in a function."""
    real = getattr(owner, name)

    def fail(*_):
        setattr(owner, name, real)
        raise MemoryError

    setattr(owner, name, fail)


def saved():
    """The fault log as the next start finds it."""
    try:
        with open("/faults", "rb") as f:
            return [text for text in f.read().split(b"\0") if text]
    except OSError:
        return []


def is_record(text, part, error):
    return text.split(b"\r\n")[0].endswith(b" s, " + part) and text.endswith(b"\r\n" + error)


def run(main):
    asyncio.new_event_loop()
    asyncio.run(main)


def test_a_fault_without_a_record():
    """Room is made for what goes on, and the next fault is recorded and shown."""
    for error in (ValueError("first"), MemoryError("first")):
        parts, screen = fresh()
        registry.find(b"version")
        assert registry._files
        starve(faults, "record")
        parts.fault("part", error)
        assert not registry._files
        assert (faults.entries(), saved(), screen.lines) == ([], [], [])
        parts.fault("other", ValueError("later"))
        (text,) = faults.entries()
        assert is_record(text, b"other", b"ValueError: later") and saved() == [text], text
        assert screen.lines == [b"Fault in other: ValueError('later',)"], screen.lines


def test_a_fault_whose_record_is_not_shown():
    parts, screen = fresh()
    starve(screen, "show")
    parts.fault("part", ValueError("first"))
    parts.fault("part", ValueError("later"))
    assert [text.split(b"\r\n")[-1] for text in saved()] == [
        b"ValueError: first",
        b"ValueError: later",
    ]
    assert screen.lines == [b"Fault in part: ValueError('later',)"], screen.lines


def test_the_service_starts_again():
    """As after any fault: a second later, and two seconds after the next."""
    parts, _ = fresh()
    begun = []

    async def serve():
        begun.append(clock.elapsed)
        if len(begun) < 3:
            raise ValueError(f"fault {len(begun)}")

    async def main():
        parts.start("part", serve)
        await asyncio.sleep(10)  # which take no time here

    starve(faults, "record")
    run(main())
    assert [at - begun[0] for at in begun] == [0, 1000, 3000], begun
    (text,) = saved()
    assert is_record(text, b"part", b"ValueError: fault 2"), text


def test_the_loop_goes_on():
    """After the fault of a task that nobody awaits."""
    parts, _ = fresh()

    async def fail(number):
        raise ValueError(f"fault {number}")

    async def main():
        asyncio.get_event_loop().set_exception_handler(parts._uncaught)
        for number in range(2):
            asyncio.create_task(fail(number))
            await asyncio.sleep_ms(10)

    starve(faults, "record")
    run(main())
    (text,) = saved()
    assert is_record(text, b"task", b"ValueError: fault 1"), text


def test_the_chip_is_reset():
    """After the fault that ends the firmware."""

    async def main(self):
        raise ValueError("of main")

    real = device.Device.main
    device.Device.main = main
    try:
        fresh()
        chip.resets.clear()
        starve(faults, "record")
        device.run()
        assert len(chip.resets) == 1 and saved() == []
        device.run()
        assert len(chip.resets) == 2
    finally:
        device.Device.main = real
    (text,) = saved()
    assert is_record(text, b"main", b"ValueError: of main"), text
