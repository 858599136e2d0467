"""What the module's answers say, without a module."""

from datetime import UTC, datetime

import pytest

from airwire.client import Notification, UnexpectedReply, notifications, replies
from airwire.client.notifications import MAX_WAITING, Notifications, parse

SCAN = (
    b"! 3 networks found\r\n"
    b"!  # Ch RSSI MAC (BSSID)       Mbps Security   Type Length Network (SSID)\r\n"
    b"#  0  1  -48 02:A4:D5:90:E3:D8 54 Open 0 12 airwire-open\r\n"
    b"# 10 11 -100 02:F3:7C:C6:13:E8 54 WPA2-AES 0 12 a\r\n#  1  1 \r\r\n"
    b"#  2 11  -60 02:59:14:00:1E:CD 54 WPA2-AES 0 0 "
)


def test_a_scan():
    found = replies.networks(SCAN)
    assert [(n.ssid, n.channel, n.rssi) for n in found] == [
        (b"airwire-open", 1, -48),
        (b"a\r\n#  1  1 \r", 11, -100),
        (b"", 11, -60),
    ]
    assert found[0].bssid == "02:A4:D5:90:E3:D8"
    assert found[1].security == "WPA2-AES"
    assert replies.networks(SCAN.split(b"\r\n#")[0]) == []
    with pytest.raises(UnexpectedReply, match="wlan_scan"):
        replies.networks(b"! 1 networks found\r\n# what")


def test_a_name_that_is_no_text():
    network = replies.networks(b"!\r\n# 0 1 -48 02:A4:D5:90:E3:D8 54 Open 0 2 \xff!")[0]
    assert (network.ssid, network.name) == (b"\xff!", "\ufffd!")


def test_the_banner():
    banner = b"WiConnect-2.2.0.12, Built:2015-04-08 20:12:21 for AMW004.3, Board:AMW004-E03.3"
    assert replies.version(banner) == replies.Version(
        "WiConnect", "2.2.0.12", "2015-04-08 20:12:21", "AMW004.3", "AMW004-E03.3"
    )
    with pytest.raises(UnexpectedReply, match="version"):
        replies.version(b"Success")


def test_a_selftest():
    report = b"\r\n".join(
        [
            b"! 3 parts, 1 failed",
            b"!  # Part  Result  Figure Unit Text",
            b"#  0 wifi  pass       -48 dBm  is the best of 4 networks",
            b"#  1 12-14 fail         0 -    GPIO 14 does not follow GPIO 12 to 0",
            b"#  2 wifi  skip         - -    Streams are open",
        ]
    )
    assert replies.selftest(report) == [
        replies.PartResult("wifi", "pass", -48, "dBm", "is the best of 4 networks"),
        replies.PartResult("12-14", "fail", 0, None, "GPIO 14 does not follow GPIO 12 to 0"),
        replies.PartResult("wifi", "skip", None, None, "Streams are open"),
    ]
    with pytest.raises(UnexpectedReply, match="selftest"):
        replies.selftest(report.replace(b"fail ", b"maybe"))


def test_the_streams_of_the_spec():
    table = b"\r\n".join(
        [
            b"! # Type  Info",
            b"# 0 WEBS  12.34.56.78:80 12.34.56.78:54460",
            b"# 1 FILE  webapp/index.html-1.4.0.24 (1995, 0)",
        ]
    )
    assert [(row.handle, row.type, row.info) for row in replies.streams(table)] == [
        (0, "WEBS", "12.34.56.78:80 12.34.56.78:54460"),
        (1, "FILE", "webapp/index.html-1.4.0.24 (1995, 0)"),
    ]
    assert replies.streams(b"! # Type  Info") == []


def test_faults_with_their_traces():
    printed = (
        b"! 3 faults\r\n"
        b"# 0 12 s, wwep\r\nTraceback:\r\n  File 1\r\nOSError: 5\r\n"
        b"# 1 0 s, uart1 log\r\nMemoryError: "
    )
    first, second = replies.faults(printed)
    assert (first.uptime, first.where) == (12, "wwep")
    assert first.trace == "Traceback:\r\n  File 1\r\nOSError: 5"
    assert (second.uptime, second.where, second.trace) == (0, "uart1 log", "MemoryError: ")
    assert replies.faults(b"! 0 faults") == []


def test_a_group_of_variables():
    listed = b"a.b: 1\r\na.c: \r\nwlan.ssid: two\r\nlines: \xff\r\nwlan.x_y.z: :"
    assert replies.values(listed) == {
        "a.b": "1",
        "a.c": "",
        "wlan.ssid": "two\r\nlines: \udcff",
        "wlan.x_y.z": ":",
    }


@pytest.mark.parametrize(
    "line, notification",
    [
        (b"IPv4 address: 10.5.6.108", Notification("IPv4 address: 10.5.6.108")),
        (b"[Associated]", Notification("Associated", True)),
        (
            b"[2014-04-23 | 19:40:23: Opened: 0]",
            Notification("Opened: 0", True, datetime(2014, 4, 23, 19, 40, 23)),
        ),
        (b"[2014-99-23 | 19:40:23: x]", Notification("[2014-99-23 | 19:40:23: x]")),
        (b"[Opening: \xff:1]", Notification("Opening: \udcff:1", True)),
    ],
)
def test_notifications(line, notification):
    assert parse(line) == notification


def test_messages_outside_of_frames():
    boot = (
        b"ets Jun  8\r\nrst:0x1 [boot]\r\n\r[Ready]\r\n> \r  \r[Associating to a]\r\n> x[no]\r\n"
    )
    for size in (1, 3, len(boot)):
        queue = Notifications()
        for start in range(0, len(boot), size):
            queue.outside(boot[start : start + size])
        assert [queue.take().text for _ in range(len(queue))] == ["Ready", "Associating to a"]


def test_the_queue_is_bounded():
    queue = Notifications()
    for number in range(MAX_WAITING + 3):
        queue.log(b"%d" % number)
    assert (len(queue), queue.dropped, queue.take().text) == (MAX_WAITING, 3, "3")
    queue.clear()
    assert queue.take() is None
    queue.outside(b"[" + b"x" * 100_000)
    assert len(queue._tail) < 2 * notifications._MAX_LINE


def test_the_values_of_a_list():
    payload = b'uart.baud 0: 9600\r\nwlan.ssid: "a \\"b\\"\\r\\nwlan.mac: x"\r\nwwep.host: a "b"'
    assert replies.values(payload) == {
        "uart.baud 0": "9600",
        "wlan.ssid": 'a "b"\r\nwlan.mac: x',
        "wwep.host": 'a "b"',
    }


def test_a_list_of_files():
    payload = (
        b"!  # Type  Flags  Hnd    Size    Version  Filename\r\n"
        b"#  0 e-FE   0061    0     256      1.5.0  folder/a file"
    )
    [file] = replies.files(payload)
    assert file == replies.FileInfo("folder/a file", 256, "1.5.0", 0xFE, 0x0061)
    assert file.essential and not file.public
    with pytest.raises(UnexpectedReply, match="ls"):
        replies.files(b"!\r\nwhat")
    with pytest.raises(UnexpectedReply, match="file_stat"):
        replies.file(b"name: x\r\nsize: many")


def test_the_answer_to_a_ping():
    assert replies.ping(b"Ping reply in 7ms") == 7
    with pytest.raises(UnexpectedReply, match="ping"):
        replies.ping(b"pong")


def test_certificates():
    payload = (
        b"!  # Kind  Where     Expiry                Reference  Subject\r\n"
        b"#  0 cert  dct       2026-11-21T09:00:00Z  dct:web  board.airwire\r\n"
        b"#  1 key   dct       -                     dct:web  EC 256\r\n"
        b'# 12 ca    file      2030-01-01T00:00:00Z  "my \\"own\\".pem"  '
    )
    cert, key, ca = replies.certificates(payload)
    expires = datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert cert == replies.Certificate("cert", "dct", "dct:web", "board.airwire", expires)
    assert key == replies.Certificate("key", "dct", "dct:web", "EC 256", None)
    assert (ca.reference, ca.subject) == ('my "own".pem', "")
    assert replies.certificates(b"!  # Kind") == []
    for wrong in (b"what", b"#  0 cert dct now dct:web  x", b"#  0 cert dct -"):
        with pytest.raises(replies.UnexpectedReply):
            replies.certificates(b"!\r\n" + wrong)


def test_services():
    texts = b" ".join(b"k%d=v" % number for number in range(20))
    payload = (
        b"! 3 services found\r\n"
        b"!  # Type            Address:Port          Host                 Name\r\n"
        b"#  0 _http._tcp      10.23.7.2:8080        pantry.local         "
        b'"My \\"page\\"" "note=a b"\r\n'
        b"# 10 _ntp._udp       -:0                   -                    kitchen "
        + texts
        + b"\r\n"
        b'#  2 _x._tcp         10.0.0.1:1            \xff                    ""'
    )
    first, second, third = replies.services(payload)
    assert first == replies.Service(
        "_http._tcp", 'My "page"', "10.23.7.2", 8080, "pantry.local", ("note=a b",)
    )
    assert (second.address, second.port, second.host) == (None, 0, None)
    assert second.texts == tuple(f"k{number}=v" for number in range(20))
    assert (third.name, third.host, third.texts) == ("", "\udcff", ())
    assert replies.services(b"! 0 services found\r\n!  # Type") == []
    for wrong in (b"#  0 _http._tcp 10.0.0.1:x a b", b"#  0 _http._tcp 10.0.0.1:1", b"what"):
        with pytest.raises(UnexpectedReply, match="mdns_discover"):
            replies.services(b"!\r\n!\r\n" + wrong)


def test_the_clients_of_the_soft_ap():
    payload = (
        b"!  # MAC               IP\r\n"
        b"# 0 02:A4:D5:90:E3:D8 10.10.10.2\r\n"
        b"# 1 02:A4:D5:90:E3:D9 0.0.0.0\r\n"
        b"-10 02:A4:D5:90:E3:DA 10.10.10.3"
    )
    assert replies.softap_clients(payload) == [
        replies.SoftApClient("02:A4:D5:90:E3:D8", "10.10.10.2", True),
        replies.SoftApClient("02:A4:D5:90:E3:D9", None, True),
        replies.SoftApClient("02:A4:D5:90:E3:DA", "10.10.10.3", False),
    ]
    assert replies.softap_clients(b"!  # MAC               IP") == []
    with pytest.raises(UnexpectedReply, match=r"softap\.client_list"):
        replies.softap_clients(b"!\r\nwhat")


def test_registers():
    head = b"! 2 registers\r\n!   # Device Register Value"
    rows = b"\r\n#   0 0FAC   0B       1234\r\n# 400 FFFF   FF       FFFF"
    assert replies.registers(head) == []
    assert replies.registers(head + rows) == [(0x0FAC, 0x0B, 0x1234), (0xFFFF, 0xFF, 0xFFFF)]
    with pytest.raises(UnexpectedReply):
        replies.registers(head + b"\r\n# 0 FAC 0B 1234")
