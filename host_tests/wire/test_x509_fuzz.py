"""X.509 and PEM with anything in them: what is read, or one of their own errors.

CPython only, as all *_fuzz.py.
"""

from hypothesis import given
from hypothesis import strategies as st
from test_pem import text
from test_x509 import KEYS, alt_names, certificate, der, name

from wire import pem, x509

_WHOLES = (
    certificate(),
    certificate(name(), extensions=alt_names(der(0x82, b"www.example.com"))),
    *KEYS,
)
DAMAGED = st.tuples(
    st.sampled_from(_WHOLES),
    st.lists(st.tuples(st.integers(0, 600), st.binary(max_size=4)), max_size=4),
)


@given(st.one_of(st.binary(max_size=300), DAMAGED))
def test_any_der(found):
    if isinstance(found, tuple):
        data, changes = bytearray(found[0]), found[1]
        for at, piece in changes:
            data[at : at + len(piece)] = piece
        found = bytes(data)
    for read in (x509.Certificate, x509.private_key, lambda data: list(x509.pieces(data))):
        try:
            read(found)
        except x509.X509Error as error:
            assert type(error.args[0]) is bytes


LINES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(text().splitlines(True) + text(b"PRIVATE KEY", width=7).splitlines(True)),
)


@given(st.lists(LINES, max_size=20))
def test_any_pem(lines):
    try:
        for kind, found, start, end in pem.blocks(lines):
            assert kind == pem.CERTIFICATE or kind in pem.KEYS
            assert found and b"".join(lines)[start:end].lstrip().startswith(b"-----BEGIN")
    except pem.PemError as error:
        assert type(error.args[0]) is bytes


@given(st.binary(min_size=1, max_size=500), st.integers(1, 100), st.sampled_from([b"\n", b"\r\n"]))
def test_pem_there_and_back(data, width, end):
    lines = text(der=data, width=width, end=end).splitlines(True)
    assert [row[:2] for row in pem.blocks(lines)] == [(b"CERTIFICATE", data)]
    lines = pem.encode(b"CERTIFICATE", data).splitlines(True)
    assert [row[:2] for row in pem.blocks(lines)] == [(b"CERTIFICATE", data)]
