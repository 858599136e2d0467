"""The firmware's process between its fork and its program: still a copy of the supervisor."""

import asyncio
import os
import signal

from airwire.board.process import DESCRIPTORS, Process

STARTS = 20


async def start(folder, caught: list[int]) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, caught.append, signal.SIGINT)
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        for _ in range(STARTS):
            ended = loop.create_future()
            words = ["/bin/sleep", "60"]
            process = Process(loop, words, folder, {}, [nothing] * DESCRIPTORS, ended.set_result)
            assert process.interrupt() is False, "the program wants the byte"
            process.kill()
            assert await ended == -signal.SIGKILL
    finally:
        os.close(nothing)
        loop.remove_signal_handler(signal.SIGINT)


def test_ctrl_c_at_the_start_is_not_for_the_supervisor(tmp_path):
    """Both would hear of a signal by the same descriptor, and the supervisor would end."""
    caught = []
    asyncio.run(start(tmp_path, caught))
    assert caught == []
