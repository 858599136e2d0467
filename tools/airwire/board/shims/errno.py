# errno as the ESP32 port has it: the names of py/moderrno.c with newlib's numbers, which differ
# from Linux' from 35 on. The built-in compiler writes the host's numbers for `errno.NAME` into
# what it compiles from source: .py files on the board say `from errno import NAME`. Files compiled
# by mpy-cross, as the firmware is, may say either.

EPERM = 1
ENOENT = 2
EIO = 5
EBADF = 9
EAGAIN = 11
ENOMEM = 12
EACCES = 13
EEXIST = 17
ENODEV = 19
EISDIR = 21
EINVAL = 22
EOPNOTSUPP = 95
ECONNRESET = 104
ENOBUFS = 105
ECONNREFUSED = 111
EADDRINUSE = 112
ECONNABORTED = 113
ETIMEDOUT = 116
EHOSTUNREACH = 118
EINPROGRESS = 119
EALREADY = 120
ENOTCONN = 128

errorcode = {number: name for name, number in globals().items() if name[0] == "E"}
