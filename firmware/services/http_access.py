# Who may do what over HTTP: the rules of wire/http_access.py, on what the variables say now. In
# RAM while there are connections; what is asked now and then, by which names the module is called
# and what is in http_whitelist.csv, is loaded for as long as that takes.
from time import ticks_ms

from firmware import forget
from firmware.console import log
from firmware.store import variables
from wire.http_access import WRONG, Access

# All are empty where nobody has set them.
_VARIABLES = (
    b"http.server.username",
    b"http.server.password",
    b"http.server.cors_origin",
    b"http.server.auth_title",
)


class HttpAccess:
    """`rows`: who has sent wrong passwords; a list, empty at first, that outlives this."""

    def __init__(self, device, rows):
        self._device = device
        self._access = Access(self._is_ours, self._is_listed, rows)
        self._values = [b""] * len(_VARIABLES)
        self._host = None  # what the module was called last, on the link as it came up then
        self._ups = 0

    def decide(self, request, peer, endpoint=None, command=b"", unprotected=False):
        """See Access.decide(); `peer` is the address that the request comes from."""
        self._follow()
        decision = self._access.decide(
            request, peer, ticks_ms() // 1000, endpoint, command.strip(), unprotected
        )
        if decision[0] == 401 and decision[2] == WRONG:
            log.line(log.STATUS, b"HTTP server: wrong password from " + peer)
        return decision

    def _follow(self):
        # Take over the variables if they have changed; nothing is allocated where they have not.
        get = variables.values.get
        values = self._values
        changed = False
        for i in range(len(values)):
            value = get(_VARIABLES[i], b"")
            if value is not values[i] and value != values[i]:
                values[i] = value
                changed = True
        if changed and not self._access.configure(*values):
            log.line(log.STATUS, b"http.server.cors_origin: not an origin")

    def _is_ours(self, host):
        ups = self._device.station.ups
        if host == self._host and ups == self._ups:
            return True
        from . import http_names

        forget("firmware.services.http_names")
        if not http_names.is_ours(self._device, host):
            return False
        self._host = host
        self._ups = ups
        return True

    def _is_listed(self, endpoint, command):
        from . import http_listed

        forget("firmware.services.http_listed")
        return http_listed.is_listed(endpoint, command)
