"""A board's soft-AP in a LAN, and guests that join it."""

from host_tests.lan.conftest import until

PASSKEY = "tin snips 42"


class SoftAp:
    """The soft-AP of a board (conftest.Joined)."""

    def __init__(self, lan, joined):
        self.lan, self.joined = lan, joined
        self.console = joined.console
        self.passkey = PASSKEY

    def up(self, **variables):
        """Bring it up with these variables, softap.* (two underscores for a dot)."""
        self.console.ok(f'set softap.passkey "{self.passkey}"')
        for name, value in variables.items():
            self.joined.set("softap." + name.replace("__", "."), value)
        self.console.ok("network_up -i softap")
        return self

    def ssid(self):
        return self.info()["ssid"]

    def info(self):
        lines = self.console.ok("get softap.info").split("\r\n")
        return dict(line.split(": ") for line in lines)

    def clients(self):
        """MAC address -> (mark, IP address) of the rows of the list."""
        head, *rows = self.console.ok("get softap.client_list").split("\r\n")
        assert head == "!  # MAC               IP"
        found = {}
        for number, row in enumerate(rows):
            assert int(row[1:3]) == number and row[3] == row[21] == " "
            found[row[4:21]] = (row[0], row[22:])
        return found

    def guest(self, name="guest"):
        """A client without an address, in this soft-AP; its MAC address."""
        self.lan.add_client(name, address=False)
        self.lan.join(name, self.ssid(), self.passkey)
        return self.mac(name)

    def mac(self, name):
        (place,) = [p for p in self.lan.status()["places"] if p["name"] == name]
        return place["mac"].upper()

    def is_on_the_air(self, name="anna"):
        (place,) = [p for p in self.lan.status()["places"] if p["name"] == name]
        return "softap" in place

    def restart(self, how):
        """Have the board start again by `how`, and its soft-AP come up by itself."""
        board = self.joined.board
        boots = board.status()["boots"]
        how()
        board.wait_boot(boots + 1)
        self.console.machine(0)
        until(self.is_on_the_air, "the soft-AP")
