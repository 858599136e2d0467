# Who may do what over HTTP, as a table: test_http_access.py asks the codec, and
# board/test_http_access.py a board. Runs on CPython and on MicroPython.
#
# auth         off, or on: admin and password are set
# cors         http.server.cors_origin; - is empty
# whitelist    the content of http_whitelist.csv; a + is a blank
# target       a file is /closed.txt, or /open.txt, which file_create was given -u for
# host         - is none, in HTTP/1.0. The module is 10.0.0.5 and module.local
# page         Origin, r: Referer, s: Sec-Fetch-Site; a + between two
# sends        the credentials: right, wrong, or bearer, which is another scheme
# status       0: the request goes on
# allows       what the answer says of CORS: any, one (and credentials), vary, or -

TABLE = """
au. co. whitel.  method  target           host         page                       sends  st. allows

# Programs: no page is named.
off -   -        GET     /command/version 10.0.0.5     -                          -      0   -
off -   -        GET     /command/version module.local -                          -      0   -
off -   -        GET     /command/version MODULE.local -                          -      0   -
off -   -        GET     /command/version 10.0.0.5:81  -                          -      0   -
off -   -        GET     /command/version -            -                          -      0   -
off -   -        HEAD    /command/version 10.0.0.5     -                          -      0   -
off -   -        POST    /command         10.0.0.5     -                          -      0   -
off -   -        GET     /log             10.0.0.5     -                          -      0   -
off -   -        POST    /stream          10.0.0.5     -                          -      0   -
off -   -        GET     /closed.txt      10.0.0.5     -                          -      0   -
off -   -        GET     /command/version 10.0.0.5     -                          wrong  0   -

# Hosts: a stranger's name that leads here is DNS rebinding.
off -   -        GET     /command/version evil.test    -                          -      403 -
off -   -        GET     /closed.txt      evil.test    -                          -      403 -
off -   -        GET     /open.txt        evil.test    -                          -      403 -
off -   -        GET     /log             10.0.0.6     -                          -      403 -
off -   -        POST    /command         stranger     -                          -      403 -
off -   -        POST    /command         module.local.evil.test -                -      403 -
off -   -        POST    /stream          evil.test    http://evil.test           -      403 -
off *   -        GET     /command/version evil.test    -                          -      403 -
off *   -        OPTIONS /command         evil.test    http://evil.test           -      403 -
on  -   *        GET     /command/version evil.test    -                          right  403 -
on  -   -        GET     /closed.txt      evil.test    -                          -      403 -

# Pages of the module itself.
off -   -        POST    /command         10.0.0.5     http://10.0.0.5            -      0   -
off -   -        POST    /command         10.0.0.5:81  http://10.0.0.5:81         -      0   -
off -   -        POST    /command         10.0.0.5     http://10.0.0.5:80         -      0   -
off -   -        POST    /command         module.local http://module.local        -      0   -
off -   -        POST    /command         10.0.0.5     https://10.0.0.5           -      0   -
off -   -        GET     /command/version 10.0.0.5     r:http://10.0.0.5/a        -      0   -
off -   -        GET     /command/version 10.0.0.5     r:                         -      0   -
off -   -        GET     /command/version 10.0.0.5     s:same-origin              -      0   -
off -   -        GET     /command/version 10.0.0.5     s:none                     -      0   -
off -   -        POST    /command         10.0.0.5     http://10.0.0.5+r:http://10.0.0.5/ - 0 -
on  -   -        POST    /command         10.0.0.5     http://10.0.0.5            right  0   -
on  -   -        POST    /command         10.0.0.5     http://10.0.0.5            -      401 -

# Pages of others.
off -   -        POST    /command         10.0.0.5     http://evil.test           -      403 -
off -   -        GET     /command/version 10.0.0.5     http://evil.test           -      403 -
off -   -        GET     /log             10.0.0.5     http://evil.test           -      403 -
off -   -        POST    /stream          10.0.0.5     http://evil.test           -      403 -
off -   -        GET     /stream          10.0.0.5     http://evil.test           -      403 -
off -   -        POST    /closed.txt      10.0.0.5     http://evil.test           -      403 -
off -   -        PUT     /closed.txt      10.0.0.5     http://evil.test           -      403 -
off -   -        DELETE  /open.txt        10.0.0.5     http://evil.test           -      403 -
off -   -        HEAD    /command/version 10.0.0.5     http://evil.test           -      403 -
off -   -        POST    /command         10.0.0.5     null                       -      403 -
off -   -        POST    /command         -            null                       -      403 -
off -   -        POST    /command         10.0.0.5     http://10.0.0.5:81         -      403 -
off -   -        POST    /command         10.0.0.5     http://module.local        -      403 -
off -   -        POST    /command         10.0.0.5     http://10.0.0.5.evil.test  -      403 -
off -   -        POST    /command         10.0.0.5     file://10.0.0.5            -      403 -
off -   -        GET     /command/reboot  10.0.0.5     r:http://evil.test/        -      403 -
off -   -        GET     /command/reboot  10.0.0.5     r:http://evil.test/?http://10.0.0.5 - 403 -
off -   -        GET     /command/reboot  10.0.0.5     r:about:blank              -      403 -
off -   -        POST    /command         10.0.0.5     http://10.0.0.5+r:http://evil.test/ - 403 -
off -   -        GET     /command/reboot  10.0.0.5     s:cross-site               -      403 -
off -   -        GET     /command/reboot  10.0.0.5     s:same-site                -      403 -
on  -   -        POST    /command         10.0.0.5     http://evil.test           right  403 -
on  -   *        GET     /command/version 10.0.0.5     http://evil.test           -      403 -
on  -   *        GET     /command/version 10.0.0.5     r:http://evil.test/        -      403 -

# Files are read from links and pages anywhere: what a page of others may see of it, CORS says.
off -   -        GET     /closed.txt      10.0.0.5     http://evil.test           -      0   -
off -   -        HEAD    /closed.txt      10.0.0.5     http://evil.test           -      0   -
off -   -        GET     /closed.txt      10.0.0.5     r:http://evil.test/        -      0   -
on  -   -        GET     /closed.txt      10.0.0.5     r:http://evil.test/        right  0   -
on  -   -        GET     /open.txt        10.0.0.5     http://evil.test           -      0   -

# Credentials.
on  -   -        GET     /command/version 10.0.0.5     -                          -      401 -
on  -   -        GET     /command/version 10.0.0.5     -                          right  0   -
on  -   -        GET     /command/version 10.0.0.5     -                          wrong  401 -
on  -   -        GET     /command/version 10.0.0.5     -                          bearer 401 -
on  -   -        GET     /command/version 10.0.0.5     s:none                     -      401 -
on  -   -        GET     /command/version -            -                          -      401 -
on  -   -        HEAD    /command/version 10.0.0.5     -                          -      401 -
on  -   -        POST    /command         10.0.0.5     -                          -      401 -
on  -   -        POST    /command         10.0.0.5     -                          right  0   -
on  -   -        GET     /log             10.0.0.5     -                          -      401 -
on  -   -        GET     /log             10.0.0.5     -                          right  0   -
on  -   -        POST    /stream          10.0.0.5     -                          -      401 -
on  -   -        GET     /stream          10.0.0.5     http://10.0.0.5            -      401 -
on  -   -        POST    /stream          10.0.0.5     -                          right  0   -

# Files with and without -u.
on  -   -        GET     /closed.txt      10.0.0.5     -                          -      401 -
on  -   -        HEAD    /closed.txt      10.0.0.5     -                          -      401 -
on  -   -        GET     /closed.txt      10.0.0.5     -                          right  0   -
on  -   -        GET     /closed.txt      10.0.0.5     -                          wrong  401 -
on  -   *        GET     /closed.txt      10.0.0.5     -                          -      401 -
on  -   /closed.txt GET  /closed.txt      10.0.0.5     -                          -      401 -
on  -   -        GET     /open.txt        10.0.0.5     -                          -      0   -
on  -   -        HEAD    /open.txt        10.0.0.5     -                          -      0   -
on  -   -        GET     /open.txt        10.0.0.5     -                          wrong  0   -
on  -   -        PUT     /open.txt        10.0.0.5     -                          -      401 -
on  -   -        POST    /open.txt        10.0.0.5     -                          -      401 -
on  -   -        DELETE  /open.txt        10.0.0.5     -                          -      401 -

# The whitelist.
on  -   *        GET     /command/version 10.0.0.5     -                          -      0   -
on  -   *        POST    /stream          10.0.0.5     -                          -      0   -
on  -   *        GET     /command/version 10.0.0.5     -                          wrong  0   -
on  -   *        GET     /command/version 10.0.0.5     -                          right  0   -
on  -   /log,/stream GET /log             10.0.0.5     -                          -      0   -
on  -   /log,/stream POST /stream         10.0.0.5     -                          -      0   -
on  -   /log,/stream GET /command/version 10.0.0.5     -                          -      401 -
on  -   /command GET     /command/version 10.0.0.5     -                          -      0   -
on  -   /command GET     /log             10.0.0.5     -                          -      401 -
on  -   /l*      GET     /log             10.0.0.5     -                          -      0   -
on  -   version  GET     /command/version 10.0.0.5     -                          -      0   -
on  -   version  GET     /command/ver     10.0.0.5     -                          -      0   -
on  -   ver      GET     /command/ver     10.0.0.5     -                          -      0   -
on  -   ver      GET     /command/version 10.0.0.5     -                          -      401 -
on  -   version  GET     /command/version%20x 10.0.0.5 -                          -      401 -
on  -   version  GET     /log             10.0.0.5     -                          -      401 -
on  -   version  GET     /version         10.0.0.5     -                          -      401 -
on  -   get+wl*  GET     /command/get%20wlan.ssid 10.0.0.5 -                      -      0   -
on  -   get+wl*  GET     /command/get%20wl%20s 10.0.0.5 -                         -      0   -
on  -   get+wl*  GET     /command/get%20network.ip 10.0.0.5 -                     -      401 -
on  -   get+wl*  GET     /command/set%20wlan.ssid%20x 10.0.0.5 -                  -      401 -
on  -   get+wlan.ssid GET /command/get%20wl%20s 10.0.0.5 -                        -      0   -
on  -   get+wlan.ssid GET /command/get%20%20wlan.ssid 10.0.0.5 -                  -      0   -
on  -   get+wlan.ssid GET /command/%67et%20wlan.ssid 10.0.0.5 -                   -      0   -
on  -   get+wlan.ssid GET /command/get%2520wlan.ssid 10.0.0.5 -                   -      401 -
on  -   get+wlan.* GET   /command/get%20wl%20s 10.0.0.5 -                         -      0   -
on  -   ls,get+* GET     /command/get%20wlan.ssid 10.0.0.5 http://10.0.0.5        -      0   -
on  -   ls,get+* GET     /command/ls      10.0.0.5     -                          -      0   -
on  -   ls,get+* GET     /command/ls%20-v 10.0.0.5     -                          -      401 -

# CORS: no origin, one origin, all origins without credentials.
off http://app.test - POST /command       10.0.0.5     http://app.test            -      0   one
off http://app.test - GET /command/version 10.0.0.5    http://app.test            -      0   one
off http://app.test - GET /command/version 10.0.0.5    r:http://app.test/x        -      0   vary
off http://app.test - GET /command/version 10.0.0.5    s:cross-site               -      403 vary
off http://app.test - GET /command/version 10.0.0.5    -                          -      0   vary
off http://app.test - POST /command       10.0.0.5     http://10.0.0.5            -      0   vary
off http://app.test - POST /command       10.0.0.5     http://evil.test           -      403 vary
off http://app.test - POST /command       10.0.0.5     http://app.test:81         -      403 vary
off http://app.test - POST /command       10.0.0.5     https://app.test           -      403 vary
off http://app.test - POST /command       10.0.0.5     http://x.app.test          -      403 vary
off http://app.test - POST /command       10.0.0.5     null                       -      403 vary
off http://app.test - GET /closed.txt     10.0.0.5     http://app.test            -      0   one
off http://app.test - GET /closed.txt     10.0.0.5     http://evil.test           -      0   vary
on  http://app.test - GET /command/version 10.0.0.5    http://app.test            -      401 one
on  http://app.test - GET /command/version 10.0.0.5    http://app.test            right  0   one
on  http://app.test - GET /command/version 10.0.0.5    http://evil.test           right  403 vary
off HTTP://App.Test:80/ - POST /command   10.0.0.5     http://app.test            -      0   one
off null -       POST    /command         10.0.0.5     null                       -      403 -
off *   -        POST    /command         10.0.0.5     http://evil.test           -      0   any
off *   -        GET     /command/version 10.0.0.5     s:cross-site               -      0   any
off *   -        GET     /command/version 10.0.0.5     -                          -      0   any
off *   -        POST    /command         10.0.0.5     null                       -      0   any
off *   -        POST    /command         10.0.0.5     http://evil.test           right  403 any
on  *   -        POST    /command         10.0.0.5     http://evil.test           right  403 any
on  *   -        POST    /command         10.0.0.5     http://evil.test           -      401 any
on  *   version  GET     /command/version 10.0.0.5     http://evil.test           -      0   any
on  *   version  GET     /command/version 10.0.0.5     http://evil.test           right  403 any
on  *   -        GET     /command/version 10.0.0.5     r:http://evil.test/        right  403 any
on  *   -        GET     /closed.txt      10.0.0.5     r:http://evil.test/        right  0   any
on  *   -        POST    /command         10.0.0.5     http://10.0.0.5            right  0   any
on  *   -        POST    /command         10.0.0.5     -                          right  0   any

# A browser asks before it sends; nobody else needs to.
off -   -        OPTIONS /command         10.0.0.5     -                          -      204 -
off -   -        OPTIONS /command         10.0.0.5     http://10.0.0.5            -      204 -
off -   -        OPTIONS /command         10.0.0.5     http://evil.test           -      403 -
off -   -        OPTIONS /closed.txt      10.0.0.5     http://evil.test           -      403 -
off http://app.test - OPTIONS /command    10.0.0.5     http://app.test            -      204 one
off http://app.test - OPTIONS *           10.0.0.5     http://app.test            -      204 one
off http://app.test - OPTIONS /command    10.0.0.5     http://evil.test           -      403 vary
off *   -        OPTIONS /command         10.0.0.5     http://evil.test           -      204 any
off *   -        OPTIONS *                10.0.0.5     -                          -      204 any
on  -   -        OPTIONS *                10.0.0.5     -                          -      204 -
on  http://app.test - OPTIONS /command/version 10.0.0.5 http://app.test           -      204 one
on  *   -        OPTIONS /stream          10.0.0.5     http://evil.test           -      204 any
"""

# With TLS, which only the codec is asked: a page that came without it is not ours.
TLS_TABLE = """
off -   -        POST    /command         10.0.0.5     https://10.0.0.5           -      0   -
off -   -        POST    /command         10.0.0.5     http://10.0.0.5            -      403 -
off -   -        GET     /command/version 10.0.0.5     r:http://10.0.0.5/         -      403 -
off -   -        POST    /command         10.0.0.5:444 https://10.0.0.5:444       -      0   -
off -   -        POST    /command         10.0.0.5     https://10.0.0.5:443       -      0   -
"""

COLUMNS = 10
CREDENTIALS = {
    "right": b"Basic YWRtaW46cGFzc3dvcmQ=",
    "wrong": b"Basic YWRtaW46cGFzc3dvcmR=",
    "bearer": b"Bearer YWRtaW46cGFzc3dvcmQ=",
}
_OTHERS = {"r:": b"Referer: ", "s:": b"Sec-Fetch-Site: "}


def rows(table):
    """The rows, as lists of their columns."""
    found = []
    for line in table.split("\n"):
        if line and line[0] != "#" and not line.startswith("au. "):
            row = line.split()
            assert len(row) == COLUMNS, line
            found.append(row)
    return found


def message(row, renamed=lambda text: text):
    """The request of a row; `renamed` puts in what the module is called."""
    _, _, _, method, target, host, page, sends, _, _ = row
    lines = [b"%s %s HTTP/1.%d" % (method.encode(), target.encode(), host != "-")]
    if host != "-":
        lines.append(b"Host: " + renamed(host).encode())
    for said in page.split("+"):
        if said != "-":
            name = _OTHERS.get(said[:2])
            said = renamed(said[2:] if name else said)
            lines.append((name or b"Origin: ") + said.encode())
    if sends != "-":
        lines.append(b"Authorization: " + CREDENTIALS[sends])
    return b"\r\n".join(lines) + b"\r\n"
