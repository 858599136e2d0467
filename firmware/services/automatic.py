# What starts with the network, where its variable says so. It is asked each time that an interface
# comes up; from then on a service runs, whatever becomes of its variable, until the network is
# lost.
from firmware import forget
from firmware.store import variables

# Service, its file, its variable.
_ROWS = (
    ("tcp server", "tcp_server", b"tcp.server.auto_start"),
    ("udp server", "udp_server", b"udp.server.auto_start"),
    ("tcp client", "tcp_client", b"tcp.client.auto_start"),
    ("udp client", "udp_client", b"udp.client.auto_start"),
)


def start(device):
    """Start those that do not run."""
    for name, file, variable in _ROWS:
        if variables.values.get(variable) and name not in device.services:
            device.switch(name, variable, file)
    forget(__name__)
