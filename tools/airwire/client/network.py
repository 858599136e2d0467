"""The commands of the network: scanning, joining, the own access point, connections."""

import hashlib

from airwire.client import replies
from airwire.client.commands import Word
from airwire.client.replies import Network, SoftApClient
from airwire.client.stream import Stream
from airwire.client.streams import StreamCommands

# A scan holds the module for two to three seconds.
SCAN_SECONDS = 15.0

# A join makes three attempts of 10 s each and waits 10 s for an address, by the module's defaults.
JOIN_SECONDS = 60.0


# What network_verify calls the kinds of security that a scan shows, by number.
_SECURITY = ("Open", "WEP", "WPA-AES", "WPA-TKIP", "WPA2-AES", "WPA2-Mixed", "WPA2-TKIP")
_WEP = 1
_ANY_BSSID = "00:00:00:00:00:00"

# A key as the radio has it, in hexadecimal digits: what 802.11i makes of a password.
_KEY_DIGITS = 64
_KEY_ROUNDS = 4096


def _key(ssid: bytes, passkey: str) -> str:
    if len(passkey) == _KEY_DIGITS:
        return passkey
    return hashlib.pbkdf2_hmac("sha1", passkey.encode(), ssid, _KEY_ROUNDS, _KEY_DIGITS // 2).hex()


class NetworkCommands(StreamCommands):
    """What a module does in the network."""

    def scan(self, timeout: float = SCAN_SECONDS) -> list[Network]:
        """The networks in reach, strongest first. Raises CommandFailed while a join is on."""
        return replies.networks(self.long("wlan_scan", "-v", timeout=timeout))

    def network_up(self, interface: str = "default", *, timeout: float = JOIN_SECONDS) -> None:
        """Join the network of wlan.ssid, and wait for an address; or bring the module's own access
        point up, which is the interface `softap`.

        interface: `wlan`, `softap`, or that of network.default_interface. Raises CommandFailed;
        get("wlan.join.result") tells why, as does the log.
        """
        self.command("network_up", "-i", interface, timeout=timeout)

    def network_down(self, interface: str = "default") -> None:
        """Leave the network, or take the own access point down."""
        self.command("network_down", "-i", interface)

    def network_restart(
        self, interface: str = "default", *, timeout: float = JOIN_SECONDS
    ) -> None:
        """network_down() and network_up(), so that changed variables count."""
        self.command("network_restart", "-i", interface, timeout=timeout)

    def network_verify(
        self,
        ssid: str | bytes,
        passkey: str = "",
        *,
        bssid: str = _ANY_BSSID,
        channel: int = 0,
        security: str | None = None,
        timeout: float = JOIN_SECONDS,
    ) -> None:
        """Join a network once, to see whether its password is right, and go back to where the
        module was. Its connections end; no variable is changed.

        passkey: 8 to 63 characters, or 64 hex digits. bssid: of the only access point that is
        meant. security: as Network.security; `WPA2-AES` unless told, without a passkey `Open`.

        Raises CommandFailed when it cannot be joined; the log tells why. ValueError for a security
        that cannot be verified.
        """
        name = ssid.encode() if isinstance(ssid, str) else ssid
        if security is None:
            security = "WPA2-AES" if passkey else "Open"
        if security not in _SECURITY:
            raise ValueError(f"{security!r} is none of {', '.join(_SECURITY)}")
        number = _SECURITY.index(security)
        words: list[Word] = ["wifi", name, bssid, channel, number]
        if number:
            words.append(passkey if number == _WEP else _key(name, passkey))
        self.command("network_verify", *words, timeout=timeout)

    def softap_clients(self) -> list[SoftApClient]:
        """Who is in the module's own access point, and who has an address there and is away."""
        return replies.softap_clients(self.long("get", "softap.client_list"))

    def tcp_client(
        self,
        host: str,
        port: int,
        local_port: int | None = None,
        *,
        timeout: float = JOIN_SECONDS,
        read_timeout: float | None = None,
    ) -> Stream:
        """Open a TCP connection, joining the network first if need be; a file-like Stream.

        `timeout` is for the opening; `read_timeout` is that of the stream, in seconds, and None
        waits for ever. Raises CommandFailed when the connection cannot be opened or all streams
        are in use.
        """
        return self._connect("tcp_client", host, port, local_port, (), timeout, read_timeout)

    def tls_client(
        self,
        host: str,
        port: int,
        local_port: int | None = None,
        *,
        ca_cert: str | None = None,
        timeout: float = JOIN_SECONDS,
        read_timeout: float | None = None,
    ) -> Stream:
        """Open a TLS connection: as tcp_client(), with the server's certificate verified.

        ca_cert: what it is verified against, instead of network.tls.ca_cert. Raises CommandFailed
        where the handshake fails too; the module's messages of print level 2 say why.
        """
        more: tuple[Word, ...] = () if ca_cert is None else (ca_cert,)
        return self._connect("tls_client", host, port, local_port, more, timeout, read_timeout)

    def _connect(
        self,
        command: str,
        host: str,
        port: int,
        local_port: int | None,
        more: tuple[Word, ...],
        timeout: float,
        read_timeout: float | None,
    ) -> Stream:
        options: tuple[Word, ...] = () if local_port is None else ("-l", local_port)
        with self.exclusive():
            handle = int(self.command(command, *options, host, port, *more, timeout=timeout))
            return self._adopt(handle, f"{host}:{port}", read_timeout)

    def udp_client(
        self,
        host: str,
        port: int,
        local_port: int | None = None,
        *,
        timeout: float = JOIN_SECONDS,
        read_timeout: float | None = None,
    ) -> Stream:
        """Open a UDP stream, joining the network first if need be.

        Each write is one datagram, of 1 to 1,472 bytes (BoundsError above); a read gives bytes of
        one datagram, and has no end. Otherwise as tcp_client().
        """
        options: tuple[Word, ...] = () if local_port is None else (local_port,)
        with self.exclusive():
            handle = int(self.command("udp_client", host, port, *options, timeout=timeout))
            return self._adopt(handle, f"{host}:{port}", read_timeout)

    def rssi(self) -> int:
        """The signal of the access point in dBm. Raises CommandFailed while there is none."""
        return int(self.command("wlan_get_rssi"))
