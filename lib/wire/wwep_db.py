# The registers of a WWEP server, and what it answers to a message.
#
# Pure as wwep.py is, and apart from it so that a client does not load a server's half, nor a
# server that waits the codec. One Database may stand behind the open and the secure port.

MAX_PAIRS = 401  # (device, register) pairs, as many as the class server keeps

NOT_FOUND = b"Not Found"
FULL = b"Database Full %d"


class Database:
    # Starts empty and grows as values are stored, up to max_pairs.
    def __init__(self, max_pairs=MAX_PAIRS):
        self.max_pairs = max_pairs
        self.changes = 0  # puts that changed something: a keeper sees by it what is not saved yet
        self._values = {}  # device << 8 | register -> value: small integers on a chip

    def __len__(self):
        return len(self._values)

    def get(self, device, register):
        # The value, or None if it was never written.
        return self._values.get(device << 8 | register)

    def put(self, device, register, value):
        # True if stored; False if that pair is new and the table is full.
        key = device << 8 | register
        old = self._values.get(key)
        if old is None and len(self._values) >= self.max_pairs:
            return False
        if old != value:
            self._values[key] = value
            self.changes += 1
        return True

    def keys(self):
        # A key for each pair that there is, in the order of device and register.
        return sorted(self._values)

    def row(self, key):
        # (device, register, value) of a key.
        return key >> 8, key & 0xFF, self._values[key]

    def items(self):
        # [(device, register, value)] in that order.
        return [self.row(key) for key in self.keys()]


def answer(database, data, tolerant=False, reasons=False):
    # The reply to one whole message; a write is stored. Nothing that a peer sends makes it raise.
    from . import wwep

    try:
        command, device, register, value = wwep.parse_request(data, tolerant)
    except wwep.RequestError as error:
        return wwep.refused(error.reason if reasons else None)
    if command == b"R":
        value = database.get(device, register)
        if value is None:
            return wwep.refused(NOT_FOUND if reasons else None)
    elif not database.put(device, register, value):
        return wwep.refused(FULL % len(database) if reasons else None)
    return wwep.accepted(device, register, value)
