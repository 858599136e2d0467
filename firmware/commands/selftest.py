# The module tests itself by command: selftest. What it looks at is in firmware/selftest/, a file
# for each part, in RAM for its turn only.
import sys

from firmware import forget
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command

_ALWAYS = (b"flash", b"files", b"dct", b"ram", b"loop", b"wifi")
_PACKAGE = "firmware.selftest"


@command(b"selftest", b"selft", 0, None)
async def selftest(session, args):
    """selftest [flash | files | dct | ram | loop | wifi | uart | <GPIO-GPIO>]
    Test parts of the module, those that are named or the first six, and print a row for each:
    pass, fail or skip, a figure, what it means. Uart wants a jumper from TX to RX of UART1,
    <GPIO-GPIO> one between two GPIOs that nothing uses. Fails where a part does.
    """
    parts = [_part(session, name) for name in args]
    rows = []
    failed = 0
    for file, name in parts or [(part, None) for part in _ALWAYS]:
        good, figure, unit, text = await _run(session, file, name)
        failed += good is False
        result = b"skip" if good is None else b"pass" if good else b"fail"
        figure = b"-" if figure is None else b"%d" % figure
        row = (len(rows), name or file, result, figure, unit or b"-", text)
        rows.append(b"# %2d %-5s %-6s %7s %-4s %s" % row)
    rows.insert(0, b"!  # Part  Result  Figure Unit Text")
    rows.insert(0, b"! %d parts, %d failed" % (len(rows) - 1, failed))
    report = b"\r\n".join(rows)
    if failed:
        raise CommandError(errors.FAILED, report)
    return report


def _part(session, name):
    # (file, name) of a part that can be tested now. Raises CommandError.
    if name in _ALWAYS:
        return name, name
    try:
        if name == b"uart":
            from firmware.selftest import uart

            uart.console(session)
            return name, name
        if b"-" in name[1:]:
            from firmware.selftest import gpio

            gpio.pair(name)
            return b"gpio", name
    finally:
        _forget(b"uart")
        _forget(b"gpio")
    raise CommandError(errors.UNKNOWN_OPTION)


async def _run(session, file, name):
    try:
        part = __import__("%s.%s" % (_PACKAGE, file.decode()), None, None, ("run",))
        return await part.run(session, name)
    except OSError as e:
        return False, None, b"", b"Error %d" % e.errno
    finally:
        _forget(file)


def _forget(file):
    forget("%s.%s" % (_PACKAGE, file.decode()))
    for name in sys.modules:  # another console may be at it
        if name.startswith(_PACKAGE + "."):
            return
    forget(_PACKAGE)
