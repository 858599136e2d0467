"""The error of everything in this package: what is wrong with an image, at which flash offset, in
which partition.
"""

from airwire.errors import UserError


class ImageError(UserError):
    """One line: `<partition> at 0x<offset>: <text>`. The offset is the one in flash, never the one
    in a file.
    """

    def __init__(self, partition: str, offset: int, text: str) -> None:
        super().__init__(f"{partition} at {offset:#x}: {text}")
        self.partition = partition
        self.offset = offset
        self.text = text

    def within(self, file: object) -> UserError:
        """The same error, told of a file that the user named."""
        return UserError(f"{file}: {self.message}", self.code)
