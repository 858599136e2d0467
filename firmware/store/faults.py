# The fault log: what went wrong in services and tasks, kept across resets in one small file.
import io
import os
import sys

_PATH = "/faults"
_MAX_FAULTS = 8  # as many as safe mode counts; the oldest are the ones that explain
_MAX_TEXT = 400  # bytes of a traceback kept: five frames

_texts = None  # list of bytes, read at first use
# faults beyond the log's room since start: counted, so that a loop of faults does not wear the
# flash
unsaved = 0


def _load():
    global _texts
    if _texts is None:
        try:
            with open(_PATH, "rb") as f:
                _texts = [
                    t for t in f.read((_MAX_FAULTS + 1) * (_MAX_TEXT + 80)).split(b"\0") if t
                ][:_MAX_FAULTS]
        except OSError:
            _texts = []
    return _texts


def record(where, exc, uptime):
    """Log an exception of the part named `where` (str), `uptime` seconds after the start."""
    global unsaved
    texts = _load()
    if len(texts) >= _MAX_FAULTS:
        unsaved += 1
        return
    out = io.StringIO()
    sys.print_exception(exc, out)
    trace = out.getvalue()[-_MAX_TEXT:].replace("\n", "\r\n").rstrip()
    texts.append(b"%d s, %s\r\n%s" % (uptime, where.encode(), trace.encode()))
    try:
        with open(_PATH + ".new", "wb") as f:
            f.write(b"\0".join(texts))
        os.rename(_PATH + ".new", _PATH)
    except OSError:
        unsaved += 1


def entries():
    """The faults, oldest first, as bytes with CR LF line ends."""
    return _load()


def reset():
    """Clear the log."""
    global _texts, unsaved
    _texts = []
    unsaved = 0
    try:
        os.remove(_PATH)
    except OSError:
        pass
