# The soft-AP: brings the module's own access point up and down, and knows who is in it. Its
# services (DHCP, DNS) are not its affair.
import binascii
import time

import machine
import network
from micropython import const

# States, as the indicator shows them.
DOWN = const(0)
FAILED = const(1)
LONELY = const(2)  # up, without a client
USED = const(3)

_OPEN = const(0)
_WPA2 = const(3)
_MASK = "255.255.255.0"
_NO_ADDRESS = "0.0.0.0"
_PROTOCOLS = {b"auto": 7, b"b": 1, b"bg": 3, b"bgn": 7}


def name(template):
    """The SSID that a template means: each # is a digit of the MAC address, which ends where they
    end.
    """
    digits = binascii.hexlify(machine.unique_id()).upper()
    left = template.count(b"#")
    ssid = bytearray(template)
    for i in range(len(ssid)):
        if ssid[i] == 35:
            ssid[i] = digits[-1 - (left - 1) % len(digits)]
            left -= 1
    return bytes(ssid)


class SoftAp:
    def __init__(self, settings):
        self._get = settings.get  # value of a variable by its full name
        self.wlan = network.WLAN(network.WLAN.IF_AP)
        self.state = DOWN
        self.ssid = b""
        self.secure = False
        self._seen = {}  # MAC address -> ticks_ms when the client was last in it

    def address(self):
        """Its own address, dotted bytes."""
        return self._get(b"softap.static.ip")

    def interface(self):
        """What a socket is bound to that serves it alone."""
        return self.wlan.config("ifname")

    def start(self, passkey):
        """On the air, without the DHCP server that the driver has. Raises OSError, RuntimeError,
        and is down then.
        """
        self.stop()
        wlan = self.wlan
        self.ssid = name(self._get(b"softap.ssid"))
        self.secure = bool(passkey)
        # The driver takes settings only while it is on the air: for a moment it has its own.
        try:
            wlan.active(True)
            settings = {"security": _WPA2 if passkey else _OPEN}
            if passkey:
                settings["key"] = passkey
            channel = self._get(b"softap.channel")
            if channel:
                settings["channel"] = channel
            wlan.config(
                ssid=self.ssid,
                max_clients=self._get(b"softap.max_clients"),
                protocol=_PROTOCOLS[self._get(b"softap.rate.protocol")],
                **settings,
            )
            self._move(_NO_ADDRESS)
        except:
            self.stop()
            self.state = FAILED
            raise
        self.state = LONELY

    def serve(self):
        """Have the driver's DHCP server serve, if it gets its port."""
        self._move(self.address().decode())

    def _move(self, dns):
        # The driver's DHCP server is stopped, and started again with the name server set: without
        # one the driver raises in between, and it stays stopped.
        own = self.address().decode()
        try:
            self.wlan.ifconfig((own, _MASK, own, dns))
        except RuntimeError:
            if dns != _NO_ADDRESS:
                raise

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
        limit = self._get(b"softap.idle_timeout") * 1000
        for mac in list(self._seen):
            if limit and time.ticks_diff(now, self._seen[mac]) > limit:
                del self._seen[mac]
                left(mac)
        self.state = USED if self._seen else LONELY

    def clients(self):
        """The MAC addresses of its clients."""
        return sorted(self._seen)

    def built_in(self):
        """MAC address -> address (str), of what the driver's DHCP server gave, where the driver
        tells.
        """
        rows = self.wlan.status("stations") if self.state > FAILED else ()
        return {bytes(row[0]): row[1] for row in rows if len(row) > 1 and row[1]}
