# The whitelist of HTTP. Runs on CPython and on MicroPython: plain asserts only.

from wire.http_whitelist import MAX_ENTRY, covers, whole

COMMAND = b"/command"


def command(data, text, canonical=None):
    return covers(data, COMMAND, text, canonical)


def test_nothing_is_in_nothing():
    for data in (b"", b",", b" , ,\r\n,\n\n", b"\t"):
        assert not command(data, b"version")
        assert not covers(data, b"/log", b"")


def test_everything():
    for data in (b"*", b" * ", b"x,*\r\n", b"\n*,"):
        assert command(data, b"reboot") and covers(data, b"/stream", b"")


def test_endpoints():
    for data in (b"/log", b"get *,/log", b"/log\r\n", b"/stream, /log ", b"/l*", b"/*"):
        assert covers(data, b"/log", b""), data
    for data in (b"/stream", b"/lo", b"/log/", b"/LOG", b"log", b"l*", b"get *"):
        assert not covers(data, b"/log", b""), data
    assert command(b"/command", b"reboot") and command(b"/*", b"reboot")
    # A command is none, whatever it looks like.
    assert not command(b"/log", b"/log")
    assert not command(b"/log*", b"/log", b"/log")


def test_commands():
    for data, text, found in (
        (b"get wl*", b"get wlan.ssid", True),
        (b"get wl*", b"get wl s", True),
        (b"get wl*", b"get wl", True),
        (b"get wl*", b"get w", False),
        (b"get wl*", b"get network.ip", False),
        (b"get wl*", b"forget wlan.ssid", False),
        (b"help variables,help commands", b"help commands", True),
        (b"help variables,help commands", b"help commands x", False),
        (b"help variables,help commands", b"help", False),
        (b"/stream,help *,get *", b"help get", True),
        (b"/stream,help *,get *", b"help", False),
        (b"version\r\nls -v\r\n", b"ls -v", True),
        (b"version\r\nls -v\r\n", b"version", True),
        (b"VERSION", b"version", False),
        (b"ver*", b"verify", True),
        (b"get *.ssid", b"get wlan.ssid", False),
        (b"get *.ssid", b"get *.ssid", True),
        (b"*.ssid", b"get wlan.ssid", False),
        (b"get **", b"get wlan.ssid", False),
    ):
        assert command(data, text) == found, (data, text)


def test_full_names():
    for data in (b"get wlan.ssid", b"get wlan.*", b"get wl s", b"get wl*", b"get *"):
        assert command(data, b"get wl s", b"get wlan.ssid"), data
    for data in (b"get  wl s", b"get wlan", b"wlan.ssid"):
        assert not command(data, b"get wl s", b"get wlan.ssid"), data


def test_control_characters_are_no_command():
    for text in (b"version\r\nreboot", b"version\n", b"version\0", b"get\tx"):
        assert not command(b"*", text, b"version")


def test_long_entries_are_passed_over():
    text = b"x" * MAX_ENTRY
    assert command(text, text)
    assert not command(text + b"y", text + b"y")
    assert command(b"y" * 1000 + b",version", b"version")


def test_what_is_whole():
    for data, size in (
        (b"", 0),
        (b"get wl*", 0),
        (b",", 1),
        (b"a,b", 2),
        (b"a\nb", 2),
        (b"a,b\n", 4),
        (b"a\n,b", 3),
    ):
        assert whole(data) == size, data
