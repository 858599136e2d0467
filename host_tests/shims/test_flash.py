# The flash chip (_flash.py) and esp32.Partition on it: NOR semantics, counters, power cuts exact
# to the operation.

import struct

from harness import BLOCK, VFS_AT, VFS_BLOCKS, image

PROMPT = ">>> "
DCT = """\
from esp32 import Partition
p = Partition('dct')
b = bytearray(8)
"""


def lines(board):
    return board.expect(PROMPT).split("MicroPython v")[0].split("\r\n")[:-1]


def test_programs_only_clear_bits(start, tmp_path):
    board = start(
        DCT,
        """
        p.ioctl(6, 1)
        p.writeblocks(1, b'\\xf0\\x0f\\xff', 5)
        p.readblocks(1, b, 4)
        print(b)
        p.writeblocks(1, b'\\x3c\\x3c\\xff', 5)
        p.readblocks(1, b, 4)
        print(b)
        p.writeblocks(1, bytes(4096))
        p.writeblocks(1, b'x' * 4096)
        p.readblocks(1, b, 4088)
        print(b)
        p.ioctl(6, 1)
        p.readblocks(1, b, 4)
        print(b)
    """,
    )
    ff = r"\xff"
    assert lines(board) == [
        rf"bytearray(b'{ff}\xf0\x0f{ff}{ff}{ff}{ff}{ff}')",
        rf"bytearray(b'{ff}0\x0c{ff}{ff}{ff}{ff}{ff}')",
        "bytearray(b'xxxxxxxx')",
        f"bytearray(b'{ff * 8}')",
    ]
    stat = (tmp_path / "flash.stat").read_bytes()
    assert len(stat) == 16 + 4 * (VFS_AT // BLOCK + VFS_BLOCKS)
    assert struct.unpack_from("<QQ", stat) == (4, 4)
    assert struct.unpack_from("<I", stat, 16 + 4 * (0x201000 // BLOCK)) == (4,)


def test_counters_go_on_over_a_reset(start, tmp_path):
    for total in (1, 2):
        assert start(
            DCT,
            """
        p.ioctl(6, 0)
        p.writeblocks(0, b'a', 0)
    """,
        ).expect(PROMPT)
        assert struct.unpack_from("<QQ", (tmp_path / "flash.stat").read_bytes()) == (total, total)


def test_partitions(start):
    # esp32_partition.c over esp_partition.c and esp_ota_ops.c: answers and errors.
    board = start(
        DCT,
        """
        print(p, p.info(), [p.ioctl(n, 0) for n in (4, 5, 1, 3, 9)])
        def names(*a, **k):
            return [q.info()[4] for q in Partition.find(*a, **k)]
        print(names(Partition.TYPE_DATA), names(label='no'))
        print(Partition(Partition.RUNNING).info()[:4], names(), names(1, 2))
        def t(f, *a):
            try:
                print(f(*a))
            except OSError as e:
                print(e.args)
        t(Partition, 'none')
        t(p.readblocks, 16, b)
        t(p.readblocks, 17, b)
        t(p.readblocks, 15, b, 4092)
        t(p.writeblocks, 0, b)
        t(p.writeblocks, 16, b, 0)
        t(p.ioctl, 6, 16)
        t(Partition('dct', 512).ioctl, 6, 0)
        f = Partition(0)
        t(f.get_next_update)
        t(f.set_boot)
        t(p.set_boot)
        t(Partition.mark_app_valid_cancel_rollback)
        q = Partition('dct', 512)
        p.writeblocks(0, bytes(range(256)) * 16)
        q.writeblocks(1, b'y' * 512)
        c = bytearray(4096)
        p.readblocks(0, c)
        print(c == bytes(range(256)) * 2 + b'y' * 512 + bytes(range(256)) * 12)
    """,
    )
    row = "(1, 64, 2097152, 65536, 'dct', False)"
    text = "<Partition type=1, subtype=64, address=2097152, size=65536, label=dct, encrypted=0>"
    assert lines(board) == [
        f"{text} {row} [16, 4096, 0, 0, None]",
        "['nvs', 'phy_init', 'dct', 'vfs'] []",
        "(0, 0, 65536, 2031616) ['factory'] ['nvs']",
        "(2,)",
        "(-260, 'ESP_ERR_INVALID_SIZE')",
        "(-258, 'ESP_ERR_INVALID_ARG')",
        "(-260, 'ESP_ERR_INVALID_SIZE')",
        "(-260, 'ESP_ERR_INVALID_SIZE')",
        "(-260, 'ESP_ERR_INVALID_SIZE')",
        "(-260, 'ESP_ERR_INVALID_SIZE')",
        "-22",
        "(2,)",
        "(-261, 'ESP_ERR_NOT_FOUND')",
        "(-5379, 'ESP_ERR_OTA_VALIDATE_FAILED')",
        "(-261, 'ESP_ERR_NOT_FOUND')",
        "True",
    ]


CUT = """
import _flash
class Off(Exception): pass
def off(): raise Off
def ops(f):
    f.erase(0)
    f.program(4, b"abcdefgh")
    f.erase(4096)
    f.program(4096, b"ij")
def attempt(k, torn):
    m = bytearray(b"\\x55" * 8192)
    f = _flash.Flash(m, on_cut=off)
    f.cut(k, torn)
    try:
        ops(f)
        print(k, torn, "done", end=" ")
    except Off:
        print(k, torn, "cut", end=" ")
        after = bytes(m)
        for again, args in ((f.erase, ()), (f.program, (b"x",)), (f.read, (bytearray(1),))):
            try:
                again(0, *args)
                print("alive", end=" ")
            except Off:
                pass
        if after != m:
            print("changed", end=" ")
    print(f.erases, f.programs, m[:4] == b"\\xff" * 4, m[4:12], end=" ")
    print(m[2048] == 255, m[4096:4098], m[6144])
for torn in (0, 1):
    for k in range(1, 6):
        attempt(k, torn)
"""


def test_power_cuts_are_exact(start):
    # The k-th erase or program is not done, or done by its first half; nothing changes after it.
    old, new = "b'UUUUUUUU'", "b'abcdefgh'"
    blank = "b'" + r"\xff" * 8 + "'"
    half = r"b'abcd\xff\xff\xff\xff'"

    def row(k, torn, end, erases, programs, erased, text, mid, second, tail):
        counts = f"{k} {torn} {end} {erases} {programs} {erased}"
        return f"{counts} bytearray({text}) {mid} bytearray({second}) {tail}"

    assert lines(start(CUT)) == [
        row(1, 0, "cut", 0, 0, False, old, False, "b'UU'", 85),
        row(2, 0, "cut", 1, 0, True, blank, True, "b'UU'", 85),
        row(3, 0, "cut", 1, 1, True, new, True, "b'UU'", 85),
        row(4, 0, "cut", 2, 1, True, new, True, r"b'\xff\xff'", 255),
        row(5, 0, "done", 2, 2, True, new, True, "b'ij'", 255),
        row(1, 1, "cut", 0, 0, True, blank, False, "b'UU'", 85),
        row(2, 1, "cut", 1, 0, True, half, True, "b'UU'", 85),
        row(3, 1, "cut", 1, 1, True, new, True, r"b'\xff\xff'", 85),
        row(4, 1, "cut", 2, 1, True, new, True, r"b'i\xff'", 255),
        row(5, 1, "done", 2, 2, True, new, True, "b'ij'", 255),
    ]


def test_an_armed_cut_ends_in_silence(start, tmp_path):
    # The process tells and waits to be killed, whatever it is told; the image keeps the torn half.
    board = start(
        DCT,
        """
        import time
        p.ioctl(6, 0)
        print('on')
        time.sleep_ms(300)
        print('go')
        p.writeblocks(0, b'abcdefgh', 0)
        print('one')
        p.writeblocks(0, b'ABCDEFGH', 8)
        print('never')
    """,
    )
    board.expect("on")
    board.control("cut 2 1")
    board.expect("go")
    board.expect_line("flash-cut")
    board.type("\x03")
    while board.pump(0.3):
        pass
    assert board.console == b"\r\none\r\n" and board.process.poll() is None
    data = (tmp_path / "flash.bin").read_bytes()[0x200000:]
    assert data[:20] == b"abcdefghABCD" + b"\xff" * 8


SAVE = """
import vfs, os, _flash, gc
class Off(Exception): pass
def off(): raise Off
class Dev:
    def __init__(self, m):
        self.f = _flash.Flash(m, on_cut=off)
    def readblocks(self, n, b, o=0):
        self.f.read(n * 4096 + o, b)
    def writeblocks(self, n, b, o):
        self.f.program(n * 4096 + o, b)
    def ioctl(self, c, a):
        if c == 4: return SIZE // 4096
        if c == 5: return 4096
        if c == 6:
            self.f.erase(a * 4096)
            return 0
SIZE = 32768
m = bytearray(b"\\xff" * SIZE)
d = Dev(m)
vfs.VfsLfs2.mkfs(d)
def save(text):
    with open("/t/a.new", "w") as f: f.write(text)
    os.rename("/t/a.new", "/t/a")
vfs.mount(d, "/t"); save("old" * 100); vfs.umount("/t")
with open("/host" + SNAP, "wb") as f: f.write(m)
results = {}
k = 0
while True:
    k += 1
    with open("/host" + SNAP, "rb") as f: f.readinto(m)
    d = Dev(m)
    vfs.mount(d, "/t")
    d.f.cut(k, k & 1)
    try:
        save("new" * 200)
        break
    except Off: pass
    vfs.umount("/t")
    vfs.mount(Dev(m), "/t")
    text = open("/t/a").read()
    what = "old" if text == "old" * 100 else "new" if text == "new" * 200 else "broken"
    results[what] = results.get(what, 0) + 1
    vfs.umount("/t")
    gc.collect()
print("cuts", k - 1, "broken", results.get("broken", 0), results.get("old", 0) > 0)
"""


def test_file_system_over_power_cuts(start, tmp_path):
    # In one process, on a bytearray: LittleFS keeps the old or the new file at every cut.
    board = start(f"SNAP = {str(tmp_path / 'snapshot')!r}\n" + SAVE)
    seen = board.expect(PROMPT)
    count = int(seen.split("cuts ")[1].split()[0])
    assert 4 < count < 40 and f"cuts {count} broken 0 True" in seen


def test_littlefs_of_both_makes(start, tmp_path):
    # Written by littlefs-python, read and written on the board, read back by littlefs-python.
    from test_boot import read_files

    big = bytes(range(256)) * 64
    board = start(
        """
        import os
        d = open('/big', 'rb').read()
        with open('/copy', 'wb') as f:
            f.write(d)
        os.remove('/big')
        print(len(d))
    """,
        files={"big": big},
    )
    assert lines(board) == ["16384"]
    files = read_files((tmp_path / "flash.bin").read_bytes())
    assert files["copy"] == big and "big" not in files
    assert len(image({})) == VFS_AT + VFS_BLOCKS * BLOCK
