"""The commands of the network: scanning, joining, connections."""

from airwire.client import replies
from airwire.client.commands import Word
from airwire.client.replies import Network
from airwire.client.stream import Stream
from airwire.client.streams import StreamCommands

# A scan holds the module for two to three seconds.
SCAN_SECONDS = 15.0

# A join makes three attempts of 10 s each and waits 10 s for an address, by the module's defaults.
JOIN_SECONDS = 60.0


class NetworkCommands(StreamCommands):
    """What a module does in the network."""

    def scan(self, timeout: float = SCAN_SECONDS) -> list[Network]:
        """The networks in reach, strongest first. Raises CommandFailed while a join is on."""
        return replies.networks(self.long("wlan_scan", "-v", timeout=timeout))

    def network_up(self, timeout: float = JOIN_SECONDS) -> None:
        """Join the network of wlan.ssid, and wait for an address.

        Raises CommandFailed; get("wlan.join.result") tells why, as does the log.
        """
        self.command("network_up", timeout=timeout)

    def network_down(self) -> None:
        """Leave the network."""
        self.command("network_down")

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
        options: tuple[Word, ...] = () if local_port is None else ("-l", local_port)
        with self.exclusive():
            handle = int(self.command("tcp_client", *options, host, port, timeout=timeout))
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
