# Which hosts are on the link of an interface: discovery believes and answers nobody else.


def number(address):
    """The number that dotted text (str or bytes) stands for."""
    if isinstance(address, str):
        address = address.encode()
    value = 0
    for part in address.split(b"."):
        value = value << 8 | int(part)
    return value


def packed(address):
    """The 4 bytes of dotted text (bytes)."""
    return bytes([int(part) for part in address.split(b".")])


class Subnet:
    """The hosts that share `mask` with `address`, both dotted bytes."""

    def __init__(self, address, mask):
        self.address = address
        self._mask = number(mask)
        self._net = number(address) & self._mask
        self._last = None  # the last host that was asked for: one sends several datagrams

    def has(self, host):
        """Whether a host (str) is one of them."""
        if host == self._last:
            return True
        if number(host) & self._mask != self._net:
            return False
        self._last = host
        return True
