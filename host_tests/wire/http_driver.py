# Runs on MicroPython: damaged heads and bodies of HTTP through the codec, and its machine code
# against the pure twin. The seed and the count are its arguments; it prints how many went through.
import random
import sys
from array import array

import http_messages as messages

from wire import http_fast, http_head, http_plain


def twins(data):
    table = http_head.CLASSES
    buf = bytearray(data)
    start = buf.find(b"\n") + 1
    for end in (len(buf), random.randrange(start, len(buf) + 1)):
        lines = [array("H", bytes(24)) for _ in range(2)]
        found = []
        for code, rows in zip((http_fast, http_plain), lines):
            rows[1] = start
            here = [code.scan(buf, end, table, rows)]
            if here[0] > 0:
                for name in (b"host", b"x", b"content-length", b"connection"):
                    first = code.find(buf, rows, 0, name)
                    here += [first, code.find(buf, rows, first + 1, name)]
                    here.append(code.one(buf, rows, table, name))
            found.append(here)
        assert found[0] == found[1] and lines[0] == lines[1], (data, found)
    at, end = sorted([random.randrange(len(buf) + 1) for _ in range(2)])
    for kinds in (1, 2, 4, 8, 16):
        ours = http_fast.span(buf, at, end, table, kinds)
        assert ours == http_plain.span(buf, at, end, table, kinds), (data, at, end, kinds)
    for text in (b"close", bytes(buf[at:end]) or b"x"):
        ours = http_fast.differ(data[:end], at, text)
        assert ours == http_plain.differ(data[:end], at, text) == (data[at:end] != text)
    for token in (b"close", b"chunked", b"x", b"5", b"a"):
        ours = http_fast.has(buf, at, end, table, token)
        assert ours == http_plain.has(buf, at, end, table, token), (data, at, end, token)
        if at + len(token) <= len(buf):
            ours = http_fast.same(buf, at, token)
            assert ours == http_plain.same(buf, at, token), (data, at, token)


def main(seed, count):
    random.seed(seed)
    for _ in range(count):
        data = messages.mutated(random, messages.REQUESTS)
        twins(data)
        pieces = messages.cuts(random, len(data))
        whole = messages.request(data, [len(data)])
        assert messages.request(data, pieces) == whole, (data, pieces)
        data = messages.mutated(random, messages.RESPONSES)
        twins(data)
        pieces = messages.cuts(random, len(data))
        whole = messages.response(data, [len(data)])
        assert messages.response(data, pieces) == whole, (data, pieces)
    assert http_head.scan is http_fast.scan
    print(count)


main(int(sys.argv[1]), int(sys.argv[2]))
