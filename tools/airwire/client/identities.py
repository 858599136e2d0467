"""Certificates and keys of a module, in its flash partition for them (the DCT)."""

from typing import Literal

from airwire.client import replies
from airwire.client.commands import Word
from airwire.client.replies import Certificate
from airwire.client.streams import StreamCommands

# What the module keeps: data of more bytes are refused.
MAX_IDENTITY = 16_384

# Looking through a chain takes the chip a moment for each key in it.
LOAD_SECONDS = 30.0

Kind = Literal["cert", "key", "ca"]


class IdentityCommands(StreamCommands):
    """Identities: a name for a certificate or chain, its private key, and trusted certificates.
    Variables of network.tls.* refer to one as `dct:<name>`.
    """

    def certificates(self) -> list[Certificate]:
        """The certificates and keys that the module can use, wherever they are."""
        return replies.certificates(self.long("cert_list", timeout=LOAD_SECONDS))

    def load_identity(
        self, name: str, kind: Kind, data: bytes | None = None, *, file: str | None = None
    ) -> None:
        """Put PEM or DER into an identity: `data`, or what is in a file of the module.

        kind: `cert` (a certificate or chain, leaf first), `key` (its private key), `ca` (trusted
        certificates). Raises CommandFailed where the data are none, or the key is another one's:
        then nothing has changed. ValueError for data of no or more than 16,384 bytes.
        """
        if (data is None) == (file is None):
            raise ValueError("either data or a file")
        if data is not None and not 1 <= len(data) <= MAX_IDENTITY:
            raise ValueError(f"{len(data)} bytes; an identity has 1 to {MAX_IDENTITY}")
        words: tuple[Word, ...] = ("-f", file) if data is None else (len(data),)
        self.command("cert_load", name, kind, *words, data=data, timeout=LOAD_SECONDS)

    def delete_identity(self, name: str, kind: Kind | None = None) -> None:
        """Delete an identity, or one part of it. Raises CommandFailed where there is none."""
        self.command("cert_delete", name, *([] if kind is None else [kind]))
