# A session: one user of the command language behind one port (USB, host UART, telnet, later REST).
#
# It turns bytes into command lines, runs them one at a time, and writes replies in human or
# machine form (spec 1.3-1.5). Everything a session shows goes through write() or _send(), so a log
# line is never inside a reply, nor a reply inside another. What a port offers is described in
# ports.py. What not every session needs is in files of its own, imported on first use: human.py,
# data.py, listing.py, buffered.py, busy.py.
import asyncio

from micropython import const

from wire import cmdline

from . import errors, registry
from .editor import Editor

_MAX_SHOWN = const(24)  # log lines kept while the port is busy; a join with all its retries fits
# Bytes of a reply that are put together for one write; longer ones go out in several, so that
# large responses are not copied.
_WHOLE = const(512)

# The reply where there is no room to make one.
_NO_MEMORY = b"R100015\r\nOut of memory\r\n"
_NO_MEMORY_TEXT = b"Out of memory\r\n> "

_STARVED_MS = const(20)  # until it is tried again: others may give memory back

_RESULT = const(82)  # R
_SAFE = const(83)  # S: the same in safe mode
_LF = const(10)
_CR = const(13)


busy = None  # shows on a GPIO that commands run, where one is set (busy.py)
remote = None  # the session of the remote terminal: while there is one, local ones are deaf


class Session:
    def __init__(self, port, name, device):
        self.port = port
        self.name = name  # str, for the fault log
        self.device = device  # the parts that commands work on
        self.echo = 1
        self.prompt = 1
        self.headers = 0
        self.buffered = 0
        self.timestamp = b"utc"
        self.print_level = 3
        self._small = getattr(port, "small", False)
        self.leave = None  # in stream mode: called by the command `exit`
        self.paused = False  # run() returns after the reply that is being made
        self.in_data = False  # inside a data phase: no byte has a meaning of its own
        self.left = None  # bytes of the command's data that are to come; None: no data phase yet
        self.dropped = 0  # log lines that found no room
        self.editor = Editor()
        self.buf = bytearray(260)  # input: one drain of UART0's ring ...
        self.pos = 0  # ... of which buf[pos:end] is not consumed
        self.end = 0
        # a command is being carried out: log lines come before its reply, without prompt
        self.running = False
        self.done = False  # the editor has a whole line, which is not carried out yet
        self._prompted = False  # log lines at the start have drawn the first prompt
        self._writers = 0  # that write to the port or wait until they may
        self._writing = False
        self._shown = []  # log lines
        self._wake = asyncio.Event()

    # Output

    def preset(self, machine):
        """Switch echo, prompt, headers and print level to the human or the machine preset (spec
        1.3).
        """
        if machine and self.editor.human:
            last = self.editor.last
            self.editor = Editor()
            self.editor.last = last
            self._human().forget()
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

    async def write(self, data):
        """Write one piece, which no other writer's comes into."""
        if self._writers or not self.port.offer(data):
            await self._send((data,))

    async def _send(self, pieces):
        # One writer at a time: the log task's lines or a reply are finished before the next
        # begins. The log task itself never waits here, so what came first is shown first.
        self._writers += 1
        try:
            while self._writing:
                await asyncio.sleep_ms(1)
            self._writing = True
            try:
                for piece in pieces:
                    if piece is None:  # of a long response
                        await asyncio.sleep_ms(0)
                    elif not self.port.offer(piece):
                        await self.port.write(piece)
            finally:
                self._writing = False
        finally:
            self._writers -= 1
            if self._shown:
                self._wake.set()

    def _log_lines(self):
        # The waiting log lines as they go to the port; at the prompt of a terminal prompt and line
        # are drawn again below them.
        texts = self._shown
        self._shown = []
        if self.dropped:
            texts.append(b"[%d log lines lost]" % self.dropped)
            self.dropped = 0
        if self.headers:
            return b"".join([b"L0%05d\r\n%s\r\n" % (len(t) + 2, t) for t in texts])
        texts.append(b"")
        lines = b"\r\n".join(texts)
        if self.running:
            return lines
        if not self.editor.human:
            self._prompted = True
            return b"\r  \r%s> " % lines if self.prompt else lines
        out = bytearray()
        editor = self._line_editor()
        editor.erase(out)
        out.extend(lines)
        editor.restore(out)
        return out

    async def print_logs(self):
        """Task: writes log lines that come while no reply is being written."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            # Whoever writes, or ends a data phase, sets the event again when lines wait.
            if self._shown and not self._writers and not self.in_data:
                lost = len(self._shown) + self.dropped
                try:
                    await self.write(self._log_lines())
                except MemoryError:
                    self.dropped = lost
                    self._shown.clear()
                    registry.make_room()

    def _response(self, code, text):
        # A command's result as it goes to the port, below the log lines that came before it.
        n = len(text) + 2
        if not self.headers:
            data = b"%s\r\n> " % text if self.prompt else text + b"\r\n"
        else:
            letter = _SAFE if self.device.safe_mode else _RESULT
            if n > 2:
                data = b"%c%d%05d\r\n%s\r\n" % (letter, code, n, text)
            else:  # nothing: no line end either
                data = b"%c%d00000\r\n" % (letter, code)
            if self.prompt:
                data += b"> "
        if self._shown:
            data = self._log_lines() + data
        return data

    def _long_response(self, code, text):
        # The same as an iterable of pieces; `text` may be one of listing.py as well.
        whole = isinstance(text, bytes)
        n = len(text) + 2 if whole else text.size
        head = self._log_lines() if self._shown else b""
        if self.headers:
            head += b"%c%d%05d\r\n" % (_SAFE if self.device.safe_mode else _RESULT, code, n)
        tail = b"\r\n> " if self.prompt else b"\r\n"
        return (head, text, tail) if whole else text.pieces(head, tail)

    # Input

    async def run(self):
        """Serve the port until cancelled or paused."""
        if self.running:  # started again, with a command that has no reply yet
            await self._starved()
        if self.prompt and not self._prompted:
            await self.port.write(b"> ")
        if self.pos < self.end:  # what came behind a password
            await self._consume()
        while not self.paused:
            try:
                if self.pos >= self.end and not self.done:
                    n = self.port.readinto(self.buf)
                    if not n:
                        await self.port.readable()
                        continue
                    if remote and remote is not self:
                        self.editor.clear()
                        continue
                    self.pos = 0
                    self.end = n
                    line = None if self.echo else self._whole_line(n)
                    if line is not None:
                        self._begin()
                        await self.run_line(line)
                # More than a line, or what came behind a data phase.
                if self.pos < self.end or self.done:
                    await self._consume()
            except MemoryError:
                await self._starved()
        self._prompted = False

    async def _starved(self):
        # Go on after memory ran out.
        registry.make_room()
        try:
            from . import starved

            await starved.recover(self)
        except MemoryError:  # not even for that
            if self.running:
                text = _NO_MEMORY if self.headers else _NO_MEMORY_TEXT
                if not self.port.offer(text):
                    await self.port.write(text)
                self.running = False  # now that there is a reply
                if busy:
                    busy.end()
        await asyncio.sleep_ms(_STARVED_MS)

    def rest(self):
        """Input that was read from the port and not consumed; it is now the caller's."""
        rest = bytes(memoryview(self.buf)[self.pos : self.end])
        self.pos = self.end
        return rest

    async def replied(self):
        """Wait until the command that is being carried out has its reply written."""
        while self.running:
            await asyncio.sleep_ms(1)

    def _whole_line(self, end):
        # The usual case for a host MCU: the buffer is exactly one line with its LF. None where it
        # is not.
        buf = self.buf
        if buf[end - 1] != _LF or self.editor.partial:
            return None
        pair = end > 1 and buf[end - 2] == _CR
        stop = end - 2 if pair else end - 1
        if buf.find(b"\n", 0, stop) >= 0 or buf.find(b"\r", 0, stop) >= 0:
            return None
        if self.editor.last and not stop:
            return None  # it may be the other half of a terminator
        line = bytes(memoryview(buf)[:stop])
        self.editor.last = 0 if pair else _LF
        self.pos = end
        return line

    async def _consume(self):
        # Serve what is in the buffer through a line editor.
        while (self.done or self.pos < self.end) and not self.paused:
            editor = self._line_editor()
            if not self.done:
                out = bytearray()
                self.pos, self.done = editor.take(self.buf, self.pos, self.end, out)
                if out:
                    await self.write(out)
            if self.done:
                line = editor.text()
                editor.clear()
                self.done = False
                self._begin()
                if editor.human and line:
                    self._human().remember(self, line)
                await self.run_line(line)

    def _line_editor(self):
        # The editor that the session's settings ask for: a terminal's where it echoes.
        editor = self.editor
        if bool(self.echo) != editor.human:
            last = editor.last
            self.editor = editor = self._human().editor(self) if self.echo else Editor()
            editor.last = last
        if self.echo:
            editor.prompt = b"> " if self.prompt else b""
        return editor

    def _human(self):
        try:
            from . import human
        except MemoryError:
            registry.make_room()
            from . import human
        return human

    async def read_data(self, size, sink):
        """Data phase: pass exactly `size` raw bytes, in pieces, to sink(memoryview) or an async
        sink.

        Raises CommandError(FAILED) when the host falls silent before the end.
        """
        from . import data

        try:
            await data.read(self, size, sink)
        finally:
            if self._shown:
                self._wake.set()

    def _begin(self):
        # From here on there is a reply, also where the call of run_line() finds no memory.
        self.running = True
        if busy:
            busy.begin()

    async def run_line(self, line):
        shown = busy
        code, text = await self.execute(line)
        if not isinstance(text, bytes) or len(text) > _WHOLE:
            await self._send(self._long_response(code, text))
        else:
            data = self._response(code, text)
            if self._writers or not self.port.offer(data):
                await self._send((data,))
        self.running = False
        self.device.idle = 0
        if shown:
            shown.end()

    async def execute(self, line):
        """Run one command line (bytes, no terminator; None for one that was too long); returns
        (result code, response): bytes, or what listing.py makes of a long response.
        """
        self.left = None
        if line is None:
            return errors.OVERFLOW, errors.TEXTS[errors.OVERFLOW]
        try:
            args = cmdline.split(line)
            if not args:
                return errors.OK, b"Ready"
            function, least, most = registry.find(args.pop(0))
            if len(args) < least:
                raise errors.CommandError(errors.TOO_FEW)
            if len(args) > most:
                raise errors.CommandError(errors.TOO_MANY)
            text = function(self, args)
            if not isinstance(text, bytes):
                if hasattr(text, "send"):
                    text = await (self.port.during(text) if self._small else text)
                if text is None:
                    text = b"Success"
                elif not (isinstance(text, bytes) or hasattr(text, "pieces")):
                    from . import listing

                    text = await listing.respond(self, text, line)
            if self.device.service_stopped:  # its GPIOs are the next command's
                self.device.service_stopped = False
                await asyncio.sleep_ms(1)
            return errors.OK, text
        except errors.CommandError as e:
            return e.code, e.text
        except registry.UnknownCommand:
            return errors.UNKNOWN_COMMAND, errors.TEXTS[errors.UNKNOWN_COMMAND]
        except cmdline.TooManyArguments:
            return errors.TOO_MANY, errors.TEXTS[errors.TOO_MANY]
        except cmdline.ParseError:
            return errors.PARSE, errors.TEXTS[errors.PARSE]
        except MemoryError:
            registry.make_room()
            from . import starved

            return await starved.failed(self, line)
        except Exception as e:
            self.device.fault(self.name, e)
            return errors.FAILED, errors.TEXTS[errors.FAILED]
