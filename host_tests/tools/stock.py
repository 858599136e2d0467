"""Synthetic stock images for the tests: what a MicroPython for the ESP32 looks like from outside,
with nothing inside.

Stock images are not in the repository and are not downloaded. esptool's `image-info` says
(test_image_firmware.py) that these are valid. Nothing here uses airwire.image: a mistake there
must not be repeated here.
"""

import hashlib
import struct
from functools import reduce
from operator import xor

ESP32, ESP32_S3 = 0, 9
FLASH_4MB = 2

# The table of stock 1.26, written out: nvs, phy_init, factory (2 MiB less 64 KiB).
STOCK_ROWS = (
    ("nvs", 1, 2, 0x9000, 0x6000),
    ("phy_init", 1, 1, 0xF000, 0x1000),
    ("factory", 0, 0, 0x10000, 0x1F0000),
)


def esp_image(segments, chip=ESP32, flash_size=FLASH_4MB, hashed=True):
    """An ESP image of (load address, content) segments; contents of a length that 4 divides."""
    head = struct.pack("<BBBBI", 0xE9, len(segments), 2, flash_size << 4, 0x40080000)
    extended = struct.pack("<BBBBHBHH4xB", 0xEE, 0, 0, 0, chip, 0, 0, 399, hashed)
    data = head + extended
    for address, content in segments:
        data += struct.pack("<II", address, len(content)) + content
    content = b"".join(content for _, content in segments)
    data += bytes(15 - len(data) % 16) + bytes([reduce(xor, content, 0xEF)])
    return data + hashlib.sha256(data).digest() if hashed else data


def bootloader(**options):
    return esp_image([(0x3FFF0030, bytes(range(64))), (0x40078000, b"boot" * 200)], **options)


def app(banner="MicroPython v1.26.1 on 2025-09-11", padding=4096, descriptor=True, **options):
    """An app: descriptor (its texts empty, as MicroPython leaves them), banner, `padding` bytes of
    something.
    """
    magic = 0xABCD5432 if descriptor else 0
    head = struct.pack(
        "<II8x32s32s16s16s32s", magic, 0, b"", b"", b"12:00:00", b"Sep 11 2025", b"v5.4.2"
    )
    content = head.ljust(256, b"\0") + f"\0{banner}\0".encode()
    content += b"\xa5" * padding
    content += bytes(-len(content) % 4)
    return esp_image([(0x3F400020, content), (0x40080000, b"\x36\x41\0\0" * 256)], **options)


def table(rows=STOCK_ROWS, md5=True):
    data = b""
    for label, kind, subtype, offset, size in rows:
        data += struct.pack(
            "<2sBBLL16sL", b"\xaa\x50", kind, subtype, offset, size, label.encode(), 0
        )
    if md5:
        data += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(data).digest()
    return data.ljust(0xC00, b"\xff")


def stock_image(boot=None, rows=STOCK_ROWS, application=None):
    """The file a user downloads: what goes to flash 0x1000."""
    boot = bootloader() if boot is None else boot
    application = app() if application is None else application
    return boot.ljust(0x7000, b"\xff") + table(rows).ljust(0x8000, b"\xff") + application


def sample_tree(root):
    """A small firmware's tree below `root`: a file of each kind that ships, some that do not."""
    files = {
        "boot.py": "import sys\n",
        "main.py": "from firmware import device\n\ndevice.run()\n",
        "firmware/__init__.py": "",
        "firmware/device.py": "from wire import crc\n\n\n"
        "def run():\n    print('sum', crc.add(b'ab'))\n",
        "firmware/boards/AIRWIRE/manifest.py": "include('x')\n",
        "firmware/web/index.html": "<!doctype html>\n<title>Airwire</title>\n",
        "lib/wire/__init__.py": "",
        "lib/wire/crc.py": "def add(data):\n    assert data\n    return sum(data)\n",
        "lib/wire/mask.py": "import micropython\n\n\n"
        "@micropython.viper\ndef one() -> int:\n    return 1\n",
        "lib/wire/__pycache__/crc.cpython-311.pyc": "not for the device",
        "lib/README.md": "Not for the device.\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
