"""The commands of files: what a program keeps in the module's flash."""

from airwire.client import replies
from airwire.client.commands import Word
from airwire.client.errors import ClientError
from airwire.client.replies import FileInfo
from airwire.client.stream import Stream
from airwire.client.streams import StreamCommands
from airwire.wire import crc

# 64 files of a flash that has to be tidied up in between.
FORMAT_SECONDS = 60.0

_VERSION = "1.0.0.0"
_TYPE = 0xFE


class FileCommands(StreamCommands):
    """The files of a module: up to 64, with names of up to 64 bytes in which `/` is a letter."""

    def files(self) -> list[FileInfo]:
        """The files, by name."""
        return replies.files(self.long("ls", "-v"))

    def file_stat(self, name: str) -> FileInfo:
        """Size, version, type, flags and CRC-16 of a file. Raises CommandFailed."""
        return replies.file(self.command("file_stat", name))

    def create_file(
        self,
        name: str,
        data: bytes,
        version: str = _VERSION,
        type: int = _TYPE,
        *,
        essential: bool = False,
        public: bool = False,
    ) -> None:
        """Make a file of these bytes. The module checks their CRC, and the file is there as a
        whole or not at all.

        Raises CommandFailed when there is a file of that name, or no room; the module's log says
        which (print level 2). InvalidArgument for a name that no file can have.
        """
        checksum = crc.crc16(data)
        if len(data) <= self._write_size:
            words = self._create("", name, len(data), version, type, checksum, essential, public)
            self.command("file_create", *words, data=data or None)
            return
        with self.exclusive():
            stream = self.file_writer(
                name,
                len(data),
                version,
                type,
                crc=checksum,
                essential=essential,
                public=public,
            )
            with stream:
                stream.write(data)

    def file_writer(
        self,
        name: str,
        size: int,
        version: str = _VERSION,
        type: int = _TYPE,
        *,
        crc: int | None = None,
        essential: bool = False,
        public: bool = False,
    ) -> Stream:
        """A stream for the `size` bytes of a new file, which appears with the last of them.

        Closed before, nothing is left of it. More bytes than `size`, or others than `crc` tells,
        raise CommandFailed. So does the opening as that of create_file().
        """
        words = self._create("-o", name, size, version, type, crc, essential, public)
        with self.exclusive():
            return self._adopt(int(self.command("file_create", *words)), name, None)

    def open_file(self, name: str) -> Stream:
        """A stream that reads a file. Raises CommandFailed when there is none of that name."""
        with self.exclusive():
            return self._adopt(int(self.command("file_open", name)), name, None)

    def read_file(self, name: str) -> bytes:
        """All of a file. Raises CommandFailed; ClientError when what came is not what was stored,
        by its CRC.
        """
        with self.exclusive():
            info = self.file_stat(name)
            with self.open_file(name) as stream:
                data = stream.read() or b""
        if crc.crc16(data) != info.crc:
            raise ClientError(f"{name}: {len(data)} bytes were read that have another CRC")
        return data

    def delete_file(self, name: str) -> None:
        """Delete a file. Raises CommandFailed for one that is not there, or is open."""
        self.command("file_delete", name)

    def format_flash(self, timeout: float = FORMAT_SECONDS) -> None:
        """Delete all files, not the settings. Raises CommandFailed while one is open."""
        self.command("format_flash", self.get("wlan.mac"), timeout=timeout)

    def _create(
        self,
        option: str,
        name: str,
        size: int,
        version: str,
        type: int,
        checksum: int | None,
        essential: bool,
        public: bool,
    ) -> list[Word]:
        # The arguments of file_create.
        options = [option, "-e" * essential, "-u" * public]
        words: list[Word] = [word for word in options if word]
        words += [name, size, version, f"{type:02X}"]
        return words if checksum is None else [*words, f"{checksum:04X}"]
