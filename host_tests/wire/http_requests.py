# Requests that the tests of HTTP read. Runs on CPython and on MicroPython.

from wire import http

HOST = b"Host: 10.0.0.5\r\n"
LIMIT = 1024
CHROME = (
    b"GET /command/get%20wlan.ssid?x=1 HTTP/1.1\r\n"
    b"Host: 10.0.0.5:8080\r\n"
    b"Connection: keep-alive\r\n"
    b"Authorization: Basic YWRtaW46cGFzc3dvcmQ=\r\n"
    b'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"\r\n'
    b"Accept:text/html,*/*;q=0.8\r\n"
    b"Accept-Encoding: \t gzip, deflate \t \r\n"
    b"X-Empty:\r\n"
    b"X-Blank:   \r\n"
    b"Cookie: a=\xc3\xa4\tb\r\n"
    b"\r\n"
)


def whole(data, limit=LIMIT):
    """The request, read at once, and the offset of its body."""
    request = http.Request(limit)
    request.begin(bytearray(data), 0)
    return request, request.read(len(data))


def head(line=b"GET / HTTP/1.1\r\n", fields=HOST):
    return line + fields + b"\r\n"
