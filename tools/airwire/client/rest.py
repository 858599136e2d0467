"""The other door of a module: commands over HTTP, by its REST API.

A RestLink stands in the place of a Link. What a serial port alone can do is refused here: changing
the line, stream mode.
"""

import base64
import binascii
import http.client
import json
import select
import ssl
import threading
import time
import urllib.parse
from pathlib import Path
from typing import NoReturn

from airwire.client.errors import ClientError, LostFrame, PortError, Timeout
from airwire.client.frames import Reply
from airwire.client.link import ATTACH_SECONDS
from airwire.client.notifications import Notifications

SCHEMES = ("http://", "https://")

# A request has room for 2560 bytes beside command and base64, but a module whose memory lies in
# small pieces may have no place for so many. A datagram, of 1472, is one piece.
WRITE_SIZE = 1536
_MAX_BODY = 4096

# All of command, response and data are base64: any bytes go both ways.
_FLAGS = 1 | 2 | 4

# From here on a connection may be ended by the module, whatever it has been sent.
_IDLE_SECONDS = 10.0

# Between two questions to a module that starts, or for its log.
_PAUSE = 0.1

# A module that starts is asked so often; one that hangs must not take all of the time.
_BOOT_TRY = 2.0

_LINE_END = b"\r\n"


class RestLink:
    """A conversation with a module over HTTP. Every method may be called by any thread.

    The attributes are those of Link. Each command has a session of its own in the module, always
    in machine mode.
    """

    def __init__(
        self,
        url: str,
        notifications: Notifications,
        tls: ssl.SSLContext | None = None,
        ca_file: str | Path | None = None,
    ) -> None:
        """`url`: http://[user:password@]host[:port], or https, with a context for TLS or a file of
        certificates to trust. Raises PortError for a URL or a file of no use. Nothing is sent.
        """
        parts, host, port = _parts(url)
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.notifications = notifications
        self.safe_mode = False
        self.was_machine: bool | None = True
        self.sequence: bytes | None = None
        self.lock = threading.RLock()
        if parts.scheme == "https":
            self._http: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, context=tls or _context(ca_file)
            )
        else:
            self._http = http.client.HTTPConnection(host, port)
        self._fields = {"Content-Type": "application/json"}
        if parts.username is not None:
            words = (urllib.parse.unquote(x or "") for x in (parts.username, parts.password))
            token = base64.b64encode(":".join(words).encode()).decode()
            self._fields["Authorization"] = f"Basic {token}"
        self._closed = False
        self._used = 0.0

    def close(self) -> None:
        """End the connection. Nothing is sent."""
        with self.lock:
            self._closed = True
            self._http.close()

    @property
    def closed(self) -> bool:
        return self._closed

    def exchange(
        self, line: bytes, data: bytes | None, timeout: float, shown: str, last: bool = False
    ) -> Reply:
        """As that of Link. Raises Timeout, LostFrame, PortError; ClientError for data that do not
        fit into a request.
        """
        message = {"flags": _FLAGS, "command": _encoded(line), "data": _encoded(data or b"")}
        body = json.dumps(message, separators=(",", ":")).encode()
        if len(body) > _MAX_BODY:
            raise ClientError(f"{shown}: too long for a request, of {_MAX_BODY} bytes at most")
        with self.lock:
            status, answer = self._ask("POST", "/command", body, timeout, shown)
        if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
            return Reply(1, b"Out of memory")
        self._check(status, answer, shown)
        try:
            found = json.loads(answer)
            payload = base64.b64decode(found["response"], validate=True)
            return Reply(int(found["code"]), payload.removesuffix(_LINE_END))
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise LostFrame(f"{shown}: what came is no answer of a module", answer) from None

    def attach(self, timeout: float = ATTACH_SECONDS, booting: bool = False) -> None:
        """Find the module. `booting`: it has just been told to restart, or sleeps.

        Raises Timeout, LostFrame, PortError.
        """
        deadline = time.monotonic() + timeout
        while True:
            left = max(deadline - time.monotonic(), _PAUSE)
            patience = min(left, _BOOT_TRY) if booting else left
            try:
                self.exchange(b"version", None, patience, "version")
                return
            except (Timeout, LostFrame, _Unreachable):
                if not booting:
                    raise
                if time.monotonic() >= deadline:
                    raise Timeout(
                        f"{self.name} does not answer within {timeout:g} s; has it saved its"
                        " network, and http.server.enabled?"
                    ) from None
            time.sleep(_PAUSE)

    def check_bridge(self) -> NoReturn:
        """Raises PortError: stream mode is a serial port's."""
        raise PortError(f"{self.name} is no serial port; stream mode needs one")

    def bridge(self) -> NoReturn:
        """Raises PortError: stream mode is a serial port's."""
        self.check_bridge()

    def check_session(self) -> NoReturn:
        """Raises PortError: a session ends with its command."""
        raise PortError(f"{self.name} is no serial port; long answers come whole")

    def check_line(self) -> NoReturn:
        """Raises PortError: there is no line."""
        raise PortError(f"{self.name} is no serial port; say here=False")

    def change_line(self, baud: int, rtscts: bool) -> NoReturn:
        """Raises PortError: there is no line."""
        self.check_line()

    def hush(self, seconds: float) -> None:
        """Send nothing for so long, and end the connection."""
        with self.lock:
            self._http.close()
            time.sleep(seconds)

    def listen(self) -> None:
        """Ask for the log, whose lines the module then forgets."""
        with self.lock:
            status, answer = self._ask("GET", "/log", None, ATTACH_SECONDS, "log")
        self._check(status, answer, "log")
        try:
            lines = [line.encode(errors="surrogateescape") for line in json.loads(answer)["logs"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise LostFrame("log: what came is no log of a module", answer) from None
        for line in lines:
            self.notifications.log(line)
        if not lines:
            time.sleep(_PAUSE)

    def _ask(
        self, method: str, path: str, body: bytes | None, timeout: float, shown: str
    ) -> tuple[int, bytes]:
        # (status, body) of a request. One that was sent is never sent again.
        if self._closed:
            raise PortError(f"{self.name} is closed")
        self._freshen()
        try:
            self._connect(timeout)
            self._http.request(method, path, body, self._fields)
            answer = self._http.getresponse()
            found = answer.status, answer.read()
        except TimeoutError:
            self._http.close()
            raise Timeout(f"{shown}: no reply within {timeout:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            raise LostFrame(f"{shown}: the connection has ended ({error})", b"") from None
        self._used = time.monotonic()
        return found

    def _freshen(self) -> None:
        # The module may have ended a connection that was idle: that is seen before it is used.
        sock = self._http.sock
        if sock is not None:
            late = time.monotonic() - self._used > _IDLE_SECONDS
            if late or select.select([sock], [], [], 0)[0]:
                self._http.close()

    def _connect(self, timeout: float) -> None:
        self._http.timeout = timeout
        if self._http.sock is not None:
            self._http.sock.settimeout(timeout)
            return
        try:
            self._http.connect()
        except TimeoutError:
            raise
        except ssl.SSLCertVerificationError as error:
            raise PortError(
                f"{self.name}: its certificate is not believed: {error.verify_message}"
            ) from None
        except OSError as error:
            raise _Unreachable(
                f"{self.name}: {error}; is http.server.enabled on, and this its address?"
            ) from None

    def _check(self, status: int, answer: bytes, shown: str) -> None:
        if status == http.HTTPStatus.OK:
            return
        text = answer.decode(errors="replace").strip() or str(status)
        if status in (401, 403, 404, 429):
            raise PortError(f"{self.name}: {text}")
        raise LostFrame(f"{shown}: {text} (status {status})", answer)


class _Unreachable(PortError):
    """Nobody answers there."""


def _parts(url: str) -> tuple[urllib.parse.SplitResult, str, int | None]:
    # A URL's parts, its host and its port. A password in it is not in the message.
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # as the search for its address does
        http.client.HTTPConnection(host, port)
    except (ValueError, http.client.InvalidURL):
        host = ""
    if not host or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise PortError("the URL of a module is http://[user:password@]host[:port]")
    return parts, host, port


def _context(ca_file: str | Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise PortError(f"{ca_file} has no certificates to trust: {error}") from None


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
