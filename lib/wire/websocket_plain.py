# What a WebSocket does with every byte. websocket_fast.py is the same as machine code, which takes
# this one's place where the interpreter has it.

# First byte of a character -> what is to come, where it is more or less than its size tells; as
# `state` below has it.
_NARROW = {0xE0: 0xBFA002, 0xED: 0x9F8002, 0xF0: 0xBF9003, 0xF4: 0x8F8003}


def mask(data, at, end, key, phase):
    """Mask, or unmask, data[at:end] in place with the four bytes of `key`, the first of them with
    key[phase & 3].
    """
    for i in range(at, end):
        data[i] ^= key[phase & 3]
        phase += 1


def utf8(data, at, end, state):
    """Go on with a UTF-8 text in data[at:end]; -1 where it is none (RFC 3629: no overlong form, no
    surrogate, nothing above 10FFFF). `state` is 0 between characters, else what is missing of one:
    how many bytes, 256 times the least that the next may be, 65536 times the greatest.
    """
    for i in range(at, end):
        c = data[i]
        if state:
            if not (state >> 8) & 0xFF <= c <= state >> 16:
                return -1
            state = (state & 0xFF) - 1
            if state:
                state |= 0xBF8000
        elif c >= 0x80:
            if not 0xC2 <= c <= 0xF4:
                return -1
            size = 1 if c < 0xE0 else 2 if c < 0xF0 else 3
            state = _NARROW.get(c, 0xBF8000 | size)
    return state
