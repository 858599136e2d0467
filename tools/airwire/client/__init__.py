"""The host-side library: drives a module over a serial port in machine mode, or over HTTP.

`Module` has the commands as methods, `Stream` is a connection as a file. The layers below can be
used alone: `frames` (bytes to events, no port) and `link` (one command, one reply).
"""

from airwire.client.bridge import Bridge
from airwire.client.errors import (
    BoundsError,
    BufferOverflow,
    ClientError,
    CommandError,
    CommandFailed,
    InvalidArgument,
    LostFrame,
    ParseError,
    PortError,
    Timeout,
    TooFewArguments,
    TooManyArguments,
    UnknownCommand,
    UnknownOption,
)
from airwire.client.module import Module
from airwire.client.notifications import Notification, Notifications
from airwire.client.replies import (
    Certificate,
    Fault,
    FileInfo,
    Network,
    PartResult,
    Service,
    SoftApClient,
    StreamInfo,
    UnexpectedReply,
    Version,
)
from airwire.client.servers import TcpServer
from airwire.client.stream import State, Stream

__all__ = [
    "BoundsError",
    "Bridge",
    "BufferOverflow",
    "Certificate",
    "ClientError",
    "CommandError",
    "CommandFailed",
    "Fault",
    "FileInfo",
    "InvalidArgument",
    "LostFrame",
    "Module",
    "Network",
    "Notification",
    "Notifications",
    "ParseError",
    "PortError",
    "Service",
    "SoftApClient",
    "State",
    "Stream",
    "StreamInfo",
    "TcpServer",
    "PartResult",
    "Timeout",
    "TooFewArguments",
    "TooManyArguments",
    "UnexpectedReply",
    "UnknownCommand",
    "UnknownOption",
    "Version",
]
