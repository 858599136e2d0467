# select as on the chip, over the built-in one. Its poll objects also watch the control socket
# while the firmware waits (asyncio waits here and nowhere else), and ask streams without a file
# descriptor (asyncio.ThreadSafeFlag, TLS sockets) only when something has happened, so that an
# idle board sleeps in the kernel. ipoll() allocates nothing once the number of ready objects has
# been seen before; its result is for one `for`.

import sys

import _board
import uselect
from micropython import const
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT
from utime import ticks_diff, ticks_ms

_GET_FILENO = const(10)  # MP_STREAM_GET_FILENO
_INVALID = const(0x20)  # POLLNVAL

# a descriptor that is always ready: without one the built-in poll sleeps 1 ms over non-descriptors
_idle = None


def _always_ready():
    global _idle
    if _idle is None:
        _idle = open(_board.host + "/dev/null", "rb")
    return _idle.fileno()


def _has_descriptor(obj):
    if type(obj) is int:  # the unix port takes numbers, the ESP32 does not
        raise OSError("stream operation not supported")
    if hasattr(obj, "fileno"):
        return True
    return hasattr(obj, "ioctl") and obj.ioctl(_GET_FILENO, 0) >= 0


asking = None  # the poll object that is asking its streams without descriptor


def ask(descriptor, mask):
    """Called by a socket or UART whose ioctl is asked (request 3) by a stream on top of it: the
    descriptor is what that stream waits for."""
    if asking is not None:
        asking._wanted[descriptor] = asking._wanted.get(descriptor, 0) | mask


def _itself(obj):
    return obj


class poll:
    def __init__(self):
        self._hard = _board.poller()
        self._soft = None  # built-in poll of the streams without descriptor, when there are any
        self._softs = None  # the same as a list
        self._wanted = None  # descriptor -> mask, asked for by those streams
        self._watched = None  # the same, as registered in _hard
        self._ready = []  # what ipoll() returns: lists [object, events] out of _pool
        self._pool = []
        core = sys.modules.get("asyncio.core")
        if core:
            # On a chip the address of an object is a small int. Here it is none, so that each look
            # into asyncio's table would take memory: the object itself is the key.
            core.id = _itself

    def register(self, obj, mask=POLLIN | POLLOUT):
        if _has_descriptor(obj):
            self._hard.register(obj, mask)
            return
        if self._soft is None:
            self._soft = uselect.poll()
            self._soft.register(_always_ready(), POLLIN)
            self._softs = []
            self._wanted = {}
            self._watched = {}
        self._soft.register(obj, mask)
        if obj not in self._softs:
            self._softs.append(obj)

    def unregister(self, obj):
        self._hard.unregister(obj)
        if self._softs and obj in self._softs:
            self._softs.remove(obj)
            self._soft.unregister(obj)
            if not self._softs:
                self._ask(0, 0)

    def modify(self, obj, mask):
        if self._softs and obj in self._softs:
            self._soft.modify(obj, mask)
        else:
            self._hard.modify(obj, mask)

    def _put(self, n, obj, events):
        if n < len(self._pool):
            entry = self._pool[n]
            entry[0] = obj
            entry[1] = events
        else:
            self._pool.append([obj, events])

    def _ask(self, n, flags):
        # Asks the streams without descriptor; those that are ready go to _pool from n on. Then has
        # the kernel watch the descriptors they wait for. Returns the new n.
        global asking
        wanted = self._wanted
        for descriptor in wanted:
            wanted[descriptor] = 0
        asking = self
        try:
            for obj, events in self._soft.ipoll(0, flags):
                if type(obj) is not int:
                    self._put(n, obj, events)
                    n += 1
        finally:
            asking = None
        if flags:
            self._soft.modify(_always_ready(), POLLIN)
        watched = self._watched
        for descriptor in wanted:
            mask = wanted[descriptor]
            if watched.get(descriptor, 0) != mask:
                if mask:
                    self._hard.register(descriptor, mask)
                else:  # not modify(..., 0): a hung-up descriptor would still wake us
                    self._hard.unregister(descriptor)
                watched[descriptor] = mask
        return n

    def _wait(self, timeout, flags):
        left = -1 if timeout is None or timeout < 0 else timeout
        until = left
        start = ticks_ms()
        while True:
            n = 0
            if self._softs:
                n = self._ask(0, flags)
                if n:
                    left = 0
            rearm = False
            for obj, events in self._hard.ipoll(_board.soonest(left), flags):
                if type(obj) is not int:
                    self._put(n, obj, events)
                    n += 1
                elif obj == _board.CONTROL:
                    _board.service()
                    rearm = True
                elif events & _INVALID:  # closed under the stream that waited for it
                    self._hard.unregister(obj)
                    self._watched[obj] = 0
            if rearm and flags:
                self._hard.modify(_board.CONTROL, POLLIN)
            _board.due()
            if n:
                break
            if until >= 0:
                left = until - ticks_diff(ticks_ms(), start)
                if left <= 0:
                    if self._softs:
                        n = self._ask(0, flags)
                    break
        ready = self._ready
        while len(ready) > n:
            ready.pop()[0] = None
        while len(ready) < n:
            ready.append(self._pool[len(ready)])
        return ready

    def ipoll(self, timeout=-1, flags=0):
        return self._wait(timeout, flags)

    def poll(self, timeout=-1, flags=0):
        return [(obj, events) for obj, events in self._wait(timeout, flags)]


def select(rlist, wlist, xlist, timeout=None):
    p = poll()
    masks = {}
    for objs, mask in ((rlist, POLLIN), (wlist, POLLOUT), (xlist, POLLERR | POLLHUP)):
        for obj in objs:
            masks[id(obj)] = masks.get(id(obj), 0) | mask
            p.register(obj, masks[id(obj)])
    found = p.poll(-1 if timeout is None or timeout < 0 else int(timeout * 1000))
    return (
        [obj for obj, events in found if events & POLLIN],
        [obj for obj, events in found if events & POLLOUT],
        [obj for obj, events in found if events & ~(POLLIN | POLLOUT)],
    )
