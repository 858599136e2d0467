# The CRC-16 of files as machine code: wire/crc.py says what it is and is the pure twin; a test
# holds that both agree. This file ships as source and is compiled where it runs.
import micropython


@micropython.viper
def _feed(data, size: int, crc: int) -> int:
    # A whole byte at a time, lowest bit first, as the twin does. `crc` is the turned register.
    p = ptr8(data)  # noqa: F821 (Viper's own)
    for i in range(size):
        byte = (p[i] ^ crc) & 0xFF
        byte ^= (byte << 4) & 0xFF
        crc = (crc >> 8) ^ (byte << 8) ^ (byte << 3) ^ (byte >> 4)
    return crc


def crc16(data, crc=0xFFFF):
    """The CRC-16 that file_create takes, of `data`; pass it as `crc` to go on with more."""
    return _turn(int(_feed(data, len(data), _turn(crc))))


def _turn(value):
    value = value >> 8 | (value & 0x00FF) << 8
    value = (value & 0xF0F0) >> 4 | (value & 0x0F0F) << 4
    value = (value & 0xCCCC) >> 2 | (value & 0x3333) << 2
    return (value & 0xAAAA) >> 1 | (value & 0x5555) << 1
