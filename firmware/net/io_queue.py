# asyncio's queue of what waits for streams, without its cost: asyncio's own makes and drops a
# list, a dict entry and a poll registration at each wait. Here
#   - a stream that is waited for again and again is kept registered (`keep`), and its event mask
#     is changed only when an event came that nobody waited for;
#   - a pump is called from within the wait itself, with no task in between (`attach`);
#   - one alarm (`due`, `on_due`) wakes whoever has pumps at a given time, with no task either.
# From one event to the next nothing is allocated. Streams that are neither kept nor pumped are
# registered while a task waits for them, as in asyncio, so whoever closes them has nothing to do.
#
# A pump is a function pump(events) -> events it waits for next (0: none). It may change the mask
# of other streams (`want`), but neither attach nor forget any: the poller is being read.
import select
from asyncio import core
from time import ticks_diff, ticks_ms

from micropython import const

IN = const(1)  # select.POLLIN and POLLOUT, the same on all ports
OUT = const(4)
_REGISTERED = const(0x100)  # in an entry's mask: the poller knows the stream

# An entry of `map`: a list of these
_READER = const(0)  # the task that waits to read, or None
_WRITER = const(1)
_MASK = const(2)  # events that the poller watches, and _REGISTERED
_KEPT = const(3)
_PUMP = const(4)


class IOQueue:
    """What asyncio.core expects of its queue: `map`, queue_read, queue_write, remove and
    wait_io_event.
    """

    def __init__(self):
        self._poller = select.poll()
        self.map = {}  # stream -> entry
        self.due = None  # ticks_ms at which on_due is called; it may set a new time
        self.on_due = None

    # Streams that stay

    def keep(self, stream):
        """Leave `stream` registered between waits, until forget()."""
        if stream not in self.map:
            self.map[stream] = [None, None, 0, True, None]

    def attach(self, stream, pump, events):
        """Call `pump` with the events of `stream` until forget() or detach(). A task may still
        wait to write.
        """
        self.map[stream] = entry = self.map.get(stream) or [None, None, 0, True, None]
        entry[_PUMP] = pump
        self._watch(stream, entry, events)

    def want(self, stream, events):
        """Change what the pump of `stream` waits for."""
        entry = self.map[stream]
        if entry[_WRITER]:
            events |= OUT
        if entry[_MASK] & (IN | OUT) != events:
            self._watch(stream, entry, events)

    def detach(self, stream):
        """Take the pump away; the stream stays kept."""
        entry = self.map[stream]
        entry[_PUMP] = None
        self._watch(stream, entry, 0)

    def forget(self, stream):
        """Drop a kept or pumped stream; to be called before it is closed."""
        entry = self.map.pop(stream, None)
        if entry and entry[_MASK]:
            self._poller.unregister(stream)

    def _watch(self, stream, entry, events):
        if entry[_MASK]:
            self._poller.modify(stream, events)
        elif events:
            self._poller.register(stream, events)
        else:
            return
        entry[_MASK] = events | _REGISTERED

    # What asyncio calls

    def queue_read(self, stream):
        self._enqueue(stream, _READER, IN)

    def queue_write(self, stream):
        self._enqueue(stream, _WRITER, OUT)

    def _enqueue(self, stream, side, event):
        entry = self.map.get(stream)
        if entry is None:
            entry = self.map[stream] = [None, None, 0, False, None]
        task = core.cur_task
        entry[side] = task
        mask = entry[_MASK]
        if not mask & event:
            self._watch(stream, entry, mask & (IN | OUT) | event)
        task.data = self  # where a cancelled task is to be removed from

    def remove(self, task):
        """Take a task that is cancelled out of the queue."""
        idle = None
        for stream in self.map:
            entry = self.map[stream]
            if entry[_READER] is task:
                entry[_READER] = None
            elif entry[_WRITER] is task:
                entry[_WRITER] = None
            else:
                continue
            if not (entry[_KEPT] or entry[_READER] or entry[_WRITER]):
                idle = stream
            break  # a task waits for one thing
        if idle is not None:
            self.forget(idle)

    def wait_io_event(self, dt):
        """Wait `dt` ms (-1: until a task can run) and serve what comes meanwhile."""
        entries = self.map
        while True:
            wait = dt
            if self.due is not None:
                left = ticks_diff(self.due, ticks_ms())
                if left <= 0:
                    self.due = None
                    try:
                        self.on_due()
                    except Exception as e:
                        self._failed(e)
                    left = 0  # on_due may have woken a task, or set a new time
                if dt < 0 or left < dt:
                    wait = left
            for stream, events in self._poller.ipoll(wait):
                entry = entries[stream]
                pump = entry[_PUMP]
                if pump is None:
                    self._wake(stream, entry, events)
                    continue
                if entry[_WRITER] and events & ~IN:
                    core._task_queue.push(entry[_WRITER])
                    entry[_WRITER] = None
                try:
                    wanted = pump(events)
                except Exception as e:
                    self._failed(e)
                    wanted = 0
                if entry[_WRITER]:
                    wanted |= OUT
                if events & ~(IN | OUT) and not wanted:
                    self._leave(stream, entry)
                elif entry[_MASK] & (IN | OUT) != wanted:
                    self._watch(stream, entry, wanted)
            if dt >= 0 or core._task_queue.peek():
                return

    def _failed(self, e):
        # Nobody awaits a pump: the loop's handler is told, as for a task that nobody awaited.
        core.Loop.call_exception_handler(
            {"message": "pump failed", "exception": e, "future": None}
        )

    def _wake(self, stream, entry, events):
        woken = False
        task = entry[_READER]
        if task is not None and events & ~OUT:  # data, or an end or error that a read will tell
            entry[_READER] = None
            core._task_queue.push(task)
            woken = True
        task = entry[_WRITER]
        if task is not None and events & ~IN:
            entry[_WRITER] = None
            core._task_queue.push(task)
            woken = True
        if not entry[_KEPT]:
            if entry[_READER] is None and entry[_WRITER] is None:
                self.forget(stream)
                return
        elif woken:
            return  # who comes back for more finds the mask as it is
        wanted = (IN if entry[_READER] else 0) | (OUT if entry[_WRITER] else 0)
        if events & ~(IN | OUT) and not wanted:
            self._leave(stream, entry)
        elif entry[_MASK] & (IN | OUT) != wanted:
            self._watch(stream, entry, wanted)

    def _leave(self, stream, entry):
        # An end or error would be reported for ever, whatever the mask: out of the poller until
        # somebody asks again.
        if entry[_MASK]:
            self._poller.unregister(stream)
            entry[_MASK] = 0


queue = None  # the one in use


def install():
    """Give asyncio's loop a queue of this kind; before any task runs."""
    global queue
    queue = core._io_queue = IOQueue()
