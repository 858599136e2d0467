# Runs on MicroPython: the CRC-16 as machine code against its pure twin, over lengths, offsets and
# splits. The seed is its argument; it prints how many comparisons agreed.
import random
import sys

from crc_fast import crc16 as fast

from wire.crc import crc16 as pure


def main(seed):
    random.seed(seed)
    data = bytes([random.getrandbits(8) for _ in range(700)])
    view = memoryview(data)
    agreed = 0
    for start in (0, 1, 2, 3, 255):
        for size in (0, 1, 2, 3, 127, 128, 256, 400):
            part = view[start : start + size]
            for crc in (0, 1, 0x8000, 0xFFFF, random.getrandbits(16)):
                assert fast(part, crc) == pure(part, crc), (start, size, crc)
                agreed += 1
    for at in range(0, 700, 7):
        assert fast(view[at:], fast(bytearray(view[:at]))) == pure(data) == fast(data), at
        agreed += 1
    for byte in range(256):
        assert fast(bytes((byte,))) == pure(bytes((byte,))), byte
        agreed += 1
    assert fast(b"123456789") == 0x89F6 and fast(b"") == 0xFFFF
    print(agreed)


main(int(sys.argv[1]))
