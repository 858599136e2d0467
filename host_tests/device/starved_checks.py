# What is done when memory has run out finds none itself: run by test_device.py, on each
# interpreter.

import sys

import chip  # noqa: F401 - before the firmware
import micropython
from ballast import fill

from firmware import device, forget
from firmware.console import registry


def starved(free, function, *args):
    """Call a function while about so many bytes are free; what it raises."""
    blocks = fill(free)
    try:
        function(*args)
    except Exception as error:
        return error
    finally:
        for i in range(len(blocks)):
            blocks[i] = None


def saved():
    """The fault log as the next start finds it, without the faults that memory ran out for."""
    with open("/faults", "rb") as f:
        return [text for text in f.read().split(b"\0") if b", starved\r\n" not in text]


def test_a_fault():
    """With the heap full but for more and more bytes it ends there, whether recorded or not, and
    the next one is recorded. No file of commands is there to be forgotten, and the fault log
    itself is yet to be imported.
    """
    parts = device.Device()
    for error in (ValueError("first"), MemoryError("first")):
        for free in range(0, 16_384, 256):
            forget("firmware.store.faults")
            raised = starved(free, parts.fault, "starved", error)
            assert raised is None, (free, raised)
            parts.fault("part", ValueError("later"))
            (text,) = saved()
            assert text.endswith(b"\r\nValueError: later"), (free, text)
            from firmware.store import faults

            faults.reset()


def test_a_name_without_a_module():
    """MicroPython leaves one of an import that found no memory, and finds nothing by it from then
    on. It goes before the next fault is recorded, though no file of commands can be forgotten.
    """
    parts = device.Device()
    registry.find(b"version")
    real = registry.forget
    name = "firmware.store.faults"
    forget(name)
    micropython.heap_lock()
    try:
        __import__(name)
    except MemoryError:
        micropython.heap_unlock()
    assert name in sys.modules and sys.modules.get(name) is None

    def fail(_):
        raise MemoryError

    registry.forget = fail
    parts.fault("part", ValueError("later"))
    registry.forget = real
    (text,) = saved()
    assert text.endswith(b"\r\nValueError: later"), text
    from firmware.store import faults

    faults.reset()
    registry.make_room()


def test_commands_that_are_half_forgotten():
    """They are found all the same, and forgotten the next time."""
    words = (b"version", b"faults_print", b"get", b"ver")
    for word in words:
        registry.find(word)
    real = registry.forget
    for place in range(2):  # of the two files
        calls = []

        def forget_or_fail(name, place=place, calls=calls):
            calls.append(name)
            if len(calls) == place + 1:
                raise MemoryError
            real(name)

        registry.forget = forget_or_fail
        registry.make_room()
        registry.forget = real
        assert len(calls) == place + 1 and registry._files, calls
        for word in words:
            assert registry.find(word), (place, word)
    registry.make_room()
    assert not registry._files and not registry._functions and not registry.known
