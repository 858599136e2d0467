# asyncio's queue of what waits for streams, without its cost: asyncio's own makes and drops a
# list, a dict entry and a poll registration at each wait. Here
#   - a stream that is waited for again and again is kept registered (`keep`), and its event mask
#     is changed only when an event came that nobody waited for;
#   - a pump is called from within the wait itself, with no task in between (`attach`);
#   - one alarm (`due`, `on_due`) wakes whoever has pumps at a given time, with no task either.
# While only pumps and the alarm have work, the wait is not left: the loop's own turn would cost as
# much as a chunk of data. From one event to the next nothing is allocated. Streams that are
# neither kept nor pumped are registered while a task waits for them, as in asyncio, so whoever
# closes them has nothing to do.
#
# It takes asyncio's place with the first connection: until then its code is not worth its RAM.
#
# A pump is a function pump(events) -> events it waits for next, 0 for none, None for the same as
# before. After an error or an end (other bits in `events`) it has to say 0. It may change the mask
# of other streams (`want`), but neither attach nor forget any: the poller is being read.
import select
from asyncio import core
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from firmware import forget

_AGAIN_MS = const(20)  # after which an alarm that found no memory comes again
IN = const(1)  # select.POLLIN and POLLOUT, the same on all ports
OUT = const(4)

_TURN = (None,)  # awaited: until the loop comes back

# An entry of `map`: a list of these
_READER = const(0)  # the task that waits to read, or None
_WRITER = const(1)
_MASK = const(2)  # events that the poller watches
_PUMP = const(3)
_KEPT = const(4)
_POLLED = const(5)  # the poller knows the stream


class IOQueue:
    """What asyncio.core expects of its queue: `map`, queue_read, queue_write, remove and
    wait_io_event.
    """

    def __init__(self):
        self._poller = select.poll()
        self.map = {}  # stream -> entry
        self.now = 0  # ticks_ms when the poller last returned
        self.due = None  # ticks_ms at which on_due is called; it may set a new time
        self.on_due = None

    # Streams that stay

    def keep(self, stream):
        """Leave `stream` registered between waits, until forget()."""
        if stream not in self.map:
            self.map[stream] = [None, None, 0, None, True, False]

    def attach(self, stream, pump, events):
        """Call `pump` with the events of `stream` until forget() or detach(). A task may still
        wait to write.
        """
        self.keep(stream)
        entry = self.map[stream]
        entry[_PUMP] = pump
        self.watch(stream, entry, events)

    def want(self, stream, events):
        """Change what the pump of `stream` waits for."""
        entry = self.map[stream]
        if entry[_WRITER]:
            events |= OUT
        if entry[_MASK] != events:
            self.watch(stream, entry, events)

    def detach(self, stream):
        """Take the pump away; the stream stays kept."""
        entry = self.map[stream]
        entry[_PUMP] = None
        self.watch(stream, entry, 0)

    def forget(self, stream):
        """Drop a kept or pumped stream; to be called before it is closed."""
        entry = self.map.pop(stream, None)
        if entry and entry[_POLLED]:
            self._poller.unregister(stream)

    def watch(self, stream, entry, events):
        """Have the poller watch a stream for these events alone."""
        if entry[_POLLED]:
            self._poller.modify(stream, events)
        elif events:
            self._poller.register(stream, events)
            entry[_POLLED] = True
        entry[_MASK] = events

    # What asyncio calls

    def queue_read(self, stream):
        """Returns what a task may also await, for less than sockets.readable() costs."""
        self._enqueue(stream, _READER, IN)
        return _TURN

    def queue_write(self, stream):
        self._enqueue(stream, _WRITER, OUT)

    def _enqueue(self, stream, side, event):
        entry = self.map.get(stream)
        if entry is None:
            entry = self.map[stream] = [None, None, 0, None, False, False]
            try:
                self.watch(stream, entry, event)
            except MemoryError:  # the task is told: it does not wait, and nothing is left of it
                self.map.pop(stream)
                raise
        elif not entry[_MASK] & event:
            self.watch(stream, entry, entry[_MASK] | event)
        task = core.cur_task
        entry[side] = task
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
        """Wait `dt` ms (-1: for ever), or until a task can run; serve pumps and alarm
        meanwhile.
        """
        entries = self.map
        tasks = core._task_queue
        ipoll = self._poller.ipoll
        head = tasks.peek()
        now = ticks_ms()
        end = ticks_add(now, dt) if dt >= 0 else None
        due = -1
        while True:
            if self.due != due:
                stop = due = self.due
                if due is None or (end is not None and ticks_diff(end, due) < 0):
                    stop = end
                left = -1 if stop is None else max(0, ticks_diff(stop, now))
            try:
                ready = ipoll(left)
            except MemoryError:  # tasks go on: one of them may give memory back
                ready = ()
            self.now = now = ticks_ms()
            for stream, events in ready:
                entry = entries[stream]
                pump = entry[_PUMP]
                if pump is None:
                    self._wake(stream, entry, events)
                    continue
                if entry[_WRITER] and events & ~IN:
                    tasks.push(entry[_WRITER])
                    entry[_WRITER] = None
                try:
                    wanted = pump(events)
                except MemoryError:
                    wanted = None  # what has come is still there: it tries again
                except Exception as e:
                    self._failed(e)
                    wanted = 0
                if wanted is not None:
                    self._settle(stream, entry, events, wanted)
            if stop is not None:
                left = ticks_diff(stop, now)
                if left <= 0:
                    if stop != due:
                        return
                    self.due = None
                    due = -1
                    try:
                        self.on_due()
                    except MemoryError:
                        self.due = ticks_add(now, _AGAIN_MS)
                    except Exception as e:
                        self._failed(e)
            if tasks.peek() is not head:
                return

    def _failed(self, e):
        # Nobody awaits a pump: the loop's handler is told, as for a task that nobody awaited.
        core.Loop.call_exception_handler(
            {"message": "pump failed", "exception": e, "future": core.cur_task}
        )

    def _settle(self, stream, entry, events, wanted):
        if entry[_WRITER]:
            wanted |= OUT
        if events & ~(IN | OUT) and not wanted:
            # An end or error would be reported for ever, whatever the mask: out of the poller
            # until somebody asks again.
            if entry[_POLLED]:
                self._poller.unregister(stream)
                entry[_POLLED] = False
            entry[_MASK] = 0
        elif entry[_MASK] != wanted:
            self.watch(stream, entry, wanted)

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
        if entry[_KEPT]:
            if not woken:  # who comes back for more finds the mask as it is
                self._settle(stream, entry, events, IN if entry[_READER] else 0)
        elif entry[_READER] is None and entry[_WRITER] is None:
            self.forget(stream)
        else:
            self.watch(stream, entry, IN if entry[_READER] else OUT)


def use():
    """The loop's queue, of this kind from the first call on. To be called by a task."""
    queue = core._io_queue
    if not isinstance(queue, IOQueue):
        queue = IOQueue()
        from . import io_taking

        io_taking.take(core._io_queue, queue)
        core._io_queue = queue
        forget("firmware.net.io_taking")
    return queue
