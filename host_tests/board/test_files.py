"""User files through the console: what is written is read back, with its attributes, and what
cannot be done changes nothing. Transcripts are those of the WiConnect documents.
"""

import time

import pytest

from airwire.wire.crc import crc16

EVERY_BYTE = bytes(range(256))
FAILED = b"Command failed"


def pattern(size, seed=0):
    return bytes((i * 7 + i // 256 + seed) & 255 for i in range(size))


def create(console, name, data, *more):
    words = " ".join(["file_create", f'"{name}"', str(len(data)), *more])
    return console.run(words, data)


def content(console, name, piece=4096):
    """A file read through a stream, which closes itself at the end."""
    handle = console.ok(f'file_open "{name}"')
    data = b""
    while f"# {handle} FILE" in console.ok("stream_list"):
        data += console.run(f"read {handle} {piece}").text
    return data


def listed(console, *options):
    lines = console.ok(" ".join(["ls", *options])).split("\r\n")
    assert lines[0] == (
        "!  # Type  Flags  Hnd    Size    Version  Filename"
        if options
        else "!  #   Size   Version  Filename"
    )
    return lines[1:]


def stat(console, name):
    lines = console.ok(f'file_stat "{name}"').split("\r\n")
    return dict(line.split(": ") for line in lines)


def test_the_transcript_of_the_documents(board):
    usb = board.uart0
    usb.sync()
    usb.command("set system.print_level 0")
    usb.send(b"file_create     hello.txt 12\r\n")
    usb.until(b"file_create     hello.txt 12\r\n")
    usb.send(b"Hello World!")
    assert usb.until(b"> ").replace(b"\r\n", b"") == b"Hello World!Success> "
    assert usb.command("file_open       hello.txt") == ["0"]
    assert usb.command("stream_read     0 3") == ["Hel"]
    assert usb.command("stream_read     0 50") == ["lo World!"]
    assert usb.command("file_delete     hello.txt") == ["Success"]


def test_frames_of_the_documents(board):
    console = board.machine(print_level=2)
    console.ok("file_create myfile.txt 3", b"abc")
    console.send(b"fde myfile.txt\r\n")
    wanted = b"L000014\r\nFile deleted\r\nR000009\r\nSuccess\r\n"
    assert console.read(len(wanted)) == wanted
    console.ok("set system.print_level 0")
    console.send(b"fde myfile.txt\r\n")
    assert console.read(25) == b"R100016\r\nCommand failed\r\n"
    assert not console.quiet()


def test_listings_of_the_documents(board):
    console = board.machine()
    assert listed(console) == listed(console, "-v") == []
    create(console, "webapp/zentrios.css.gz", pattern(2267), "1.5.0")
    create(console, "webapp/index.html", pattern(1995), "1.5.0")
    assert listed(console) == [
        "#  0   1995     1.5.0  webapp/index.html",
        "#  1   2267     1.5.0  webapp/zentrios.css.gz",
    ]
    create(console, "my_ca.pem", pattern(2074), "1.0.0.0")
    create(console, "wifi_fw.bin", pattern(300), "5.26.230.3", "1")
    # The column Hnd, the first sector in WiConnect, is 0 here.
    assert listed(console, "-v") == [
        "#  0 e-FE   0021    0    2074    1.0.0.0  my_ca.pem",
        "#  1 e-FE   0021    0    1995      1.5.0  webapp/index.html",
        "#  2 e-FE   0021    0    2267      1.5.0  webapp/zentrios.css.gz",
        "#  3 e-01   0021    0     300 5.26.230.3  wifi_fw.bin",
    ]


def test_stream_list_names_the_file(board):
    console = board.machine()
    create(console, "webapp/index.html", pattern(1995), "1.4.0.24")
    assert console.ok("fop webapp/index.html") == "0"
    row = "! # Type  Info\r\n# 0 FILE  webapp/index.html-1.4.0.24 (1995, {})"
    assert console.ok("list") == row.format(0)
    console.run("read 0 100")
    assert console.ok("list") == row.format(100)
    assert console.ok("poll 0") == "1"


def test_any_bytes_of_any_size(board):
    console = board.machine()
    for size in (0, 1, 128, 129, 4096, 9001):
        data = (EVERY_BYTE + pattern(size))[:size]
        assert create(console, "f", data).text == b"Success"
        assert content(console, "f") == data
        assert stat(console, "f") == {
            "name": "f",
            "size": str(size),
            "version": "1.0.0.0",
            "type": "FE",
            "flags": "0021",
            "crc": f"{crc16(data):04X}",
        }
        console.ok("fde f")


@pytest.mark.needs("power")
def test_files_survive_a_loss_of_power(board):
    console = board.machine()
    create(console, "f", EVERY_BYTE, "9.8.7.6", "C7")
    before = stat(console, "f")
    boots = board.boots()
    board.board.power_cut()
    board.started(boots)
    console = board.machine()
    assert stat(console, "f") == before
    assert content(console, "f") == EVERY_BYTE


NAMES = [
    *("webapp/index.html", "/favicon.ico.gz", "a b", "ä€/日本", "100%2F%", "semi;colon;x"),
    *("..", "../settings", "a", "x" * 64, "~new0", "'"),
]


def test_names(board):
    console = board.machine()
    for seed, name in enumerate(NAMES):
        assert create(console, name, pattern(40, seed)).code == 0, name
    assert [row[23:] for row in listed(console)] == sorted(NAMES, key=str.encode)
    board.reset()
    console = board.machine()
    for seed, name in enumerate(NAMES):
        assert content(console, name) == pattern(40, seed), name
        console.ok(f'file_delete "{name}"')
    assert listed(console) == []
    assert console.ok("get system.cmd.mode") == "machine"  # the settings are another file


BAD = [
    ('"" 5', 7),
    (f"{'x' * 65} 5", 7),
    (r'"a\x01b" 5', 7),
    (r'"a\nb" 5', 7),
    (r'"a\xff" 5', 7),
    ("a 5 1.0.0.256", 9),
    ("a 5 1.2.3.4.5", 7),
    ("a 5 x", 7),
    ("a 5 1.0.0.0 100", 9),
    ("a 5 1.0.0.0 XY", 7),
    ("a 5 1.0.0.0 FE 10000", 9),
    ("a 5 1.0.0.0 FE zz", 7),
    ("there 5", 1),
    ("a 5 1.0.0.0 FE 0000", 1),
]


def test_what_is_refused_takes_its_data(board):
    """Data never become commands, and nothing changes."""
    console = board.machine()
    create(console, "there", b"before")
    for words, code in BAD:
        reply = console.run(f"file_create {words}", b"ver\r\n")
        assert reply.code == code, words
        if code == 1:
            assert reply.text == FAILED
        assert not console.quiet(0.05), words
    assert len(listed(console)) == 1
    assert content(console, "there") == b"before"


BAD_LINES = [
    ("file_create a", 4),
    ("file_create -u -o a", 4),
    ("file_create a x", 7),
    ("file_create a -1", 9),
    ("file_create a 999999999", 9),
    ("file_create -x a 5", 6),
    ("file_create a 5 1 FE 0 0", 5),
    ("file_create", 4),
    ("file_open", 4),
    ("file_open a", 1),
    ("file_open a b", 5),
    ("file_stat a", 1),
    ("file_delete", 4),
    ("ls -x", 6),
    ("ls -v -v", 5),
    ("format_flash", 4),
    ("format_flash 00:11:22:33:44:55", 7),
]


def test_lines_without_data(board):
    """No data are expected behind a line that does not tell their number."""
    console = board.machine()
    for words, code in BAD_LINES:
        assert console.run(words).code == code, words
    assert listed(console) == []


def test_crc_version_type_and_flags(board):
    console = board.machine(print_level=2)
    data = b"123456789"
    for form in ("89F6", "89f6", "0x89F6"):
        reply = create(console, "good", data, "1.2", "0xc7", form)
        assert (reply.code, reply.logs) == (0, [b"File created"])
        console.ok("fde good")
    reply = create(console, "bad", data, "1.2", "C7", "6F91")
    assert (reply.code, reply.text, reply.logs) == (1, FAILED, [b"CRC mismatch"])
    assert create(console, "empty", b"", "1", "FE", "FFFF").code == 0
    assert create(console, "bad", b"", "1", "FE", "1234").code == 1
    flags = {"": "0021", "-e": "0061", "-u": "00A1", "-eu": "00E1", "-u -e": "00E1"}
    for i, words in enumerate(flags):
        assert console.run(f"fcr {words} f{i} 1 {i}.255.0.1 {i:x}", b"x").code == 0
    found = [row.split(maxsplit=7) for row in listed(console, "-v")[1:]]
    assert [(row[2], row[3], row[6]) for row in found] == [
        (f"e-{i:02X}", value, f"{i}.255.0.1") for i, value in enumerate(flags.values())
    ]


def test_streams_that_make_files(board):
    console = board.machine(print_level=2)
    data = pattern(700)
    crc = f"{crc16(data):04X}"
    assert console.ok(f"fcr -o js/a {len(data)} 1.0.0.0 0xFE {crc}") == "0"
    assert console.ok("list").endswith("# 0 FILE  js/a-1.0.0.0 (700, 0)")
    assert (console.ok("poll 0"), console.run("read 0 10").text) == ("0", b"")
    assert create(console, "js/a", b"x").logs == [b"File in use"]
    for at in (0, 300):
        console.ok("write 0 300", data[at : at + 300])
        assert listed(console) == []
    console.logs.clear()
    reply = console.run("write 0 100", data[600:])
    assert reply.code == 0
    assert b"File created" in reply.logs
    assert b"Closed: 0" in b"".join(reply.logs)
    assert content(console, "js/a") == data

    # Closed before it is complete, and a wrong CRC: nothing is left.
    assert console.ok("fcr -o part 100") == "0"
    console.ok("write 0 99", data[:99])
    console.ok("close 0")
    assert console.ok("fcr -o wrong 9 1 FE 6F91") == "0"
    assert console.run("write 0 9", b"123456789").code == 1
    assert console.run("poll 0").code == 1  # closed
    assert len(listed(console)) == 1
    assert create(console, "part", b"x").code == 0

    # More than announced: what was announced is the file, the rest is refused.
    console.ok("set stream.auto_close 0")
    assert console.ok("fcr -o more 5") == "0"
    assert console.run("write 0 8", b"12345678").code == 1
    assert console.ok("poll 0") == "2"
    assert console.run("write 0 1", b"9").code == 1
    console.ok("close 0")
    console.ok("set stream.auto_close 1")
    assert content(console, "more") == b"12345"
    assert console.ok("fcr -o none 0") == "0"
    assert console.run("poll 0").code == 1
    assert content(console, "none") == b""


def test_reading_without_auto_close(board):
    console = board.machine()
    create(console, "f", b"abcdef")
    console.ok("set stream.auto_close 0")
    assert console.ok("fop f") == "0"
    assert console.ok("fop f") == "1"
    assert console.run("read 0 6").text == b"abcdef"
    assert (console.ok("poll 0"), console.ok("poll 1")) == ("2", "1")
    assert console.run("read 0 6").text == b""
    assert console.run("write 1 3", b"abc").code == 1
    console.ok("close all")
    assert content_left(console) == []


def content_left(console):
    return console.ok("list").split("\r\n")[1:]


def test_an_open_file_stays(board):
    console = board.machine(print_level=2)
    mac = console.ok("get wlan.mac")
    create(console, "f", pattern(6000))
    assert console.ok("fop f") == "0"
    first = console.run("read 0 1000").text
    for words in ("fde f", f"format_flash {mac}"):
        reply = console.run(words)
        assert (reply.code, reply.text, reply.logs) == (1, FAILED, [b"File in use"])
    create(console, "g", pattern(6000, 1))
    data = first + console.run("read 0 4096").text + console.run("read 0 4096").text
    assert data == pattern(6000)
    assert console.ok("fde f") == "Success"
    assert [row.split()[-1] for row in listed(console)] == ["g"]


def test_every_handle_taken(board):
    console = board.machine()
    create(console, "f", b"abc")
    for handle in range(8):
        assert console.ok("fop f") == str(handle)
    assert console.run("fop f").code == 1
    assert console.run("fcr -o g 5").code == 1
    console.ok("close all")
    assert create(console, "g", b"12345").code == 0


def test_format_flash_keeps_the_settings(board):
    console = board.machine()
    console.ok("set wlan.ssid kept")
    console.ok("save")
    create(console, "f", b"abc")
    create(console, "g/h", b"abc")
    assert console.ok(f"format {console.ok('get wlan.mac')}") == "Success"
    assert listed(console) == []
    board.reset()
    console = board.machine()
    assert console.ok("get wlan.ssid") == "kept"
    assert listed(console) == []


@pytest.mark.needs("uart1")
def test_two_sessions_at_once(board):
    """Their data come in turns; each file is its session's."""
    one, two = board.uart0.machine(), board.uart1.machine()
    # UART0 has a ring of 260 bytes, 22 ms, and takes a Ctrl-C as such until its phase has begun.
    data = b"text of one " * 15, pattern(3000, 9)
    one.send(b"file_create one 180\r\n")
    two.send(b"file_create two 3000\r\n")
    for at in range(0, 3000, 200):
        one.send(data[0][at * 12 // 200 : (at + 200) * 12 // 200])
        two.send(data[1][at : at + 200])
    assert one.reply().code == two.reply().code == 0
    assert content(two, "one") == data[0]
    assert content(one, "two") == data[1]
    one.send(b"file_create same 4\r\nab")
    while "same" not in two.ok("list") and two.run("fcr -o same 1").code == 0:
        two.ok("close all")  # UART0 has not begun yet
    one.send(b"cd")
    assert one.reply().code == 0
    assert content(two, "same") == b"abcd"


@pytest.mark.needs("uart1")
def test_others_are_served_while_flash_is_written(board, figure):
    one, two = board.uart0.machine(), board.uart1.machine()
    data = pattern(12_000)
    two.send(b"file_create long 12000\r\n")
    gaps = []
    for at in range(0, len(data), 500):
        two.send(data[at : at + 500])
        begun = time.monotonic()
        assert one.ok("get system.cmd.mode") == "machine"
        gaps.append(time.monotonic() - begun)
    assert two.reply().code == 0
    figure(f"{board.arch}: a get while a file is written: {max(gaps) * 1000:.0f} ms at most")
    # The usual one: a busy machine stalls now and then.
    assert sorted(gaps)[len(gaps) // 2] < 0.5
    assert content(one, "long") == data


@pytest.mark.needs("flash", "power")
def test_a_reset_within_a_file(board):
    console = board.machine()
    create(console, "old", b"abc")
    console.send(b"file_create new 9000\r\n" + pattern(8000))
    board.drained(1)
    board.reset()
    console = board.machine()
    assert [row.split()[-1] for row in listed(console)] == ["old"]
    assert [name for name in board.files() if name.startswith("user/")] == [
        f"user/old;1.0.0.0;FE;0021;{crc16(b'abc'):04X}"
    ]


def test_as_many_files_as_there_may_be(board):
    console = board.machine(print_level=2)
    for i in range(64):
        assert create(console, f"{i:02}{'x' * 50}", b"%d" % i).code == 0
    reply = create(console, "one more", b"data")
    assert (reply.code, reply.text, reply.logs) == (1, FAILED, [b"Too many files"])
    assert [int(row.split()[4][:2]) for row in listed(console)] == list(range(64))
    assert len(listed(console, "-v")) == 64
    console.ok(f"fde 07{'x' * 50}")
    assert create(console, "one more", b"data").code == 0


# Some blocks more than what files have to leave.
FILL = (
    b"import os; b = bytes(4096); f = open('/filler', 'wb'); "
    b"n = [f.write(b) for _ in range(os.statvfs('/')[3] - 12)]; f.close()"
)


@pytest.fixture
def emptied(board):
    """A board whose flash the test may fill by FILL."""
    yield board
    board.reset()
    board.uart0.sync()
    board.uart0.at_prompt(b"import os; os.remove('/filler')")


@pytest.mark.long
def test_a_full_flash(emptied):
    """Files leave room for the settings; what does not fit is taken and thrown away."""
    board = emptied
    usb = board.uart0.machine()
    usb.ok(f"set wwep.host {'h' * 200}")
    usb.ok("save")
    usb.ok("file_create first 5", b"12345")  # makes the folder
    usb.at_prompt(FILL)
    console = board.machine(print_level=2)
    count = 0
    while (reply := create(console, f"f{count}", pattern(3000, count))).code == 0:
        count += 1
        assert count < 12
    assert (reply.text, reply.logs) == (FAILED, [b"Flash full"])
    assert count
    assert console.run("fcr -o big 3000").code == 1
    for i in range(5):
        console.ok(f'set wwep.host "{"h" * 200}{i}"')
        assert console.ok("save") == "Success"
    assert [content(console, f"f{i}") for i in range(count)] == [
        pattern(3000, i) for i in range(count)
    ]
    console.ok("fde f0")
    assert create(console, "again", pattern(3000)).code == 0
