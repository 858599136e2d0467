# The event loop's queue under MicroPython: run by test_io_queue.py, on each interpreter.
import asyncio
import errno
import socket
from asyncio import core

from firmware.net import io_queue

_ports = iter(range(20000, 20100))


def pair():
    """Two ends of a TCP connection, non-blocking."""
    listener = socket.socket()
    listener.setsockopt(1, 2, 1)  # SO_REUSEADDR of Linux
    while True:
        to = socket.getaddrinfo("127.0.0.1", next(_ports))[0][-1]
        try:
            listener.bind(to)
            break
        except OSError as e:
            if e.errno != errno.EADDRINUSE:
                raise
    listener.listen(1)
    one = socket.socket()
    one.connect(to)
    two, _ = listener.accept()
    listener.close()
    for end in (one, two):
        end.setblocking(False)
    return one, two


def run(test):
    """Run the coroutine test(queue, one, two) in a loop with the queue; both ends are closed."""

    async def main():
        one, two = pair()
        try:
            await asyncio.wait_for(test(io_queue.use(), one, two), 10)
        finally:
            for end in (one, two):
                io_queue.use().forget(end)
                end.close()

    asyncio.new_event_loop()
    asyncio.run(main())


async def reading(sock, got):
    while True:
        yield core._io_queue.queue_read(sock)
        got.append(sock.read(100))


async def fill(sock):
    """Write until there is no room, also after the kernel has moved what it can."""
    full = 0
    while full < 3:
        full = 0 if sock.write(b"x" * 10000) else full + 1
        await asyncio.sleep_ms(10 * full)


class Polls:
    """A poller that counts how often it is asked."""

    def __init__(self, poller):
        self._poller = poller
        self.count = 0
        for name in ("register", "unregister", "modify"):
            setattr(self, name, getattr(poller, name))

    def ipoll(self, ms):
        self.count += 1
        return self._poller.ipoll(ms)


def test_a_stream_is_registered_while_a_task_waits():
    async def test(queue, one, two):
        got = []
        task = asyncio.create_task(reading(one, got))
        await asyncio.sleep_ms(0)
        assert one in queue.map
        two.write(b"a")
        while not got:
            await asyncio.sleep_ms(0)
        assert got == [b"a"] and one in queue.map
        task.cancel()
        await asyncio.sleep_ms(0)
        assert one not in queue.map

    run(test)


def test_a_kept_stream_stays_and_costs_nothing():
    async def test(queue, one, two):
        queue.keep(one)
        got = []
        task = asyncio.create_task(reading(one, got))
        for n in range(3):
            two.write(b"a")
            while len(got) == n:
                await asyncio.sleep_ms(0)
        task.cancel()
        await asyncio.sleep_ms(0)
        assert one in queue.map
        # Nobody waits for what comes now: the poller is asked once more, then it is left alone.
        queue._poller = polls = Polls(queue._poller)
        two.write(b"b")
        await asyncio.sleep_ms(50)
        assert polls.count < 5, polls.count
        task = asyncio.create_task(reading(one, got))
        while len(got) == 3:
            await asyncio.sleep_ms(0)
        assert got[3] == b"b"
        task.cancel()

    run(test)


def test_a_reader_and_a_writer_at_once():
    async def test(queue, one, two):
        got = []
        reader = asyncio.create_task(reading(one, got))
        await fill(one)
        room = []

        async def writing():
            yield core._io_queue.queue_write(one)
            room.append(True)

        asyncio.create_task(writing())
        await asyncio.sleep_ms(0)
        two.write(b"a")
        while not got:
            await asyncio.sleep_ms(0)
        assert not room
        reader.cancel()  # the writer goes on waiting
        await asyncio.sleep_ms(0)
        while not room:
            two.read(10000)
            await asyncio.sleep_ms(0)

    run(test)


def test_what_waits_already_is_taken_over():
    async def main():
        one, two = pair()
        got = []
        task = asyncio.create_task(reading(one, got))
        await asyncio.sleep_ms(0)
        old = core._io_queue
        assert not isinstance(old, io_queue.IOQueue)
        queue = io_queue.use()
        assert not old.map and not old.poller  # who has it still keeps no task in RAM by it
        assert core._io_queue is queue and io_queue.use() is queue and one in queue.map
        two.write(b"a")
        while not got:
            await asyncio.sleep_ms(0)
        task.cancel()
        await asyncio.sleep_ms(0)
        assert not queue.map
        one.close()
        two.close()

    asyncio.new_event_loop()
    asyncio.run(main())


def test_a_pump_and_a_task_that_writes():
    async def test(queue, one, two):
        seen = []
        done = asyncio.Event()

        def pump(events):
            if events & io_queue.IN:
                seen.append(one.read(100))
                if len(seen) == 3:
                    done.set()
            return (None, None, io_queue.IN, 0, 0)[len(seen)]

        queue.attach(one, pump, io_queue.IN)
        await fill(one)
        room = []

        async def writing():
            yield core._io_queue.queue_write(one)
            room.append(True)

        asyncio.create_task(writing())
        for data in (b"a", b"b", b"c"):
            two.write(data)
            while data not in seen:
                await asyncio.sleep_ms(0)
        await done.wait()
        assert not room
        while not room:
            two.read(10000)
            await asyncio.sleep_ms(0)
        two.write(b"d")  # the pump waits for nothing any more
        await asyncio.sleep_ms(20)
        assert seen == [b"a", b"b", b"c"]
        queue.want(one, io_queue.IN)
        while len(seen) == 3:
            await asyncio.sleep_ms(0)

    run(test)


def test_the_end_of_a_stream_is_told_once():
    async def test(queue, one, two):
        seen = []

        def pump(events):
            seen.append(events)
            return 0

        queue.attach(one, pump, io_queue.IN)
        one.write(b"unread")
        two.close()  # with data unread: a reset, which the poller tells whatever the mask
        await asyncio.sleep_ms(50)
        assert len(seen) == 1, seen

    run(test)


def test_a_pump_that_fails_is_reported_and_the_loop_goes_on():
    async def test(queue, one, two):
        told = []
        loop = asyncio.get_event_loop()
        loop.set_exception_handler(lambda loop, context: told.append(context["exception"]))
        error = ValueError("of the pump")

        def pump(events):
            raise error

        queue.attach(one, pump, io_queue.IN)
        two.write(b"a")
        await asyncio.sleep_ms(20)
        assert told == [error], told
        loop.set_exception_handler(None)

    run(test)


def test_the_alarm():
    async def test(queue, one, two):
        rung = []
        event = asyncio.Event()

        def ring():
            rung.append(core.ticks_diff(core.ticks(), begun))
            if len(rung) < 3:
                queue.due = core.ticks_add(queue.now, 20)
            else:
                event.set()

        begun = core.ticks()
        queue.on_due = ring
        queue.due = core.ticks_add(begun, 20)
        # While nothing else is to be done, and while a task sleeps longer than the alarm.
        asyncio.create_task(asyncio.wait_for(sleeping(), 100))
        await event.wait()
        assert 20 <= rung[0] < rung[1] < rung[2] and rung[2] >= 60, rung

    async def sleeping():
        await asyncio.sleep_ms(3000)

    run(test)


def test_a_task_that_a_pump_wakes_runs_at_once():
    async def test(queue, one, two):
        event = asyncio.Event()

        def pump(events):
            one.read(100)
            event.set()
            return None

        queue.attach(one, pump, io_queue.IN)
        asyncio.create_task(sleeping())
        two.write(b"a")
        begun = core.ticks()
        await event.wait()
        assert core.ticks_diff(core.ticks(), begun) < 1000

    async def sleeping():
        await asyncio.sleep_ms(5000)

    run(test)


def test_a_wait_that_finds_no_memory_leaves_nothing():
    class Full:
        def __init__(self, poller):
            self.poller = poller

        def register(self, stream, events):
            raise MemoryError

        def __getattr__(self, name):
            return getattr(self.poller, name)

    async def test(queue, one, two):
        got = []
        poller = queue._poller
        queue._poller = Full(poller)
        for side in (queue.queue_read, queue.queue_write):
            try:
                side(one)
                raise AssertionError
            except MemoryError:
                assert one not in queue.map
        queue._poller = poller
        task = asyncio.create_task(reading(one, got))
        two.write(b"a")
        while not got:
            await asyncio.sleep_ms(1)
        task.cancel()

    run(test)
