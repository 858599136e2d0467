"""What a module asks of others in the network, and tells them: names, echoes, services, emails;
and what others have told it: registers.
"""

from airwire.client import replies
from airwire.client.network import JOIN_SECONDS
from airwire.client.replies import Service, text
from airwire.client.streams import StreamCommands

# A mail server may take half a minute for each answer, and two for the last; there are six or so.
MAIL_SECONDS = 300.0

# What the module takes; more is refused, and the text would run as commands.
MAX_EMAIL = 8192


class HostCommands(StreamCommands):
    """Each brings the network up first if need be, and raises CommandFailed where it cannot."""

    def network_lookup(self, host: str, timeout: float = JOIN_SECONDS) -> str:
        """The address of a host. Raises CommandFailed; the log tells why."""
        return text(self.command("network_lookup", host, timeout=timeout))

    def ping(self, host: str | None = None, timeout: float = JOIN_SECONDS) -> int:
        """The milliseconds until a host, or the gateway, has answered an echo request.

        Raises CommandFailed when none of three is answered, a second each.
        """
        word = "-g" if host is None else host
        return replies.ping(self.command("ping", word, timeout=timeout))

    def mdns_discover(
        self, type: str | None = None, timeout: float = JOIN_SECONDS
    ) -> list[Service]:
        """The services in the network that are announced by mDNS: all, or those of one type
        (`http`, `_ntp._udp`). Takes two seconds, or one. Raises InvalidArgument for what is no
        type.
        """
        words = () if type is None else (type,)
        return replies.services(self.long("mdns_discover", *words, timeout=timeout))

    def wwep_list(self) -> list[tuple[int, int, int]]:
        """The registers of the module's WWEP server: (device, register, value). Raises
        CommandFailed where it does not run.
        """
        return replies.registers(self.long("wwep_list"))

    def smtp_send(
        self, to: str | list[str], subject: str, body: str | bytes, timeout: float = MAIL_SECONDS
    ) -> None:
        """Send an email from email.name_address through the server of email.smtp.host.

        to: one address or several, each as `anna@example.com` or `Anna <anna@example.com>`. body:
        at most 8,192 bytes, text as UTF-8. Raises CommandFailed with the words of the server;
        InvalidArgument for what is no address, BoundsError for more than eight; ValueError for a
        longer body.
        """
        data = body.encode() if isinstance(body, str) else bytes(body)
        if len(data) > MAX_EMAIL:
            raise ValueError(f"an email of {len(data)} bytes; the module sends {MAX_EMAIL}")
        people = to if isinstance(to, str) else ", ".join(to)
        self.command("smtp_send", people, subject, len(data), data=data or None, timeout=timeout)
