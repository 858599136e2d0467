# The parts of a query, or of a form in a body, of an HTTP request.
from .http import decoded
from .http_head import CLASSES, VALUE, RemoteError, span


def form(text):
    """Yield name and value, decoded, of each part of a query or of a form in a body."""
    if span(text, 0, len(text), CLASSES, VALUE) != len(text):
        raise RemoteError(400, b"control character")
    text = text.replace(b"+", b" ")
    at = 0
    while at < len(text):
        end = text.find(b"&", at)
        if end < 0:
            end = len(text)
        if end > at:
            sign = text.find(b"=", at, end)
            stop = end if sign < 0 else sign
            yield decoded(text, at, stop), decoded(text, min(stop + 1, end), end)
        at = end + 1
