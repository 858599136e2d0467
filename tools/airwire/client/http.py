"""The commands of HTTP: what a module asks of servers, and the files that it fetches and posts."""

from collections.abc import Mapping

from airwire.client.commands import Word
from airwire.client.network import JOIN_SECONDS
from airwire.client.stream import Stream
from airwire.client.streams import StreamCommands

# Joining the network, a redirect or two, and 30 s for the answer.
HTTP_SECONDS = JOIN_SECONDS + 60.0

# A megabyte, which the flash takes at some 20 KB a second.
FILE_SECONDS = HTTP_SECONDS + 120.0


class HttpCommands(StreamCommands):
    """Each raises CommandFailed where there is no answer; the module's messages of print level 2
    say why. A status of 404 is an answer. For https the server is verified as by tls_client().
    """

    def http_get(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = HTTP_SECONDS,
        read_timeout: float | None = None,
    ) -> Stream:
        """Ask for what is at a URL: a stream of the body. Redirects are followed; `headers`
        are for the first server alone. http_status() gives the status.
        """
        return self._request("http_get", (url,), headers, None, timeout, read_timeout)

    def http_head(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = HTTP_SECONDS,
    ) -> int:
        """The status that a URL has, without what is there."""
        with self._request("http_head", (url,), headers, None, timeout, None) as stream:
            return self.http_status(stream)

    def http_post(
        self,
        url: str,
        body: bytes,
        content_type: str = "application/octet-stream",
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = HTTP_SECONDS,
        read_timeout: float | None = None,
    ) -> Stream:
        """Post to a URL: a stream that reads the body of the answer."""
        words = (url, content_type)
        return self._request("http_post", words, headers, body, timeout, read_timeout)

    def http_status(self, stream: Stream) -> int:
        """The status of the answer that a stream of http_get() or http_post() reads, as long as it
        is open in the module.
        """
        return int(self.command("http_read_status", stream.handle))

    def http_download(
        self,
        url: str,
        name: str | None = None,
        *,
        crc: int | None = None,
        public: bool = False,
        timeout: float = FILE_SECONDS,
    ) -> None:
        """Have the module fetch a file, named as in the URL unless told. It takes the place of one
        of that name when it is whole, and when its CRC-16 is `crc`.
        """
        words: list[Word] = ["-u"] * public
        if crc is not None:
            words += ["-c", f"{crc:04X}"]
        words += [url] if name is None else [url, name]
        self.command("http_download", *words, timeout=timeout)

    def http_upload(self, url: str, name: str, *, timeout: float = FILE_SECONDS) -> None:
        """Have the module post one of its files as the field `file` of a form. Raises
        CommandFailed for a status outside of 200 to 299 too.
        """
        self.command("http_upload", url, name, timeout=timeout)

    def _request(
        self,
        name: str,
        words: tuple[Word, ...],
        headers: Mapping[str, str] | None,
        body: bytes | None,
        timeout: float,
        read_timeout: float | None,
    ) -> Stream:
        with self.exclusive():
            handle = int(self.command(name, "-o", *words, timeout=timeout))
            stream = self._adopt(handle, str(words[0]).rpartition("@")[2], read_timeout)
            try:
                for header, value in (headers or {}).items():
                    self.command("http_add_header", handle, header, value)
                if body:
                    stream.write(body)
                self.command("http_read_status", handle, timeout=timeout)
            except BaseException:
                stream.close()
                raise
            return stream
