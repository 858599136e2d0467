# network.WLAN (ports/esp32/network_wlan.c, network_common.c): states come from the air, checks and
# errors are the port's.

import pytest
from harness import GATEWAY, HERE, JOINED

PROMPT = ">>> "
WLAN = """\
import network, time
from network import WLAN
w = WLAN(WLAN.IF_STA)
def t(f, *a, **k):
    try:
        print(f(*a, **k))
    except Exception as e:
        print(type(e).__name__, *e.args)
"""


def lines(board):
    return board.expect(PROMPT).split("MicroPython v")[0].split("\r\n")[:-1]


def said(board):
    return [line for line in board.lines if line.startswith(("wlan", "scan"))]


def test_join(start):
    board = start(
        WLAN,
        """
        print(w.active(), w.status(), w is network.WLAN(), w.ifconfig()[0])
        print(w.active(True))
        w.config(reconnects=2)
        w.connect('Net 1', 'secret99')
        print('on')
        while not w.isconnected():
            pass
        print(w.status(), w.status('rssi'), w.config('reconnects'))
        print(w.ifconfig(), w.ipconfig('addr4'))
        w.disconnect()
        w.active(False)
    """,
    )
    board.expect("False 1000 True 0.0.0.0\r\nTrue\r\non")
    board.control("wlan 1001 0 0 - - - -", JOINED)
    assert lines(board)[1:] == [
        "1010 -52 2",
        f"('{HERE}', '255.0.0.0', '{GATEWAY}', '{GATEWAY}') ('{HERE}', '255.0.0.0')",
    ]
    assert said(board) == [
        "wlan-active 1",
        "wlan-reconnects 2",
        "wlan-connect 4e65742031 7365637265743939 - 6d70792d6573703332",
        "wlan-disconnect",
        "wlan-active 0",
    ]


def test_errors(start):
    board = start(
        WLAN,
        """
        t(WLAN, 2)
        t(w.connect, 'a')
        t(w.disconnect)
        t(w.scan)
        t(w.config, reconnects=1)
        w.active(1)
        t(w.status, 'rssi')
        t(w.status, 'stations')
        t(w.status, 'x')
        t(w.connect, 'a', 'b', bssid=b'1')
        t(w.config, 'x')
        t(w.config, x=1)
        t(w.config)
        t(w.config, 'mac', x=1)
        t(w.config, ssid='a')
        t(w.ifconfig, 'x')
        t(w.config, mac=b'1')
        t(w.ipconfig, 'x')
        t(network.hostname, 'h' * 33)
        t(network.country, 'xxx')
        a = WLAN(network.AP_IF)
        t(a.config, ssid='a')
        a.active(True)
        t(a.config, ssid='air', security=3, key='short')
        t(a.config, ssid='air', key='long enough')
        t(a.ifconfig)
        t(a.config, 'ssid')
        t(a.config, 'mac')
        t(a.status, 'stations')
        t(a.isconnected)
        t(a.config, reconnects=1)
        t(network.hostname)
        t(network.country)
    """,
    )
    assert lines(board) == [
        "ValueError invalid WLAN interface identifier",
        "OSError Wifi Not Started",
        "OSError Wifi Not Started",
        "OSError STA must be active",
        "OSError Wifi Invalid Mode",
        "OSError Wifi Not Connected",
        "OSError AP required",
        "ValueError unknown status param",
        "ValueError",
        "ValueError unknown config param",
        "ValueError unknown config param",
        "TypeError can query only one param",
        "TypeError either pos or kw args are allowed",
        "OSError AP required",
        "ValueError invalid arguments",
        "ValueError invalid buffer length",
        "ValueError unexpected key",
        "ValueError",
        "ValueError",
        "OSError Wifi Invalid Mode",
        "OSError Wifi Invalid Password",
        "None",
        "('192.168.4.1', '255.255.255.0', '192.168.4.1', '0.0.0.0')",
        "air",
        r"b'$o(\xaa\xbb\xcd'",
        "[]",
        "False",
        "OSError STA required",
        "mpy-esp32",
        "XX",
    ]


@pytest.mark.parametrize(("edges", "kept"), [(3, (3, 1)), (20, (8, 0))])
def test_scan_blocks(start, edges, kept):
    # esp_wifi_scan_start(block): no callback runs meanwhile, and what the schedule queue of eight
    # cannot hold is lost.
    board = start(
        WLAN,
        """
        from machine import Pin, Timer
        n = m = 0
        busy = True
        def f(p):
            global n
            n += 1
        def g(t):
            global m
            m += 1
        Pin(4, Pin.IN).irq(f, Pin.IRQ_RISING)
        w.active(True)
        Timer(0).init(mode=Timer.ONE_SHOT, period=20, callback=g)
        r = w.scan()
        time.sleep_ms(20)
        print(r, n, m, Pin(4)())
    """,
    )
    board.networks = None
    board.expect_line("scan")
    board.control(*["pin 4 0", "pin 4 1"] * edges)
    while board.pump(0.1):
        pass
    board.control("scan 4e6574 aabbccddeeff 6 -40 3 0", "scan - 010203040506 11 -90 0 1")
    board.control("scan-end")
    first = r"(b'Net', b'\xaa\xbb\xcc\xdd\xee\xff', 6, -40, 3, False)"
    second = r"(b'', b'\x01\x02\x03\x04\x05\x06', 11, -90, 0, False)"
    assert lines(board) == [f"[{first}, {second}] {kept[0]} {kept[1]} 1"]


def test_no_scan_and_no_settings_while_connecting(start):
    # "STA is connecting, scan are not allowed", "sta is connecting, cannot set config" (seen in
    # IDF's log).
    board = start(
        WLAN,
        """
        w.active(True)
        w.connect('a', 'b')
        time.sleep_ms(50)
        print(w.scan())
        t(w.connect, 'c', 'd')
        w.disconnect()
        t(w.connect, 'c', 'd')
    """,
        wlan="wlan 1001 0 0 - - - -",
    )
    assert lines(board) == ["[]", "OSError Wifi Internal State Error", "None"]
    assert "scan" not in board.lines


def test_station_survives_a_soft_reset(start):
    board = start(
        WLAN + "print(w.active(), w.isconnected(), w.ifconfig()[0])\n", wlan=JOINED + " 1"
    )
    assert lines(board) == [f"True True {HERE}"]


def test_static_address(start):
    # ifconfig(tuple) stops DHCP: the station has its address as soon as it is associated.
    board = start(
        WLAN,
        """
        w.active(True)
        w.ifconfig(('10.0.0.5', 24, '10.0.0.1', '10.0.0.2'))
        print(w.isconnected(), w.ifconfig())
        w.connect('a')
        print('on')
        while not w.isconnected():
            time.sleep_ms(5)
        print(w.status(), w.ipconfig('dhcp4'))
        w.ifconfig('dhcp')
        print(w.isconnected(), w.ipconfig('dhcp4'))
        w.ipconfig(addr4='10.1.0.5/20', gw4='10.1.0.1')
        print(w.ifconfig())
    """,
    )
    board.expect("False ('10.0.0.5', '255.255.255.0', '10.0.0.1', '10.0.0.2')\r\non")
    board.control("wlan 1001 1 -40 - - - -")
    assert lines(board)[1:] == [
        "1010 False",
        "False True",
        "('10.1.0.5', '255.255.240.0', '10.1.0.1', '0.0.0.0')",
    ]
