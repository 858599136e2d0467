# Runs on MicroPython, with the virtual board's flash and partitions: dct_driver.py IMAGE NAME
# [NUMBER]. Calls the function NAME below, which uses firmware/store/dct.py on the partition of the
# flash image, and prints what it returns. The counters of the flash go to IMAGE.stat.
import errno
import gc
import sys

import _board
import _flash

_board.glance = lambda: None  # there is no supervisor


def _off():
    raise SystemExit("no power was to be cut")


_board.flash = _flash.Flash(sys.argv[1], sys.argv[1] + ".stat", _off)

from firmware.store import dct as store  # noqa: E402
from wire import dct  # noqa: E402

SERIAL = (dct.MANUFACTURING, b"serial", dct.TEXT, b"00017")


def table():
    """All that there is, with its data."""
    found = []
    for section, name, kind, _, size in store.entries():
        data = store.read(section, name, kind)
        assert type(data) is bytes and len(data) == size
        assert data == bytes(bytearray(data))  # it compares as one that was made otherwise
        found.append((section, name, kind, data))
    return found


def missing():
    try:
        store.read(dct.IDENTITY, b"nobody", dct.KEY)
    except KeyError as e:
        return e.args


def grow():
    """What host_tests/store/test_dct.py writes too, in another order and in three changes."""
    chain = b"-----BEGIN CERTIFICATE-----\n" + b"QUJD" * 1000
    assert store.change(
        [(dct.IDENTITY, b"a", dct.KEY, b"old"), (dct.IDENTITY, b"b", dct.KEY, b"gone"), SERIAL]
    )
    assert store.change([(dct.IDENTITY, b"a", dct.CERTIFICATE, chain)])
    assert store.change(
        [(dct.IDENTITY, b"a", dct.KEY, b"key"), (dct.VARIABLES, b"wlan.ssid", dct.TEXT, b"")],
        [(dct.IDENTITY, b"b", None)],
    )


def changes(count):
    """A text that is never the same, and each twice."""
    for i in range(count):
        for again in range(2):
            text = b"%05d" % i
            assert store.change([(dct.VARIABLES, b"a", dct.TEXT, text)]) is (not again)
            assert store.read(dct.VARIABLES, b"a", dct.TEXT) == text


def same():
    """Changes that change nothing."""
    now = table()
    assert not store.change(now)
    assert not store.change()
    assert not store.change([], [(dct.IDENTITY, b"nobody", None), (dct.VARIABLES, b"x", 0)])
    return len(now)


def failure():
    """What each of some changes that cannot be made raises."""
    for put in (
        [(dct.IDENTITY, b"big", dct.ROOTS, bytes(dct.COPY - dct.HEADER - 5 - 3 + 1))],
        [(dct.VARIABLES, b"%d" % i, dct.TEXT, b"") for i in range(dct.MAX_ENTRIES + 1)],
        [SERIAL, (dct.IDENTITY, b"a b", dct.KEY, b"k")],
        [SERIAL],
    ):
        try:
            print(store.change(put))
        except OSError as e:
            print("ENOSPC" if e.errno == store.ENOSPC else errno.errorcode[e.errno])
        except dct.DctError as e:
            print(e.args[0].decode())


def stuck():
    """The flash keeps a bit less than it is told: the old table stays."""
    program = _board.flash.program
    _board.flash.program = lambda at, buf: program(at, buf if len(buf) == 4 else b"\0" + buf[1:])
    failure()
    _board.flash.program = program


def heap():
    """Bytes that are allocated while the largest entry is read, over its size."""
    section, name, kind, _, size = max(store.entries(), key=lambda entry: entry[4])
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    data = store.read(section, name, kind)
    taken = gc.mem_alloc() - before
    assert len(data) == size
    return taken, size


def fuzz(count):
    """Partitions of the file beside the image, each read and then changed."""
    import esp32

    partition = esp32.Partition("dct")
    changed = 0
    with open(sys.argv[1] + ".partitions", "rb") as f:
        for _ in range(count):
            for copy in range(2):
                partition.writeblocks(8 * copy, f.read(4096))
            found = table()
            try:
                changed += store.change([(dct.VARIABLES, b"fuzz", dct.TEXT, b"1")])
                assert store.read(dct.VARIABLES, b"fuzz", dct.TEXT) == b"1"
            except OSError as e:
                assert e.errno == errno.EPERM and not found, e
            print(len(found), end=" ")
            gc.collect()
    return changed


print(globals()[sys.argv[2]](*[int(word) for word in sys.argv[3:]]))
