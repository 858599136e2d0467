# The status announcement: one JSON object in a datagram. Which values it has, in which order, and
# how they are written. Where they come from is the service's business.

# Whatever the order of the list that chooses them.
ORDER = (
    b"mac",
    b"bssid",
    b"channel",
    b"ip",
    b"ssid",
    b"rssi",
    b"remote_terminal_port",
    b"time",
    b"version",
    b"uuid",
)
# Behind them, in the order of the list: gpio0, adc7 ...
PADS = (b"gpio", b"adc")


def chosen(text):
    """The items of a list (bytes, separated by commas) in the order of the announcement, each
    once; words that are none are passed over.
    """
    words = [word.strip() for word in text.split(b",")]
    found = [name for name in ORDER if name in words]
    for word in words:
        if word not in found and pad(word):
            found.append(word)
    return found


def pad(name):
    """(b"gpio" or b"adc", number) of the name of a GPIO's value, else None."""
    for kind in PADS:
        number = name[len(kind) :]
        if name.startswith(kind) and number.isdigit() and number == b"%d" % int(number):
            return kind, int(number)
    return None


def message(values):
    """The datagram (bytes), from (name, value) pairs: bytes become text, int numbers, and what is
    None is left out.
    """
    return b"{%s}" % b",".join(
        [
            b'"%s":%s' % (name, b"%d" % value if isinstance(value, int) else quoted(value))
            for name, value in values
            if value is not None
        ]
    )


def quoted(text):
    """A JSON string of bytes. What is no UTF-8 is read as Latin-1: no reader stumbles over it."""
    if not is_utf8(text):
        text = "".join([chr(c) for c in text]).encode()
    out = bytearray(b'"')
    for c in text:
        if c < 32 or c == 127:
            out.extend(b"\\u%04x" % c)
        else:
            if c == 34 or c == 92:
                out.append(92)
            out.append(c)
    out.append(34)
    return bytes(out)


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


# First byte -> bounds of the second, where they are narrower.
_SECOND = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}
