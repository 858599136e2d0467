# What is done with every byte of an HTTP head, as machine code: http_plain.py says what it is and
# is the pure twin; a test holds that both agree. This file ships as source and is compiled where
# it runs. CPython finds nothing in it.
try:
    import micropython
except ImportError:
    micropython = None

if micropython:

    @micropython.viper
    def span(buf, at: int, end: int, classes, kinds: int) -> int:
        p = ptr8(buf)  # noqa: F821 (Viper's own)
        kind = ptr8(classes)  # noqa: F821
        while at < end and kind[p[at]] & kinds:
            at += 1
        return at

    @micropython.viper
    def scan(buf, end: int, classes, lines) -> int:
        p = ptr8(buf)  # noqa: F821
        kind = ptr8(classes)  # noqa: F821
        table = ptr16(lines)  # noqa: F821
        room = int(len(lines)) - 2
        count = table[0]
        start = table[1 + count]
        while True:
            at = start
            while at < end and kind[p[at]] & 1:
                at += 1
            if at == end:
                return 0
            if at == start:
                if p[at] != 13:
                    return -1
                if at + 1 == end:
                    return 0
                if p[at + 1] != 10:
                    return -1
                return at + 2
            if p[at] != 58:
                return -1
            at += 1
            while at < end and kind[p[at]] & 2:
                at += 1
            if at == end:
                return 0
            if p[at] != 13:
                return -1
            if at + 1 == end:
                return 0
            if p[at + 1] != 10:
                return -1
            if count >= room:
                return -2
            count += 1
            start = at + 2
            table[1 + count] = start
            table[0] = count

    @micropython.viper
    def find(buf, lines, first: int, name) -> int:
        p = ptr8(buf)  # noqa: F821
        table = ptr16(lines)  # noqa: F821
        wanted = ptr8(name)  # noqa: F821
        size = int(len(name))
        number = first
        while number < table[0]:
            at = table[1 + number]
            if at + size < table[2 + number] and p[at + size] == 58:
                i = 0
                while i < size:
                    c = p[at + i]
                    if c >= 65 and c <= 90:
                        c += 32
                    if c != wanted[i]:
                        break
                    i += 1
                if i == size:
                    return number
            number += 1
        return -1

    @micropython.viper
    def one(buf, lines, classes, name) -> uint:  # noqa: F821
        p = ptr8(buf)  # noqa: F821
        table = ptr16(lines)  # noqa: F821
        kind = ptr8(classes)  # noqa: F821
        wanted = ptr8(name)  # noqa: F821
        size = int(len(name))
        count = int(table[0])
        found = 0
        number = 0
        while number < count:
            at = int(table[1 + number])
            number += 1
            if at + size < int(table[1 + number]) and p[at + size] == 58:
                i = 0
                while i < size:
                    c = int(p[at + i])
                    if c >= 65 and c <= 90:
                        c += 32
                    if c != int(wanted[i]):
                        break
                    i += 1
                if i == size:
                    if found:
                        return uint(1)  # noqa: F821
                    found = number
        if not found:
            return uint(0)  # noqa: F821
        at = int(table[found]) + size + 1
        end = int(table[found + 1]) - 2
        while at < end and kind[p[at]] & 16:
            at += 1
        while end > at and kind[p[end - 1]] & 16:
            end -= 1
        return uint(at << 16 | end)  # noqa: F821

    @micropython.viper
    def differ(text, at: int, wanted) -> bool:
        p = ptr8(text)  # noqa: F821
        right = ptr8(wanted)  # noqa: F821
        end = int(len(text))
        size = int(len(wanted))
        wrong = (end - at) ^ size
        i = 0
        while at < end:
            wrong |= int(p[at]) ^ int(right[i])
            at += 1
            i += 1
            if i == size:
                i = 0
        return wrong != 0

    @micropython.viper
    def same(buf, at: int, text) -> bool:
        p = ptr8(buf)  # noqa: F821
        wanted = ptr8(text)  # noqa: F821
        for i in range(int(len(text))):
            c = p[at + i]
            if c >= 65 and c <= 90:
                c += 32
            if c != wanted[i]:
                return False
        return True

    @micropython.viper
    def has(buf, at: int, end: int, classes, token) -> bool:
        p = ptr8(buf)  # noqa: F821
        kind = ptr8(classes)  # noqa: F821
        wanted = ptr8(token)  # noqa: F821
        size = int(len(token))
        while at < end:
            i = 0
            good = True
            while at < end and kind[p[at]] & 1:
                c = p[at]
                if c >= 65 and c <= 90:
                    c += 32
                if i >= size or c != wanted[i]:
                    good = False
                at += 1
                i += 1
            if good and i == size:
                return True
            at += 1
        return False
