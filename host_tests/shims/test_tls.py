# ssl and tls (micropython-lib's ssl over ports/esp32's mbedTLS): version, suites, the heap of the
# connections, the clock.

from harness import JOINED

PROMPT = ">>> "
START = """\
import gc, io, ssl, time
class Nothing(io.IOBase):
    def readinto(self, buf): return None
    def write(self, buf): return len(buf)
    def ioctl(self, request, arg): return 0
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
def wrap():
    try:
        return context.wrap_socket(Nothing(), do_handshake_on_connect=False)
    except OSError as e:
        return e.errno
"""


def lines(board):
    return board.expect(PROMPT).split("MicroPython v")[0].split("\r\n")[:-1]


def test_heap_of_connections(start):
    # 28 KB each of 95 KB. Closed ones give it back, and so do those that were forgotten.
    board = start(
        START,
        """
        open_ = [wrap() for _ in range(4)]
        print(open_[3])
        open_[1].close()
        open_[1].close()
        print(type(wrap()).__name__)
        open_ = None
        print([type(wrap()).__name__ for _ in range(9)])
    """,
        wlan=JOINED,
    )
    assert lines(board) == ["12", "SSLSocket", str(["SSLSocket"] * 9)]


def test_version_and_suites(start):
    # The client's hello offers 1.2 and nothing newer; suites are AES with EC or RSA.
    board = start(
        START,
        """
        class Hello(Nothing):
            def write(self, buf):
                self.sent = bytes(buf)
                return len(buf)
        hello = Hello()
        s = context.wrap_socket(hello, do_handshake_on_connect=False)
        print(s.readinto(bytearray(1)))
        print(hello.sent[9:11], b"\\x00\\x2b\\x00" in hello.sent, b"\\x13\\x01" in hello.sent)
        names = context._context.get_ciphers()
        print(len(names) > 30, [n for n in names if "-WITH-AES-" not in n or "PSK" in n])
        context._context.set_ciphers(names[3:5])
        for names in (["TLS1-3-AES-128-GCM-SHA256"], ["TLS-NOTHING"], []):
            try:
                context._context.set_ciphers(names)
            except OSError as e:
                print(e.errno)
    """,
    )
    assert lines(board) == [
        "None",
        "b'\\x03\\x03' False False",
        "True []",
        "-24192",
        "-24192",
        "-24192",
    ]


def test_as_micropython_lib_has_it(start):
    # verify_mode, and files or data; the clock starts in 2000.
    board = start(
        START,
        """
        print(context.verify_mode, time.gmtime()[0])
        context.verify_mode = ssl.CERT_REQUIRED
        print(context.verify_mode)
        with open("/no.der", "wb") as f:
            f.write(b"no certificate")
        def t(f, *a, **k):
            try:
                f(*a, **k)
            except Exception as e:
                print(type(e).__name__, *e.args)
        t(context.load_verify_locations, cadata=b"no")
        t(context.load_verify_locations, "/no.der")
        t(context.load_cert_chain, "/no.der", "/no.der")
        t(context.wrap_socket, Nothing())
    """,
    )
    assert lines(board) == [
        "0 2000",
        "2",
        "ValueError invalid cert",
        "ValueError invalid cert",
        "ValueError invalid key",
        "ValueError CERT_REQUIRED requires server_hostname",
    ]
