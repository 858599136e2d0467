# Version 1 of the DCT (see dct.py), which had room for one identity without a name, as WICED's
# table has: fixed places, unused bytes behind a text or a DER are 0, all of an unused place is 0
# or erased.
#
#     maker 32, product 32, serial 20, date 20, key 2048, certificate 4096
#
# Pure: the entries that dct.scan() yields of such a table are those of version 2, at the places
# that they have here.
from . import const, dct

_LENGTH = const(6248)
_TEXTS = ((b"date", 84, 20), (b"maker", 0, 32), (b"product", 32, 32), (b"serial", 64, 20))
_DERS = ((dct.CERTIFICATE, 2152, 4096), (dct.KEY, 104, 2048))
_NAME = b"default"  # of the identity, from now on


def scan(read, end):
    """What dct.scan() says, of a table of version 1."""
    if end != dct.HEADER + _LENGTH:
        raise dct.DctError(b"Wrong length")
    for name, at, room in _TEXTS:
        at += dct.HEADER
        text = bytes(read(at, room))
        size = text.find(b"\0")
        if size < 0:
            size = room
        if size and text[0] != 0xFF:
            yield dct.MANUFACTURING, name, dct.TEXT, at, size
    for kind, at, room in _DERS:
        at += dct.HEADER
        size = _der_size(bytes(read(at, 4)))
        if size > room:
            raise dct.DctError(b"Cut off")
        if size:
            yield dct.IDENTITY, _NAME, kind, at, size


def _der_size(head):
    # The size of a DER, which says it; 0 where there is none.
    if head[0] != 0x30:  # a sequence: certificates and keys are nothing else
        if head[0] == 0 or head[0] == 0xFF:
            return 0
        raise dct.DctError(b"Neither a certificate nor a key")
    if head[1] < 0x80:
        return 2 + head[1]
    if head[1] == 0x81:
        return 3 + head[2]
    if head[1] == 0x82:
        return 4 + (head[2] << 8 | head[3])
    raise dct.DctError(b"Too long")
