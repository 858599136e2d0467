# What http_server.py does, with microdot: `http_peer.py PORT FOLDER [PASSWORD]` answers the same
# requests with the same bodies, each route written as microdot's documents show it. A message to
# /stream comes back; nothing is between.
import asyncio
import gc
import sys

from microdot import Microdot, send_file
from microdot.auth import BasicAuth
from microdot.microdot import urldecode
from microdot.websocket import with_websocket

port, folder = int(sys.argv[1]), sys.argv[2]
password = sys.argv[3] if sys.argv[3:] else ""
app = Microdot()
auth = BasicAuth("WiConnect")
answers = {"get wlan.ssid": "bench-network", "version": "Airwire"}
commands = 0


@auth.authenticate
async def check(request, name, given):
    return name == "admin" and given == password


def guarded(route):
    return auth(route) if password else route


@app.get("/command/<line>")
@guarded
async def command(request, line):
    global commands
    commands += 1
    if line == "allocated":
        gc.disable()
        text = str(gc.mem_alloc())
    else:
        text = answers[urldecode(line)]
    return {"id": commands, "code": 0, "flags": 0, "response": text + "\r\n"}


@app.get("/big.bin")
async def big(request):
    return send_file(folder + "/big.bin")


@app.get("/stream")
@with_websocket
async def stream(request, ws):
    while True:
        await ws.send(await ws.receive())


async def main():
    serving = asyncio.create_task(app.start_server(host="127.0.0.1", port=port))
    await asyncio.sleep_ms(0)  # it listens now
    print("ready")
    await serving


asyncio.run(main())
