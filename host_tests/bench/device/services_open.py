# Brings station and soft-AP up, and opens as many sockets and pins of the same kinds as the
# firmware does with every service on; `streams` are those that are polled. Run by services.py.
import errno  # noqa: F401
import os  # noqa: F401
import socket
import sys
import time

import machine
import network

SERVICES = (
    '"softap", "dhcp server", "dns server", "mdns", "remote terminal", "tcp server", '
    '"udp server", "beacon", "wwep", "ioconn", "station"'
)
watchdog = machine.WDT(timeout=20_000)
clock = machine.RTC()
clock.memory()
clock.memory(b"")
uart = machine.UART(1, 115200, tx=17, rx=16, rxbuf=5760, txbuf=1024)
machine.unique_id()
time.time()

edges = machine.Pin.IRQ_RISING | machine.Pin.IRQ_FALLING
inputs = [machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_UP) for number in (0, 4, 21)]
outputs = [machine.Pin(number, machine.Pin.OUT, value=0) for number in (2, 22)]
for pin in inputs[1:]:
    pin.irq(print, edges)

# Ports 67 and 5353 before the interfaces are up, as the driver has it; the last is announced with.
PORTS = (67, 5353, 53, 5355, 137, 2000, 3000, 4000, 5000)
sockets = []
for port in PORTS:
    stream = port in (2000, 3000)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.bind(("0.0.0.0", port))
    if stream:
        sock.listen(4)
    sockets.append(sock)

access_point = network.WLAN(network.WLAN.IF_AP)
access_point.active(True)
access_point.config(ssid="bench", security=3, key="12345678", max_clients=4, protocol=7)
try:
    access_point.ifconfig(("10.10.10.1", "255.255.255.0", "10.10.10.1", "0.0.0.0"))
except RuntimeError:  # that is how the driver's DHCP server is stopped
    pass
access_point.status("stations")

station = network.WLAN(network.WLAN.IF_STA)
network.hostname("bench")
station.active(True)
station.config(reconnects=0, txpower=20, pm=0, protocol=7)
station.scan()
station.connect("airwire-open")
while not station.isconnected():
    time.sleep_ms(20)
own = bytes([int(part) for part in station.ifconfig()[0].split(".")])

for sock, group in ((sockets[1], 251), (sockets[3], 252)):
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, bytes((224, 0, 0, group)) + own)
for sock, link in ((sockets[0], access_point), (sockets[6], station), (sockets[7], station)):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.config("ifname"))
sock = sockets.pop()
sock.sendto(b"here", ("255.255.255.255", 5000))
sock.close()
sock = None
streams = [sys.stdin, uart] + sockets
