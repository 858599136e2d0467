# The soft-AP: the module's own access point, its state and who is in it. How it comes up is in
# softap_start.py; its services (DHCP, DNS) are not its affair.
import time

import network
from micropython import const

# States, as the indicator shows them.
DOWN = const(0)
FAILED = const(1)
LONELY = const(2)  # up, without a client
USED = const(3)


class SoftAp:
    def __init__(self, settings):
        self.get = settings.get  # value of a variable by its full name
        self.wlan = network.WLAN(network.WLAN.IF_AP)
        self.state = DOWN
        self.ssid = b""
        self.secure = False
        self._seen = {}  # MAC address -> ticks_ms when the client was last in it

    def stop(self):
        """Off the air."""
        if self.wlan.active():
            self.wlan.active(False)
        self._seen.clear()
        self.state = DOWN

    def look(self, joined, left):
        """Find out who is in it; `joined` and `left` are called with the MAC addresses of those
        who came, and of those who have been away for longer than softap.idle_timeout.
        """
        now = time.ticks_ms()
        for station in self.wlan.status("stations"):
            mac = bytes(station[0])
            if mac not in self._seen:
                joined(mac)
            self._seen[mac] = now
        limit = self.get(b"softap.idle_timeout") * 1000
        for mac in list(self._seen):
            if limit and time.ticks_diff(now, self._seen[mac]) > limit:
                del self._seen[mac]
                left(mac)
        self.state = USED if self._seen else LONELY

    def clients(self):
        """The MAC addresses of its clients."""
        return sorted(self._seen)
