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
        self._host = None  # what the module was called last, and what has not changed since
        self._since = None

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
        for i in range(len(values)):
            if get(_VARIABLES[i], b"") != values[i]:
                break
        else:
            return
        values = [get(name, b"") for name in _VARIABLES]
        understood = self._access.configure(*values)
        self._values = values  # not before: memory may run out
        if not understood:
            log.line(log.STATUS, b"http.server.cors_origin: not an origin")

    def _is_ours(self, host):
        since = self._device.station.ups, variables.values.get(b"http.server.hosts")
        if host == self._host and since == self._since:
            return True
        if not self._spare("http_names").is_ours(self._device, host):
            return False
        self._host = host
        self._since = since
        return True

    def _is_listed(self, endpoint, command):
        return self._spare("http_listed").is_listed(endpoint, command)

    def _spare(self, name):
        # Command files make room for it; it is in RAM while it is asked.
        module = self._device.service(name)
        forget("firmware.services." + name)
        return module
