# A session of the command language with nobody behind it: for commands that come over HTTP, its
# third door, and for those that the module gives itself.
from firmware.console import errors
from firmware.console import session as console
from firmware.console.editor import Editor


class _Port:
    # A session's port, behind which there is nobody: all that comes is in the request.
    small = False
    columns = 0
    overruns = 0

    def readinto(self, buf):
        raise errors.CommandError(errors.FAILED, b"Data missing")

    async def readable(self):
        pass

    def raw(self, on):
        pass


_port = _Port()


class RestSession(console.Session):
    """The session of a connection, which begins anew with each command."""

    def __init__(self, device):
        self.port = _port
        self.name = "rest"
        self.device = device
        self.leave = None
        self.paused = False
        self.in_data = False
        self.left = None
        self.running = False
        self.dropped = 0
        self.editor = Editor()
        self._small = False
        self._shown = ()

    def begin(self, data, pos, end):
        """Settings as a host MCU has them; data[pos:end] are what follows the command line."""
        self.headers = 1
        self.echo = self.prompt = self.buffered = self.print_level = 0
        self.timestamp = b"utc"
        self.buf = data
        self.pos = pos
        self.end = end
        self.running = True

    async def write(self, data):
        pass  # nobody is asked anything

    def preset(self, machine):
        self.headers = int(machine)
        self.echo = self.prompt = int(not machine)
