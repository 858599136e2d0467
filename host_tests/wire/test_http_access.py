# Who may do what over HTTP, by the table of http_decisions.py. Runs on CPython and on MicroPython:
# plain asserts only.

from checks import raises
from http_decisions import CREDENTIALS, TABLE, TLS_TABLE, message, rows
from http_requests import whole

from wire.http import RemoteError
from wire.http_access import COMMAND, LOG, STREAM, Access
from wire.http_whitelist import covers

OURS = (b"10.0.0.5", b"module.local")
FULL = {b"ver": b"version", b"get wl s": b"get wlan.ssid", b"get  wlan.ssid": b"get wlan.ssid"}
VALUES = {"-": b""}

ALLOWS = {
    "-": b"",
    "vary": b"Vary: Origin\r\n",
    "any": b"Access-Control-Allow-Origin: *\r\n",
    "one": b"Access-Control-Allow-Origin: http://app.test\r\n"
    b"Access-Control-Allow-Credentials: true\r\n"
    b"Vary: Origin\r\n",
}
MORE = {
    "0": b"",
    "403": b"",
    "401": b'WWW-Authenticate: Basic realm="WiConnect", charset="UTF-8"\r\n',
    "204": b"Allow: GET, HEAD, POST, OPTIONS\r\n",
}
ASKED = (
    b"Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"
    b"Access-Control-Allow-Headers: Content-Type, Accept%s\r\n"
    b"Access-Control-Max-Age: 600\r\n"
)


def access(auth="on", cors=b"", whitelist=b"", secure=False):
    def is_listed(endpoint, command):
        return covers(whitelist, endpoint, command, FULL.get(command))

    made = Access(lambda host: host in OURS, is_listed, [])
    if auth == "on":
        made.configure(b"admin", b"password", cors, b"", secure)
    else:
        made.configure(b"", b"", cors, b"", secure)
    return made


def decided(made, data, address=b"a", now=0):
    """What it says to a request, asked as the server does."""
    request, body = whole(data + b"\r\n")
    assert body
    path = request.path()
    command = b""
    endpoint = None
    if path == COMMAND or path.startswith(b"/command/"):
        endpoint = COMMAND
        command = path[9:]
    elif path in (LOG, STREAM):
        endpoint = path
    return made.decide(request, address, now, endpoint, command, path == b"/open.txt")


def check(table, secure=False):
    for row in rows(table):
        auth, cors, whitelist, method, target, _, _, _, status, allows = row
        cors = b"" if cors == "-" else cors.encode()
        whitelist = b"" if whitelist == "-" else whitelist.encode().replace(b"+", b" ")
        made = access(auth, cors, whitelist, secure)
        code, fields, reason = decided(made, message(row))
        assert code == int(status), row
        wanted = ALLOWS[allows]
        if code == 204 and allows == "any":
            wanted += ASKED % b""
        elif code == 204 and allows == "one":
            wanted += ASKED % b", Authorization"
        assert fields == wanted + MORE[status], (row, fields)
        assert (reason == b"") == (code in (0, 204)), row
        if code == 403 and reason != b"Unknown host":
            sent = b"" if row[7] == "-" or cors != b"*" else b" with credentials"
            assert reason == b"Foreign origin" + sent, row


def test_the_table_is_large():
    found = rows(TABLE)
    assert len(found) >= 80
    assert len({"\n".join(row) for row in found}) == len(found)


def test_the_table():
    check(TABLE)


def test_the_table_with_tls():
    check(TLS_TABLE, True)


def test_either_credential_alone_is_none():
    data = b"GET /log HTTP/1.1\r\nHost: 10.0.0.5\r\n"
    made = access()
    assert decided(made, data)[0] == 401
    for username, password in ((b"admin", b""), (b"", b"password")):
        made.configure(username, password, b"")
        assert decided(made, data)[0] == 0


LOG_OF = b"GET /log HTTP/1.1\r\nHost: 10.0.0.5\r\n"
WRONG = LOG_OF + b"Authorization: " + CREDENTIALS["wrong"] + b"\r\n"
RIGHT = LOG_OF + b"Authorization: " + CREDENTIALS["right"] + b"\r\n"


def test_what_was_set():
    made = access()
    assert made.configure(b"", b"", b"") and made.configure(b"", b"", b"*")
    assert made.configure(b"", b"", b"http://app.test")
    assert not made.configure(b"admin", b"password", b"app.test", b'My "own"')
    fields = b'WWW-Authenticate: Basic realm="My \\"own\\"", charset="UTF-8"\r\n'
    assert decided(made, LOG_OF) == (401, fields, b"No password")
    # And what goes without saying: no TLS, WiConnect, a file that is for nobody in particular.
    made = Access(lambda host: True, lambda endpoint, command: command == b"", [])
    made.configure(b"admin", b"password", b"")
    data = b"%s /x HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\n\r\n"
    request = whole(data % b"PUT")[0]
    assert made.decide(request, b"a", 0) == (401, MORE["401"], b"No password")
    request = whole(data % b"GET")[0]
    assert made.decide(request, b"a", 0)[0] == 401
    assert made.decide(request, b"a", 0, LOG)[0] == 0
    made = Access(lambda host: False, None, [])
    assert decided(made, LOG_OF) == (403, b"", b"Unknown host")


def test_attempts():
    made = access()
    for _ in range(20):  # who sends none does not guess
        assert decided(made, LOG_OF)[0] == 401
    for _ in range(5):
        assert decided(made, WRONG) == (401, MORE["401"], b"Wrong password")
        assert decided(made, LOG_OF) == (401, MORE["401"], b"No password")
    wait = (429, b"Retry-After: 30\r\n", b"Too many wrong passwords")
    assert decided(made, WRONG) == decided(made, RIGHT) == wait
    assert decided(made, LOG_OF)[0] == 401
    assert decided(made, RIGHT, b"b")[0] == 0
    assert decided(made, RIGHT, b"a", 29)[0] == 429
    assert decided(made, RIGHT, b"a", 30)[0] == 0
    assert decided(made, WRONG, b"a", 30)[0] == 401
    assert decided(made, RIGHT, b"a", 30)[0] == 429


def test_attempts_at_what_is_free():
    # The whitelist does not help to guess: wrong ones count, and right ones change nothing.
    made = access(whitelist=b"/log")
    for _ in range(7):
        assert decided(made, WRONG)[0] == 0
    assert decided(made, RIGHT)[0] == 0
    stream = RIGHT.replace(b"/log", b"/stream")
    assert decided(made, stream)[0] == 429
    assert decided(made, stream, b"b")[0] == 0


def test_refused_pages_do_not_guess():
    made = access()
    for _ in range(7):
        assert decided(made, WRONG + b"Origin: http://evil.test\r\n")[0] == 403
        assert decided(made, WRONG.replace(b"10.0.0.5", b"evil.test"))[0] == 403
    assert decided(made, RIGHT)[0] == 0


def test_the_whitelist_is_not_asked_without_need():
    def is_listed(endpoint, command):
        raise AssertionError("asked")

    made = Access(lambda host: True, is_listed, [])
    assert decided(made, LOG_OF)[0] == 0
    made.configure(b"admin", b"password", b"")
    assert decided(made, RIGHT)[0] == 0
    raises(AssertionError, decided, made, LOG_OF)
    assert decided(made, b"GET /x HTTP/1.1\r\nHost: h\r\n")[0] == 401


def test_what_is_said_twice():
    made = access(auth="off", cors=b"*")
    for name in (b"Origin", b"Referer", b"Authorization", b"Sec-Fetch-Site"):
        data = LOG_OF + 2 * (name + b": http://10.0.0.5\r\n")
        assert raises(RemoteError, decided, made, data).status == 400, name
    data = LOG_OF.replace(b"10.0.0.5", b"a b")
    assert raises(RemoteError, decided, made, data).status == 400
