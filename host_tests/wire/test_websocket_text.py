# WebSocket: texts are UTF-8, however they are cut; and what is done with every byte, as machine
# code and without. Runs on CPython and on MicroPython.
import sys

from checks import raises
from websocket_frames import HELLO, TEXTS, by_hand, client, events, made, server

from wire import utf8, websocket, websocket_plain
from wire.websocket import BAD_TEXT, BINARY, LAST, TEXT, LocalError


def test_text_is_utf8_in_any_fragments():
    for text, good in TEXTS:
        assert utf8.is_utf8(text) == good
        expected = [(TEXT, text)] if good else [BAD_TEXT]
        assert events(server(), by_hand(0x81, text)) == expected, text
        for at in range(len(text) + 1):
            frames = by_hand(0x01, text[:at]) + by_hand(0x89) + by_hand(0x80, text[at:])
            found = events(server(), frames)
            assert found[-1] == expected[0], (text, at)
            found = events(server(), frames, range(1, len(frames)))
            assert found[-1] == expected[0], (text, at)
        # Bytes are bytes.
        assert events(server(), by_hand(0x82, text)) == [(BINARY, text)]


def test_a_text_fails_at_its_first_wrong_byte():
    socket = server()
    begin = by_hand(0x81, bytes(50) + b"\xff" + bytes(50))[: 6 + 51]
    assert events(socket, begin[:-1]) == [] and not socket.ended
    assert events(socket, begin[-1:]) == [BAD_TEXT]


def test_text_that_is_sent():
    for text, good in TEXTS:
        for at in range(len(text) + 1):
            socket = server()
            try:
                frames = made(socket, text[:at], TEXT) + made(socket, text[at:], TEXT | LAST)
            except LocalError:
                assert not good, (text, at)
                assert not socket.closing
            else:
                assert good, (text, at)
                assert events(client(), frames) == [(TEXT, text)]
    socket = server()
    raises(LocalError, made, socket, b"\xff", TEXT | LAST)
    assert made(socket, b"Hello", TEXT | LAST) == HELLO  # nothing has changed


# What is done with every byte: as machine code, where there is any, and without


def implementations():
    if sys.implementation.name != "micropython":
        assert websocket.mask is websocket_plain.mask
        return [websocket_plain]
    from wire import websocket_fast

    assert websocket.mask is websocket_fast.mask and websocket.utf8 is websocket_fast.utf8
    return [websocket_fast, websocket_plain]


def test_masks_at_every_offset():
    data = bytes([i * 37 + 11 & 0xFF for i in range(48)])
    key = b"\xff\x01\x82\x7e"
    for module in implementations():
        for at in range(9):
            for end in list(range(at, at + 14)) + [47, 48]:
                for phase in (0, 1, 2, 3, 6, 65535):
                    buf = bytearray(data)
                    module.mask(buf, at, end, key, phase)
                    want = bytes([data[i] ^ key[i - at + phase & 3] for i in range(at, end)])
                    assert buf == data[:at] + want + data[end:], (at, end, phase)


def test_utf8_of_every_two_bytes_and_each_of_many_more():
    def check(data):
        good = utf8.is_utf8(data)
        for module in modules:
            buf = b"!" + data + b"!"
            state = module.utf8(buf, 1, len(data) + 1, 0)
            assert (state == 0) == good, data
            split = module.utf8(buf, 1, 2, 0)
            if split >= 0:
                split = module.utf8(buf, 2, len(data) + 1, split)
            assert split == state, data

    modules = implementations()
    edges = (0, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF)
    for first in range(256):
        for second in range(256):
            check(bytes((first, second)))
        if first >= 0xC0:
            for second in edges:
                for third in edges:
                    check(bytes((first, second, third)))
                    for fourth in edges:
                        check(bytes((first, second, third, fourth)))


def test_utf8_behind_words_of_ascii():
    text = b"abcdefghijklmnopqrstuvwxyz0123456789" * 2
    for character in (b"\xe2\x82\xac", b"\xe2\x82", b"\x80", b"\xff"):
        for at in range(len(text)):
            data = text[:at] + character + text[at:]
            good = utf8.is_utf8(data)
            for module in implementations():
                for start in range(4):
                    buf = b"\xff" * start + data + b"\xff" * 16
                    state = module.utf8(buf, start, start + len(data), 0)
                    assert (state == 0) == good, (at, start)
    for module in implementations():
        for start in range(4):
            for end in range(start, 40):
                assert module.utf8(text, start, end, 0) == 0
                assert module.utf8(text, start, end, 0xBF8001) == (
                    0xBF8001 if start == end else -1
                )
