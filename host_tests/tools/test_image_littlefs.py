"""The file system: what we put in is what littlefs-python and MicroPython's own VfsLfs2 find."""

import json
import subprocess

import littlefs as littlefs_python
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airwire import interpreter
from airwire.image import layout, littlefs
from airwire.image.errors import ImageError
from airwire.image.partitions import SECTOR, Partition

SMALL = Partition("vfs", 1, 0x81, 0x210000, 64 * SECTOR)

NAMES = st.text("abcdefgh_0.-", min_size=1, max_size=24).filter(lambda name: name.strip("."))
# Around the sizes that change how littlefs stores a file: inline up to 128, then whole blocks.
SIZES = st.sampled_from([0, 1, 127, 128, 129, 512, 4095, 4096, 4097, 9000])


@st.composite
def trees(draw):
    """Up to 12 files, some in folders; no file is also a folder."""
    names = draw(st.lists(NAMES, unique=True, max_size=12))
    folders = draw(
        st.lists(st.sampled_from(["", "D1/", "D1/D2/", "E/"]), min_size=12, max_size=12)
    )
    return {
        folder + name: bytes([len(name)]) * draw(SIZES)
        for folder, name in zip(folders, names, strict=False)
    }


@settings(deadline=None)
@given(trees())
def test_what_goes_in_comes_out(files):
    image = littlefs.build(files, SMALL)
    volume = littlefs.read(image)
    assert volume.files == files
    assert volume.used + volume.free == len(image) == SMALL.size
    assert volume.version == "2.1"
    assert littlefs.build(dict(reversed(files.items())), SMALL) == image


def test_littlefs_python_finds_the_geometry_that_micropython_expects():
    image = littlefs.build({"main.py": b"pass\n"}, layout.VFS)
    fs = littlefs_python.LittleFS(
        context=littlefs_python.UserContext(buffer=bytearray(image)),
        mount=False,
        block_size=4096,
        block_count=0,  # as the superblock says
    )
    fs.mount()
    stat = fs.fs_stat()
    assert (stat.block_size, stat.block_count, stat.name_max) == (4096, 496, 255)
    with fs.open("main.py", "rb") as file:
        assert file.read() == b"pass\n"


def test_a_full_file_system_names_partition_offset_and_file():
    files = {f"{n}.bin": bytes(9 * SECTOR) for n in range(8)}
    with pytest.raises(ImageError) as error:
        littlefs.build(files, SMALL)
    assert str(error.value) == (
        "vfs at 0x210000: 8 files of 294912 bytes do not fit into its 262144: no room for 6.bin"
    )


def test_a_name_that_is_too_long():
    with pytest.raises(ImageError, match="^vfs at 0x210000: cannot write x{256}: "):
        littlefs.build({"x" * 256: b""}, SMALL)


def test_what_is_not_a_littlefs():
    assert littlefs.read(b"\xff" * SMALL.size) is None
    assert littlefs.read(bytes(SMALL.size)) is None
    other_size = littlefs.build({}, SMALL)
    assert littlefs.read(other_size[: 32 * SECTOR]) is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8 * SECTOR - 1), st.integers(0, 255)), max_size=40))
def test_a_damaged_file_system_never_raises(damage):
    image = bytearray(littlefs.build({"a": b"1" * 5000, "d/b": b"2"}, SMALL))
    for at, value in damage:
        image[at] = value
    volume = littlefs.read(bytes(image))
    assert volume is None or volume.version


# Mounts the image as the ESP32 port does, reports every file, then writes one and remounts.
READER = """
import json, os, sys, vfs, binascii

class Flash:
    def __init__(self, path):
        with open(path, 'rb') as file:
            self.data = bytearray(file.read())
    def readblocks(self, block, buf, offset=0):
        start = block * 4096 + offset
        buf[:] = memoryview(self.data)[start:start + len(buf)]
    def writeblocks(self, block, buf, offset=None):
        start = block * 4096 + (offset or 0)
        if offset is None:
            self.data[start:start + 4096] = b'\\xff' * 4096
        for i in range(len(buf)):
            self.data[start + i] &= buf[i]
    def ioctl(self, request, argument):
        if request == 4:
            return len(self.data) // 4096
        if request == 5:
            return 4096
        if request == 6:
            start = argument * 4096
            self.data[start:start + 4096] = b'\\xff' * 4096
            return 0

flash = Flash(sys.argv[1])
output = open(sys.argv[2], 'w')
vfs.umount('/')
vfs.mount(vfs.VfsLfs2(flash, progsize=32, readsize=32, lookahead=32), '/')

def walk(folder):
    for name, kind, *_ in os.ilistdir(folder or '/'):
        path = folder + '/' + name
        if kind == 0x4000:
            yield from walk(path)
        else:
            with open(path, 'rb') as file:
                yield path[1:], binascii.hexlify(file.read()).decode()

files = dict(walk(''))
before = os.statvfs('/')
with open('/written.txt', 'w') as file:
    file.write('x' * 300)
vfs.umount('/')
vfs.mount(vfs.VfsLfs2(flash), '/')
with open('/written.txt') as file:
    written = len(file.read())
json.dump({'files': files, 'written': written, 'free': before[3] * before[0]}, output)
output.close()
"""


def test_micropython_reads_and_writes_it(tmp_path):
    files = {
        "boot.py": b"",
        "lib/wire/a.mpy": bytes(range(256)) * 2,
        **{f"sizes/{size}": b"s" * size for size in (1, 127, 128, 129, 130, 511, 512, 4096, 9000)},
    }
    image = littlefs.build(files, SMALL)
    (tmp_path / "vfs.bin").write_bytes(image)
    (tmp_path / "reader.py").write_text(READER)
    paths = [str(tmp_path / name) for name in ("reader.py", "vfs.bin", "seen.json")]
    subprocess.run([interpreter.find(), *paths], check=True, timeout=60)
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert {path: bytes.fromhex(content) for path, content in seen["files"].items()} == files
    assert seen["written"] == 300
    # MicroPython's statvfs counts the two blocks of a folder twice: it asks littlefs for every
    # block that is referred to, not for its size. Three folders here.
    assert seen["free"] == littlefs.read(image).free - 3 * 2 * SECTOR
