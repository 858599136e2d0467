# network.WLAN after ports/esp32/network_wlan.c and network_common.c: same checks, same errors,
# same numbers. The station's fate and the soft-AP's are decided in the supervisor (the air), which
# reports them. Nobody can join the soft-AP in the plain mode, where all boards share the host's
# loopback. Static addresses are kept and shown, traffic still uses the board's own 127.0.0.N. In
# LAN mode the supervisor gives them to the board's real interfaces.

from binascii import hexlify

import _board
import _softap
from micropython import const

STA_IF = 0
AP_IF = 1
MODE_11B = 1
MODE_11G = 2
MODE_11N = 4
MODE_LR = 8
AUTH_OPEN = 0
AUTH_WEP = 1
AUTH_WPA_PSK = 2
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4
AUTH_WPA2_ENTERPRISE = 5
AUTH_WPA3_PSK = 6
AUTH_WPA2_WPA3_PSK = 7
AUTH_WAPI_PSK = 8
AUTH_OWE = 9
AUTH_WPA3_ENT_192 = 10
AUTH_MAX = 16
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_BEACON_TIMEOUT = 200
STAT_ASSOC_FAIL = 203
STAT_CONNECT_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204
STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY = 210
STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD = 211
STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD = 212

_HOSTNAME_MAX = const(32)
_SSID_MAX = const(32)
_KEY_MAX = const(64)
_ZERO = "0.0.0.0"

_hostname = "mpy-esp32"
_country = "XX"
_dns = None  # set by ipconfig(dns=)
_found = None  # list of networks while a scan runs
_scanning = False


def hostname(name=None):
    global _hostname
    if name is None:
        return _hostname
    if len(name) > _HOSTNAME_MAX:
        raise ValueError
    _hostname = name


def country(code=None):
    global _country
    if code is None:
        return _country
    if len(code) != 2:
        raise ValueError
    _country = code


def phy_mode(mode=None):
    pass


def ipconfig(*args, **kw):
    global _dns
    if kw:
        if args:
            raise TypeError("can't specify pos and kw args")
        for key in kw:
            if key != "dns":
                raise ValueError("unexpected key")
            _dns = kw[key]
    elif len(args) != 1:
        raise TypeError("must query one param")
    elif args[0] != "dns":
        raise ValueError("unexpected key")
    else:
        return _dns or WLAN(STA_IF).ifconfig()[3]


def dns_server():
    """The address that names are asked of, or None: for the socket module."""
    server = ipconfig("dns") if _board.station[1] == b"1" else _ZERO
    return None if server == _ZERO else server


def _hex(data):
    return hexlify(data) if data else b"-"


def _bytes(text):
    return text.encode() if isinstance(text, str) else bytes(text)


def _on_network(fields):
    if _found is not None:
        ssid = b"" if fields[1] == b"-" else bytes.fromhex(str(fields[1], "ascii"))
        bssid = bytes.fromhex(str(fields[2], "ascii"))
        _found.append((ssid, bssid, int(fields[3]), int(fields[4]), int(fields[5]), False))


def _on_scan_end(fields):
    global _scanning
    _scanning = False


class WLAN:
    IF_STA = 0
    IF_AP = 1
    SEC_OPEN = 0
    SEC_WEP = 1
    SEC_WPA = 2
    SEC_WPA2 = 3
    SEC_WPA_WPA2 = 4
    SEC_WPA2_ENT = 5
    SEC_WPA3 = 6
    SEC_WPA2_WPA3 = 7
    SEC_WAPI = 8
    SEC_OWE = 9
    SEC_WPA3_ENT_192 = 10
    SEC_WPA3_EXT_PSK = 11
    SEC_WPA3_EXT_PSK_MIXED_MODE = 12
    SEC_DPP = 13
    SEC_WPA3_ENT = 14
    SEC_WPA2_WPA3_ENT = 15
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    def __new__(cls, interface=IF_STA):
        if interface not in (0, 1):
            raise ValueError("invalid WLAN interface identifier")
        return _interfaces[interface]

    def __init__(self, interface=IF_STA):
        pass

    def _require(self, ap):
        if ap is not None and ap != self._ap:
            raise OSError("AP required" if ap else "STA required")

    def active(self, on=None):
        if on is None:
            return self._active
        on = bool(on)
        if on == self._active:
            return on
        self._active = on
        if self._ap:
            _softap.switch(on)
            return on
        _board.send(b"wlan-active %d\n" % on)
        if not on:
            _connecting(False)
        return on

    def connect(self, ssid=None, key=None, *, bssid=None):
        station = _interfaces[0]
        if bssid is not None and len(bssid) != 6:
            raise ValueError
        _started()
        if ssid is not None or key is not None or bssid is not None:
            if not station._active:
                raise OSError("Wifi Invalid Mode")
            if _trying():  # "sta is connecting, cannot set config"
                raise OSError("Wifi Internal State Error")
            station._target = [
                _bytes(ssid or b"")[:_SSID_MAX],
                _bytes(key or b"")[:_KEY_MAX],
                _bytes(bssid or b""),
            ]
        elif _trying():
            raise OSError("Wifi Internal Error")
        if not station._active:
            raise OSError("Wifi Invalid Mode")
        _connecting(True)
        words = [_hex(part) for part in station._target] + [_hex(_hostname.encode())]
        _board.send(b"wlan-connect %s %s %s %s\n" % tuple(words))

    def disconnect(self):
        _started()
        _connecting(False)
        _board.send(b"wlan-disconnect\n")

    def isconnected(self):
        _board.serve()
        if self._ap:
            return len(_softap.stations()) > 0
        return _has_address()

    def status(self, what=None):
        _board.serve()
        if what is None:
            if self._ap:
                return None
            return STAT_GOT_IP if _has_address() else int(_board.station[0])
        if what == "stations":
            self._require(True)
            return _softap.stations()
        if what == "rssi":
            self._require(False)
            if _board.station[1] != b"1":
                raise OSError("Wifi Not Connected")
            return int(_board.station[2])
        raise ValueError("unknown status param")

    def scan(self):
        global _found, _scanning
        if not _interfaces[0]._active:
            raise OSError("STA must be active")
        if _trying():  # "STA is connecting, scan are not allowed"
            return []
        _found = found = []
        _scanning = True
        _board.takers[b"scan"] = _on_network
        _board.takers[b"scan-end"] = _on_scan_end
        _board.hold(True)  # esp_wifi_scan_start() blocks: interrupts are queued, no callback runs
        try:
            _board.send(b"scan\n")
            while _scanning:
                _board.listen()
        finally:
            _found = None
            _board.hold(False)
        return found

    def config(self, *args, **kw):
        if args and kw:
            raise TypeError("either pos or kw args are allowed")
        if kw:
            return self._set(kw)
        if len(args) != 1:
            raise TypeError("can query only one param")
        name = _ALIASES.get(args[0], args[0])
        if name == "mac":
            return self._mac
        if name == "hostname":
            self._require(False)
            return _hostname
        if name == "ssid":
            return str(self._target[0] if not self._ap else self._config["ssid"], "utf-8")
        if name not in self._config and name not in _ONLY:
            raise ValueError("unknown config param")
        self._require(_ONLY.get(name))
        if name == "channel" and _board.station[1] == b"1":  # one radio, one channel
            return _board.config["wlan_channel"]
        if self._ap and name == "channel" and self._active:
            return _softap.channel()
        return self._config[name]

    def _set(self, kw):
        before = dict(self._config) if self._ap else None
        try:
            self._change(kw)
            if not self._active:  # esp_wifi_set_config() comes last
                raise OSError("Wifi Invalid Mode")
            if self._ap:
                _softap.configure(self._config)
        except Exception as e:
            if before and not isinstance(e, ValueError):
                self._config = before
            raise e

    def _change(self, kw):
        for name, value in kw.items():
            name = _ALIASES.get(name, name)
            only = _ONLY.get(name)
            if name == "mac":
                if len(value) != 6:
                    raise ValueError("invalid buffer length")
                self._mac = bytes(value)
            elif name == "hostname":
                hostname(value)
            elif name == "ssid":
                self._require(True)
                self._config[name] = _bytes(value)[:_SSID_MAX]
            elif name == "key":
                self._require(True)
                key = _bytes(value)
                if 0 < len(key) < 8:
                    raise OSError("Wifi Invalid Password")
                self._config[name] = key[: _KEY_MAX - 1]
            elif name == "ifname" or (name not in self._config and only is None):
                raise ValueError("unknown config param")
            else:
                self._require(only)
                self._config[name] = bool(value) if name == "hidden" else value
                if name == "reconnects":
                    _board.send(b"wlan-reconnects %d\n" % value)

    def ifconfig(self, config=None):
        _board.serve()
        if config is None:
            if self._ap:
                return _softap.addresses()
            if self._static:
                return self._static
            return tuple(
                [_ZERO if part == b"-" else str(part, "ascii") for part in _board.station[3:7]]
            )
        if isinstance(config, (tuple, list)):
            if len(config) != 4:
                raise ValueError("requested length 4 but object has length %d" % len(config))
            ip, mask, gateway, dns = config
            if isinstance(mask, int):
                mask = _mask(mask)
            self._fix(tuple([_address(part) for part in (ip, mask, gateway, dns)]))
        elif self._ap or config != "dhcp":
            raise ValueError("invalid arguments")
        else:
            self._fix(None)

    def _fix(self, addresses):
        # In LAN mode the interface really has them.
        if self._ap:
            _softap.move(addresses)
            return
        self._static = addresses
        if _board.config["ip"] == _ZERO:
            _board.send(b"wlan-address %s\n" % " ".join(addresses or ("-",)).encode())

    def ipconfig(self, *args, **kw):
        if not kw:
            if len(args) != 1:
                raise TypeError("must query one param")
            ip, mask, gateway, _ = self.ifconfig()
            if args[0] == "addr4":
                return (ip, mask)
            if args[0] == "gw4":
                return gateway
            if args[0] == "dhcp4" and not self._ap:
                return self._static is None
            raise ValueError("unexpected key")
        if args:
            raise TypeError("can't specify pos and kw args")
        ip, mask, gateway, dns = self.ifconfig()
        touched = False
        for key, value in kw.items():
            if key == "dhcp4" and not self._ap:
                if value:
                    self._fix(None)
                else:
                    touched = True
            elif key == "addr4":
                touched = True
                if isinstance(value, str):
                    ip, _, bits = value.partition("/")
                    mask = _mask(int(bits)) if bits else mask
                else:
                    ip, mask = value
            elif key == "gw4":
                touched = True
                gateway = value
            else:
                raise ValueError("unexpected key")
        if touched:
            self._fix(tuple([_address(part) for part in (ip, mask, gateway, dns)]))


_ALIASES = {
    "essid": "ssid",
    "authmode": "security",
    "password": "key",
    "dhcp_hostname": "hostname",
}
# Who has it: True the soft-AP, False the station.
_ONLY = {"hidden": True, "security": True, "max_clients": True, "reconnects": False}


def _address(text):
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
        raise ValueError("invalid arguments")
    return text


def _mask(bits):
    return ".".join([str(255 & ~(255 >> max(0, min(8, bits - at)))) for at in (0, 8, 16, 24)])


def _started():
    if not (_interfaces[0]._active or _interfaces[1]._active):
        raise OSError("Wifi Not Started")


def _connecting(on):
    _board.config["requested"] = on


def _trying():
    # True while the driver is in an attempt to connect. With automatic reconnects for ever it
    # always is, unless it is associated: each failure starts the next attempt.
    _board.serve()
    if not _board.config.get("requested") or _board.station[1] == b"1":
        return False
    return _interfaces[0]._config["reconnects"] == -1 or int(_board.station[0]) == STAT_CONNECTING


def _has_address():
    return _board.station[3] != b"-" or (
        _board.station[1] == b"1" and _interfaces[0]._static is not None
    )


def _make(ap):
    self = object.__new__(WLAN)
    mac = bytes.fromhex(_board.config["mac"])
    self._ap = ap
    self._mac = mac[:5] + bytes([mac[5] + ap & 255])
    self._static = None
    self._target = [b"", b"", b""]
    channel = _board.config.get("wlan_channel", 1)
    self._config = {"channel": channel, "txpower": 20.0, "protocol": 7, "pm": 1}
    if ap:
        self._active = _board.softap[0] == b"1"  # Wi-Fi stays as it was over a soft reset
        ssid = b"ESP_" + mac[3:].hex().upper().encode()
        self._config.update(
            {"ssid": ssid, "hidden": False, "security": 0, "key": b"", "max_clients": 4}
        )
        self._config["ifname"] = "ap1"
    else:
        self._active = bool(_board.config.get("active"))
        _connecting(self._active and _board.station[0] != b"1000")
        self._config.update({"reconnects": -1, "ifname": "st1", "max_clients": 0})
    return self


_interfaces = (_make(False), _make(True))
