# The status announcement: one JSON object in a datagram. Which values it has, in which order, and
# how they are written. Where they come from is the service's business.

from .utf8 import is_utf8

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
    if not text or 32 <= min(text) and max(text) < 127 and b'"' not in text and b"\\" not in text:
        return b'"%s"' % text  # nearly always, and a tenth of the work
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
