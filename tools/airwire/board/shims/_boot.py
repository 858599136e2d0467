# What happens before boot.py: the host's root moves to /host, the flash is opened, the `vfs`
# partition is mounted on / (formatted when it is erased), the supervisor is told that the board is
# up. After modules/_boot.py and inisetup.py of the ESP32 port. Thrown away afterwards.

import gc
import json
import struct
import sys

import _board
import micropython
import uos
import utime
import vfs
from micropython import const

_EPOCH = const(946684800)  # 2000-01-01 in seconds since 1970
_REPLAY_MS = const(2000)  # how long the supervisor may take to report the pins and the station

_CORRUPT = """\
The filesystem appears to be corrupted. If you had important data there, you
may want to make a flash snapshot to try to recover it. Otherwise, perform
factory reprogramming of MicroPython firmware (completely erase flash, followed
by firmware programming).
"""

_BOOT_PY = """\
# This file is executed on every boot (including wake-boot from deepsleep)
#import esp
#esp.osdebug(None)
#import webrepl
#webrepl.start()
"""


def prepare(path):
    micropython.kbd_intr(-1)  # while _boot.py runs a chip takes no Ctrl-C
    with open(path) as f:
        config = json.load(f)
    folder = sys.path[0]
    root = vfs.VfsPosix("/")
    vfs.umount("/")
    vfs.mount(root, "/host")
    sys.path[:] = ["/host" + folder, "", ".frozen", "/lib"]
    sys.argv.clear()
    _board.config = config
    _board.host = "/host"
    _board.shims = folder
    _board.setup()
    _start_clock("/host" + config["rtc"])

    import _console

    _console.install()

    import _flash

    _board.flash = _flash.Flash("/host" + config["flash"], "/host" + config["stat"])

    _board.send(b"ready\n")
    try:
        _mount()
    except BaseException as er:  # printed, and on to boot.py: it is a script like others
        _console.show(er)
    micropython.kbd_intr(-1)
    start = utime.ticks_ms()
    while not _board.reported and utime.ticks_diff(utime.ticks_ms(), start) < _REPLAY_MS:
        _board.wait(1)
    gc.collect()


def _mount():
    from esp32 import Partition

    found = Partition.find(Partition.TYPE_DATA, label="vfs")
    if found:
        try:
            vfs.mount(found[0], "/")
        except OSError:
            _format(found[0])
        uos.chdir("/")


def _start_clock(path):
    # The RTC runs on across resets; after a loss of power it starts at 2000-01-01.
    now = utime.time()
    try:
        with open(path, "rb") as f:
            head = f.read(14)
        magic, offset, _ = struct.unpack("<4sqH", head)
        if magic != b"AWRT":
            raise ValueError
    except (OSError, ValueError):
        offset = -int(now * 1000000)
        with open(path, "wb") as f:
            f.write(struct.pack("<4sqH", b"AWRT", offset, 0))
    _board.born = -offset / 1000000


def _format(partition):
    first = bytearray(partition.ioctl(5, 0))
    partition.readblocks(0, first)
    if first != b"\xff" * len(first):
        micropython.kbd_intr(3)
        while True:
            print(_CORRUPT)
            _board.wait(3000)
    print("Performing initial setup")
    vfs.VfsLfs2.mkfs(partition)
    vfs.mount(vfs.VfsLfs2(partition), "/")
    with open("/boot.py", "w") as f:
        f.write(_BOOT_PY)
