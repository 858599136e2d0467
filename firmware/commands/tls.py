# What TLS can do: tls_ciphers.
from firmware.console.registry import command


@command(b"tls_ciphers", b"tlsi")
def tls_ciphers(session, args):
    """tls_ciphers
    List the cipher suites of TLS, the best first: key exchange, encryption, hash, and the name
    for network.tls.ciphers.
    """
    import ssl

    # ssl.SSLContext, which is Python, has no get_ciphers of its own.
    names = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)._context.get_ciphers()
    return lambda: _lines(names)


def _lines(names):
    yield b"! # Exchange    Encryption   Hash   Name"
    for i, name in enumerate(names):
        exchange, _, rest = name.partition("-WITH-")
        parts = rest.split("-")
        # Suites with CCM do not name the hash: it is SHA256 (RFC 6655).
        hashed = "SHA256" if parts[-1] in ("CCM", "8") else parts.pop()
        columns = (i, exchange[4:], "-".join(parts), hashed, name)
        yield b"# %2d %-11s %-12s %-6s %s" % tuple(
            [c.encode() if isinstance(c, str) else c for c in columns]
        )
