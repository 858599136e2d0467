"""What TLS takes: a handshake, and a KB that comes. device/tls.py has both sides in one process
and no socket; bytes on i386, and instructions on amd64. The keys are made here, for P-256.
"""

import datetime
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from airwire import project

if __package__:
    from host_tests.bench.rows import Row
    from host_tests.bench.scripts import Script
else:
    from rows import Row
    from scripts import Script

HOST = "host.airwire"


def _modules(arch: str) -> tuple[str | Path, ...]:
    return project.ROOT, project.ROOT / "lib", ".frozen"


# Handshakes, and KB. The keys of a handshake are random, and so is what they cost, by one percent:
# the figures for data are slopes over so many that the handshake before them does not count.
SCRIPTS = {
    "handshake": Script("tls", few=2, many=12, heap="16M", modules=_modules),
    "data": Script("tls", few=100, many=2100, heap="16M", modules=_modules),
}

# A quarter above what was measured when the bounds were set: 2.0 KB for the wrapper, what watches
# the messages, and asyncio's time-out; 1.4 k instructions in each KB for two look-ups of mbedTLS'
# and TlsSocket.readinto().
MOST_HANDSHAKE_BYTES = 2600
MOST_INSTRUCTIONS = 1800
# Both sides, of which mbedTLS alone takes 38 million.
MOST_HANDSHAKE = 48_000_000


def rows() -> list[Row]:
    """Bytes and instructions over mbedTLS alone, with bounds; and TLS beside none."""
    with identity() as folder:
        whole, alone = (_counted(folder, "handshake", kind) for kind in ("ours", "bare"))
        ours, bare, plain = (_counted(folder, "data", kind) for kind in ("ours", "bare", "plain"))
        return [
            Row(
                "TLS handshake",
                allocated(folder, "handshake") - allocated(folder, "handshake", "bare"),
                "bytes",
                MOST_HANDSHAKE_BYTES,
            ),
            Row(
                "TLS handshake, both sides",
                whole,
                "instructions",
                MOST_HANDSHAKE,
                "mbedTLS alone",
                alone,
            ),
            Row("1 KB over TLS", allocated(folder, "data"), "bytes", 0),
            Row("1 KB over TLS", ours - bare, "instructions", MOST_INSTRUCTIONS, "mbedTLS", bare),
            Row(
                "1 KB over TLS, times that without", round(ours / plain), "", None, "plain", plain
            ),
        ]


def identity() -> tempfile.TemporaryDirectory:
    """A folder with a server's certificate, which is its own root, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    folder = tempfile.TemporaryDirectory(prefix="airwire-tls-")
    home = Path(folder.name)
    for file in ("own.der", "root.der"):
        (home / file).write_bytes(certificate)
    (home / "own.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


def allocated(folder: str, what: str, kind: str = "ours") -> int:
    """Bytes of a handshake, or of a KB, on i386."""
    return SCRIPTS[what].allocated(folder, what, kind)


def _counted(folder: str, what: str, kind: str) -> int:
    # Instructions of a handshake, or of a KB.
    return SCRIPTS[what].instructions(folder, what, kind)
