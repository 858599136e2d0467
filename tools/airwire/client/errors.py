"""What can go wrong between a program and a module: an exception for each, and what its message
must not tell.

A refusal is a CommandError, one class for each result code of the module. A module that does not
answer as it must is a Timeout or a LostFrame: after these the next command finds the thread again
before it is sent.
"""

import re


class ClientError(Exception):
    """The base of all that this package raises on purpose."""


class CommandError(ClientError):
    """The module has refused a command.

    code: its result code, 1 to 9. command: the command line, passwords masked. text: the module's
    own words.
    """

    code = 0

    def __init__(self, command: str, text: str) -> None:
        super().__init__(f"{command}: {text} (code {self.code})")
        self.command = command
        self.text = text


class CommandFailed(CommandError):
    """1: the command was understood and could not be carried out."""

    code = 1


class ParseError(CommandError):
    """2: the line cannot be split into words (a quote left open, an unknown escape)."""

    code = 2


class UnknownCommand(CommandError):
    """3: this firmware has no such command."""

    code = 3


class TooFewArguments(CommandError):
    """4: an argument is missing."""

    code = 4


class TooManyArguments(CommandError):
    """5: more arguments than the command takes."""

    code = 5


class UnknownOption(CommandError):
    """6: no such option, variable or help topic."""

    code = 6


class InvalidArgument(CommandError):
    """7: an argument that the command or the variable does not take."""

    code = 7


class BufferOverflow(CommandError):
    """8: the line is longer than the module takes."""

    code = 8


class BoundsError(CommandError):
    """9: a number outside of its range."""

    code = 9


_BY_CODE = {
    error.code: error
    for error in (
        CommandFailed,
        ParseError,
        UnknownCommand,
        TooFewArguments,
        TooManyArguments,
        UnknownOption,
        InvalidArgument,
        BufferOverflow,
        BoundsError,
    )
}


def refusal(code: int, command: str, text: str) -> CommandError:
    """The exception for a result code of 1 to 9."""
    return _BY_CODE[code](command, text)


class Timeout(ClientError, TimeoutError):
    """The module did not answer in time. The command may be run yet."""


class LostFrame(ClientError):
    """The answer was not a frame: bytes were lost on the line, or the module has restarted.

    The command may or may not have been run.
    skipped: what came instead, its last kilobyte.
    """

    def __init__(self, message: str, skipped: bytes) -> None:
        super().__init__(message)
        self.skipped = skipped


class PortError(ClientError):
    """The serial port cannot be used; the message names the cure."""


_SECRETS = ("passkey", "password", "passphrase", "secret")
_SECRET_SHORTCUTS = ("wl p", "so p", "se w p", "re w", "em s w")
_MASK = "********"
# Words of network_verify before its key.
_VERIFIED = 5
# What stands before the host of a URL.
_CREDENTIALS = re.compile(r"^(\w+://)?[^/?#]*:[^/?#]*@")


def shown(name: str, words: tuple[str, ...]) -> str:
    """A command line for messages: passwords are not in it."""
    if name == "set":
        for end in range(1, len(words)):
            variable = " ".join(words[:end])
            if variable in _SECRET_SHORTCUTS or any(part in variable for part in _SECRETS):
                words = (variable, _MASK)
                break
    elif name == "network_verify":
        words = words[:_VERIFIED] + (_MASK,) * (len(words) > _VERIFIED)
    elif name.startswith("http_"):
        words = tuple(_CREDENTIALS.sub(rf"\g<1>{_MASK}@", word) for word in words)
    return " ".join((name, *words))
