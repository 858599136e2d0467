# What a WebSocket does with every byte, as machine code: websocket_plain.py says what it is and is
# the pure twin; a test holds that both agree. This file ships as source and is compiled where it
# runs. CPython finds nothing in it.
try:
    import micropython
except ImportError:
    micropython = None

if micropython:

    @micropython.viper
    def mask(data, at: int, end: int, key, phase: int):
        # Single bytes up to where words begin, four words at a time, single bytes. All processors
        # in use have a word's lowest byte first.
        p = ptr8(data)  # noqa: F821 (Viper's own)
        k = ptr8(key)  # noqa: F821
        while at < end and (int(p) + at) & 3:
            p[at] ^= k[phase & 3]
            at += 1
            phase += 1
        word = k[phase & 3] | k[(phase + 1) & 3] << 8
        word |= k[(phase + 2) & 3] << 16 | k[(phase + 3) & 3] << 24
        while at + 15 < end:
            words = ptr32(int(p) + at)  # noqa: F821
            words[0] ^= word
            words[1] ^= word
            words[2] ^= word
            words[3] ^= word
            at += 16
        while at < end:
            p[at] ^= k[phase & 3]
            at += 1
            phase += 1

    @micropython.viper
    def utf8(data, at: int, end: int, state: int) -> int:
        p = ptr8(data)  # noqa: F821
        high = 0x8080
        high |= high << 16  # no constant: on 32 bits it would be an object
        while at < end:
            if not state and not (int(p) + at) & 3:
                # ASCII, four words at a time.
                while at + 15 < end:
                    words = ptr32(int(p) + at)  # noqa: F821
                    if (words[0] | words[1] | words[2] | words[3]) & high:
                        break
                    at += 16
                if at == end:
                    break
            c = p[at]
            at += 1
            if state:
                if c < (state >> 8) & 0xFF or c > state >> 16:
                    return -1
                state = (state & 0xFF) - 1
                if state:
                    state |= 0xBF8000
            elif c >= 0x80:
                if c < 0xC2 or c > 0xF4:
                    return -1
                state = 0xBF8001
                if c >= 0xF0:
                    state = 0xBF8003
                    if c == 0xF0:
                        state = 0xBF9003
                    elif c == 0xF4:
                        state = 0x8F8003
                elif c >= 0xE0:
                    state = 0xBF8002
                    if c == 0xE0:
                        state = 0xBFA002
                    elif c == 0xED:
                        state = 0x9F8002
        return state
