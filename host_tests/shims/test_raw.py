# Raw sockets: whole IP packets, whatever the host offers for them. That they carry echo requests
# is shown by the tests of `ping`.

from harness import HERE, JOINED

PROMPT = ">>> "

# In the place of the host's sockets: those of a host that lets nobody but root open raw ones. Its
# ping sockets change the ident and give no IP header.
FAKE = f"""\
import _raw
class Fake:
    def __init__(self, family, kind, proto):
        if kind == 3:
            raise OSError(1)
        print('open', family, kind, proto)
    def __getattr__(self, name):
        return None
    def sendto(self, data, where):
        print('send', bytes(data))
        return len(data)
    def recvfrom(self, n, flags=0):
        return b'\\0\\0\\x12\\x34\\x99\\x99\\0\\1hi', b'\\2\\0\\0\\0\\x7f\\0\\0\\1' + bytes(8)
class Root(Fake):
    def __init__(self, *words):
        print('open', *words)
    def recvfrom(self, n, flags=0):
        return self.packets.pop(0), None
class Module:
    pass
_raw.usocket = Module()
here = bytes([int(x) for x in '{HERE}'.split('.')])
"""


def lines(board):
    return board.expect(PROMPT).split("MicroPython v")[0].split("\r\n")[:-1]


def test_without_the_right_to_open_them(start):
    board = start(
        FAKE,
        r"""
        _raw.usocket.socket = Fake
        s = _raw.Raw(2, 1)
        s.sendto(b'\x08\0\0\0\xbe\xef\0\1hi', None)
        print(s.recvfrom(100)[0])
        print(s.recvfrom(20)[0], s.recv(4))
        for words in ((2, 17), (10, 1)):
            try:
                _raw.Raw(*words)
            except OSError as e:
                print(e.errno)
    """,
        wlan=JOINED,
    )
    head = r"E\x00\x00\x00\x00\x00\x00\x00@\x01\x00\x00\x7f\x00\x00\x01\x00\x00\x00\x00"
    # 0xffff - (0xbeef + 1 + 0x6869, with its carry)
    assert lines(board) == [
        "open 2 2 1",
        r"send b'\x08\x00\x00\x00\xbe\xef\x00\x01hi'",
        rf"b'{head}\x00\x00\xd8\xa5\xbe\xef\x00\x01hi'",
        rf"b'{head}' b'E\x00\x00\x00'",
        "1",
        "1",
    ]


def test_linux_tells_itself_what_lwip_does_not(start):
    board = start(
        FAKE,
        r"""
        _raw.usocket.socket = Root
        s = _raw.Raw(2, 1)
        ip = bytes(12)
        own = ip + here + here + b'\3' + bytes(7)
        Root.packets = [own, ip + bytes(8) + b'\3router', own, ip + here + here + b'\0own']
        print(s.recv(100)[20:], s.recv(100)[20:])
    """,
        wlan=JOINED,
    )
    assert lines(board) == ["open 2 3 1", r"b'\x03router' b'\x00own'"]
