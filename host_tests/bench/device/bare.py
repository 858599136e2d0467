# The peer of a command: a bare asyncio loop on the same UART class that reads what comes and
# answers with a constant, which run.py puts in. `bench` does what it does in get.py.
import asyncio
import gc

import machine

uart = machine.UART(1, 115200, tx=17, rx=16, rxbuf=5760, txbuf=1024)


async def readable():
    yield asyncio.core._io_queue.queue_read(uart)


async def main():
    buf = bytearray(260)
    while True:
        await readable()
        n = uart.readinto(buf)
        if n and buf[0] == 98:  # b
            if n > 6:
                gc.disable()
            uart.write(b'{"allocated": %d}' % gc.mem_alloc())
        elif n:
            uart.write(b"the reply")


asyncio.run(main())
