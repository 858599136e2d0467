"""`airwire cert` and `airwire dct` in a test, and openssl, which judges."""

import re
import subprocess

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from airwire import cli

# What of a key must never be seen: the base64 of its PEM, in pieces short enough for any wrapping,
# and the numbers that are secret, however they are written.
_PIECE = 12


class Command:
    """Runs commands and keeps all that they have said, for whoever looks for secrets in it."""

    def __init__(self, name, capfd):
        self._name = name
        self._capfd = capfd
        self.said = ""

    def run(self, *words):
        """(exit code, stdout, stderr)."""
        try:
            code = cli.main([self._name, *map(str, words)])
        except SystemExit as end:  # argparse
            code = end.code
        out, err = self._capfd.readouterr()
        self.said += out + err
        return code, out, err

    def __call__(self, *words):
        """It must succeed, and say nothing on stderr. Returns what it has printed."""
        code, out, err = self.run(*words)
        assert (code, err) == (0, ""), err
        return out

    def refused(self, *words):
        """It must fail in one line and print nothing else. Returns that line."""
        code, out, err = self.run(*words)
        assert (code, out) == (2, ""), (code, out, err)
        assert err.startswith("airwire: ") and err.count("\n") == 1, err
        return err.removeprefix("airwire: ").rstrip("\n")


def secrets_of(key):
    """Pieces of text that only somebody who has the key can print."""
    numbers = key.private_numbers()
    found = []
    secret = [
        getattr(numbers, name)
        for name in ("private_value", "d", "p", "q")
        if hasattr(numbers, name)
    ]
    for number in secret:
        raw = number.to_bytes((number.bit_length() + 7) // 8)
        found += [str(number), raw.hex(), raw.hex().upper(), raw.hex(":"), repr(raw)[2:-1]]
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        text = key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
        body = "".join(text.splitlines()[1:-1])
        # The head of the structure is no secret, nor is the public key at its end.
        found += [body[i : i + _PIECE] for i in range(60, 84, _PIECE)]
    return found


def openssl(command, *more, fails=False):
    """Runs openssl with a line of words, and more words. Returns what it has said."""
    done = subprocess.run(["openssl", *command.split(), *map(str, more)], capture_output=True)
    text = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    assert (done.returncode != 0) == fails, text
    return text


def verifies(cert, root, purpose, *more):
    """Whether openssl accepts the first certificate of a file, the others being helpers."""
    words = ["verify", "-x509_strict", "-CAfile", root, "-untrusted", cert, "-purpose", purpose]
    done = subprocess.run(["openssl", *map(str, [*words, *more, cert])], capture_output=True)
    return done.returncode == 0


def mode(path):
    return f"{path.stat().st_mode & 0o777:o}"


def fingerprint(path):
    text = openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256")
    return re.search("=([0-9A-F:]+)", text)[1]
