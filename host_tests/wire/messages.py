# DNS messages for the tests of the name services, put together and taken apart by the book,
# without the code under test. Runs on CPython and on MicroPython.

import struct

A = 1
PTR = 12
TXT = 16
AAAA = 28
SRV = 33
NSEC = 47
ANY = 255


def wire(name):
    """A dotted name, no pointers; `\\.` is a dot within a label."""
    labels = [label.replace(b"\0", b".") for label in name.replace(b"\\.", b"\0").split(b".")]
    return b"".join(bytes((len(label),)) + label for label in labels if label) + b"\0"


def question(name, kind=A, kind_class=1):
    return wire(name) + struct.pack(">HH", kind, kind_class)


def record(name, kind, data, ttl=120, kind_class=1):
    return wire(name) + struct.pack(">HHIH", kind, kind_class, ttl, len(data)) + data


def message(questions=(), answers=(), authorities=(), extra=(), flags=0, ident=0):
    sections = (questions, answers, authorities, extra)
    head = struct.pack(">HHHHHH", ident, flags, *[len(section) for section in sections])
    return head + b"".join(b"".join(section) for section in sections)


class Message:
    """The parts of the message in buf[:length]: `ident`, `flags`, `questions` as (name, type,
    class), and the sections `answers`, `authorities`, `extra` as (name, type, class, ttl, data).
    Names are dotted, also in the data of PTR and SRV. Nothing may be left over.
    """

    def __init__(self, buf, length):
        self.buf = bytes(buf[:length])
        self.at = 12
        self.ident, self.flags = struct.unpack_from(">HH", self.buf)
        counts = struct.unpack_from(">HHHH", self.buf, 4)
        self.questions = [(self.name(),) + self.take(">HH") for _ in range(counts[0])]
        self.answers, self.authorities, self.extra = [
            [self.record() for _ in range(count)] for count in counts[1:]
        ]
        assert self.at == length, (self.at, length)

    def take(self, layout):
        values = struct.unpack_from(layout, self.buf, self.at)
        self.at += struct.calcsize(layout)
        return values

    def name(self):
        text, self.at = self.name_at(self.at)
        return text

    def name_at(self, at):
        size = self.buf[at]
        if size == 0:
            return b"", at + 1
        if size >= 0xC0:
            to = (size & 0x3F) << 8 | self.buf[at + 1]
            assert to < at
            return self.name_at(to)[0], at + 2
        rest, end = self.name_at(at + 1 + size)
        label = self.buf[at + 1 : at + 1 + size].replace(b".", b"\\.")
        return (label + b"." + rest if rest else label), end

    def record(self):
        owner = self.name()
        kind, kind_class, ttl, size = self.take(">HHIH")
        start, self.at = self.at, self.at + size
        data = self.buf[start : self.at]
        assert len(data) == size
        head = {PTR: 0, SRV: 6}.get(kind)
        if head is not None:
            target, end = self.name_at(start + head)
            assert end == self.at
            data = data[:head] + target
        return owner, kind, kind_class, ttl, data
