# stream.*: what was lost.
import sys


def get(leaf, session):
    udp = sys.modules.get("firmware.net.udp")  # imported with the first UDP stream
    return udp.overruns if udp else 0
