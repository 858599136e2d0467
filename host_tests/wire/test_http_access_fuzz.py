"""Access over HTTP with anything in the headers: the declared error or none, and what the rules
are for never fails. On CPython, as all *_fuzz.py.
"""

import base64
import binascii
import re
from urllib.parse import urlsplit

from http_requests import LIMIT
from hypothesis import given
from hypothesis import strategies as st

from wire import http
from wire.http_access import COMMAND, LOG, STREAM, Access
from wire.http_auth import Attempts, is_basic, token
from wire.http_origin import Cors, is_own, origin_of
from wire.http_whitelist import covers, whole

# What may stand in a header's value; more of what matters than of the rest.
WORDS = st.sampled_from(
    (
        *(
            b"http://",
            b"https://",
            b"null",
            b"h",
            b"evil",
            b":",
            b":80",
            b":443",
            b"/",
            b"?",
            b"#",
        ),
        *(b"?", b"#", b"Basic ", b"YTpi", b"=", b"*", b",", b" ", b"[::1]", b"cross-site", b"@"),
    )
)
VALUES = st.lists(
    WORDS | st.binary(max_size=4).map(lambda text: re.sub(rb"[\0-\x1f\x7f]", b"", text)),
    max_size=6,
).map(b"".join)
NAMES = (b"Host", b"Origin", b"Referer", b"Sec-Fetch-Site", b"Authorization")
METHODS = st.sampled_from((b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS"))
ENDPOINTS = st.sampled_from((None, COMMAND, LOG, STREAM))
SETTINGS = st.sampled_from((b"", b"*", b"http://app", b"null"))
RIGHT = token(b"a", b"b")


@given(
    method=METHODS,
    headers=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6),
    endpoint=ENDPOINTS,
    cors=SETTINGS,
    auth=st.booleans(),
    unprotected=st.booleans(),
    secure=st.booleans(),
    listed=st.booleans(),
)
def test_whatever_comes(method, headers, endpoint, cors, auth, unprotected, secure, listed):
    lines = b"".join(b"%s: %s\r\n" % header for header in headers)
    data = bytearray(b"%s /x HTTP/1.0\r\n%s\r\n" % (method, lines))
    request = http.Request(LIMIT)
    request.begin(data, 0)
    access = Access(lambda host: host == b"h", lambda endpoint, command: listed, [])
    access.configure(b"a" * auth, b"b", cors, b"", secure)
    try:
        assert request.read(len(data))
        status, fields, reason = access.decide(request, b"x", 0, endpoint, b"", unprotected)
    except http.RemoteError as error:
        assert error.status in (400, 431)
        return
    assert status in (0, 204, 401, 403)
    assert (status == 204) <= (method == b"OPTIONS")
    # Every line of the answer is one, and no origin but the one that was set is let in by name.
    assert re.fullmatch(rb"([A-Za-z-]+: [\x20-\x7e]+\r\n)*", fields), fields
    allowed = re.findall(rb"Allow-Origin: (.*)\r", fields)
    assert allowed in ([], [b"*"], [b"http://app"]) and (b"*" in allowed) <= (cors == b"*")
    if status or method == b"OPTIONS":
        return
    said = {name.lower(): value.strip() for name, value in headers}
    assert said.get(b"host", b"").lower().partition(b":")[0] in (b"h", b"")
    reads = endpoint is None and method in (b"GET", b"HEAD")
    right = said.get(b"authorization", b"")[:5].lower() == b"basic" and RIGHT in headers_of(said)
    if auth and not (right or listed and endpoint or unprotected and reads):
        raise AssertionError("came in without credentials")
    origin = said.get(b"origin")
    if origin is not None and not reads and cors != b"*":
        assert origin_of(origin) in (
            *(origin_of(b"https://" + said.get(b"host", b"")), b"http://app"),
            *(() if secure else (origin_of(b"http://" + said.get(b"host", b"")),)),
        )
        assert origin_of(origin)


def headers_of(said):
    return said.get(b"authorization", b"").split(b" ")


@given(value=VALUES | st.binary(max_size=20))
def test_origins_are_those_of_urllib(value):
    origin = origin_of(value)
    assert re.fullmatch(rb"(https?://[!-~]+)?", origin), origin
    # A host that is a port alone, twice, is none the second time.
    again = (origin, origin.removesuffix(b":80").removesuffix(b":443"), b"")
    assert origin_of(origin) in again
    assert not Cors(value).fields(None) or re.fullmatch(rb"[ -~]+\r\n", Cors(value).fields(None))
    if origin:
        try:
            split = urlsplit(value.decode("latin-1").lower())
        except ValueError:
            return  # brackets without an address, which no browser sends
        default = {"http": ":80", "https": ":443"}[split.scheme]
        host = split.netloc.removesuffix(default)
        assert origin.decode("latin-1") == f"{split.scheme}://{host}"
        authority = split.netloc.encode("latin-1")
        assert is_own(origin, authority, split.scheme == "https")


@given(value=VALUES | st.binary(max_size=20), username=st.binary(), password=st.binary())
def test_only_the_right_ones_are_right(value, username, password):
    wanted = token(username, password)
    assert bool(wanted) == bool(username and password)
    if wanted:
        assert is_basic(b"Basic " + wanted, wanted) == (len(wanted) <= 250)
        assert base64.b64decode(wanted, validate=True) == username + b":" + password
        if is_basic(value, wanted):
            assert binascii.a2b_base64(value[6:]) == username + b":" + password


@given(data=VALUES | st.binary(max_size=40), command=VALUES | st.binary(max_size=10))
def test_the_whitelist_as_it_is_described(data, command):
    entries = [entry.strip() for entry in re.split(rb"[,\n]", data)]
    wanted = False
    for entry in filter(None, entries):
        text = COMMAND if entry.startswith(b"/") else command
        if entry.endswith(b"*"):
            wanted |= text.startswith(entry[:-1])
        else:
            wanted |= text == entry
    if any(byte < 32 for byte in command):
        wanted = False
    assert covers(data, COMMAND, command) == wanted
    # In pieces, each of whole entries.
    found = False
    rest = b""
    for at in range(0, len(data), 7):
        rest += data[at : at + 7]
        n = whole(rest)
        found |= covers(rest[:n], COMMAND, command)
        rest = rest[n:]
    assert (found or covers(rest, COMMAND, command)) == wanted


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(-400, 400) | st.integers(0, 40)), max_size=80
    )
)
def test_nobody_waits_for_long_or_guesses_often(steps):
    attempts = Attempts([])
    now = 0
    looked = []  # when a guess was looked at, while time only goes on
    for address, step in steps:
        now += step
        if step < 0:
            looked = []
        wait = attempts.wait(address, now)
        assert 0 <= wait <= 30
        if not wait:
            looked.append(now)
            attempts.failed(address, now)
    # Eight rows: five at once, then one for each 30 seconds, and five more after 300.
    for at in looked:
        within = sum(at <= time < at + 30 for time in looked)
        assert within <= 8 * 10, looked
