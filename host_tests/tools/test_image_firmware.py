"""The check of the user's MicroPython: a good one passes whole, each kind of wrong file gets its
own line.
"""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airwire.errors import UserError
from airwire.image import firmware
from airwire.image.errors import ImageError
from host_tests.tools import stock

GOOD = stock.stock_image()
BOOT, APP = stock.bootloader(), stock.app()


def refusal(data):
    with pytest.raises(ImageError) as error:
        firmware.parse(data)
    assert "\n" not in error.value.message
    return error.value.message


@pytest.mark.parametrize("image", [BOOT, APP], ids=["bootloader", "app"])
def test_esptool_takes_the_synthetic_images_for_valid(image, tmp_path):
    path = tmp_path / "image.bin"
    path.write_bytes(image)
    command = [sys.executable, "-m", "esptool", "--chip", "esp32", "image-info", str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "ESP32" in told
    assert "Checksum: 0x" in told and "(valid)" in told
    assert "Validation hash:" in told and "invalid" not in told.lower()


def test_a_stock_image_is_split_and_its_version_found():
    found = firmware.parse(GOOD)
    assert found == (BOOT, APP, "1.26.1")
    assert firmware.parse(GOOD + b"\xff" * 5000).app.rstrip(b"\xff") == APP.rstrip(b"\xff")


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ("MicroPython v1.26.0 on 2025-08-09", "1.26.0"),
        (
            "MicroPython v1.30.0-preview.57.g1a2b3c4d5 on 2026-11-01",
            "1.30.0-preview.57.g1a2b3c4d5",
        ),
        ("MicroPython (with v2.0 preview) v2.0.0 on 2027-01-01", "2.0.0"),
    ],
)
def test_versions_that_are_new_enough(banner, version):
    assert firmware.parse(stock.stock_image(application=stock.app(banner))).version == version


def test_an_image_without_hash_passes():
    data = stock.stock_image(
        boot=stock.bootloader(hashed=False), application=stock.app(hashed=False)
    )
    assert firmware.parse(data).version == "1.26.1"


OTA_ROWS = (("nvs", 1, 2, 0x9000, 0x4000), ("ota_0", 0, 0x10, 0x20000, 0x180000))
HUGE = stock.app(padding=0x1F0000)
UNFIT = [
    (b"", "bootloader at 0x1000: the file is empty"),
    (b"\x7fELF" + bytes(99), "bootloader at 0x1000: not an ESP32 image but an ELF file"),
    (b"UF2\nWQ]\x9e" + bytes(99), "bootloader at 0x1000: not an ESP32 image but a UF2 file"),
    (b"<html>", "bootloader at 0x1000: not an ESP32 image: its first byte is 0x3c, not 0xe9"),
    (b"\xe9\x03", "bootloader at 0x1000: truncated: 2 bytes of the header's 24"),
    (
        b"\xff" * 0x1000 + GOOD,
        "bootloader at 0x1000: the file starts at flash 0x0, give the one that starts",
    ),
    (APP, "bootloader at 0x1000: the file is an app alone (.app-bin), give the whole .bin"),
    (stock.app(chip=5), "bootloader at 0x1000: made for ESP32-C3, not for ESP32"),
    (
        stock.stock_image(boot=stock.bootloader(chip=stock.ESP32_S3)),
        "bootloader at 0x1000: made for ESP32-S3, not for ESP32",
    ),
    (
        stock.stock_image(boot=stock.bootloader(chip=0x1234)),
        "bootloader at 0x1000: made for an unknown chip (id 0x1234), not for ESP32",
    ),
    (
        stock.stock_image(application=stock.app(chip=stock.ESP32_S3)),
        "factory at 0x10000: made for ESP32-S3, not for ESP32",
    ),
    (
        stock.stock_image(boot=stock.bootloader(flash_size=1)),
        "bootloader at 0x1000: built for 2 MiB of flash, 4 are needed",
    ),
    (
        stock.stock_image(boot=BOOT + bytes(0x7000 - len(BOOT)), rows=OTA_ROWS),
        "factory at 0x10000: the image has its app at 0x20000; it must not move",
    ),
    (
        stock.stock_image(rows=stock.STOCK_ROWS[:2]),
        "factory at 0x10000: the image has its app nowhere; it must not move",
    ),
    (
        stock.stock_image(application=HUGE),
        f"factory at 0x10000: {len(HUGE)} bytes do not fit into the partition's {0x1F0000}",
    ),
    (
        stock.stock_image(application=stock.app(banner="ESP-AT v4.0")),
        "factory at 0x10000: an ESP32 app, but not MicroPython",
    ),
    (
        stock.stock_image(application=stock.app(descriptor=False)),
        "factory at 0x10000: an ESP32 image, but not an app: it has no app descriptor",
    ),
    (
        stock.stock_image(application=stock.app(banner="MicroPython v1.25.0 on 2025-04-15")),
        "factory at 0x10000: MicroPython 1.25.0 is too old, 1.26 or newer is needed",
    ),
    (
        stock.stock_image(application=b"\xff" * 64),
        "factory at 0x10000: not an ESP32 image: its first byte is 0xff, not 0xe9",
    ),
    (GOOD[: len(BOOT) - 1], "bootloader at 0x1000: truncated: the SHA-256 ends at 0x13b0, the"),
    (
        GOOD[:100],
        "bootloader at 0x1000: truncated: the head of segment 1 ends at 0x1068, the file at 0x106",
    ),
    (GOOD[:0x7000], "partition table at 0x8000: truncated: 0 bytes of 3072"),
    (GOOD[:0xF000], "factory at 0x10000: truncated: the file ends before it"),
    (
        GOOD[:0xF800],
        "factory at 0x10000: truncated: segment 0 ends at 0x11144, the file at 0x10800",
    ),
    (GOOD[:-34], "factory at 0x10000: truncated: the checksum ends at "),
    (GOOD[:-1], "factory at 0x10000: truncated: the SHA-256 ends at "),
    (GOOD[:-1] + b"\0", "factory at 0x10000: damaged: its SHA-256 does not match its content"),
    (GOOD.replace(b"boot", b"bopt", 1), "bootloader at 0x1000: damaged: checksum 0x"),
    (b"\xe9\x00" + GOOD[2:], "bootloader at 0x1000: 0 segments, an image has 1 to 16"),
    (
        stock.stock_image(boot=BOOT[:28] + b"\xff\xff\xff\x7f" + BOOT[32:]),
        "bootloader at 0x1000: segment 0 ends at 0x8000101f, beyond the partition's 0x8000",
    ),
    (
        GOOD[:0x7000] + stock.table(md5=False) + GOOD[0x7C00:],
        "partition table at 0x8060: row 3: no MD5 row",
    ),
]


@pytest.mark.parametrize(("data", "message"), UNFIT, ids=[message for _, message in UNFIT])
def test_a_file_that_does_not_fit(data, message):
    assert refusal(data).startswith(message)


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1))
def test_a_truncated_image_is_refused_wherever_it_ends(size):
    refusal(GOOD[:size])


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(0, 200))
def test_noise_is_refused_and_nothing_else_happens(noise, at):
    refusal(noise)
    refusal(GOOD[:at] + noise)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(UserError, match="absent.bin: No such file or directory$"):
        firmware.load(tmp_path / "absent.bin")


def test_the_file_is_named(tmp_path):
    path = tmp_path / "s3.bin"
    path.write_bytes(stock.bootloader(chip=stock.ESP32_S3))
    with pytest.raises(UserError, match=r"s3.bin: bootloader at 0x1000: made for ESP32-S3"):
        firmware.load(path)
