"""The configuration of a board: a TOML file, or nothing at all, becomes checked values. No I/O but
reading that file.

`airwire board up --config F` takes such a file; every key may be left out. Errors name the key in
one line.
"""

import hashlib
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from airwire.errors import UserError

# Authentication modes as MicroPython's SEC_* numbers (esp_wifi's wifi_auth_mode_t).
SECURITY = {"open": 0, "wep": 1, "wpa": 2, "wpa2": 3, "wpa_wpa2": 4, "wpa3": 6, "wpa2_wpa3": 7}

# The radio's own field sizes: an SSID has 32 bytes, a WPA pass phrase 8 to 63 characters or 64
# hexadecimal digits.
MAX_SSID = 32
MIN_KEY, MAX_KEY = 8, 64

# A scan answers in one line per network; esp_wifi itself keeps 32 or so records by default.
MAX_ACCESS_POINTS = 32
# Each name is one A record of a table searched by hand; more than this belongs into a real name
# server.
MAX_NAMES = 64

# Addresses of boards are 127.0.0.N, of their access points 127.0.1.N. 0, 1 and 255 have a meaning,
# and some hosts run their own resolver on 127.0.0.53 and .54.
ADDRESSES = tuple(n for n in range(2, 255) if n not in (53, 54))

# Where ports below 1024 go when the host keeps them for root: HTTP on 8080.
SHIFTED = 8000

ARCHITECTURES = ("amd64", "i386")

EXAMPLE = """\
# Configuration of a virtual board. Every key may be left out; the values shown are the defaults.

[board]
# address = 7            # 127.0.0.7; default: the first that is free
# mac = "246f28aabb07"   # default: from the address
arch = "amd64"           # or "i386": the ESP32's object sizes
heap = "400K"            # of MicroPython
port_shift = "auto"      # 0, 8000, or auto: 8000 where the host keeps ports below 1024 for root

[air]                    # times in milliseconds
scan_ms = 1500           # a scan blocks that long
no_ap_ms = 300           # until "no access point found" (a chip takes about 2400)
assoc_ms = 80            # until associated
auth_fail_ms = 300       # until a wrong password is noticed
dhcp_ms = 40             # from there to an address
beacon_timeout_ms = 1000 # until a lost access point is noticed (a chip takes about 6000)

# Giving one [[air.access_point]] or more replaces the built-in list, which is airwire-open,
# airwire-wpa2, airwire-hidden, airwire-weak and airwire-gone (`airwire board ap` shows it).
[[air.access_point]]
ssid = "workshop"
security = "wpa2"        # open, wep, wpa, wpa2, wpa_wpa2, wpa3, wpa2_wpa3
password = "correct horse"
channel = 6
rssi = -52
# bssid = "02a1b2c3d4e5" # default: from the SSID
hidden = false
present = true           # false: out of range, until `airwire board ap workshop present=true`
dhcp = true
dns = true
lossy_joins = 0          # the first n joins fail with status 203
names = { "wwep.ww101.cypress.com" = "127.0.0.1" }   # served by its DNS; host.airwire always is
"""

DEFAULT_NAMES = {"wwep.ww101.cypress.com": "127.0.0.1"}


@dataclass
class AccessPoint:
    """One network of the air. `names` maps host names (lower case) to IPv4 addresses."""

    ssid: str
    security: str = "open"
    password: str = ""
    channel: int = 6
    rssi: int = -52
    bssid: str = ""
    hidden: bool = False
    present: bool = True
    dhcp: bool = True
    dns: bool = True
    lossy_joins: int = 0
    names: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_NAMES))

    def __post_init__(self) -> None:
        if not self.bssid:
            # The second bit of the first byte marks an address that no manufacturer owns.
            self.bssid = "02" + hashlib.sha256(self.ssid.encode()).hexdigest()[:10]


@dataclass
class Air:
    """The radio's surroundings: times in milliseconds, and the networks in range."""

    scan_ms: int = 1500
    no_ap_ms: int = 300
    assoc_ms: int = 80
    auth_fail_ms: int = 300
    dhcp_ms: int = 40
    beacon_timeout_ms: int = 1000
    access_points: list[AccessPoint] = field(default_factory=list)


@dataclass
class BoardConfig:
    """A board as its supervisor needs it. `command` replaces interpreter and shims (a test's
    stand-in).
    """

    address: int | None = None
    mac: str | None = None
    arch: str = "amd64"
    heap: str = "400K"
    port_shift: int | str = "auto"
    command: list[str] | None = None
    air: Air = field(default_factory=lambda: Air(access_points=default_access_points()))

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` takes back, for the way to the supervisor as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "BoardConfig":
        """The reverse of `to_dict`; the values have been checked before."""
        values = dict(values)
        air = dict(values.pop("air"))
        points = [AccessPoint(**point) for point in air.pop("access_points")]
        return cls(**values, air=Air(**air, access_points=points))


def default_access_points() -> list[AccessPoint]:
    """The built-in air: one network of each kind that a station meets."""
    secured = {"security": "wpa2", "password": "correct horse"}
    return [
        AccessPoint("airwire-open", channel=1, rssi=-48),
        AccessPoint("airwire-wpa2", channel=6, rssi=-52, **secured),
        AccessPoint("airwire-hidden", channel=11, rssi=-60, hidden=True, **secured),
        AccessPoint("airwire-weak", channel=11, rssi=-88, **secured),
        AccessPoint("airwire-gone", channel=3, rssi=-66, present=False, **secured),
    ]


def load(path: Path | None) -> BoardConfig:
    """Read a configuration file; None gives the defaults. Raises UserError naming file and key."""
    if path is None:
        return BoardConfig()
    try:
        values = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not TOML: {error}") from None
    try:
        return parse(values)
    except UserError as error:
        raise UserError(f"{path}: {error.message}") from None


def parse(values: dict[str, Any]) -> BoardConfig:
    """Check the tables of a configuration file. Raises UserError naming the key."""
    _known(values, ("board", "air"), "")
    board = _table(values, "board")
    air = dict(_table(values, "air"))
    points = air.pop("access_point", None)
    _known(board, [f.name for f in fields(BoardConfig) if f.name != "air"], "board.")
    config = BoardConfig(air=_air(air))
    for key, value in board.items():
        setattr(config, key, _BOARD_CHECKS[key](f"board.{key}", value))
    if points is not None:
        if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
            raise UserError("air.access_point: write [[air.access_point]], one per network")
        if len(points) > MAX_ACCESS_POINTS:
            raise UserError(
                f"air.access_point: {len(points)} networks, {MAX_ACCESS_POINTS} at most"
            )
        config.air.access_points = [_access_point(point) for point in points]
        names = [point.ssid for point in config.air.access_points]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"air.access_point: SSID {name!r} is given twice")
    return config


def change(point: AccessPoint, changes: dict[str, Any]) -> None:
    """Apply changes such as {"present": False} to an access point, all or none. Raises
    UserError.
    """
    known = [f.name for f in fields(AccessPoint) if f.name != "ssid"]
    _known(changes, known, "")
    checked = {key: _POINT_CHECKS[key](key, value) for key, value in changes.items()}
    for key, value in checked.items():
        setattr(point, key, value)


def parse_change(key: str, text: str) -> Any:
    """The value of `key=text` as a person types it: true, -70, or names as
    host=1.2.3.4,host=1.2.3.4.
    """
    if key == "names":
        pairs = [pair.partition("=") for pair in text.split(",") if pair]
        return {name: address for name, _, address in pairs}
    kinds = {f.name: f.type for f in fields(AccessPoint)}
    if kinds.get(key) is bool:
        words = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}
        if text.lower() not in words:
            raise UserError(f"{key}: {text!r} is neither true nor false")
        return words[text.lower()]
    if kinds.get(key) is int:
        try:
            return int(text)
        except ValueError:
            raise UserError(f"{key}: {text!r} is not a number") from None
    return text


def _air(values: dict[str, Any]) -> Air:
    _known(
        values,
        [f.name for f in fields(Air) if f.name != "access_points"] + ["access_point"],
        "air.",
    )
    checked = {key: _integer(0, 60_000)(f"air.{key}", value) for key, value in values.items()}
    return Air(**checked, access_points=default_access_points())


def _access_point(values: dict[str, Any]) -> AccessPoint:
    where = "air.access_point: "
    ssid = values.get("ssid")
    if not isinstance(ssid, str) or not 1 <= len(ssid.encode()) <= MAX_SSID:
        raise UserError(f"{where}ssid: a string of 1 to {MAX_SSID} bytes is needed")
    point = AccessPoint(ssid)
    try:
        change(point, {key: value for key, value in values.items() if key != "ssid"})
        if point.security != "open" and not point.password:
            raise UserError(f"password: {point.security} needs one")
        if point.security == "open" and point.password:
            raise UserError("password: an open network has none; set security")
    except UserError as error:
        raise UserError(f"air.access_point {ssid!r}: {error.message}") from None
    return point


def _table(values: dict[str, Any], key: str) -> dict[str, Any]:
    table = values.get(key, {})
    if not isinstance(table, dict):
        raise UserError(f"{key}: must be a table, [{key}]")
    return table


def _known(values: dict[str, Any], known: Any, prefix: str) -> None:
    for key in values:
        if key not in known:
            raise UserError(f"{prefix}{key}: no such key (known: {', '.join(known)})")


# Checks: (key, value) -> value, or UserError that starts with the key.


def _integer(low: int, high: int) -> Callable[[str, Any], int]:
    def check(key: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise UserError(f"{key}: {value!r} is not a number from {low} to {high}")
        return value

    return check


def _boolean(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UserError(f"{key}: {value!r} is neither true nor false")
    return value


def _one_of(choices: Any) -> Callable[[str, Any], Any]:
    def check(key: str, value: Any) -> Any:
        if value not in choices or isinstance(value, bool):
            raise UserError(f"{key}: {value!r} is none of {', '.join(map(str, choices))}")
        return value

    return check


def _mac(key: str, value: Any) -> str:
    text = value.replace(":", "").lower() if isinstance(value, str) else ""
    if len(text) != 12 or any(digit not in "0123456789abcdef" for digit in text):
        raise UserError(f"{key}: {value!r} is not 12 hexadecimal digits")
    return text


def heap_size(key: str, value: Any) -> str:
    """Check a heap size as MicroPython's -X heapsize= takes it: digits, then K or M or nothing."""
    text = value if isinstance(value, str) else ""
    if not text.rstrip("KkMm").isdigit() or len(text) - len(text.rstrip("KkMm")) > 1:
        raise UserError(f"{key}: {value!r} is not a size such as 160K")
    if text.isdigit() and int(text) < 1024:
        raise UserError(f"{key}: {text} bytes are too small a heap; {text}K?")
    return text


def _address(key: str, value: Any) -> int:
    if value not in ADDRESSES or isinstance(value, bool):
        raise UserError(
            f"{key}: {value!r} is not a number from 2 to 254 (53 and 54 are the host's)"
        )
    return value


def _password(key: str, value: Any) -> str:
    if not isinstance(value, str) or (value and not MIN_KEY <= len(value.encode()) <= MAX_KEY):
        raise UserError(f"{key}: a string of {MIN_KEY} to {MAX_KEY} bytes is needed")
    return value


def _command(key: str, value: Any) -> list[str]:
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(word, str) for word in value)
    ):
        raise UserError(f"{key}: a list of strings is needed")
    return value


def _names(key: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > MAX_NAMES:
        raise UserError(f"{key}: a table of at most {MAX_NAMES} names is needed")
    names = {}
    for name, address in value.items():
        if (
            not name
            or len(name) > 253
            or any(not 1 <= len(part) <= 63 for part in name.split("."))
        ):
            raise UserError(f"{key}: {name!r} is not a host name")
        parts = address.split(".") if isinstance(address, str) else []
        if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
            raise UserError(f"{key}: {name}: {address!r} is not an IPv4 address")
        names[name.lower()] = address
    return names


_BOARD_CHECKS = {
    "address": _address,
    "mac": _mac,
    "arch": _one_of(ARCHITECTURES),
    "heap": heap_size,
    "port_shift": _one_of(("auto", 0, SHIFTED)),
    "command": _command,
}

_POINT_CHECKS = {
    "security": _one_of(tuple(SECURITY)),
    "password": _password,
    "channel": _integer(1, 14),
    "rssi": _integer(-127, 0),
    "bssid": _mac,
    "hidden": _boolean,
    "present": _boolean,
    "dhcp": _boolean,
    "dns": _boolean,
    "lossy_joins": _integer(0, 1000),
    "names": _names,
}
