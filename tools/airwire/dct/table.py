"""A DCT as values: what it holds, its changes, and the copy to be written. Bytes in, bytes out;
where they lie is targets.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography import x509

from airwire.cert import files
from airwire.cert.check import Material
from airwire.errors import UserError
from airwire.wire import dct

FIELDS = tuple(name.decode() for name in dct.FIELDS)
KINDS = {"cert": dct.CERTIFICATE, "key": dct.KEY, "ca": dct.ROOTS}

Name = tuple[int, bytes, int]  # section, name, kind: there is one entry of each


@dataclass
class Table:
    """The entries in force, and where they came from: copy 0 or 1, None when there was no table.
    `copies` tells the state of both.
    """

    copy: int | None = None
    sequence: int = 0
    entries: dict[Name, bytes] = field(default_factory=dict)
    copies: tuple[str, str] = ("erased", "erased")

    @classmethod
    def parse(cls, partition: bytes, where: str) -> "Table":
        """What a partition holds: an empty table where neither copy is whole. Raises UserError for
        one that we must not touch, since it was made by something newer.
        """
        states = [_state(partition[i * dct.COPY : (i + 1) * dct.COPY]) for i in range(2)]
        if not any(state.startswith("whole") for state in states):
            return cls(copies=tuple(states))
        try:
            copy, sequence, entries = dct.current(partition)
        except dct.DctError as error:
            raise UserError(f"{where}: {told(error)}") from None
        named = {(section, name, kind): data for section, name, kind, data in entries}
        return cls(copy, sequence, named, tuple(states))

    def to_copy(self) -> tuple[int, bytes]:
        """Where the next change goes, and its bytes: the copy in force stays as it is. Raises
        UserError for what does not fit.
        """
        sequence = dct.following(self.sequence)
        entries = [(*name, data) for name, data in self.entries.items()]
        try:
            return (0 if self.copy is None else 1 - self.copy), dct.encode(entries, sequence)
        except dct.DctError as error:
            text = told(error)
            if error.args[0] == b"Too long":
                text = f"it does not fit: {self.size()} bytes of {room()}"
            raise UserError(text) from None

    def size(self) -> int:
        """Bytes that the entries take, of room()."""
        heads = (dct.entry_head(*name, 0) for name in self.entries)
        return sum(len(h) for h in heads) + sum(len(data) for data in self.entries.values())

    # Parts

    def texts(self, section: int) -> dict[str, str]:
        """Manufacturing fields or factory settings: name -> text."""
        return {
            name.decode(): data.decode("utf-8", "replace")
            for (of, name, _), data in sorted(self.entries.items())
            if of == section
        }

    def put_text(self, section: int, name: str, text: str) -> None:
        """Set one. Raises UserError for what cannot be stored."""
        data = text.encode()
        try:
            dct.check_entry(section, name.encode(), dct.TEXT, len(data))
            dct.check_data(dct.TEXT, data)
        except dct.DctError as error:
            raise UserError(f"{name}: {told(error)}") from None
        self.entries[section, name.encode(), dct.TEXT] = data

    def identities(self) -> list[str]:
        """Their names, in order."""
        found = {name for section, name, _ in self.entries if section == dct.IDENTITY}
        return sorted(name.decode() for name in found)

    def kinds(self, identity: str) -> list[str]:
        """What an identity has of cert, key and ca."""
        name = identity.encode()
        return [kind for kind, n in KINDS.items() if (dct.IDENTITY, name, n) in self.entries]

    def material(self, identity: str) -> Material:
        """An identity as objects. Raises UserError for what is none, such as a damaged key."""

        def data(kind: str) -> bytes:
            return self.entries.get((dct.IDENTITY, identity.encode(), KINDS[kind]), b"")

        def certs(kind: str) -> list[x509.Certificate]:
            where = f"{identity} ({kind})"
            found = files.try_certificates(data(kind), where)
            if data(kind) and not found:
                raise UserError(f"{where}: no certificate")
            return found

        key = None
        if data("key"):
            key = files.load_key(data("key"), f"{identity} (key)")
        where = (f"{identity} (cert)", f"{identity} (key)", f"{identity} (ca)")
        return Material(certs("cert"), key, certs("ca"), *where)

    def put_material(self, identity: str, material: Material) -> None:
        """Store what is given of an identity; what is not stays. Raises UserError."""
        name = check_identity(identity)
        if material.chain:
            chain = material.chain
            # The interpreters load a chain in one piece only as PEM.
            data = files.der(chain[0]) if len(chain) == 1 else files.pem(chain)
            self.entries[dct.IDENTITY, name, dct.CERTIFICATE] = data
        if material.key is not None:
            self.entries[dct.IDENTITY, name, dct.KEY] = files.key_der(material.key)
        if material.roots:
            data = b"".join(files.der(cert) for cert in material.roots)
            self.entries[dct.IDENTITY, name, dct.ROOTS] = data

    def remove(self, names: Iterable[Name]) -> None:
        """Take entries out."""
        for name in list(names):
            del self.entries[name]


def check_identity(identity: str) -> bytes:
    """The name of an identity as the table has it. Raises UserError."""
    try:
        name = identity.encode()
        dct.check_entry(dct.IDENTITY, name, dct.CERTIFICATE, 1)
    except (dct.DctError, UnicodeEncodeError):
        raise UserError(
            f"bad name {identity!r} of an identity: 1 to {dct.MAX_NAME} characters of ASCII,"
            " no spaces"
        ) from None
    return name


def room() -> int:
    """Bytes that the entries of a table may take."""
    return dct.COPY - dct.HEADER


def told(error: dct.DctError) -> str:
    """Its text, as the end of a line of ours."""
    text = error.args[0].decode()
    return text[0].lower() + text[1:]


def _state(copy: bytes) -> str:
    if copy.count(0xFF) == len(copy):
        return "erased"
    try:
        _, sequence, _ = dct.check(lambda at, size: copy[at : at + size])
    except dct.DctError as error:
        return told(error)
    return f"whole, change {sequence}"
