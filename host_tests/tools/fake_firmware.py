"""A stand-in for interpreter, shims and firmware: control protocol, and what UART0 tells it.

Run by the supervisor with the five descriptors of the real thing. Lines on UART0:
    exit N          ends with that exit code
    control LINE    sends a control line
    lines           answers the control lines that came, "; " between them
    write N         writes at least N bytes to UART1, in blocks of 256
    read            takes all of UART1, answers `read N CRC`
    echo            sends UART1 back, for ever
    busy            reads nothing until GPIO4 goes low
    hear TEXT       answers nothing
    line TEXT       answers itself
Without orders it mirrors GPIO0: pressed toggles the LED on GPIO2.
"""

import json
import os
import select
import sys
import zlib

UART0, UART1, CONTROL = 0, 3, 4


class Firmware:
    def __init__(self, config):
        self.config = config
        self.console = b""
        self.control = b""
        self.heard = []
        self.led = 0
        self.busy = self.echo = False

    def say(self, text):
        os.write(1, text.encode() + b"\r\n")

    def tell(self, line):
        os.write(CONTROL, line.encode() + b"\n")

    def run(self):
        if self.config["reset_cause"] == 1 and os.path.exists(self.config["rtc"]):
            self.say("rtc memory survived a power cut")
        with open(self.config["rtc"], "w") as file:
            file.write("rtc")
        for line in ("ready", "in 0 up", "in 4 up", "out 2 0"):
            self.tell(line)
        self.say(f"boot {self.config['reset_cause']} {self.config['ip']} {self.config['mac']}")
        while True:
            fds = [CONTROL] if self.busy else [UART0, CONTROL] + [UART1] * self.echo
            ready, _, _ = select.select(fds, [], [])
            if CONTROL in ready:
                self.control_lines()
            if UART1 in ready:
                os.set_blocking(UART1, True)
                os.write(UART1, os.read(UART1, 4096))
            if UART0 in ready and not self.busy:
                self.console_lines()

    def control_lines(self):
        data = os.read(CONTROL, 4096)
        if not data:
            sys.exit(1)
        *lines, self.control = (self.control + data).split(b"\n")
        for line in lines:
            line = line.decode()
            self.heard.append(line)
            if line == "pin 0 0":
                self.led ^= 1
                self.tell(f"out 2 {self.led}")
            elif line == "pin 4 0":
                self.busy = False
            elif line.startswith("cut "):
                self.tell("flash-cut")

    def console_lines(self):
        # One line at a time, so that what follows `busy` stays in the ring.
        while not self.console.endswith(b"\n"):
            self.console += os.read(UART0, 1)
        line, self.console = self.console.decode(errors="replace").strip(), b""
        order, _, rest = line.partition(" ")
        if order == "exit":
            os._exit(int(rest))
        elif order == "control":
            self.tell(rest)
        elif order == "write":
            os.set_blocking(UART1, True)
            os.write(UART1, bytes(range(256)) * (int(rest) // 256 + 1))
        elif order == "read":
            os.set_blocking(UART1, False)
            data = b""
            while True:
                try:
                    data += os.read(UART1, 65536)
                except BlockingIOError:
                    break
            self.say(f"read {len(data)} {zlib.crc32(data)}")
        elif order == "echo":
            self.echo = True
        elif order == "busy":
            self.busy = True
        elif order == "hear":
            pass
        elif order == "lines":
            self.say("; ".join(self.heard))
            self.heard = []
        else:
            self.say(line)


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        Firmware(json.load(file)).run()
