"""The one exception that is shown to a person as a line. A bug's keep their traceback."""


class UserError(Exception):
    """What the user gave, or what the machine lacks, stops the command.

    `message` is one line that names the cure. `airwire.cli.main` prints it as
    `airwire: <message>` on stderr and ends with `code`.
    """

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
