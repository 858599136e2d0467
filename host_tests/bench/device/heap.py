# The firmware as main.py starts it, with the host UART's session in machine mode and one more
# command, `bench`, which tells the live heap, the modules that are loaded and those that a start
# has let go, the services that run, the open sockets, whether NTP has asked for the time, and how
# often the flash was read.
import gc
import json
import socket
import sys

import _board

import firmware

let_go = []
_forget = firmware.forget


def forget(name):
    if name in sys.modules and name not in let_go:
        let_go.append(name)
    _forget(name)


firmware.forget = forget  # before anybody takes it

from firmware import device  # noqa: E402
from firmware.console import registry, session  # noqa: E402


class Session(session.Session):
    def __init__(self, port, name, parts):
        super().__init__(port, name, parts)
        if name == "uart1":
            self.preset(True)  # so that the line below loads no editor, as nobody has typed yet


def _free_sockets():
    found = []
    try:
        while True:
            found.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    except OSError:  # the stack has no more
        return found


def bench(session, args):
    device = session.device
    reads = _board.flash.reads
    gc.collect()
    told = {"heap": gc.mem_alloc(), "modules": list(sys.modules), "let_go": let_go}
    told["services"] = list(device.services)
    told["sockets"] = 10 - len(_free_sockets())
    told["reads"] = reads
    told["asked"] = device.ntp_state is not None
    return json.dumps(told).encode()


session.Session = Session
registry.known[b"bench"] = (bench, 0, 0)
device.run()
