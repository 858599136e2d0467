"""What the module's answers say: their text taken apart into values. Nothing is sent here.

Texts are str with surrogate escapes where the bytes are no UTF-8, so that a value that was read
can be set again unchanged.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from airwire.wire import cmdline


def text(payload: bytes) -> str:
    """A payload as text."""
    return payload.decode(errors="surrogateescape")


@dataclass(frozen=True)
class Version:
    """The banner: `WiConnect-2.2.0.12, Built:2015-04-08 20:12:21 for AMW004.3, Board:AMW004`."""

    name: str
    version: str
    built: str
    chip: str
    board: str


@dataclass(frozen=True)
class Network:
    """A network in reach. rssi in dBm, rate in Mbit/s; a hidden one has an empty ssid.

    security: `Open`, `WEP`, `WPA-TKIP`, `WPA2-AES`, `WPA2-Mixed` and so on.
    """

    ssid: bytes
    bssid: str
    channel: int
    rssi: int
    rate: str
    security: str

    @property
    def name(self) -> str:
        """The SSID for a person; bytes that are not text are shown as replacement characters."""
        return self.ssid.decode(errors="replace")


@dataclass(frozen=True)
class StreamInfo:
    """A row of the table of streams: type `TCPC`, `FILE` ...; info: what it is connected to."""

    handle: int
    type: str
    info: str


@dataclass(frozen=True)
class FileInfo:
    """A file of the module. type: what it holds, FE unless told; flags: see the properties.

    crc: CRC-16 of its content, None where it comes from a listing.
    """

    name: str
    size: int
    version: str
    type: int
    flags: int
    crc: int | None = None

    @property
    def essential(self) -> bool:
        """Made with `-e`."""
        return bool(self.flags & 0x0040)

    @property
    def public(self) -> bool:
        """Made with `-u`: the web server gives it to everybody."""
        return bool(self.flags & 0x0080)


@dataclass(frozen=True)
class Fault:
    """An entry of the fault log. uptime: seconds since that start of the module."""

    uptime: int
    where: str
    trace: str


@dataclass(frozen=True)
class Service:
    """A service in the network. type: `_http._tcp`; name: for a person; texts: what else is said
    of it, `key=value` mostly. address and host are None where nobody has told them.
    """

    type: str
    name: str
    address: str | None
    port: int
    host: str | None
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Certificate:
    """A row of `cert_list`: a certificate, trusted certificates, or a key, which is never shown.

    kind: `cert`, `ca` or `key`. place: `dct`, `file` ... reference: what variables call it.
    expires is None for a key. subject: whose it is; of a key which kind.
    """

    kind: str
    place: str
    reference: str
    subject: str
    expires: datetime | None


@dataclass(frozen=True)
class PartResult:
    """A row of `selftest`: what became of a part of the module.

    part: `flash`, `uart`, `12-14` ... result: `pass`, `fail` or `skip`. figure: a number in `unit`
    (`KB`, `ms` ..., None where it has none) whose meaning `text` tells; of what failed or was left
    out, `text` is the reason.
    """

    part: str
    result: str
    figure: int | None
    unit: str | None
    text: str


@dataclass(frozen=True)
class SoftApClient:
    """A client of the module's own access point. address: None while it has none. present: False
    for one that is away, and whose address is kept for it.
    """

    mac: str
    address: str | None
    present: bool


class UnexpectedReply(ValueError):
    """A successful answer that does not look as it must: other firmware, or a bug in one of us."""

    def __init__(self, command: str, payload: bytes) -> None:
        super().__init__(f"unexpected answer to {command}: {payload[:200]!r}")


_BANNER = re.compile(r"(\S+)-(\S+), *Built:(.*) for (\S+), *Board:(.*)")
_NETWORK = re.compile(rb"# *(\d+) +(\d+) +(-?\d+) +([0-9A-F:]{17}) +(\S+) +(\S+) +(\S+) +(\d+) ")
_STREAM = re.compile(r"# +(\d+) (\S+) *(.*)")
_FAULT_HEAD = re.compile(r"(?:^|\r\n)# \d+ (\d+) s, ([^\r\n]*)(?:\r\n|$)")
_VALUE_HEAD = re.compile(r"(?:^|\r\n)([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+(?: [a-z0-9]+)?): ")
_FILE = re.compile(r"# +\d+ e-([0-9A-F]{2}) +([0-9A-F]{4}) +\d+ +(\d+) +(\S+)  (.*)")
_REGISTER = re.compile(rb"# +\d+ ([0-9A-F]{4}) +([0-9A-F]{2}) +([0-9A-F]{4})")
_PING = re.compile(rb"Ping reply in (\d+)ms")
_SERVICE = re.compile(rb"# +\d+ (.*)")
_WORD = re.compile(rb'"(?:\\.|[^"\\])*"|[^ ]+')
_CLIENT = re.compile(rb"([#-]) *\d+ ([0-9A-F:]{17}) ([0-9.]+)")
_CERTIFICATE = re.compile(
    rb'# +\d+ (cert|ca|key) +(\S+) +(-|[0-9TZ:-]+) +("(?:\\.|[^"\\])*"|[^ ]+)  (.*)'
)
_PART = re.compile(r"# +\d+ (\S+) +(pass|fail|skip) +(-|-?\d+) (\S+) +(.*)")
_USAGE = re.compile(r"# +(\d+) (.*)")


def version(payload: bytes) -> Version:
    """The answer to `version`."""
    match = _BANNER.fullmatch(text(payload))
    if match is None:
        raise UnexpectedReply("version", payload)
    return Version(*match.groups())


def networks(payload: bytes) -> list[Network]:
    """The answer to `wlan_scan -v`: an SSID may hold anything, so its length counts."""
    found = []
    position = payload.find(b"\r\n#") + 2
    while 2 <= position < len(payload):
        row = _NETWORK.match(payload, position)
        if row is None:
            raise UnexpectedReply("wlan_scan", payload)
        end = row.end() + int(row[8])
        _, channel, rssi, bssid, rate, security, _, _ = row.groups()
        found.append(
            Network(
                ssid=payload[row.end() : end],
                bssid=bssid.decode(),
                channel=int(channel),
                rssi=int(rssi),
                rate=rate.decode(),
                security=security.decode(),
            )
        )
        position = end + 2
    return found


def streams(payload: bytes) -> list[StreamInfo]:
    """The answer to `stream_list`."""
    rows = []
    for line in text(payload).split("\r\n")[1:]:
        match = _STREAM.fullmatch(line)
        if match is None:
            raise UnexpectedReply("stream_list", payload)
        rows.append(StreamInfo(int(match[1]), match[2], match[3]))
    return rows


def registers(payload: bytes) -> list[tuple[int, int, int]]:
    """The answer to `wwep_list`: (device, register, value)."""
    rows = []
    for line in payload.split(b"\r\n")[2:]:
        match = _REGISTER.fullmatch(line)
        if match is None:
            raise UnexpectedReply("wwep_list", payload)
        rows.append((int(match[1], 16), int(match[2], 16), int(match[3], 16)))
    return rows


def ping(payload: bytes) -> int:
    """The answer to `ping`, milliseconds."""
    match = _PING.fullmatch(payload)
    if match is None:
        raise UnexpectedReply("ping", payload)
    return int(match[1])


def services(payload: bytes) -> list[Service]:
    """The answer to `mdns_discover`: each word as on a command line, but of any number."""
    found = []
    for line in payload.split(b"\r\n")[2:]:
        row = _SERVICE.fullmatch(line)
        try:
            words = [_word(word) for word in _WORD.findall(row[1] if row else b"")]
            kind, place, host, name, *texts = words
            address, _, port = place.rpartition(":")
            found.append(
                Service(kind, name, _known(address), int(port), _known(host), tuple(texts))
            )
        except ValueError:
            raise UnexpectedReply("mdns_discover", payload) from None
    return found


def certificates(payload: bytes) -> list[Certificate]:
    """The answer to `cert_list`."""
    found = []
    for line in payload.split(b"\r\n")[1:]:
        row = _CERTIFICATE.fullmatch(line)
        if row is None:
            raise UnexpectedReply("cert_list", payload)
        kind, place, end, reference, subject = row.groups()
        expires = None if end == b"-" else datetime.fromisoformat(end.decode())
        found.append(
            Certificate(kind.decode(), place.decode(), _word(reference), text(subject), expires)
        )
    return found


def selftest(payload: bytes) -> list[PartResult]:
    """The answer to `selftest`, also where a part has failed."""
    found = []
    for line in text(payload).split("\r\n")[2:]:
        row = _PART.fullmatch(line)
        if row is None:
            raise UnexpectedReply("selftest", payload)
        part, result, figure, unit, words = row.groups()
        number = None if figure == "-" else int(figure)
        found.append(PartResult(part, result, number, None if unit == "-" else unit, words))
    return found


def softap_clients(payload: bytes) -> list[SoftApClient]:
    """The answer to `get softap.client_list`."""
    found = []
    for line in payload.split(b"\r\n")[1:]:
        row = _CLIENT.fullmatch(line)
        if row is None:
            raise UnexpectedReply("get softap.client_list", payload)
        address = row[3].decode()
        found.append(
            SoftApClient(
                row[2].decode(), None if address == "0.0.0.0" else address, row[1] == b"#"
            )
        )
    return found


def _known(word: str) -> str | None:
    return None if word == "-" else word


def _word(quoted: bytes) -> str:
    [word] = cmdline.split(quoted)
    return text(word)


def faults(payload: bytes) -> list[Fault]:
    """The answer to `faults_print`. Its traces keep their lines, ended by CR LF."""
    pieces = _FAULT_HEAD.split(text(payload).partition("\r\n")[2])
    rows = zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True)
    return [Fault(int(uptime), where, trace) for uptime, where, trace in rows]


def values(payload: bytes) -> dict[str, str]:
    """The answer to `get <group>`: name and value of each variable; one for each index (`uart.baud
    1`) where it has several. Values that would spoil the list come quoted, as on a command line.
    """
    pieces = _VALUE_HEAD.split(text(payload))
    return dict(zip(pieces[1::2], map(_plain, pieces[2::2]), strict=True))


def _plain(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        [word] = cmdline.split(value.encode(errors="surrogateescape"))
    except ValueError:
        return value  # firmware that quotes nothing
    return text(word)


def files(payload: bytes) -> list[FileInfo]:
    """The answer to `ls -v`."""
    rows = []
    for line in text(payload).split("\r\n")[1:]:
        match = _FILE.fullmatch(line)
        if match is None:
            raise UnexpectedReply("ls", payload)
        kind, flags, size, version, name = match.groups()
        rows.append(FileInfo(name, int(size), version, int(kind, 16), int(flags, 16)))
    return rows


def file(payload: bytes) -> FileInfo:
    """The answer to `file_stat`."""
    fields = dict(line.partition(": ")[::2] for line in text(payload).split("\r\n"))
    try:
        return FileInfo(
            fields["name"],
            int(fields["size"]),
            fields["version"],
            int(fields["type"], 16),
            int(fields["flags"], 16),
            int(fields["crc"], 16),
        )
    except (KeyError, ValueError):
        raise UnexpectedReply("file_stat", payload) from None


def usage(payload: bytes) -> dict[int, str]:
    """The answer to `get gpio.usage`: GPIO and what uses it."""
    rows = {}
    for line in text(payload).split("\r\n")[1:]:
        match = _USAGE.fullmatch(line)
        if match is None:
            raise UnexpectedReply("get gpio.usage", payload)
        rows[int(match[1])] = match[2]
    return rows


def commands(payload: bytes) -> dict[str, str]:
    """The answer to `help commands`: the shortcut of each command."""
    rows = [line.split(":") for line in text(payload).split("\r\n")]
    return {row[0].strip(): row[1].strip() for row in rows}


def variables(payload: bytes) -> dict[str, str]:
    """The answer to `help variables`: the access to each variable, `r`, `w` or `rw`."""
    rows = [line.split(" ", 2) for line in text(payload).split("\r\n")]
    return {row[1]: row[0] for row in rows}
