"""NTP with any datagram: an answer, none, or one of its errors.

CPython only, as all *_fuzz.py.
"""

from hypothesis import given
from hypothesis import strategies as st
from test_ntp import COOKIE, message

from wire import ntp


@given(st.binary(max_size=80), st.integers(0, 60), st.booleans())
def test_any_datagram(data, at, ours):
    if ours:  # one of ours, with anything in it
        whole = bytearray(message())
        whole[at : at + len(data)] = data
        whole[24:32] = COOKIE
        data = bytes(whole)
    try:
        found = ntp.answer(bytearray(data), len(data), COOKIE)
    except ntp.NtpError as error:
        assert type(error.args[0]) is bytes
        return
    if found is not None:
        sent, spent = found
        assert data[24:32] == COOKIE and sent > 0 and 0 <= spent <= 16 * 10**9
        assert sent <= ntp.now(found, 10**9) <= sent + 10**9 // 2
