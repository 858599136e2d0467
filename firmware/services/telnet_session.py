# What a visitor of the remote terminal meets: a question for the password, where there is one, and
# a session of the command language. Meanwhile the local consoles are deaf.
import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from firmware import forget
from firmware.console import log
from firmware.console import session as console
from firmware.console.errors import CommandError
from firmware.services.telnet_port import Lost, TelnetPort
from firmware.store import variables

_LOGIN_MS = const(30_000)  # to type a password; a stranger must not keep others out for longer
_ATTEMPTS = const(3)


class Visit:
    def __init__(self, device, sock, peer, pin):
        """`peer` is its address as text, `pin` (or None) is high while it is connected."""
        self.port = TelnetPort(sock)
        self.session = console.Session(self.port, "remote", device)
        self.port.session = self.session
        self._peer = peer
        self._pin = pin
        self._since = ticks_ms()
        self._inside = False  # the peer has given the password

    async def run(self):
        """Until the peer goes or says `exit`; False when it did not know the password."""
        try:
            if not await self._login():
                return False
            await self._command()
        except Lost:
            pass
        return True

    def over(self):
        """Why the visit has to end (b"": the peer is gone), or None."""
        now = ticks_ms()
        if not self._inside:
            return b"Login time-out" if ticks_diff(now, self._since) > _LOGIN_MS else None
        port = self.port
        if self.session.running:
            if port.lost():
                return b""
            if not port.writing:
                port.heard = now  # a command that takes long is not idle
        limit = variables.get(b"remote_terminal.timeout") * 1000
        if limit and ticks_diff(now, port.heard) > limit:
            return b"Idle time-out"
        return None

    async def _login(self):
        password = variables.get(b"remote_terminal.password")
        if not password:
            return True
        from firmware.console import ask

        forget("firmware.console.ask")
        for _ in range(_ATTEMPTS):
            try:
                answer = await ask.ask(self.session, b"Password: ", ask.HIDDEN)
            except CommandError:  # nothing, or too much
                answer = b""
            if _same(answer, password):
                return True
            log.line(log.STATUS, b"Remote terminal: wrong password from " + self._peer)
            await self.session.write(b"Wrong password\r\n")
        return False

    async def _command(self):
        session = self.session

        def leave():
            session.paused = True
            session.prompt = 0  # there is no next line

        log.event(b"Remote terminal opened: " + self._peer)
        logs = asyncio.create_task(session.print_logs())
        log.sessions.append(session)
        console.remote = session
        session.leave = leave
        self.port.heard = ticks_ms()
        self._inside = True
        if self._pin:
            self._pin(1)
        try:
            await session.run()
        finally:
            if self._pin:
                self._pin(0)
            if session.running:  # the lost connection has ended its command
                session.running = False
                if console.busy:
                    console.busy.end()
            console.remote = None
            log.sessions.remove(session)
            logs.cancel()
            session.preset(True)  # drops the line editor
            log.event(b"Remote terminal closed")


def _same(answer, password):
    # In a time that does not tell how much of it is right.
    wrong = len(answer) ^ len(password)
    for i in range(len(answer)):
        wrong |= answer[i] ^ password[i % len(password)]
    return not wrong
