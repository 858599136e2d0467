# How the queue of io_queue.py takes the place of asyncio's: once, with all tasks that wait there.
from .io_queue import IN, OUT


def take(queue, new):
    """Have `new`, an IOQueue, wait for all that asyncio's `queue` waits for."""
    for waiting in queue.map.values():
        reader, writer, stream = waiting
        entry = new.map[stream] = [reader, writer, 0, None, False, False]
        for task, event in ((reader, IN), (writer, OUT)):
            if task is not None:
                task.data = new
                new.watch(stream, entry, entry[2] | event)
    # A task that waits may have the old queue in its frame: nothing else is to stay with it.
    queue.map = queue.poller = None
