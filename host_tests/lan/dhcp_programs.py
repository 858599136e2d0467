"""Real DHCP clients in a client's place: what they are told is what a script of ours writes down.

All three run in the foreground and end with the LAN. Their files lie in a folder of the test's;
dhcpcd's, whose places are fixed, on file systems that only it sees.
"""

import subprocess

from airwire.lan import programs
from host_tests.lan.conftest import until

# Of udhcpc the reason is the first argument, of the others it is in the environment. dhcpcd sets
# the address itself.
SCRIPT = """#!/bin/sh
reason=${{reason:-$1}}
ip=${{new_ip_address:-$ip}}
if [ "$1" != dhcpcd ]; then
    case $reason in
    bound|renew|BOUND|RENEW|REBIND|REBOOT)
        {busybox} ip address show dev eth0 | {busybox} grep -q " $ip/" ||
        {busybox} ip address add $ip/24 dev eth0 ;;
    deconfig|EXPIRE|RELEASE|FAIL)
        {busybox} ip address flush dev eth0 ;;
    esac
fi
echo $reason $ip >> {events}
"""

# Ours is the only server, and time is short.
DHCLIENT = "initial-delay 0; initial-interval 1; backoff-cutoff 1; timeout 20; retry 1;\n"
DHCPCD = "noipv4ll\nnoarp\nnodelay\ntimeout 20\noption routers, domain_name_servers\nscript {}\n"


class Program:
    """One client program, `kind`, in the place `place` of a LAN."""

    def __init__(self, lan, place, kind, folder, *options):
        self.lan, self.place, self.kind = lan, place, kind
        self.folder = folder / f"{place}-{kind}"
        self.folder.mkdir(exist_ok=True)
        self.busybox = str(programs.find("busybox"))
        self.events = self.folder / "events"
        self.events.write_text("")
        script = self.folder / "script"
        script.write_text(SCRIPT.format(busybox=self.busybox, events=self.events))
        script.chmod(0o755)
        line = " ".join([getattr(self, "_" + kind)(script), *options])
        self.pid = self.folder / "pid"
        with open(self.folder / "log", "ab") as log:
            self.process = lan.popen(
                place,
                [self.busybox, "sh", "-c", f"echo $$ > {self.pid}; exec {line}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _udhcpc(self, script):
        return f"{self.busybox} udhcpc -f -i eth0 -t 8 -T 1 -A 1 -s {script}"

    def _dhclient(self, script):
        config = self.folder / "conf"
        config.write_text(DHCLIENT)
        files = f"-cf {config} -lf {self.folder / 'leases'} -pf {self.folder / 'own.pid'}"
        return f"{programs.find('dhclient')} -d -4 {files} -sf {script} eth0"

    def _dhcpcd(self, script):
        config = self.folder / "conf"
        config.write_text(DHCPCD.format(script))
        places = self.folder / "places"
        places.write_text(
            "for place in /run /var/lib; do mount -t tmpfs none $place; done\n"
            f"mkdir -p /var/lib/dhcpcd; exec {programs.find('dhcpcd')} -B -4 -f {config} eth0\n"
        )
        return f"{self.busybox} unshare -m {self.busybox} sh {places}"

    def said(self, *reasons):
        """The last event of one of these kinds: (reason, address), or None."""
        rows = [line.split() for line in self.events.read_text().splitlines()]
        rows = [(row + [""])[:2] for row in rows if row[0] in reasons]
        return rows[-1] if rows else None

    def wait(self, *reasons):
        """Wait for an event of one of these kinds; the address that it tells."""

        def seen():
            return self.said(*reasons)

        return until(seen, f"{reasons} of {self.kind}: {self.log()}")[1]

    def bound(self):
        """The address that it got."""
        return self.wait("bound", "BOUND", "REBOOT")

    def renewed(self):
        """Have it renew its lease, now or as soon as it does that by itself; the address."""
        if self.kind == "udhcpc":
            self.signal("USR1")
        elif self.kind == "dhcpcd":
            self.signal("HUP")
        return self.wait("renew", "RENEW", "REBIND")

    def released(self):
        """Have it give its lease back, and end."""
        if self.kind == "udhcpc":
            self.signal("USR2")
            until(lambda: "entering released" in self.log(), f"the release: {self.log()}")
        elif self.kind == "dhcpcd":
            self.signal("ALRM")
            self.process.wait(30)
        else:
            words = self._dhclient(self.folder / "script").replace(" -d ", " -r ")
            done = self.lan.run(self.place, *words.split(), timeout=30)
            assert done.returncode == 0, done.stderr
        self.end()

    def signal(self, name):
        pid = self.pid.read_text().strip()
        done = self.lan.run(self.place, self.busybox, "kill", f"-{name}", pid)
        assert done.returncode == 0, done.stderr

    def log(self):
        return (self.folder / "log").read_text() + self.events.read_text()

    def end(self):
        """Gone without a word."""
        self.process.kill()
        self.process.wait()
