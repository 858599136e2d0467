"""What TLS takes: a handshake, and a KB that comes. device/tls.py has both sides in one process
and no socket; bytes on i386, and instructions on amd64. The keys are made here, for P-256.
"""

import datetime
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from airwire import interpreter, project
from airwire.errors import UserError

if __package__:
    from host_tests.bench.rows import Row
else:
    from rows import Row

SCRIPT = Path(__file__).parent / "device" / "tls.py"
HOST = "host.airwire"
HEAP = "16M"  # nothing is collected while bytes are counted
PATIENCE_SECONDS = 120

# Handshakes, and KB. The keys of a handshake are random, and so is what they cost, by one percent:
# the figures for data are slopes over so many that the handshake before them does not count.
HANDSHAKES = (2, 12)
KILOBYTES = (100, 2100)

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
    few, many = _counts(what)
    return round(
        (_run("i386", folder, what, kind, many) - _run("i386", folder, what, kind, few))
        / (many - few)
    )


def _counts(what: str) -> tuple[int, int]:
    return HANDSHAKES if what == "handshake" else KILOBYTES


def _run(arch: str, folder: str, what: str, kind: str, count: int, *before: str) -> int:
    program = [str(interpreter.find(arch)), "-X", f"heapsize={HEAP}", str(SCRIPT)]
    done = subprocess.run(
        [*before, *program, folder, what, kind, f"{count:05}"],  # the length of words counts too
        env={"MICROPYPATH": f"{project.ROOT}:{project.ROOT / 'lib'}:.frozen"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise UserError(f"bench: device/tls.py said {(done.stdout + done.stderr)!r}")
    return int(done.stdout)


def _counted(folder: str, what: str, kind: str) -> int:
    # Instructions of a handshake, or of a KB.
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise UserError("bench: no valgrind here: run `make bench`, which says how to get it")
    out = Path(folder) / "callgrind"
    totals = []
    for count in _counts(what):
        tool = (valgrind, "-q", "--tool=callgrind", f"--callgrind-out-file={out}")
        _run("amd64", folder, what, kind, count, *tool)
        total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
        if not total:
            raise UserError("bench: callgrind wrote no total")
        totals.append(int(total[1]))
    few, many = _counts(what)
    return round((totals[1] - totals[0]) / (many - few))
