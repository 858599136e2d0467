# A session: one user of the command language behind one port (USB, host UART, later telnet and
# REST).
#
# It turns bytes into command lines, runs them one at a time, and writes replies in human or
# machine form (spec 1.3-1.5). Everything a session shows goes through _write, so a log line is
# never inside a reply, nor a reply inside another. What a port offers is described in ports.py.
import asyncio

from micropython import const

from wire import cmdline

from . import errors, registry
from .editor import Editor

_MAX_SHOWN = const(24)  # log lines kept while the port is busy; a join with all its retries fits
_DATA_TIMEOUT_MS = const(
    10_000
)  # silence that ends a data phase: a host that died must not hold the session for ever

_LF = const(10)
_CR = const(13)


class Session:
    def __init__(self, port, name, device):
        self.port = port
        self.name = name  # str, for the fault log
        self.device = device  # the parts that commands work on
        self.echo = 1
        self.prompt = 1
        self.headers = 0
        self.print_level = 3
        self.leave = None  # in stream mode: called by the command `exit`
        self.paused = False  # run() returns after the reply that is being made
        self.in_data = False  # inside a data phase: no byte has a meaning of its own
        self.dropped = 0  # log lines that found no room
        self.editor = Editor()
        self._buf = bytearray(260)  # one drain of UART0's ring
        self._pos = 0
        self._end = 0
        # a command is being carried out: log lines come before its reply, without prompt
        self._running = False
        self._writing = False  # the port is being written
        self._shown = []
        self._wake = asyncio.Event()

    # Output

    def preset(self, machine):
        """Switch echo, prompt, headers and print level to the human or the machine preset (spec
        1.3).
        """
        self.headers = int(machine)
        self.echo = self.prompt = int(not machine)
        self.print_level = 0 if machine else 3

    def show(self, text):
        """Show a log line as soon as no reply is being written."""
        if len(self._shown) >= _MAX_SHOWN:
            self.dropped += 1
            return
        self._shown.append(text)
        self._wake.set()

    async def _write(self, data):
        # One writer at a time: the log task's line or a reply is finished before the next piece
        # starts.
        while self._writing:
            await asyncio.sleep_ms(1)
        if not self.port.offer(data):
            self._writing = True
            try:
                await self.port.write(data)
            finally:
                self._writing = False
                if self._shown:
                    self._wake.set()

    def _log_lines(self):
        # The waiting log lines as they go to the port; at the prompt of a terminal the prompt is
        # drawn again below them.
        texts = self._shown
        self._shown = []
        if self.headers:
            return b"".join([b"L0%05d\r\n%s\r\n" % (len(t) + 2, t) for t in texts])
        lines = b"\r\n".join(texts) + b"\r\n"
        if self._running or not self.prompt:
            return lines
        typed = self.editor.text() if self.echo else b""
        return b"\r%s\r%s> %s" % (b" " * (len(typed) + 2), lines, typed)

    async def print_logs(self):
        """Task: writes log lines that come while no reply is being written."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            # Whoever writes, or ends a data phase, sets the event again when lines wait.
            if self._shown and not self._writing and not self.in_data:
                await self._write(self._log_lines())

    def _reply(self, code, text):
        # A reply as it goes to the port, below the log lines that came before it.
        if self.headers:
            n = len(text)
            data = b"R%d%05d\r\n%s\r\n" % (code, n + 2, text) if n else b"R%d00000\r\n" % code
        elif self.prompt:
            data = b"%s\r\n> " % text
        else:
            data = text + b"\r\n"
        if self._shown:
            data = self._log_lines() + data
        return data

    # Input

    async def run(self):
        """Serve the port until cancelled or paused."""
        if self.prompt:
            await self.port.write(b"> ")
        while not self.paused:
            await self._fill()
            line = None if self.echo or self.editor.length else self._whole_line()
            if line is not None:
                await self._run_line(line)
            if self._pos < self._end:  # more than a line, or what came behind a data phase
                await self._consume()

    async def _fill(self):
        # Wait for input and take all there is, up to one buffer.
        n = self.port.readinto(self._buf)
        while not n:
            await self.port.readable()
            n = self.port.readinto(self._buf)
        self._pos = 0
        self._end = n

    def rest(self):
        """Input that was read from the port and not consumed; it is now the caller's."""
        rest = bytes(memoryview(self._buf)[self._pos : self._end])
        self._pos = self._end
        return rest

    async def replied(self):
        """Wait until the command that is being carried out has its reply written."""
        while self._running:
            await asyncio.sleep_ms(1)

    def _whole_line(self):
        # The usual case for a host MCU: the buffer is exactly one line with its LF. Returns that
        # line and takes it from the buffer, else None.
        end = self._end
        buf = self._buf
        if buf[end - 1] != _LF or self.editor.overlong or self.editor.last:
            return None
        stop = end - 2 if end > 1 and buf[end - 2] == _CR else end - 1
        if buf.find(b"\n", 0, stop) >= 0 or buf.find(b"\r", 0, stop) >= 0:
            return None
        self._pos = end
        return bytes(memoryview(buf)[:stop])

    async def _consume(self):
        # Serve what is in the buffer through the line editor.
        editor = self.editor
        while self._pos < self._end and not self.paused:
            echo = bytearray() if self.echo else None
            self._pos, done = editor.take(self._buf, self._pos, self._end, echo)
            if echo:
                await self._write(echo)
            if done:
                line = None if editor.overlong else editor.text()
                editor.clear()
                await self._run_line(line)

    async def read_data(self, size, sink):
        """Data phase: pass exactly `size` raw bytes, in pieces, to sink(memoryview) or an async
        sink.

        Raises CommandError(FAILED) when the host falls silent before the end.
        """
        self.in_data = True
        self.port.raw(True)
        try:
            while size:
                if self._pos >= self._end:
                    try:
                        await asyncio.wait_for_ms(self._fill(), _DATA_TIMEOUT_MS)
                    except asyncio.TimeoutError:
                        raise errors.CommandError(errors.FAILED, b"Data time-out")
                if self.editor.last == _CR:  # CR LF ended the command line: its LF is not data
                    self.editor.last = 0
                    if self._buf[self._pos] == _LF:
                        self._pos += 1
                        continue
                n = min(size, self._end - self._pos)
                piece = memoryview(self._buf)[self._pos : self._pos + n]
                if self.echo:
                    await self._write(piece)
                result = sink(piece)
                if result is not None:
                    await result
                self._pos += n
                size -= n
        finally:
            self.in_data = False
            self.port.raw(False)
            self.editor.last = 0
            if self._shown:
                self._wake.set()

    async def _run_line(self, line):
        # Run a command line, or refuse the one that did not fit (None), and write the reply.
        self._running = True
        if line is None:
            code, text = errors.OVERFLOW, errors.TEXTS[errors.OVERFLOW]
        else:
            code, text = await self.execute(line)
        data = self._reply(code, text)
        # The usual reply goes out at once: a coroutine less is 100 bytes less for each command.
        if self._writing or not self.port.offer(data):
            await self._write(data)
        self._running = False

    async def execute(self, line):
        """Run one command line (bytes, no terminator); returns (result code, response)."""
        try:
            args = cmdline.split(line)
        except cmdline.TooManyArguments:
            return errors.TOO_MANY, errors.TEXTS[errors.TOO_MANY]
        except cmdline.ParseError:
            return errors.PARSE, errors.TEXTS[errors.PARSE]
        if not args:
            return errors.OK, b"Ready"
        try:
            function, least, most = registry.find(args.pop(0))
            if len(args) < least:
                raise errors.CommandError(errors.TOO_FEW)
            if len(args) > most:
                raise errors.CommandError(errors.TOO_MANY)
            text = function(self, args)
            if hasattr(text, "send"):
                text = await text
            if isinstance(text, list):
                text = b"\r\n".join(text)
            return errors.OK, b"Success" if text is None else text
        except errors.CommandError as e:
            return e.code, e.text
        except registry.UnknownCommand:
            return errors.UNKNOWN_COMMAND, errors.TEXTS[errors.UNKNOWN_COMMAND]
        except MemoryError:
            return errors.FAILED, b"Out of memory"
        except Exception as e:
            self.device.fault(self.name, e)
            return errors.FAILED, errors.TEXTS[errors.FAILED]
