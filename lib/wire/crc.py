# The checksums of files and of the DCT.

import binascii

# crc32(data, crc=0): the CRC-32 of Ethernet and zlib. Every interpreter in use has it in C.
crc32 = binascii.crc32

CRC16_INIT = 0xFFFF


def crc16(data, crc=CRC16_INIT):
    """Return the CRC-16 that file_create takes, of `data`; pass it as `crc` to go on with more.

    The polynomial is CCITT's 0x1021, the initial value 0xFFFF, each input byte enters with its
    lowest bit first, the result is not reversed and not inverted: `123456789` gives 0x89F6.
    """
    # Lowest bit first all through, then the register is turned once, is cheaper than turning every
    # byte. The three shifted terms are the polynomial's (reversed: 0x8408) over a whole byte: no
    # table in RAM, no loop over bits.
    crc = _reverse16(crc)
    for byte in data:
        byte ^= crc & 0xFF
        byte ^= byte << 4 & 0xFF
        crc = crc >> 8 ^ byte << 8 ^ byte << 3 ^ byte >> 4
    return _reverse16(crc)


def _reverse16(value):
    value = value >> 8 | (value & 0x00FF) << 8
    value = (value & 0xF0F0) >> 4 | (value & 0x0F0F) << 4
    value = (value & 0xCCCC) >> 2 | (value & 0x3333) << 2
    return (value & 0xAAAA) >> 1 | (value & 0x5555) << 1
