# Who may do what over HTTP: the rules of wire/http_access.py, on what the variables say now. In
# RAM while there are connections; what is asked now and then, by which names the module is called
# and what is in http_whitelist.csv, is loaded for as long as that takes.
from time import ticks_ms

from firmware import forget
from firmware.console import log
from firmware.store import variables
from wire.http_access import WRONG, Access


class HttpAccess:
    """`rows`: who has sent wrong passwords; a list, empty at first, that outlives this. `secure`:
    on a server with TLS.
    """

    def __init__(self, device, rows, secure):
        self._device = device
        self._secure = secure
        self._access = Access(self._is_ours, self._is_listed, rows)
        # What the variables said last.
        self._username = self._password = self._cors = self._title = None
        # What the module was called last, and what has not changed since.
        self._host = self._ups = self._hosts = None

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
        username = get(b"http.server.username", b"")
        password = get(b"http.server.password", b"")
        cors = get(b"http.server.cors_origin", b"")
        title = get(b"http.server.auth_title", b"")
        if username == self._username and password == self._password:
            if cors == self._cors and title == self._title:
                return
        understood = self._access.configure(username, password, cors, title, self._secure)
        self._username = username  # not before: memory may run out
        self._password = password
        self._cors = cors
        self._title = title
        if not understood:
            log.line(log.STATUS, b"http.server.cors_origin: not an origin")

    def _is_ours(self, host):
        ups = self._device.station.ups
        hosts = variables.values.get(b"http.server.hosts")
        if host == self._host and ups == self._ups and hosts == self._hosts:
            return True
        if not self._spare("http_names").is_ours(self._device, host):
            return False
        self._host = host
        self._ups = ups
        self._hosts = hosts
        return True

    def _is_listed(self, endpoint, command):
        return self._spare("http_listed").is_listed(endpoint, command)

    def _spare(self, name):
        # Command files make room for it; it is in RAM while it is asked.
        module = self._device.service(name)
        forget("firmware.services." + name)
        return module
