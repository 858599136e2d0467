# A request's head, or an answer's: `http_head.py CASE COUNT` reads, judges or writes it COUNT
# times and prints by how many bytes the heap has grown. `nothing` is the loop alone.
import gc
import sys

from wire import http
from wire.http_access import COMMAND, Access

# A browser's: 611 bytes.
CHROME = (
    b"GET /command/get%20wlan.ssid HTTP/1.1\r\n"
    b"Host: 10.0.0.5\r\n"
    b"Connection: keep-alive\r\n"
    b"Cache-Control: max-age=0\r\n"
    b"Authorization: Basic YWRtaW46cGFzc3dvcmQ=\r\n"
    b'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"\r\n'
    b"sec-ch-ua-mobile: ?0\r\n"
    b'sec-ch-ua-platform: "Linux"\r\n'
    b"Upgrade-Insecure-Requests: 1\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/140.0.0.0 Safari/537.36\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    b"Sec-Fetch-Site: none\r\n"
    b"Sec-Fetch-Mode: navigate\r\n"
    b"Sec-Fetch-Dest: document\r\n"
    b"Accept-Encoding: gzip, deflate\r\n"
    b"Accept-Language: en-US,en;q=0.9\r\n"
    b"\r\n"
)
buf = bytearray(CHROME) + bytearray(1536 - len(CHROME))
request = http.Request(len(buf))
access = Access(lambda host: host == b"10.0.0.5", lambda endpoint, command: False, [])
access.configure(b"admin", b"password", b"")


def parse():
    request.begin(buf, 0)
    if request.read(len(CHROME)) != 611:
        raise SystemExit("not read")


def asked():
    # What a server wants to know of a request for a command.
    parse()
    if request.path() != b"/command/get wlan.ssid" or request.host() != b"10.0.0.5":
        raise SystemExit("not as sent")
    if request.find(b"origin") >= 0 or request.find(b"referer") >= 0:
        raise SystemExit("not as sent")
    at, end = request.bounds(request.single(b"authorization"))
    if end - at != 26 or not request.keep_alive or request.length:
        raise SystemExit("not as sent")


def decide():
    if access.decide(request, b"10.0.0.2", 0, COMMAND, b"get wlan.ssid")[0]:
        raise SystemExit("refused")


def reply():
    request.reply(200, b"Content-Type: application/json\r\n", 57)


def nothing():
    pass


def repeat(once, count):
    for _ in range(count):
        once()


once = {"parse": parse, "asked": asked, "decide": decide, "reply": reply, "nothing": nothing}[
    sys.argv[1]
]
parse()
repeat(once, 2)
gc.collect()
gc.disable()
before = gc.mem_alloc()
repeat(once, int(sys.argv[2]))
print(gc.mem_alloc() - before)
