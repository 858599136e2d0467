# A UDP client as a stream (UDPC).
import socket

from .udp import Datagrams


def _everybody(ip, netmask):
    # True for the address of a group or of all hosts: then anybody may answer.
    host = [int(part) for part in ip.split(".")]
    mask = [int(part) for part in netmask.split(".")]
    return 224 <= host[0] < 240 or all(h | m == 255 for h, m in zip(host, mask))


class UdpStream(Datagrams):
    kind = b"UDPC"

    def __init__(self, info, ip, port, local_port, netmask):
        """`ip` and `netmask` are dotted text. From one host only its own datagrams are taken; from
        a broadcast or group address those of anybody. Raises OSError, MemoryError.
        """
        self._info = info
        self._local = local_port
        self._address = (ip, port)
        self._all = _everybody(ip, netmask)
        super().__init__()

    def describe(self):
        return self._info

    def bind(self, sock):
        sock.bind(("0.0.0.0", self._local))
        if self._all:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        else:
            sock.connect(self._address)

    def put(self, data):
        return self.sock.sendto(data, self._address) if self._all else self.sock.write(data)
