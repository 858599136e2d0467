# Tells UTF-8 from other bytes.

# First byte -> bounds of the second, where they are narrower.
_SECOND = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}


def is_utf8(data):
    """True for UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above 10FFFF
    (MicroPython's own decoder takes these).
    """
    i = 0
    while i < len(data):
        c = data[i]
        i += 1
        if c < 0x80:
            continue
        if not 0xC2 <= c <= 0xF4:
            return False
        low, high = _SECOND.get(c, (0x80, 0xBF))
        for _ in range(1 if c < 0xE0 else 2 if c < 0xF0 else 3):
            if i >= len(data) or not low <= data[i] <= high:
                return False
            low, high = 0x80, 0xBF
            i += 1
    return True
