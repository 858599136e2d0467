"""What TLS allocates; its instructions are counted by `make bench`."""

from host_tests.bench import tls


def test_bytes():
    with tls.identity() as folder:
        assert tls.allocated(folder, "data") == 0
        ours, bare = (tls.allocated(folder, "handshake", kind) for kind in ("ours", "bare"))
        assert 0 < ours - bare <= tls.MOST_HANDSHAKE_BYTES
