"""`Module`: an Airwire module behind a serial port, or over HTTP, for programs.

with Module("/dev/ttyUSB0") as module:
    module.set("wlan.ssid", "workshop")
    module.set("wlan.passkey", "correct horse")
    with module.tcp_client("example.com", 80) as stream:
        stream.write(b"HEAD / HTTP/1.0\\r\\n\\r\\n")
        print(stream.read())
"""

import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from airwire.client import port as ports
from airwire.client import rest
from airwire.client.bridge import BridgeCommands
from airwire.client.commands import COMMAND_SECONDS
from airwire.client.errors import ClientError
from airwire.client.files import FileCommands
from airwire.client.hosts import HostCommands
from airwire.client.http import HttpCommands
from airwire.client.identities import IdentityCommands
from airwire.client.link import ATTACH_SECONDS, Link
from airwire.client.network import NetworkCommands
from airwire.client.notifications import Notification, Notifications
from airwire.client.pins import PinCommands
from airwire.client.rest import RestLink
from airwire.client.servers import ServerCommands
from airwire.client.stream import FLOW_WRITE_SIZE, WRITE_SIZE


class Module(
    BridgeCommands,
    NetworkCommands,
    ServerCommands,
    HostCommands,
    HttpCommands,
    IdentityCommands,
    FileCommands,
    PinCommands,
):
    """A module, in machine mode from here on. A context manager; any thread may use it.

    One command is on its way at a time; threads take turns. The serial port is taken for this
    program alone.
    """

    def __init__(
        self,
        port: str | ports.Transport,
        baud: int = 115_200,
        rtscts: bool = False,
        timeout: float = COMMAND_SECONDS,
        *,
        attach_timeout: float = ATTACH_SECONDS,
        on_notification: Callable[[Notification], None] | None = None,
        restore: bool = False,
        write_size: int | None = None,
        break_sequence: bytes | None = None,
        tls: ssl.SSLContext | None = None,
        ca_file: str | Path | None = None,
    ) -> None:
        """Open the port and bring the module into machine mode, whatever it was doing.

        port: a name such as /dev/ttyUSB0, `board:NAME/uart1` for a virtual board, an object that
        can read and write (airwire.client.port.Transport), or the URL of a module whose HTTP
        server is on: `http://[user:password@]host[:port]`, or https. rtscts: the module's RTS and
        CTS are wired and switched on. timeout: seconds that a command may take, where it has no
        limit of its own. attach_timeout: seconds for the first contact. on_notification: called
        with each message of the module instead of queueing it (see Notifications). restore: on
        close, return to human mode if the module was in it. write_size: how many bytes of a
        stream are sent in one piece; the default fits into the UART's buffer (256 is for the USB
        port). break_sequence: of a module that may be in stream mode (b"$$$"); it takes three
        seconds of silence more. ca_file: for an https URL, a file of PEM certificates by which the
        module's is believed; the system's authorities if not given. tls: a context in its place.

        Raises PortError for a port that cannot be used; Timeout and LostFrame if no module
        answers there.
        """
        notifications = Notifications(on_notification)
        link: Link | RestLink
        if isinstance(port, str) and port.startswith(rest.SCHEMES):
            link, most = RestLink(port, notifications, tls, ca_file), rest.WRITE_SIZE
        else:
            if isinstance(port, str):
                name, transport = port, ports.open_serial(port, baud, rtscts)
            else:
                name, transport = getattr(port, "name", None) or "the module", port
            link, most = Link(transport, name, notifications), WRITE_SIZE
            if rtscts:
                most = FLOW_WRITE_SIZE
        link.sequence = break_sequence
        super().__init__(link, timeout, most if write_size is None else write_size)
        self._restore = restore
        try:
            self.attach(attach_timeout)
        except BaseException:
            link.close()
            raise

    def __repr__(self) -> str:
        return f"<Module at {self._link.name}{', closed' if self._link.closed else ''}>"

    def __enter__(self) -> "Module":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def attach(self, timeout: float = ATTACH_SECONDS) -> None:
        """Find the module again: machine mode, nothing outstanding.

        Commands do this by themselves after a Timeout or a LostFrame. Raises as __init__ does.
        """
        with self.exclusive():
            self._link.attach(timeout)

    def close(self) -> None:
        """Close the port. Streams stay open in the module; what was changed stays changed."""
        with self.exclusive():
            if self._link.closed:
                return
            try:
                if self._restore and not self._link.was_machine:
                    self._to_human_mode()
            finally:
                self._link.close()

    def _to_human_mode(self) -> None:
        # The answer comes without a header already. Whatever happens, the port is to be closed.
        with contextlib.suppress(ClientError):
            self.command("set", "system.cmd.mode", "human")
