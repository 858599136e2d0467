# The services that variables switch on and off: which there are, and when each of them starts.
# Imported when one of the variables changes, or an interface comes up; nothing of it stays in RAM.
import sys

from micropython import const

from firmware import forget
from firmware.console import registry
from firmware.store import variables

# A question for the time takes 12 KB for a moment, and what make_room() has dropped for it comes
# back: as much again for four clients of the HTTP server.
_CLOCK_ROOM = const(32_768)
_PUT_OFF_S = const(15)
_MOST_PUT_OFF = const(40)  # ten minutes

# Service, its file here (with create(device)), the variable that switches it, further variables
# whose change starts it again. These run from the start on.
_FROM_START = (
    (
        "wwep",
        "wwep",
        b"wwep.enabled",
        (b"wwep.button_gpio", b"wwep.led_gpio", b"wwep.secure.button_gpio"),
    ),
    ("wwep server", "wwep_server", b"wwep.server.enabled", ()),
    (
        "http server",
        "http_server",
        b"http.server.enabled",
        (b"http.server.connected_gpio",),
    ),
    ("ioconn", "ioconn", b"ioconn.enabled", ()),
    (
        "mdns",
        "mdns",
        b"mdns.enabled",
        (b"mdns.interface", b"mdns.name", b"mdns.service", b"mdns.ttl"),
    ),
    (
        "remote terminal",
        "remote_terminal",
        b"remote_terminal.enabled",
        (b"remote_terminal.connected_gpio",),
    ),
)
# What needs a network takes no memory before there is one.
_WITH_NETWORK = (("beacon", "beacon", b"broadcast.interval", (b"broadcast.interface",)),)
# Runs for one question now and then: see ntp.py.
_CLOCK = (
    "ntp",
    "ntp",
    b"ntp.enabled",
    (b"ntp.interface", b"ntp.interval", b"ntp.server"),
)
# These start when an interface comes up; from then on they run, whatever becomes of the variable,
# until the network is lost.
_AUTOMATIC = (
    ("tcp server", "tcp_server", b"tcp.server.auto_start"),
    ("udp server", "udp_server", b"udp.server.auto_start"),
    ("tcp client", "tcp_client", b"tcp.client.auto_start"),
    ("udp client", "udp_client", b"udp.client.auto_start"),
)
# What the first of them is over TLS.
_SECURED = ("tls server", "tls_server", b"tcp.server.auto_start")


def start(device):
    """Start what runs from the start of the device on."""
    for row in _FROM_START:
        _switch(device, row)
    forget(__name__)


def network_up(device):
    """Start what starts with the network, and does not run."""
    for row in _WITH_NETWORK + _AUTOMATIC:
        if row is _AUTOMATIC[0] and variables.get(b"tcp.server.tls_enabled"):
            row = _SECURED
        module = sys.modules.get("firmware.services." + row[1])
        # A server by command that has brought the network up is about to serve.
        if row[0] not in device.services and not getattr(module, "running", None):
            _switch(device, row)
    forget(__name__)


def changed(device, variable):
    """Follow a variable that has changed."""
    for row in _FROM_START + _WITH_NETWORK + (_CLOCK,):
        if variable == row[2] or variable in row[3]:
            _switch(device, row)
    forget(__name__)


def ask_time(device):
    """Ask for the time now, where that is wanted. After a failure a question that would leave
    others short of memory is put off, but not for ever: a clock may be all that TLS waits for.
    """
    failed = device.ntp_state and device.ntp_state[3]
    if failed and device.ntp_put_off < _MOST_PUT_OFF and not registry.room(_CLOCK_ROOM):
        device.ntp_put_off += 1
        device.ntp_due = device.uptime() + _PUT_OFF_S
    else:
        device.ntp_put_off = 0
        _switch(device, _CLOCK)
    forget(__name__)


def _switch(device, row):
    if variables.get(row[2]):
        device.start(row[0], row[1])
    else:
        device.stop(row[0])
